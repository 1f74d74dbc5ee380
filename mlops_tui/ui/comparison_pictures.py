"""Pictures of comparisons drawn with characters: for the screen, and for the command line, which has no Textual."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_tui.compare import wording
from mlops_tui.compare.axes import Axis, Scatter
from mlops_tui.compare.curves import Overlay
from mlops_tui.ui.chart_view import ChartView
from mlops_tui.ui.signs import is_unicode
from mlops_tui.ui.widgets import legend, parallel_plot, scatter_plot
from mlops_tui.ui.widgets.canvas import ASCII, BRAILLE
from mlops_tui.ui.widgets.legend import Drawing
from mlops_tui.ui.widgets.parallel_plot import Scale
from mlops_tui.ui.widgets.plot import Options, Piece, Series
from mlops_tui.ui.widgets.scatter_plot import Names, Point

Rows = tuple[tuple[Piece, ...], ...]


def lines(
    subject: Overlay | Scatter | tuple[Axis, ...],
    names: Sequence[str],
    run_ids: Sequence[str],
    baseline: int,
    width: int,
    height: int,
) -> list[str]:
    """A picture as plain lines, told apart by markers instead of colours."""
    is_rich = is_unicode()
    options = Options(cells=BRAILLE if is_rich else ASCII, has_symbols=is_rich, is_marked=True, is_patterned=True)
    if isinstance(subject, Overlay):
        rows = legend.compose(drawing(subject, names, run_ids), width, height, options).rows
    elif isinstance(subject, Scatter):
        rows = scatter(subject, names, baseline, width, height, options)
    else:
        rows = parallel(subject, width, height, options)
    return ["".join(piece[0] for piece in row) for row in rows]


def drawing(overlay: Overlay, names: Sequence[str], run_ids: Sequence[str]) -> Drawing:
    """Curves for a chart; the first run lies on top."""
    place = {run_id: number for number, run_id in enumerate(run_ids)}
    series = [
        Series(names[place[curve.run_id]], curve.points, place[curve.run_id], wording.number(curve.points[-1][3]))
        for curve in overlay.curves
        if curve.points
    ]
    return Drawing(overlay.key, tuple(reversed(series)), f"by {overlay.x}", ChartView(x=overlay.x))


def scatter(
    plot: Scatter,
    names: Sequence[str],
    baseline: int,
    width: int,
    height: int,
    options: Options,
    focused: int | None = None,
) -> Rows:
    """A scatter plot of the runs that have both values."""
    points = [
        Point(x, y, number, names[number], number in plot.front, number == baseline)
        for number, (x, y) in enumerate(zip(plot.x.values, plot.y.values, strict=True))
        if x is not None and y is not None
    ]
    shown = Names(plot.x.name, plot.y.name, plot.x.texts, plot.y.texts)
    return scatter_plot.draw(points, shown, width, height, options, focused)


def parallel(axes: Sequence[Axis], width: int, height: int, options: Options, focused: int | None = None) -> Rows:
    """Parallel coordinates of all runs."""
    scales = [Scale(axis.name, axis.values, axis.texts, axis.goal) for axis in axes]
    return parallel_plot.draw(scales, width, height, options, focused)


__all__ = ["Rows", "drawing", "lines", "parallel", "scatter"]
