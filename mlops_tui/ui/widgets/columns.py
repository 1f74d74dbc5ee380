"""Columns of a list: which are shown, and how wide, in the width there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

GAP = 2


class Column(NamedTuple):
    """A column of a ``WindowTable``.

    Attributes:
        key: Names the column for code; unique in its table.
        label: The header.
        min_width: Cells below which the column is dropped instead of squeezed further.
        max_width: Cells that it takes at most, however long its values.
        priority: 0 is always shown; of the others the highest numbers vanish first where the width does not suffice.
        right: Align right (numbers).
        grows: Takes what width is left over (up to any width).
        is_cut_within: Keeps beginning and end of a text that is too long, rather than the beginning.
    """

    key: str
    label: str
    min_width: int = 4
    max_width: int = 40
    priority: int = 0
    right: bool = False
    grows: bool = False
    is_cut_within: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A shown column: its index among all columns, its place and width in cells."""

    index: int
    x: int
    width: int
    column: Column


def place(columns: Sequence[Column], natural: Sequence[int], width: int, skipped: int = 0) -> tuple[Placed, ...]:
    """Chooses and places the columns that fit.

    Args:
        columns: All columns, in order.
        natural: The width that each column's header and values want, in cells.
        width: Cells there are.
        skipped: How many of the droppable columns (priority above 0) are scrolled out at the left.

    Returns:
        The shown columns from left to right; never wider than ``width``.
    """
    wanted = [min(column.max_width, max(column.min_width, natural[i])) for i, column in enumerate(columns)]
    candidates = list(range(len(columns)))
    if skipped:
        droppable = [i for i in candidates if columns[i].priority > 0]
        gone = set(droppable[:skipped])
        candidates = [i for i in candidates if i not in gone]
    shown = _fitting(columns, wanted, candidates, width)
    widths = _squeezed(columns, wanted, shown, width - GAP * max(0, len(shown) - 1))
    placed, x = [], 0
    for i in shown:
        if (room := min(widths[i], width - x)) <= 0:
            break
        placed.append(Placed(i, x, room, columns[i]))
        x += room + GAP
    return tuple(placed)


def _fitting(columns: Sequence[Column], wanted: Sequence[int], candidates: list[int], width: int) -> list[int]:
    """The columns whose least widths fit: the most important first, within equals the leftmost."""
    kept: list[int] = []
    used = 0
    for i in sorted(candidates, key=lambda i: (columns[i].priority, i)):
        if kept and used + GAP >= width and columns[i].priority > 0:
            break  # nor does any of those after it fit
        least = min(columns[i].min_width, wanted[i]) if columns[i].grows or columns[i].priority == 0 else wanted[i]
        cost = least + (GAP if kept else 0)
        if used + cost > width and columns[i].priority > 0:
            continue
        kept.append(i)
        used += cost
    return sorted(kept)


def _squeezed(columns: Sequence[Column], wanted: Sequence[int], shown: Sequence[int], room: int) -> dict[int, int]:
    """Widths that fill ``room``: squeezed down to the least widths, or given what is left over."""
    widths = {i: wanted[i] for i in shown}
    excess = sum(widths.values()) - room
    for squeezable in (lambda c: c.grows, lambda c: True):
        while excess > 0:
            able = [i for i in shown if squeezable(columns[i]) and widths[i] > columns[i].min_width]
            if not able:
                break
            widest = max(able, key=lambda i: widths[i])
            widths[widest] -= 1
            excess -= 1
    growing = [i for i in shown if columns[i].grows]
    if excess < 0 and growing:
        share, rest = divmod(-excess, len(growing))
        for position, i in enumerate(growing):
            widths[i] += share + (1 if position < rest else 0)
    return widths
