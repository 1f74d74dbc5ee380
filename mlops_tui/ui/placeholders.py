"""Cells of pictures that the terminal itself draws: kitty's Unicode placeholders.

A widget draws such a cell as one character that stands in for it, with the picture's number as its colour. So a cell
stays a cell: it is cut, covered and moved like any other. Only what is written to the terminal has the placeholder and
the marks that say which part of which picture belongs there.

Source:
    kitty, "Terminal graphics protocol", section "Unicode placeholders"; rowcolumn-diacritics.txt.
"""

from __future__ import annotations

import random
from functools import lru_cache

from rich.color import Color
from rich.style import Style

#: What a terminal draws a part of a picture in place of.
PLACEHOLDER = "\U0010eeee"
#: Rows and columns that a picture has at most: a byte each, and the last code points of a plane are no characters.
MOST = 254
#: Cells beside each other that a pixel takes at most.
LARGER = 8
#: The first of the characters that stand in; a private plane that no cleaned text has characters of.
FIRST = "\U000f0000"

#: Marks that mean 0, 1, 2 …, as ranges of code points.
_MARKS = (
    "305 30D-30E 310 312 33D-33F 346 34A-34C 350-352 357 35B 363-36F 483-487 592-595 597-599 59C-5A1 5A8-5A9 5AB-5AC"
    " 5AF 5C4 610-617 657-65B 65D-65E 6D6-6DC 6DF-6E2 6E4 6E7-6E8 6EB-6EC 730 732-733 735-736 73A 73D 73F-741 743 745"
    " 747 749-74A 7EB-7F1 7F3 816-819 81B-823 825-827 829-82D 951 953-954 F82-F83 F86-F87 135D-135F 17DD 193A 1A17"
    " 1A75-1A7C 1B6B 1B6D-1B73 1CD0-1CD2 1CDA-1CDB 1CE0 1DC0-1DC1 1DC3-1DC9 1DCB-1DCC 1DD1-1DE6 1DFE 20D0-20D1"
    " 20D4-20D7 20DB-20DC 20E1 20E7 20E9 20F0 2CEF-2CF1 2DE0-2DFF A66F A67C-A67D A6F0-A6F1 A8E0-A8F1"
)


@lru_cache(maxsize=1)
def marks() -> str:
    """The marks for 0 to 255, in order."""
    spans = [[int(end, 16) for end in span.split("-")] for span in _MARKS.split()]
    return "".join(chr(code) for span in spans for code in range(span[0], span[-1] + 1))[:256]


def new_number(before: int = 0) -> int:
    """A number for a picture: one that no other program has probably given to a picture of its own.

    The lowest byte is a colour that all terminals with 256 colours have as it is, the highest one a mark.
    """
    if not before:
        return random.randrange(1, 256) << 24 | random.randrange(16, 256)  # noqa: S311  # no secret
    low = before & 0xFF
    return before + 1 if low < 255 else (before >> 24) % 255 + 1 << 24 | 16


def covered(picture: tuple[int, int], cell: tuple[int, int]) -> tuple[int, int]:
    """Columns and rows that a picture covers; both sizes are in pixels."""
    return -(-picture[0] // cell[0]), -(-picture[1] // cell[1])


def fitted(picture: tuple[int, int], room: tuple[int, int], cell: tuple[int, int]) -> tuple[int, int]:
    """Columns and rows in which a picture is as large as it can be without being distorted.

    Args:
        picture: Width and height in pixels.
        room: Columns and rows that there are, 1 or more.
        cell: Width and height of a cell in pixels.
    """
    width, height = min(room[0], MOST) * cell[0], min(room[1], MOST) * cell[1]
    scale = min(width / picture[0], height / picture[1], LARGER * cell[0])
    columns, rows = round(picture[0] * scale / cell[0]), round(picture[1] * scale / cell[1])
    return max(1, columns), max(1, rows)


def line(row: int, columns: int) -> str:
    """The characters that stand in for one row of a picture."""
    return "".join(chr(ord(FIRST) | row << 8 | column) for column in range(columns))


def colour(number: int) -> Style:
    """The style that says which picture characters stand in for a part of."""
    return Style(color=Color.from_rgb(0, number >> 24, number & 0xFF))


def written(text: str, style: Style) -> tuple[str, int] | None:
    """The colour, as SGR parameters, by which the terminal is told of the picture that a style names, and its number.

    None where the text does not stand in for parts of a picture: what somebody types may be of any plane.
    """
    triplet = style.color.triplet if style.color is not None else None
    if triplet is None or triplet.red or not all(_stands_in(ord(character) - ord(FIRST)) for character in text):
        return None
    return f"38;5;{triplet.blue}", triplet.green << 24 | triplet.blue


def row(character: str) -> int:
    """The row of its picture that a character stands in for a part of."""
    return (ord(character) - ord(FIRST)) >> 8


def _stands_in(place: int) -> bool:
    return 0 <= place >> 8 < MOST and place & 0xFF < MOST


@lru_cache(maxsize=4096)
def cell(character: str, high: int) -> str:
    """What is written for a character that stands in; ``high`` is the highest byte of the picture's number."""
    place, known = ord(character) - ord(FIRST), marks()
    return PLACEHOLDER + known[place >> 8] + known[place & 0xFF] + known[high]
