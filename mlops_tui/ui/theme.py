"""Colours and signs. A state is told by a sign and a word as well as by its tone, so that no colour is needed.

A *tone* is a meaning ('running', 'failed', 'dim' …). The theme in use gives it a colour: any of Textual's themes
works, because tones are taken from the variables that every theme has.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from mlops_tui.ui.signs import is_unicode, sign, state_cell, state_sign, state_tone, state_word

if TYPE_CHECKING:
    from textual.app import App

DARK = Theme(
    name="mlops-dark",
    primary="#7aa2c8",
    secondary="#5d7f9e",
    accent="#6cb6d9",
    foreground="#d3d8df",
    background="#12161b",
    surface="#161b21",
    panel="#1e252d",
    success="#87b379",
    warning="#d9a757",
    error="#dc6b68",
    variables={
        "line": "#39434e",
        "line-focus": "#6cb6d9",
        "cursor": "#2a3a49",
        "cursor-blurred": "#1e252d",
        "scrollbar": "#39434e",
        "scrollbar-background": "#12161b",
        "scrollbar-background-hover": "#12161b",
        "scrollbar-background-active": "#12161b",
        "scrollbar-hover": "#5d7f9e",
        "scrollbar-active": "#6cb6d9",
    },
)

LIGHT = Theme(
    name="mlops-light",
    primary="#2f6690",
    secondary="#55788f",
    accent="#1f7a9c",
    foreground="#25303a",
    background="#fafaf7",
    surface="#f3f3ef",
    panel="#e8e9e4",
    success="#3d7a37",
    warning="#96650b",
    error="#b03a3a",
    dark=False,
    variables={
        "line": "#c3c8c6",
        "line-focus": "#1f7a9c",
        "cursor": "#d3e4ea",
        "cursor-blurred": "#e8e9e4",
        "scrollbar": "#c3c8c6",
        "scrollbar-background": "#fafaf7",
        "scrollbar-background-hover": "#fafaf7",
        "scrollbar-background-active": "#fafaf7",
        "scrollbar-hover": "#55788f",
        "scrollbar-active": "#1f7a9c",
    },
)

THEMES = (DARK, LIGHT)

#: Variables that our style sheets use and other themes lack: name -> variable of every theme.
EXTRA_VARIABLES = {"line": "panel", "line-focus": "accent", "cursor": "panel", "cursor-blurred": "surface"}

#: Tone -> (variable of the theme, bold, share of the colour over the background in percent).
_TONES: dict[str, tuple[str, bool, int]] = {
    "": ("foreground", False, 100),
    "strong": ("foreground", True, 100),
    "dim": ("foreground", False, 58),
    "faint": ("foreground", False, 38),
    "accent": ("accent", False, 100),
    "title": ("accent", True, 100),
    "key": ("accent", True, 100),
    "curve": ("primary", False, 75),
    "mark": ("accent", True, 100),
    "running": ("accent", False, 100),
    "finished": ("success", False, 100),
    "failed": ("error", False, 100),
    "killed": ("warning", False, 100),
    "waiting": ("foreground", False, 58),
    "stale": ("warning", False, 100),
    "fresh": ("success", False, 100),
    "cached": ("foreground", False, 58),
    "skipped": ("foreground", False, 58),
    "good": ("success", False, 100),
    "bad": ("error", False, 100),
    "info": ("accent", False, 100),
    "warning": ("warning", False, 100),
    "critical": ("error", True, 100),
    "error": ("error", False, 100),
}

TONES = frozenset(_TONES)

__all__ = [
    "DARK",
    "EXTRA_VARIABLES",
    "LIGHT",
    "THEMES",
    "TONES",
    "cursor_style",
    "is_unicode",
    "sign",
    "state_cell",
    "state_sign",
    "state_tone",
    "state_word",
    "style_of",
]


def style_of(app: App[object], tone: str) -> Style:
    """The foreground style of a tone in the application's present theme."""
    return _style(tone, app.theme, *_colours(app, tone))


def cursor_style(app: App[object], *, has_focus: bool, is_line: bool = True) -> Style:
    """What the cursor's line, or cell, has besides its own style: bright with the focus, dim without."""
    shown = Color.parse(app.theme_variables.get("cursor" if has_focus else "cursor-blurred", "#333333"))
    # themes of the terminal's own colours have no backgrounds
    if getattr(app, "is_colour_poor", False) or not shown.a:
        return Style(reverse=True) if has_focus else Style(bold=True, underline=not is_line or None)
    return Style(bgcolor=shown.rich_color, bold=has_focus or None)


def _colours(app: App[object], tone: str) -> tuple[str, str]:
    variable = _TONES.get(tone, _TONES[""])[0]
    variables = app.theme_variables
    return variables.get(variable, "#d3d8df"), variables.get("background", "#000000")


@lru_cache(maxsize=512)
def _style(tone: str, _theme: str, colour: str, background: str) -> Style:
    _, bold, share = _TONES.get(tone, _TONES[""])
    shown = Color.parse(colour)
    if share < 100:
        shown = Color.parse(background).blend(shown, share / 100, alpha=1.0)
    return Style(color=shown.rich_color, bold=bold or None)
