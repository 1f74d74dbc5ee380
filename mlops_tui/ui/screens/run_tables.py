"""Metrics, params and artifacts of a run as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlops_store.records import Artifact, MetricSummary
from mlops_tui.compare.columns import is_scheduled
from mlops_tui.config import Config
from mlops_tui.ui import shown
from mlops_tui.ui.screens.run_cells import metric
from mlops_tui.ui.text import Cell
from mlops_tui.ui.theme import is_unicode
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.sparkline import sparkline
from mlops_tui.ui.widgets.window_table import Row

#: Characters of a metric's curve in its row.
TREND = 16

METRICS = (
    Column("key", "metric", 10, 60, grows=True),
    Column("last", "last", 7, 12, right=True),
    Column("best", "best", 7, 12, 1, right=True),
    Column("mean", "mean", 7, 12, 4, right=True),
    Column("count", "values", 6, 10, 3, right=True),
    Column("step", "last step", 9, 12, 5, right=True),
    Column("trend", "trend", TREND, TREND, 2),
)
PARAMS = (Column("key", "param", 10, 60), Column("value", "value", 10, 400, grows=True))
ARTIFACTS = (
    Column("path", "artifact", 12, 200, grows=True),
    Column("size", "size", 8, 8, right=True),
    Column("at", "logged", 8, 14, 1),
)


def metric_rows(summaries: Sequence[MetricSummary], config: Config, trends: Mapping[str, Sequence[float]]) -> list[Row]:
    """Each metric with its last and best value, mean, number of values, and its curve in one row of text."""
    rows = []
    for one in summaries:
        best = one.max if config.goal(one.key) == "max" else one.min
        values = f"{one.count:,}" + (f" ({one.nan_count} NaN)" if one.nan_count else "")
        line = sparkline(trends.get(one.key, ()), TREND, is_ascii=not is_unicode())
        is_curve, has_best = one.count > 1, best == best and not is_scheduled(one.key)
        rows.append(
            Row(
                one.key,
                (
                    one.key,
                    metric(one.last),
                    Cell(shown.number(best), "good") if is_curve and has_best else "",
                    Cell(shown.number(one.mean), "dim") if is_curve and one.mean == one.mean else "",
                    Cell(values, "dim"),
                    Cell(str(one.last_step), "dim"),
                    Cell(line, "dim") if is_curve else "",
                ),
            )
        )
    return rows


def param_rows(params: Mapping[str, str]) -> list[Row]:
    """The params by name."""
    return [Row(key, (Cell(key, "dim"), value)) for key, value in sorted(params.items())]


def artifact_rows(artifacts: Sequence[Artifact], now: float) -> list[Row]:
    """The artifacts by path."""
    return [
        Row(
            one.path, (one.path, Cell(shown.size(one.size_bytes), "dim"), Cell(shown.moment(one.logged_at, now), "dim"))
        )
        for one in artifacts
    ]
