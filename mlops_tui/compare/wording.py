"""What comparisons say in sentences, always with method, number, interval and effect."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from mlops_store.records import Run
from mlops_tui.compare.axes import Axis
from mlops_tui.compare.importance import Importance
from mlops_tui.compare.measures import Measure
from mlops_tui.compare.paired import Interval
from mlops_tui.compare.pooled import Pooled, Side
from mlops_tui.compare.predictions import Pair
from mlops_tui.compare.seeds import GroupRow
from mlops_tui.compare.slices import RISK, Slice, Slices


def number(value: float | None) -> str:
    """At most five significant digits; '–' for nothing."""
    if value is None:
        return "–"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.5g}"


def moment(at: float) -> str:
    """A point in time in the local time zone, to the minute."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
    except (OverflowError, ValueError, OSError):
        return f"{at:g}"


def axis_value(axis: Axis, column: int) -> str:
    """A run's place on an axis as text."""
    value = axis.values[column]
    return axis.texts[int(value)] if axis.texts and value is not None else number(value)


def signed(value: float) -> str:
    """A difference: three significant digits, always with its sign."""
    return f"{value:+.3g}" if value else "±0"


def deviation(value: float) -> str:
    """A standard deviation in two significant digits; '–' where there is none."""
    return "–" if math.isnan(value) else f"{value:.2g}"


def p_value(p: float) -> str:
    """``p = 0.012``, ``p < 0.0001``."""
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}"


def interval(found: Interval) -> str:
    """``95 % interval +0.01 to +0.03``."""
    return f"{100 * found.confidence:.4g} % interval {signed(found.low)} to {signed(found.high)}"


def label(run: Run, others: Sequence[Run]) -> str:
    """A run's name, with the end of its id where another has the same name."""
    is_shared = sum(other.name == run.name for other in others) > 1
    return f"{run.name} {run.run_id[-8:]}" if is_shared else run.name


def verdict(pair: Pair, first: str, second: str) -> str:
    """One run's predictions against the baseline's in one sentence.

    Args:
        pair: The comparison.
        first: What to call the baseline.
        second: What to call the other run.
    """
    if pair.problem:
        return f"{second} cannot be compared with {first}: {pair.problem}"
    assert pair.test is not None
    found = pair.measures[0]
    said = {
        "better": f"{second} is better than {first}",
        "worse": f"{second} is worse than {first}",
        "noise": f"The difference between {second} and {first} is within noise",
    }[pair.verdict]
    return f"{said}: {measure(found)}; {pair.test.method}, {p_value(pair.test.p)}; {rows(pair.count)}"


def pooled(found: Pooled) -> str:
    """Two groups of repeated runs by their predictions, in one sentence."""
    first, second = found.first.label, found.second.label
    said = {
        "better": f"{second} is better than {first}",
        "worse": f"{second} is worse than {first}",
        "noise": f"The difference between {second} and {first} is within noise",
    }[found.verdict]
    return (
        f"Repeated runs together: {said}: {found.measure} {_side(found.second)} against {_side(found.first)}, "
        f"{signed(found.difference)} ({interval(found.interval)}, {found.interval.method}); "
        f"{p_value(found.test.p)}; {rows(found.count)} in each run"
    )


def _side(found: Side) -> str:
    return f"{number(found.mean)} (± {deviation(found.deviation)}, n = {len(found.run_ids)})"


def measure(found: Measure) -> str:
    """``accuracy 0.91 against 0.87, +0.04 (95 % interval …, paired bootstrap …)``."""
    return (
        f"{found.name} {number(found.second)} against {number(found.first)}, {signed(found.difference)} "
        f"({interval(found.interval)}, {found.interval.method})"
    )


def flips(pair: Pair, first: str, second: str) -> str:
    """How many rows changed sides."""
    found = pair.flips
    assert found is not None
    if pair.task == "classification":
        return (
            f"{found.only_second:,} rows only {second} has right, {found.only_first:,} only {first}; "
            f"{found.both_right:,} both, {found.both_wrong:,} neither"
        )
    return (
        f"{second} is nearer to the truth in {found.only_second:,} rows, farther from it in {found.only_first:,}; "
        f"{found.both_right:,} are equal"
    )


def left_out(pair: Pair) -> str:
    """Which rows were not compared, and what is odd about others; "" where there are none."""
    said = [f"{count:,} {reason}" for reason, count in pair.left_out]
    parts = ["not compared: " + ", ".join(said)] if said else []
    parts += [f"{count:,} {reason}" for reason, count in pair.remarks]
    return "; ".join(parts)


def rows(count: int) -> str:
    """``1 row``, ``3,000 rows``."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def slice_name(found: Slice) -> str:
    """``region = west and age > 70``."""
    return " and ".join(
        f"{column} {value}" if value.startswith(("≤ ", "> ")) else f"{column} = {value}"
        for column, value in found.conditions
    )


def slices(found: Slices, *, is_counted: bool) -> str:
    """How slices were looked for, and how many were found."""
    if not found.columns:
        return "no column to make slices of: log_predictions(…, slices={name: values})"
    if not found.looked_at:
        return f"no slice of {found.columns} columns has 30 rows and leaves as many others"
    method = "McNemar's exact test" if is_counted else "a paired t-test"
    depth = "single columns and pairs" if found.has_pairs else "single columns"
    many = f"{len(found.found)} of {found.looked_at:,} slices" if found.found else f"none of {found.looked_at:,} slices"
    return (
        f"{many} ({depth} of {found.columns}, at least 30 rows) surely differ and stand out from the other rows "
        f"({method} and a z-test against the rest, both after Holm, {100 * RISK:.3g} % risk for all together)"
    )


def group_verdict(row: GroupRow, place: int) -> str:
    """One group against the baseline's in one metric; "" where nothing can be said."""
    found, name = row.against[place], row.verdict(place)
    if found is None:
        return ""
    said = {"better": "better", "worse": "worse", "noise": "difference is within noise"}[name]
    first, second = row.spreads[row.against.index(None)], row.spreads[place]
    effect = "" if math.isnan(found.effect) else f", Hedges' g {found.effect:+.2g}"
    return (
        f"{said}: {signed(found.difference)} ({interval(found.interval)}, {found.test.method}, "
        f"{p_value(found.test.p)}{effect}, n = {first.count} and {second.count})"
    )


def importance(found: Importance) -> str:
    """What the importances were found from, and how far they can be trusted."""
    said = f"random forest of {found.metric} over {found.runs} runs, R² out of bag {found.r2:.2f}"
    return f"{said}. Unreliable: {found.caution}" if found.caution else said


__all__ = [
    "axis_value",
    "deviation",
    "flips",
    "group_verdict",
    "importance",
    "interval",
    "label",
    "left_out",
    "measure",
    "moment",
    "number",
    "p_value",
    "pooled",
    "rows",
    "signed",
    "slice_name",
    "slices",
    "verdict",
]
