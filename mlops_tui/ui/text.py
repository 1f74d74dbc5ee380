"""Text from outside made fit for a terminal: no control characters, bounded, one line.

Names, params, tags, log lines and cell values are hostile until they went through ``clean``. A table cell is a
``str``, a ``Cell`` (text with a tone) or a tuple of those; none of them is ever parsed as markup.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from rich.cells import cell_len

#: Longest text that is looked at, in characters: what is longer is cut before any width is calculated.
LIMIT = 1000

#: Combining marks kept after one character; more are a way to draw over other lines.
MAX_MARKS = 2


class Cell(NamedTuple):
    """A piece of text with a tone (a meaning such as 'failed' or 'dim' that the theme gives a colour)."""

    text: str
    tone: str = ""


CellValue: TypeAlias = "str | Cell | tuple[Cell, ...]"


def clean(text: str, limit: int = LIMIT) -> str:
    """The text as one line that a terminal shows as it is.

    Control characters become their pictures, line breaks ``⏎``, tabs spaces; zero-width, bidirectional and
    variation marks vanish or become a middle dot; at most ``MAX_MARKS`` combining marks follow a character.

    Args:
        text: Anything.
        limit: Characters kept; a longer text ends with an ellipsis.
    """
    if len(text) > limit:
        text = text[: max(0, limit - 1)] + "…"
    if text.isascii() and text.isprintable():
        return text
    return _cleaned(text)


@lru_cache(maxsize=4096)
def _cleaned(text: str) -> str:
    parts: list[str] = []
    marks = 0
    for character in text:
        shown = _shown(character)
        if shown and unicodedata.combining(shown):
            marks += 1
            if marks > MAX_MARKS or not parts:
                continue
        elif shown:
            marks = 0
        parts.append(shown)
    return "".join(parts)


@lru_cache(maxsize=4096)
def _shown(character: str) -> str:
    code = ord(character)
    if character == "\n":
        return "⏎"
    if character in "\t\r\x0b\x0c\x85  ":
        return "␍" if character == "\r" else " "
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0x1F1E6 <= code <= 0x1F1FF:  # flags are pairs of these; terminals disagree on their width
        return chr(ord("A") + code - 0x1F1E6)
    if 0x1F3FB <= code <= 0x1F3FF or 0xFE00 <= code <= 0xFE0F or code == 0x200D or 0xE0000 <= code <= 0xE01EF:
        return ""  # skin tones, variation selectors, joiners: without them each emoji has one width everywhere
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Zl", "Zp"):
        return "·"
    if category in ("Cs", "Cn", "Co"):
        return "\ufffd"
    if category == "Zs":
        return " "
    if category in ("Me", "Mc") and cell_len(character) == 0:
        return ""
    return character


def fit(text: str, width: int, *, right: bool = False) -> str:
    """A cleaned text cut or padded to exactly ``width`` cells.

    Args:
        text: Already cleaned.
        width: Cells, 0 or more.
        right: Align right.
    """
    if text.isascii():
        length = len(text)
        if length > width:
            return text[: width - 1] + "…" if width > 0 else ""
    else:
        length = cell_len(text)
        if length > width:
            text = cut(text, width)
            length = cell_len(text)
    return " " * (width - length) + text if right else text + " " * (width - length)


def cut(text: str, width: int) -> str:
    """A cleaned text of at most ``width`` cells, with an ellipsis where something was cut."""
    if cell_len(text) <= width:
        return text
    if width <= 0:
        return ""
    kept, used = [], 0
    for character in text:
        size = cell_len(character)
        if used + size > width - 1:
            break
        kept.append(character)
        used += size
    return "".join(kept) + "…"


def cut_left(text: str, width: int) -> str:
    """Like ``cut``, but the end is kept (for paths)."""
    if cell_len(text) <= width:
        return text
    if width <= 0:
        return ""
    kept, used = [], 0
    for character in reversed(text):
        size = cell_len(character)
        if used + size > width - 1:
            break
        kept.append(character)
        used += size
    while kept and unicodedata.combining(kept[-1]):
        kept.pop()  # what it stood on is cut
    return "…" + "".join(reversed(kept))


def cut_middle(text: str, width: int) -> str:
    """Like ``cut``, but begin and end are kept (for names that differ in either, as those of metrics do)."""
    if cell_len(text) <= width or width < 3:
        return cut(text, width)
    head = cut(text, (width + 1) // 2)
    return head + cut_left(text, width - cell_len(head) + 1).removeprefix("…")


class Hanging(tuple[Cell, ...]):
    """Cells of which all but the first two are broken below their own beginning where lines are wrapped."""

    HEAD = 2


def pieces(value: CellValue) -> tuple[Cell, ...]:
    """A cell value as cleaned pieces."""
    if isinstance(value, str):
        return (Cell(clean(value)),)
    if isinstance(value, Cell):
        return (Cell(clean(value.text), value.tone),)
    return tuple(Cell(clean(piece.text), piece.tone) for piece in value)


def width(value: CellValue) -> int:
    """Cells that a value takes."""
    text = value if isinstance(value, str) else value.text if isinstance(value, Cell) else None
    if text is not None and text.isascii() and len(text) <= LIMIT:
        return len(text)  # each control character is shown as one, too
    return sum(cell_len(piece.text) for piece in pieces(value))


def plain(value: CellValue) -> str:
    """A cell value as uncleaned text without tones."""
    if isinstance(value, Cell):
        return value.text
    return value if isinstance(value, str) else "".join(piece.text for piece in value)
