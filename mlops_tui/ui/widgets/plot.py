"""Curves drawn as characters: from min–max buckets to rows of text with a role for each piece.

Pure: knows no Textual, no colours and no terminal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mlops_tui.ui.widgets import ticks
from mlops_tui.ui.widgets.canvas import AXIS, GUIDE, LABEL, LARGEST, MARK, NOTHING, Bucket, Canvas, Piece

# A range below this has no finite scale.
SMALLEST = 1e-290

_SYMBOLS = "●■▲◆○□△◇★✚"
_LETTERS = "ABCDEFGHIJ"


@dataclass(frozen=True, slots=True)
class Series:
    """A curve.

    Attributes:
        label: Its name in the legend.
        points: In order of x; at most a few for each column of the chart.
        slot: Decides its colour, marker and pattern.
        note: What the legend says after the name, usually a value.
    """

    label: str
    points: Sequence[Bucket]
    slot: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """How curves are drawn.

    Attributes:
        has_braille: Dots of 2 × 4 a cell; otherwise half blocks, which every console has.
        is_marked: Put the markers of series along their curves, because colours are few or none.
        is_patterned: Interrupt the lines of series differently, because there are no colours.
        has_symbols: Whether the font is expected to have geometric shapes; otherwise letters mark series.
        is_log_y: Logarithmic values; those that are not positive are left out and counted.
        x: 'step', 'time' (seconds) for the labels of the lower axis.
        x_range: What part of the x axis is shown; everything by default.
    """

    has_braille: bool = True
    is_marked: bool = False
    is_patterned: bool = False
    has_symbols: bool = True
    is_log_y: bool = False
    x: str = "step"
    x_range: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawn chart.

    Attributes:
        rows: Pieces of text of each row, from the top; every row is as wide as the chart.
        left: The column of the first cell of the curves.
        columns: Width of the curves in cells.
        x_low: x at the first of them.
        x_high: x at the last of them.
        left_out: How many points have no place on a logarithmic axis.
    """

    rows: tuple[tuple[Piece, ...], ...]
    left: int
    columns: int
    x_low: float
    x_high: float
    left_out: int = 0

    def x_at(self, column: int) -> float:
        """The x that a column of the drawing stands for."""
        share = (column - self.left) / max(1, self.columns - 1)
        return self.x_low + min(1.0, max(0.0, share)) * (self.x_high - self.x_low)


def marker(slot: int, options: Options) -> str:
    """The character that stands for a series in its curve and in the legend."""
    characters = _SYMBOLS if options.has_symbols else _LETTERS
    return characters[slot % len(characters)]


def draw(series: Sequence[Series], width: int, height: int, options: Options | None = None) -> Plot:
    """Curves with axes; later series lie above earlier ones.

    Args:
        series: Any number of curves of at most a few points a column (see ``metrics.series``).
        width: Cells, axes included.
        height: Cells, axes included; where there is no room the axes are left out.
        options: How to draw.
    """
    options = options or Options()
    curves, left_out = _logarithmic(series) if options.is_log_y else (list(series), 0)
    x_low, x_high, y_low, y_high = extent = _extent(curves, options)
    has_axes = height >= 4 and width >= 16
    axis_rows = 0 if not has_axes else 1 if height < 9 else 2
    rows = max(1, height - axis_rows)
    y_ticks = _y_ticks(y_low, y_high, rows, options) if has_axes else []
    gutter = max((len(text) for _, text in y_ticks), default=0) + 1 if has_axes else 0
    columns = max(1, width - gutter - (1 if has_axes else 0))
    canvas = Canvas(columns, rows, extent, has_braille=options.has_braille)
    for curve in curves:
        canvas.curve(
            curve.points,
            curve.slot,
            marker=marker(curve.slot, options),
            is_marked=options.is_marked and len(curves) > 1,
            is_patterned=options.is_patterned,
        )
    at_row = {canvas.row_of(value): text for value, text in y_ticks}
    body = canvas.rows(frozenset(at_row) if rows >= 5 else frozenset())
    if not has_axes:
        return Plot(tuple(body), 0, columns, x_low, x_high, left_out)
    drawn = [
        (
            (at_row.get(row, "").rjust(gutter - 1) + " ", LABEL, NOTHING),
            ("┤" if row in at_row else "│", AXIS, NOTHING),
            *pieces,
        )
        for row, pieces in enumerate(body)
    ]
    drawn += _x_axis(gutter, canvas, axis_rows, x_low, x_high, options)
    return Plot(tuple(drawn), gutter + 1, columns, x_low, x_high, left_out)


def _logarithmic(series: Sequence[Series]) -> tuple[list[Series], int]:
    """The curves in powers of ten, and how many last values have none."""
    curves, left_out = [], 0
    for one in series:
        points: list[Bucket] = []
        for x, low, high, last in one.points:
            kept = [power for power in map(_log10, (low, high, last)) if power is not None]
            left_out += _log10(last) is None
            if kept:
                points.append((x, min(kept), max(kept), kept[-1]))
        curves.append(Series(one.label, points, one.slot, one.note))
    return curves, left_out


def _log10(value: float) -> float | None:
    if not math.isfinite(value):
        return value
    return math.log10(value) if value > 0 else None


def _extent(curves: Sequence[Series], options: Options) -> tuple[float, float, float, float]:
    """X and y at the edges: the finite values of what is shown, never an empty range of y."""
    x_low, x_high = options.x_range or (math.inf, -math.inf)
    y_low, y_high = math.inf, -math.inf
    for curve in curves:
        points = curve.points
        if options.x_range is not None:
            points = [point for point in points if x_low <= point[0] <= x_high]
        if not points:
            continue
        xs, lows, highs, lasts = zip(*points, strict=True)
        if options.x_range is None:
            x_low, x_high = min(x_low, *xs), max(x_high, *xs)
        values = (*lows, *highs, *lasts)
        if not sum(map(abs, values)) < LARGEST:
            values = tuple(value for value in values if abs(value) <= LARGEST)
        if values:
            y_low, y_high = min(y_low, *values), max(y_high, *values)
    if y_low > y_high:
        y_low, y_high = 0.0, 1.0
    if y_high - y_low < SMALLEST:
        pad = max(abs(y_low) * 0.1, SMALLEST) if y_low else 1.0
        y_low, y_high = y_low - pad, y_high + pad
    if x_low > x_high:
        x_low, x_high = 0.0, 1.0
    return x_low, x_high, y_low, y_high


def _y_ticks(low: float, high: float, rows: int, options: Options) -> list[tuple[float, str]]:
    count = max(2, min(8, rows // 3))
    if options.is_log_y:
        positions = _at_least_two(ticks.logarithmic, low, high, count, rows)
        return list(zip(positions, (ticks.number(10**position, 3) for position in positions), strict=True))
    positions = _at_least_two(ticks.linear, low, high, count, rows)
    return list(zip(positions, ticks.labels(positions), strict=True))


def _at_least_two(
    find: Callable[[float, float, int], list[float]], low: float, high: float, count: int, most: int
) -> list[float]:
    """Ticks in about the number wanted, or more where round steps would leave fewer than two."""
    positions = find(low, high, count)
    while len(positions) < 2 and count < most:
        count += 1
        positions = find(low, high, count)
    return positions


def _x_axis(
    gutter: int, canvas: Canvas, axis_rows: int, low: float, high: float, options: Options
) -> list[tuple[Piece, ...]]:
    columns = canvas.columns
    count = max(1, columns // 10)
    if options.x == "time":
        positions = _at_least_two(ticks.durations, low, high, count, columns // 6)
        texts = [ticks.duration(position) for position in positions]
    else:
        positions = _at_least_two(ticks.whole, low, high, count, columns // 6)
        texts = ticks.labels(positions)
    line, under, free_from = ["─"] * columns, [" "] * (gutter + 1 + columns), 0
    for position, text in zip(positions, texts, strict=True):
        column = canvas.column_of(position)
        start = min(max(0, gutter + 1 + column - len(text) // 2), len(under) - len(text))
        if start < free_from:
            continue
        line[column] = "┬"
        under[start : start + len(text)] = text
        free_from = start + len(text) + 2
    rows: list[tuple[Piece, ...]] = []
    if axis_rows == 2:
        rows.append(((" " * gutter, NOTHING, NOTHING), ("└" + "".join(line), AXIS, NOTHING)))
    rows.append((("".join(under), LABEL, NOTHING),))
    return rows


__all__ = [
    "AXIS",
    "GUIDE",
    "LABEL",
    "MARK",
    "NOTHING",
    "Bucket",
    "Options",
    "Piece",
    "Plot",
    "Series",
    "draw",
    "marker",
]
