"""Points drawn as characters: one a run, with axes and the names of the runs.

Pure: knows no Textual, no colours and no terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from mlops_tui.ui.text import clean, cut, fit
from mlops_tui.ui.widgets import ticks
from mlops_tui.ui.widgets.canvas import AXIS, LABEL, NOTHING, Piece
from mlops_tui.ui.widgets.plot import Options, marker

#: Up to so many points have markers of their own and are named below.
NAMED = 10
#: Colours of points where there are too many to tell apart: those on the front, the baseline, all others.
_FRONT, _BASE, _OTHER = 1, 2, 0

Rows = tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A run's place; ``slot`` decides its colour and marker."""

    x: float
    y: float
    slot: int
    label: str
    is_on_front: bool = False
    is_base: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """What stands at the axes: their names, and the texts of an axis of texts."""

    x: str
    y: str
    x_texts: tuple[str, ...] = ()
    y_texts: tuple[str, ...] = ()


def draw(
    points: Sequence[Point], names: Names, width: int, height: int, options: Options, focused: int | None = None
) -> Rows:
    """Points with axes.

    Args:
        points: Finite.
        names: Of the axes.
        width: Cells.
        height: Rows.
        options: Which markers there are.
        focused: The slot of the point that stands out.

    Returns:
        Exactly ``height`` rows of ``width`` cells.
    """
    if not points or width < 20 or height < 6:
        return _nothing(width, height)
    legend = _legend(points, width, options) if len(points) <= NAMED else ()
    legend = legend[: max(0, (height - 6) // 2)]
    rows = height - len(legend) - 3
    x_range = _range([point.x for point in points])
    y_range = _range([point.y for point in points])
    y_labels = _labels(y_range, names.y_texts, max(2, min(8, rows // 3)))
    gutter = min(max(12, width // 4), max(cell_len(text) for _, text in y_labels) + 1)
    columns = width - gutter - 1
    cells = _cells(points, x_range, y_range, columns, rows, options, focused)
    at_row = {_row(value, y_range, rows): text for value, text in y_labels}
    body: list[tuple[Piece, ...]] = [((fit(clean(names.y), width), LABEL, NOTHING),)]
    for row in range(rows):
        label = cut(at_row.get(row, ""), gutter - 1)
        body.append(
            (
                (" " * (gutter - 1 - cell_len(label)) + label + " ", LABEL, NOTHING),
                ("┤" if row in at_row else "│", AXIS, NOTHING),
                *_pieces(cells, row, columns),
            )
        )
    body += _x_axis(names, x_range, gutter, columns)
    return (*body, *legend)


def _nothing(width: int, height: int) -> Rows:
    blank: tuple[Piece, ...] = ((" " * max(0, width), NOTHING, NOTHING),)
    return tuple(blank for _ in range(max(0, height)))


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    pad = (high - low) * 0.04 if high > low else abs(low) * 0.1 or 1.0
    return low - pad, high + pad


def _labels(extent: tuple[float, float], texts: tuple[str, ...], count: int) -> list[tuple[float, str]]:
    if texts:
        step = max(1, -(-len(texts) // count))
        return [(float(place), clean(texts[place], 40)) for place in range(0, len(texts), step)]
    positions = ticks.linear(*extent, count) or [extent[0]]
    return list(zip(positions, ticks.labels(positions), strict=True))


def _row(value: float, extent: tuple[float, float], rows: int) -> int:
    share = (value - extent[0]) / (extent[1] - extent[0])
    return min(rows - 1, max(0, rows - 1 - round(share * (rows - 1))))


def _column(value: float, extent: tuple[float, float], columns: int) -> int:
    share = (value - extent[0]) / (extent[1] - extent[0])
    return min(columns - 1, max(0, round(share * (columns - 1))))


def _cells(
    points: Sequence[Point],
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    columns: int,
    rows: int,
    options: Options,
    focused: int | None,
) -> dict[tuple[int, int], tuple[str, int]]:
    """The character and role of each cell with a point; several in one cell are counted."""
    is_named = len(points) <= NAMED
    counts: dict[tuple[int, int], int] = {}
    cells: dict[tuple[int, int], tuple[str, int]] = {}
    # what matters most is drawn last
    for point in sorted(points, key=lambda one: (one.slot == focused, one.is_base, one.is_on_front)):
        place = (_row(point.y, y_range, rows), _column(point.x, x_range, columns))
        counts[place] = counts.get(place, 0) + 1
        if is_named:
            sign, role = marker(point.slot, options), point.slot
        else:
            role = _BASE if point.is_base else _FRONT if point.is_on_front else _OTHER
            sign = marker({_OTHER: 0, _FRONT: 3, _BASE: 1}[role], options)
        if counts[place] > 1 and point.slot != focused:
            sign = str(counts[place]) if counts[place] < 10 else "+"
        cells[place] = (sign, role)
        if point.slot == focused:
            row, column = place
            for at, bracket in ((column - 1, "["), (column + 1, "]")):
                if 0 <= at < columns and (row, at) not in cells:
                    cells[row, at] = (bracket, role)
    return cells


def _pieces(cells: dict[tuple[int, int], tuple[str, int]], row: int, columns: int) -> list[Piece]:
    pieces: list[Piece] = []
    blank = 0
    for column in range(columns):
        found = cells.get((row, column))
        if found is None:
            blank += 1
            continue
        if blank:
            pieces.append((" " * blank, NOTHING, NOTHING))
            blank = 0
        pieces.append((found[0], found[1], NOTHING))
    if blank:
        pieces.append((" " * blank, NOTHING, NOTHING))
    return pieces


def _x_axis(names: Names, extent: tuple[float, float], gutter: int, columns: int) -> list[tuple[Piece, ...]]:
    """The line, and below it the values with the axis' name at the right end."""
    line, under = ["─"] * columns, [" "] * (gutter + 1 + columns)
    name = cut(clean(names.x), max(4, columns // 3))
    room = len(under) - cell_len(name) - 1
    free_from = 0
    for value, text in _labels(extent, names.x_texts, max(2, columns // 12)):
        text = cut(text, 16)
        column = _column(value, extent, columns)
        start = max(0, min(gutter + 1 + column - cell_len(text) // 2, room - cell_len(text)))
        if start < free_from or not text.isascii():
            continue
        line[column] = "┬"
        under[start : start + len(text)] = text
        free_from = start + len(text) + 2
    return [
        ((" " * gutter, NOTHING, NOTHING), ("└" + "".join(line), AXIS, NOTHING)),
        (("".join(under[:room]) + " " + name, LABEL, NOTHING),),
    ]


def _legend(points: Sequence[Point], width: int, options: Options) -> Rows:
    """The names of the points in equal columns."""
    ordered = sorted(points, key=lambda point: point.slot)
    item = min(width, max(cell_len(clean(point.label, 40)) for point in ordered) + 2)
    across = max(1, (width + 2) // (item + 2))
    rows: list[tuple[Piece, ...]] = []
    for start in range(0, len(ordered), across):
        pieces: list[Piece] = []
        left = width
        for point in ordered[start : start + across]:
            name = cut(clean(point.label, 40), max(1, min(item - 2, left - 2)))
            gap = " " * max(0, min(item - cell_len(name), left - cell_len(name) - 2))
            pieces += [(marker(point.slot, options) + " ", point.slot, NOTHING), (name + gap, LABEL, NOTHING)]
            left -= cell_len(name) + 2 + len(gap)
        rows.append((*pieces, (" " * max(0, left), NOTHING, NOTHING)))
    return tuple(rows)


__all__ = ["NAMED", "Names", "Point", "Rows", "draw"]
