"""Which cells show parts of pictures, and of which. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TypeAlias

from mlops_tui.ui.cells import Cell
from mlops_tui.ui.placeholders import PLACEHOLDER, number_of, row_of

#: The number of a picture, and one of its rows.
Place: TypeAlias = "tuple[int, int]"


def places(cells: Iterable[Cell]) -> set[Place]:
    """The rows of pictures that cells show a part of."""
    # all cells of a row begin alike and have one colour
    seen = {(text[:2], text[3], look.foreground) for text, look in cells if text and text >= PLACEHOLDER}
    return {(number_of(high, foreground), row_of(begin)) for begin, high, foreground in seen}


def numbers(lines: Iterable[Sequence[Cell]], enough: Collection[int] = ()) -> set[int]:
    """The numbers of the pictures that lines show a part of.

    Args:
        lines: From the top.
        enough: When all of these were found, no others are looked for.
    """
    found: set[int] = set()
    for line in lines:
        seen = {(text[3], look.foreground) for text, look in line if text and text >= PLACEHOLDER}
        found |= {number_of(high, foreground) for high, foreground in seen}
        if enough and found.issuperset(enough):
            break
    return found


def cells_of(lines: Iterable[Sequence[Cell]]) -> dict[Place, list[tuple[int, int]]]:
    """Line and column of each cell that shows a part of a picture, by what it shows."""
    found: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    for y, line in enumerate(lines):
        for x, (text, look) in enumerate(line):
            if text and text >= PLACEHOLDER:
                found.setdefault((text[:2], text[3], look.foreground), []).append((y, x))
    return {(number_of(high, colour), row_of(begin)): cells for (begin, high, colour), cells in found.items()}


__all__ = ["Place", "cells_of", "numbers", "places"]
