"""Reading a chart at one x: the line in the drawing, and the value of each series there. Pure."""

from __future__ import annotations

import math

from mlops_tui.ui import shown
from mlops_tui.ui.chart_view import ChartView
from mlops_tui.ui.widgets import ticks
from mlops_tui.ui.widgets.canvas import CROSSHAIR, NOTHING, Piece
from mlops_tui.ui.widgets.scales import Series


def with_line(
    rows: tuple[tuple[Piece, ...], ...], column: int, height: int, *, is_ascii: bool
) -> tuple[tuple[Piece, ...], ...]:
    """The rows of a plot with a line down one column, behind the curves.

    Args:
        rows: Of the plot, from the top.
        column: Of the drawing.
        height: How many rows the line covers.
        is_ascii: Whether it must be drawn in ASCII.
    """
    sign = "|" if is_ascii else "│"
    return tuple(_crossed(row, column, sign) if y < height else row for y, row in enumerate(rows))


def _crossed(row: tuple[Piece, ...], column: int, sign: str) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    start = 0
    for text, role, back in row:
        place = column - start
        start += len(text)
        if 0 <= place < len(text) and text[place] in " ·":
            parts = ((text[:place], role), (sign, CROSSHAIR), (text[place + 1 :], role))
            pieces += [(part, role, NOTHING) for part, role in parts if part]
        else:
            pieces.append((text, role, back))
    return tuple(pieces)


def reading(series: Series, x: float, *, is_short: bool = False) -> str:
    """What a series says at an x: the value of the nearest point, and the range where that stands for many.

    Args:
        series: A curve as it was read from the store.
        x: Where to read.
        is_short: Leaves out the range.
    """
    point = series.nearest(x)
    if point is None:
        return "–"
    _, low, high, last = point
    value = shown.number(last)
    ends = shown.number(low), shown.number(high)
    return value if is_short or ends[0] == ends[1] else f"{value} ({ends[0]} to {ends[1]})"


def height_at(series: Series, x: float) -> float:
    """The value of a series at an x, for putting series in order; those without one come last."""
    point = series.nearest(x)
    return -math.inf if point is None or point[3] != point[3] else point[3]


def x_text(x: float, view: ChartView) -> str:
    """An x with the name of its axis."""
    if view.x == "time":
        return f"at {ticks.duration(x)}"
    return f"step {round(x):,}" if view.x == "step" else f"epoch {ticks.number(x)}"


__all__ = ["height_at", "reading", "with_line", "x_text"]
