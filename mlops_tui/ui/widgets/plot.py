"""Curves drawn as characters: from min–max buckets to rows of text with a role for each piece.

Pure: knows no Textual, no colours and no terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mlops_tui.ui.chart_view import DEFAULT, ChartView
from mlops_tui.ui.widgets import scales, ticks
from mlops_tui.ui.widgets.canvas import ASCII, AXIS, BRAILLE, GUIDE, LABEL, MARK, NOTHING, Bucket, Canvas, Piece
from mlops_tui.ui.widgets.scales import Axis, Series
from mlops_tui.ui.widgets.smoothing import smoothed

_SYMBOLS = "●■▲◆○□△◇★✚"
_LETTERS = "ABCDEFGHIJ"


@dataclass(frozen=True, slots=True)
class Options:
    """How curves are drawn.

    Attributes:
        cells: What dots are drawn with, see ``canvas``.
        is_marked: Put the markers of series along their curves, because colours are few or none.
        is_patterned: Interrupt the lines of series differently, because there are no colours.
        has_symbols: Whether the font is expected to have geometric shapes; otherwise letters mark series.
        view: What the axes are, and how much curves are smoothed.
        window: What part of the x axis is shown; everything by default.
    """

    cells: str = BRAILLE
    is_marked: bool = False
    is_patterned: bool = False
    has_symbols: bool = True
    view: ChartView = DEFAULT
    window: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawn chart.

    Attributes:
        rows: Pieces of text of each row, from the top; every row is as wide as the chart.
        left: The column of the first cell of the curves.
        columns: Width of the curves in cells.
        height: Rows of the curves, without the axis below.
        axis: The x axis.
        lacking: Which points have no place on a logarithmic axis: "some", "all" or "" for none.
    """

    rows: tuple[tuple[Piece, ...], ...]
    left: int
    columns: int
    height: int
    axis: Axis
    lacking: str = ""

    def x_at(self, column: int) -> float:
        """The x that a column of the drawing stands for; those beside the curves stand for the ends."""
        return self.axis.at(min(1.0, max(0.0, (column - self.left) / max(1, self.columns - 1))))

    def column_of(self, x: float) -> int | None:
        """The column of the drawing that stands for an x; None for one that is not shown."""
        share = self.axis.share(x)
        return None if share is None or not 0 <= share <= 1 else self.left + round(share * (self.columns - 1))


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
    view = options.view
    if (unit := scales.unit(series, view)) > 1:
        series = scales.divided(series, unit)
    curves, lacking = scales.placed(series, view, options.window)
    x_low, x_high, y_low, y_high = extent = scales.extent(curves, view, options.window)
    has_axes = height >= 4 and width >= 16
    axis_rows = 0 if not has_axes else 1 if height < 9 else 2
    rows = max(1, height - axis_rows)
    y_ticks = _y_ticks(y_low, y_high, rows, unit, is_log=view.is_log_y) if has_axes else []
    gutter = max((len(text) for _, text in y_ticks), default=0) + 1 if has_axes else 0
    columns = max(1, width - gutter - (1 if has_axes else 0))
    canvas = Canvas(columns, rows, extent, cells=options.cells)
    _draw_curves(canvas, curves, options, x_high - x_low)
    at_row = {canvas.row_of(value): text for value, text in y_ticks}
    body = canvas.rows(frozenset(at_row) if rows >= 5 else frozenset())
    axis = Axis(x_low, x_high, view.is_log_x)
    if not has_axes:
        return Plot(tuple(body), 0, columns, rows, axis, lacking)
    tick, line = ("+", "|") if options.cells == ASCII else ("┤", "│")
    drawn = [
        (
            (at_row.get(row, "").rjust(gutter - 1) + " ", LABEL, NOTHING),
            (tick if row in at_row else line, AXIS, NOTHING),
            *pieces,
        )
        for row, pieces in enumerate(body)
    ]
    drawn += _x_axis(gutter, canvas, axis_rows, x_low, x_high, options)
    return Plot(tuple(drawn), gutter + 1, columns, rows, axis, lacking)


def _draw_curves(canvas: Canvas, curves: Sequence[Series], options: Options, length: float) -> None:
    """The curves; what is smoothed lies above all that it was made from."""
    if options.view.smoothing:
        for curve in curves:
            is_stippled = options.is_marked or options.is_patterned
            canvas.curve(curve.points, curve.slot, marker="", is_shade=True, is_patterned=is_stippled)
    for curve in curves:
        points = curve.points
        if options.view.smoothing:
            points = smoothed(points, options.view.smoothing, length)
        canvas.curve(
            points,
            curve.slot,
            marker=marker(curve.slot, options),
            is_marked=options.is_marked and len(curves) > 1,
            is_patterned=options.is_patterned,
        )


def _y_ticks(low: float, high: float, rows: int, unit: float, *, is_log: bool) -> list[tuple[float, str]]:
    count = max(2, min(8, rows // 3))
    if is_log:
        positions = _at_least_two(ticks.logarithmic, low, high, count, rows)
        return list(zip(positions, (ticks.number(10**position, 3) for position in positions), strict=True))
    positions = _at_least_two(ticks.linear, low, high, count, rows)
    return list(zip(positions, ticks.labels([position * unit for position in positions]), strict=True))


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
    if options.view.is_log_x:
        positions = _at_least_two(ticks.logarithmic, low, high, count, columns // 6)
        texts = [_x_label(10**position, options) for position in positions]
    elif options.view.x == "time":
        positions = _at_least_two(ticks.durations, low, high, count, columns // 6)
        texts = ticks.duration_labels(positions)
    elif options.view.x == "epoch":
        positions = _at_least_two(ticks.linear, low, high, count, columns // 6)
        texts = ticks.labels(positions)
    else:
        positions = _at_least_two(ticks.whole, low, high, count, columns // 6)
        texts = ticks.labels(positions)
    across, corner, tick = ("-", "+", "+") if options.cells == ASCII else ("─", "└", "┬")
    line, under, free_from = [across] * columns, [" "] * (gutter + 1 + columns), 0
    for position, text in zip(positions, texts, strict=True):
        column = canvas.column_of(position)
        start = min(max(0, gutter + 1 + column - len(text) // 2), len(under) - len(text))
        if start < free_from:
            continue
        line[column] = tick
        under[start : start + len(text)] = text
        free_from = start + len(text) + 2
    rows: list[tuple[Piece, ...]] = []
    if axis_rows == 2:
        rows.append(((" " * gutter, NOTHING, NOTHING), (corner + "".join(line), AXIS, NOTHING)))
    rows.append((("".join(under), LABEL, NOTHING),))
    return rows


def _x_label(x: float, options: Options) -> str:
    return ticks.duration(x) if options.view.x == "time" else ticks.number(x, 3)


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
