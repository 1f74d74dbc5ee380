"""How a cell looks, as a terminal is told of it: colours, attributes, and characters that are safe to write."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple

from rich.color import ColorSystem
from rich.style import Style

from mlops_tui.ui.placeholders import FIRST

_ATTRIBUTES = (
    ("bold", "1"),
    ("dim", "2"),
    ("italic", "3"),
    ("underline", "4"),
    ("blink", "5"),
    ("reverse", "7"),
    ("strike", "9"),
)


class Look(NamedTuple):
    """What a cell looks like to the terminal, as SGR parameters."""

    foreground: str = ""
    background: str = ""
    attributes: str = ""


PLAIN = Look()

#: What switches an attribute off.
_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "9": "29"}

#: Attributes that show on a space, too.
_SHOWS_ON_SPACE = frozenset("4579")


@lru_cache(maxsize=4096)
def look(style: Style, colours: ColorSystem | None) -> Look:
    """The look that a style has with so many colours; None writes none."""
    attributes = ";".join(code for name, code in _ATTRIBUTES if getattr(style, name))
    foreground = background = ""
    if colours is not None:
        if style.color is not None:
            foreground = ";".join(style.color.downgrade(colours).get_ansi_codes(foreground=True))
        if style.bgcolor is not None:
            background = ";".join(style.bgcolor.downgrade(colours).get_ansi_codes(foreground=False))
    foreground = "" if foreground == "39" else foreground
    background = "" if background == "49" else background
    return Look(foreground, background, attributes)


@lru_cache(maxsize=4096)
def on_space(pen: Look, look: Look) -> Look:
    """The look to write a space with: the pen's own where what differs does not show on a space."""
    if look.attributes or set(pen.attributes) & _SHOWS_ON_SPACE:
        return look
    return pen if pen.background == look.background else Look(pen.foreground, look.background, pen.attributes)


@lru_cache(maxsize=4096)
def space_look(look: Look) -> Look:
    """The look of a space: colours and attributes that do not show on it are dropped."""
    if set(look.attributes) & _SHOWS_ON_SPACE:
        return look
    return Look("", look.background, "")


@lru_cache(maxsize=4096)
def change(old: Look, new: Look) -> str:
    """The shortest sequence from one look to another."""
    if new == PLAIN:
        return "\x1b[m"
    had, has = set(old.attributes.split(";")) - {""}, set(new.attributes.split(";")) - {""}
    off = {_OFF[part] for part in had - has}
    if "22" in off:  # ends bold and dim alike
        had -= {"1", "2"}
    parts = sorted(off) + sorted(has - had)
    if new.foreground != old.foreground:
        parts.append(new.foreground or "39")
    if new.background != old.background:
        parts.append(new.background or "49")
    return f"\x1b[{';'.join(parts)}m"


@lru_cache(maxsize=4096)
def safe(character: str) -> str:
    """The character, or a middle dot where a terminal would do something else than show it."""
    if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in "\u2028\u2029":
        return "·"
    if character >= FIRST:  # in its place a terminal may draw a part of a picture
        return "·"
    # what changes the direction of everything after it would leave its cell
    return "·" if unicodedata.bidirectional(character) in _DIRECTIONS else character


_DIRECTIONS = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))
