"""What the cells of a heat table look like: tints where there are colours, letters where there are few or none."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rich.style import Style
from textual.color import Color

from mlops_store.heat import STEPS
from mlops_tui.ui.widgets import heat_cells

_AS_IT_IS = bytes(range(256))
#: Each effect -> the largest of its level.
_TINTS = bytes(
    max((other for other in range(STEPS + 1) if heat_cells.level(other) == heat_cells.level(effect)), default=effect)
    if effect <= STEPS
    else effect
    for effect in range(256)
)
#: What ``looks_of`` is told of a theme.
VARIABLES = ("background", "foreground", "warning", "error")


class Looks:
    """What cells look like in one theme; each look is made once.

    Args:
        kind: 'many' colours, 'few' (16) or 'none'.
        colours: Background, foreground, warning and error of the theme.
    """

    def __init__(self, kind: str, colours: Sequence[str]) -> None:
        self._kind = kind
        self._back, self._fore, self._warm, self._hot = (Color.parse(colour) for colour in colours)
        self._known: dict[tuple[int, int, int], tuple[str, Style]] = {}

    def get(self, code: int, effect: int, size: int) -> tuple[str, Style]:
        """The text of a cell of so many columns, and its style over the background."""
        key = (code, effect, size)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._made(code, effect, size)
        return found

    def alike(self, size: int) -> bytes:
        """A table that translates effects to others that look the same, so that neighbours become one piece."""
        return _TINTS if self._kind == "many" and size < heat_cells.WIDEST else _AS_IT_IS

    def _made(self, code: int, effect: int, size: int) -> tuple[str, Style]:
        tone, level = heat_cells.tone(code), heat_cells.level(effect)
        text = heat_cells.text(code, effect, size)
        if self._kind == "none":
            return text, Style(bold=tone in ("drift", "broken") or None)
        if self._kind == "few":
            ink = {"drift": "bright_yellow" if level < 6 else "bright_red", "broken": "bright_magenta"}.get(tone)
            return text, Style(color=ink)
        if tone == "drift":
            share = level / heat_cells.LEVELS
            back = self._back.blend(self._warm.blend(self._hot, share, alpha=1.0), 0.35 + 0.65 * share, alpha=1.0)
        elif tone == "still":
            back = self._back.blend(self._fore, 0.04 + 0.26 * level / heat_cells.LEVELS, alpha=1.0)
        else:
            colour = self._hot if tone == "broken" else self._fore.blend(self._back, 0.5, alpha=1.0)
            return text, Style(color=colour.rich_color, bold=tone == "broken" or None)
        front = back.get_contrast_text(1.0) if tone == "drift" else back.blend(self._fore, 0.55, alpha=1.0)
        shown = text if size == heat_cells.WIDEST else " " * size
        return shown, Style(color=front.rich_color, bgcolor=back.rich_color)


@lru_cache(maxsize=4)
def looks_of(kind: str, *colours: str) -> Looks:
    """The looks of a theme, made once."""
    return Looks(kind, colours)
