"""The metrics of a run as a list that can be sorted by whatever is kept of their values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlops_store.records import MetricSummary
from mlops_tui.compare.columns import is_judged, is_of_machine
from mlops_tui.config import Config
from mlops_tui.ui import keymap, shown
from mlops_tui.ui.screens.run_cells import metric
from mlops_tui.ui.session import session_of
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.theme import is_unicode, sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.dialog import Choose, Option
from mlops_tui.ui.widgets.sparkline import sparkline
from mlops_tui.ui.widgets.window_table import Row, WindowTable

#: Characters of a metric's curve in its row.
TREND = 16

METRICS = (
    Column("key", "metric", 24, 60, grows=True),
    Column("last", "last", 7, 12, right=True),
    Column("best", "best", 7, 12, 1, right=True),
    Column("trend", "trend", TREND, TREND, 2),
    Column("count", "values", 6, 14, 3, right=True),
    Column("mean", "mean", 7, 12, 4, right=True),
    Column("min", "min", 7, 12, 5, right=True),
    Column("max", "max", 7, 12, 6, right=True),
    Column("step", "last step", 9, 12, 7, right=True),
)


@dataclass(frozen=True, slots=True)
class Order:
    """What metrics are sorted by: the key of a column of ``METRICS``."""

    column: str = "key"
    is_descending: bool = False


def best_of(one: MetricSummary, config: Config) -> float:
    """The best value in the metric's direction; NaN for a schedule, which has none."""
    if not is_judged(one.key):
        return math.nan
    return one.max if config.goal(one.key) == "max" else one.min


def metric_columns(order: Order) -> list[Column]:
    """The columns, with an arrow at the one that is sorted by."""
    arrow = sign("down" if order.is_descending else "up")
    is_usual = order == Order()
    return [
        one._replace(label=f"{one.label} {arrow}") if one.key == order.column and not is_usual else one
        for one in METRICS
    ]


def sorted_metrics(summaries: Sequence[MetricSummary], order: Order, config: Config) -> list[MetricSummary]:
    """The metrics in order; those without a number there come last in either direction."""
    if order.column == "key":
        return sorted(summaries, key=lambda one: (is_of_machine(one.key), one.key), reverse=order.is_descending)

    def value(one: MetricSummary) -> float:
        if order.column == "best":
            return best_of(one, config)
        return float(getattr(one, {"step": "last_step"}.get(order.column, order.column)))

    numbers = [(value(one), one) for one in summaries]
    found = sorted((pair for pair in numbers if pair[0] == pair[0]), key=lambda pair: pair[0])
    ordered = [one for _, one in (reversed(found) if order.is_descending else found)]
    return ordered + [one for number, one in numbers if number != number]


def metric_rows(summaries: Sequence[MetricSummary], config: Config, trends: Mapping[str, Sequence[float]]) -> list[Row]:
    """Each metric with what is kept of its values, and its curve in one row of text."""
    rows = []
    for one in summaries:
        best = best_of(one, config)
        values = f"{one.count:,}" + (f" ({one.nan_count} NaN)" if one.nan_count else "")
        line = sparkline(trends.get(one.key, ()), TREND, is_ascii=not is_unicode())
        is_curve = one.count > 1
        rows.append(
            Row(
                one.key,
                (
                    one.key,
                    metric(one.last),
                    Cell(shown.number(best), "good") if is_curve and best == best else "",
                    Cell(line, "dim") if is_curve else "",
                    Cell(values, "dim"),
                    *(_dim(value, is_curve) for value in (one.mean, one.min, one.max)),
                    Cell(str(one.last_step), "dim"),
                ),
            )
        )
    return rows


def _dim(value: float, is_curve: bool) -> CellValue:
    return Cell(shown.number(value), "dim") if is_curve and value == value else ""


class MetricTable(WindowTable):
    """Metrics by name, or in another order."""

    BINDINGS = keymap.bindings("metrics")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(METRICS, empty="no metrics", id=id)
        self._order = Order()
        self._summaries: Sequence[MetricSummary] = ()
        self._trends: Mapping[str, Sequence[float]] = {}

    def show_metrics(self, summaries: Sequence[MetricSummary], trends: Mapping[str, Sequence[float]]) -> None:
        """Shows metrics; ``trends`` has values of those that have a curve."""
        self._summaries, self._trends = summaries, trends
        self._arrange()

    def _arrange(self) -> None:
        config = session_of(self).config
        ordered = sorted_metrics(self._summaries, self._order, config)
        self.show(metric_rows(ordered, config, self._trends))

    def action_sort(self) -> None:
        """Asks what to sort by; the present order chosen again is turned round."""
        now = self._order

        def answered(key: str | None) -> None:
            if key is not None:
                is_descending = not now.is_descending if key == now.column else key != "key"
                self._order = Order(key, is_descending)
                self.set_columns(metric_columns(self._order))
                self._arrange()

        options = [Option(one.key, one.label) for one in METRICS if one.key != "trend"]
        self.app.push_screen(Choose("Sort by", options, chosen=now.column), answered)
