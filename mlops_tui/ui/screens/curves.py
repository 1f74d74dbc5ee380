"""Charts of metrics as data: read from the store at the resolution of the screen."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Sequence
from itertools import pairwise

from mlops_store import metrics
from mlops_store.records import MetricSummary, Run
from mlops_tui.compare.columns import is_judged, is_of_machine, is_scheduled
from mlops_tui.compare.curves import EPOCH, epochs
from mlops_tui.ui import shown
from mlops_tui.ui.chart_view import DEFAULT, ChartView
from mlops_tui.ui.widgets.canvas import Bucket
from mlops_tui.ui.widgets.legend import NO_POINTS, Drawing
from mlops_tui.ui.widgets.plot import Series

#: Dots of a chart column: more buckets could not be seen.
DOTS = 2
# The least x above zero: steps are whole, times are kept in milliseconds.
_LEAST = {"step": 1.0, "time": 0.001}

Window = tuple[float, float]


def curve(
    db: sqlite3.Connection,
    run: Run,
    key: str,
    *,
    columns: int,
    view: ChartView = DEFAULT,
    window: Window | None = None,
    slot: int = 0,
    label: str = "",
) -> Series:
    """A metric of a run as a curve of at most two points a column.

    Args:
        db: A connection.
        run: The run; over time, seconds are counted from its start.
        key: The metric.
        columns: Width of the chart in cells.
        view: What x is, and whether it is logarithmic; over epochs, a run that logs none has no points.
        window: The least and greatest x that is shown; everything by default.
        slot: Decides the colour.
        label: The name in a legend; the run's by default.
    """
    buckets = max(1, columns * DOTS)
    value = shown.number(run.metrics.get(key))
    points: Sequence[Bucket] = ()
    if view.x != "epoch":
        points = _over_x(db, run, key, buckets, view.x, view.is_log_x, window)
    elif (known := epochs(db, run)) is not None:
        ends = None if window is None else (known.step_of(window[0]), known.step_of(window[1]))
        by_step = _over_x(db, run, key, buckets, "step", view.is_log_x, ends)
        points = [(known.of(step), low, high, last) for step, low, high, last in by_step]
    return Series(label or run.name, tuple(points), slot, value)


def _over_x(
    db: sqlite3.Connection, run: Run, key: str, buckets: int, x: str, is_log: bool, window: Window | None
) -> list[Bucket]:
    start = run.started_at if x == "time" else 0.0
    low, high = (-math.inf, math.inf) if window is None else window
    parts = [(low, high)]
    if is_log and (span := metrics.span(db, run.run_id, key, x)) is not None:
        parts = _decades(max(low, span[0] - start), min(high, span[1] - start), _LEAST[x])

    def read(low: float, high: float, count: int) -> list[Bucket]:
        return metrics.series(db, run.run_id, key, buckets=count, x=x, low=low + start, high=high + start)

    found = [point for ends in parts for point in read(*ends, -(-buckets // len(parts)))]
    if window is not None and not is_log and len(found) < buckets / 2:
        # single points: lines lead to those beyond the edges
        found = read(low - (high - low), high + (high - low), 3 * buckets)
    return [(at - start, low, high, last) for at, low, high, last in found] if start else found


def _decades(low: float, high: float, least: float) -> list[Window]:
    """A range cut at the powers of ten, so that each has its own buckets; what has no logarithm is the first part."""
    if high < least:
        return [(low, high)]
    ends = [max(low, least)]
    power = 10.0 ** (math.floor(math.log10(ends[0]) + 1e-9) + 1)
    while power < high:
        ends.append(power)
        power *= 10
    ends.append(high)
    parts = [(begin, math.nextafter(end, -math.inf)) for begin, end in pairwise(ends)]
    parts[-1] = (ends[-2], high)
    return [(low, least / 2), *parts] if low < least else parts


def spans(db: sqlite3.Connection, run: Run, view: ChartView) -> list[Window]:
    """The least and greatest x of each metric of a run."""
    found, known = list[Window](), epochs(db, run) if view.x == "epoch" else None
    start = run.started_at if view.x == "time" else 0.0
    for summary in metrics.summaries(db, run.run_id):
        if (span := metrics.span(db, run.run_id, summary.key, "time" if view.x == "time" else "step")) is not None:
            ends = round(span[0] - start, 3), round(span[1] - start, 3)
            found.append(ends if known is None else (known.of(ends[0]), known.of(ends[1])))
    return found


def drawing(
    db: sqlite3.Connection,
    run: Run,
    summary: MetricSummary,
    goal: str,
    *,
    columns: int,
    view: ChartView = DEFAULT,
    window: Window | None = None,
) -> Drawing:
    """The chart of one metric of one run, with its last and best value in the heading."""
    best = summary.max if goal == "max" else summary.min
    note = shown.number(summary.last)
    if is_judged(summary.key) and math.isfinite(best) and best != summary.last:
        note += f" · best {shown.number(best)}"
    line = curve(db, run, summary.key, columns=columns, view=view, window=window)
    empty = f"no metric '{EPOCH}'" if view.x == "epoch" and not line.points else NO_POINTS
    return Drawing(summary.key, (line,), note, view, window, empty=empty)


def with_history(summaries: Iterable[MetricSummary], first: Sequence[str] = ()) -> list[MetricSummary]:
    """The metrics that have a curve (more than one value), ``first`` ones first, schedules and the machine's last."""
    order = {key: place for place, key in enumerate(first)}
    found = [summary for summary in summaries if summary.count > 1]
    return sorted(
        found,
        key=lambda one: (is_of_machine(one.key), is_scheduled(one.key), order.get(one.key, len(order)), one.key),
    )
