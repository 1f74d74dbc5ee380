"""Charts of metrics as data: read from the store at the resolution of the screen."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Sequence

from mlops_store import metrics
from mlops_store.records import MetricSummary, Run
from mlops_tui.compare.columns import is_scheduled
from mlops_tui.ui import shown
from mlops_tui.ui.widgets.legend import Drawing
from mlops_tui.ui.widgets.plot import Series

#: Dots of a chart column: more buckets could not be seen.
DOTS = 2


def curve(
    db: sqlite3.Connection, run: Run, key: str, *, columns: int, x: str = "step", slot: int = 0, label: str = ""
) -> Series:
    """A metric of a run as a curve of at most two points a column.

    Args:
        db: A connection.
        run: The run; with ``x='time'`` seconds are counted from its start.
        key: The metric.
        columns: Width of the chart in cells.
        x: 'step' or 'time'.
        slot: Decides the colour.
        label: The name in a legend; the run's by default.
    """
    points: Sequence[tuple[float, float, float, float]]
    points = metrics.series(db, run.run_id, key, buckets=max(1, columns * DOTS), x=x)
    if x == "time":
        points = [(at - run.started_at, low, high, last) for at, low, high, last in points]
    value = run.metrics.get(key)
    return Series(label or run.name, tuple(points), slot, shown.number(value))


def drawing(
    db: sqlite3.Connection, run: Run, summary: MetricSummary, goal: str, *, columns: int, x: str = "step", log: bool
) -> Drawing:
    """The chart of one metric of one run, with its last and best value in the heading."""
    best = summary.max if goal == "max" else summary.min
    note = shown.number(summary.last)
    is_judged = not is_scheduled(summary.key) and not summary.key.startswith("system/")
    if is_judged and math.isfinite(best) and best != summary.last:
        note += f" · best {shown.number(best)}"
    return Drawing(summary.key, (curve(db, run, summary.key, columns=columns, x=x),), note, x, log)


def with_history(summaries: Iterable[MetricSummary], first: Sequence[str] = ()) -> list[MetricSummary]:
    """The metrics that have a curve (more than one value), ``first`` ones first, schedules and the machine's last."""
    order = {key: place for place, key in enumerate(first)}
    found = [summary for summary in summaries if summary.count > 1]
    return sorted(
        found,
        key=lambda one: (one.key.startswith("system/"), is_scheduled(one.key), order.get(one.key, len(order)), one.key),
    )
