"""Quality of a window's columns: missing values, values beyond the reference's range, new labels, constants.

All comes from what the comparison of the columns has counted; a column is read again only where it shows something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_store.records import ColumnReport, Measure
from mlops_tui.drift import titles
from mlops_tui.drift.columns import Known, aligned
from mlops_tui.drift.quality.finding import Finding, chance, threshold
from mlops_tui.drift.samples import Labels, Numbers, labels, numbers
from mlops_tui.drift.severity import SMALLEST_EFFECT

if TYPE_CHECKING:
    import pandas as pd

    from mlops_tui.drift.checks.examined import Examined


def findings(examined: Examined) -> Iterator[Finding]:
    """The figures of every column that the window and the reference have."""
    bounds = examined.monitor.quality
    for column, report, values in _compared(examined):
        name = report.column
        yield _missing(examined, report, values, bounds.max_missing)
        if isinstance(column.sample, Numbers) and name not in bounds.ranges and report.score is not None:
            yield _out_of_range(column.sample, report, values)
        if isinstance(column.sample, Labels) and name not in bounds.values and report.score is not None:
            yield _new_labels(column.sample, report, values)
        if column.sample is not None and report.score is not None:
            yield from _constant(column, report)
    for name, (low, high) in bounds.ranges.items():
        if name in examined.frame.columns:
            yield _beyond_bounds(name, numbers(examined.frame[name]), low, high)
    for name, allowed in bounds.values.items():
        if name in examined.frame.columns:
            yield _beyond_values(name, labels(examined.frame[name]), allowed)


def missing(examined: Examined) -> Iterator[Finding]:
    """Of the figures only the missing values of each column."""
    for _, report, values in _compared(examined):
        yield _missing(examined, report, values, examined.monitor.quality.max_missing)


def _compared(examined: Examined) -> Iterator[tuple[Known, ColumnReport, pd.Series[Any]]]:
    """Every feature that the window and the reference have: as the reference knows it, its report, its values."""
    known = {column.name: column for column in examined.prepared.features}
    for report in examined.findings.columns:
        column = known.get(report.column)
        if column is not None and report.column in examined.frame.columns:
            yield column, report, examined.frame[report.column]


def _missing(examined: Examined, report: ColumnReport, values: pd.Series[Any], bounds: Mapping[str, float]) -> Finding:
    name = report.column
    lost, rows = _lost(report, "current", values)
    lost_before, rows_before = _lost(report, "reference", examined.reference.frame[name])
    share, before = lost / max(1, rows), lost_before / max(1, rows_before)
    bound = bounds.get(name, bounds.get(""))
    limit = threshold(before) if bound is None else bound
    is_large = share >= limit > before if bound is None else share > limit
    p_value = chance(lost, rows, lost_before, rows_before) if is_large and bound is None else float(not is_large)
    measure = Measure(
        "quality", "missing_share", name, share, reference=before, threshold=limit, is_breach=is_large, count=rows
    )
    if lost == rows:
        return Finding(measure, p_value, "without values", titles.name(name))
    told = f"{titles.name(name)} {before:.0%} → {share:.0%}{_none_missing(report)}"
    return Finding(measure, p_value, "more missing values", told, is_idle=not lost and not lost_before)


def _none_missing(report: ColumnReport) -> str:
    """Which of the lost values are there, and useless: nobody finds them by looking for gaps."""
    summary = report.detail.get("current", {})
    found = [(int(summary.get(key, 0)), what) for key, what in (("infinite", "infinite"), ("unparsable", "no numbers"))]
    parts = [f"{count:,} are {what}" for count, what in found if count]
    return f" ({', '.join(parts)})" if parts else ""


def _lost(report: ColumnReport, side: str, values: pd.Series[Any]) -> tuple[int, int]:
    """Rows that hold nothing usable (no value, ±inf, text that is no number), and all rows."""
    summary: Mapping[str, Any] = report.detail.get(side, {})
    if side == "current" and report.detail.get("finding", {}).get("kind") == "empty":
        return len(values), len(values)
    if "count" not in summary:
        return int(values.isna().sum()), len(values)
    lost = sum(int(summary.get(key, 0)) for key in ("missing", "infinite", "unparsable"))
    return lost, lost + int(summary["count"])


def _out_of_range(reference: Numbers, report: ColumnReport, values: pd.Series[Any]) -> Finding:
    low, high = float(reference.values[0]), float(reference.values[-1])
    now = report.detail["current"]
    count, rows = 0, report.current_count
    # None stands for what JSON cannot hold: then the values themselves tell
    if now["min"] is None or now["max"] is None or now["min"] < low or now["max"] > high:
        sample = numbers(values).values
        count = int(np.count_nonzero((sample < low) | (sample > high)))
    limit = threshold(0.0)
    is_large = count >= limit * rows
    measure = Measure(
        "quality", "out_of_range_share", report.column, count / rows, reference=0.0, threshold=limit,
        is_breach=is_large, count=rows, detail={"low": low, "high": high},
    )  # fmt: skip
    told = f"{titles.name(report.column)} {count / rows:.0%} of the rows outside of {low:.4g} to {high:.4g}"
    p_value = chance(count, rows, 1, reference.count) if is_large else 1.0
    return Finding(measure, p_value, "out of range", told, is_idle=not count)


def _new_labels(reference: Labels, report: ColumnReport, values: pd.Series[Any]) -> Finding:
    rows, count, new = report.current_count, 0, Labels((), np.array([], dtype=np.int64))
    if report.detail["new_labels"]:
        new = _only_new(aligned(reference, labels(values)), set(reference.names))
        count = new.count
    # each label that stands once in the reference would be new without that row (Good and Turing)
    expected = int(np.count_nonzero(reference.counts == 1))
    limit = threshold(expected / reference.count)
    is_large = count >= limit * rows
    measure = Measure(
        "quality", "new_label_share", report.column, count / rows, reference=expected / reference.count,
        threshold=limit, is_breach=is_large, count=rows, detail={"labels": _most_frequent(new)},
    )  # fmt: skip
    told = f"{titles.name(report.column)} {count / rows:.0%} ({_named(new)})"
    p_value = chance(count, rows, expected, reference.count) if is_large else 1.0
    return Finding(measure, p_value, "new labels", told, is_idle=not count)


def _constant(known: Known, report: ColumnReport) -> Iterator[Finding]:
    """A column that had several values and now has one."""
    sample, now = known.sample, report.detail["current"]
    if isinstance(sample, Numbers):
        is_constant = now["min"] is not None and now["min"] == now["max"]
        runs = np.flatnonzero(np.concatenate([[True], sample.values[1:] != sample.values[:-1], [True]]))
        distinct, most = len(runs) - 1, int(np.diff(runs).max())
    else:
        assert sample is not None
        is_constant, distinct, most = now["distinct"] == 1, len(sample.names), int(sample.counts.max())
    if not is_constant or distinct == 1:
        return
    measure = Measure(
        "quality", "distinct", report.column, 1.0, reference=float(distinct), threshold=1.0,
        # that the few others are gone is a small change
        is_breach=1 - most / sample.count >= SMALLEST_EFFECT, count=report.current_count,
    )  # fmt: skip
    # each further row repeats the first with at most the chance of the reference's commonest value
    p_value = ((most + 1) / (sample.count + 1)) ** (report.current_count - 1)
    yield Finding(measure, p_value, "one value only", titles.name(report.column))


def _beyond_bounds(name: str, sample: Numbers, low: float, high: float) -> Finding:
    count = int(np.count_nonzero((sample.values < low) | (sample.values > high))) + sample.infinite
    rows = sample.count + sample.infinite
    share = count / max(1, rows)
    measure = Measure(
        "quality", "out_of_range_share", name, share, threshold=0.0, is_breach=count > 0, count=rows,
        detail={"low": None if low == -np.inf else low, "high": None if high == np.inf else high},
    )  # fmt: skip
    told = f"{titles.name(name)} {_percent(share)} of the rows outside of {low:.4g} to {high:.4g}"
    return Finding(measure, heading="out of range", told=told)


def _beyond_values(name: str, sample: Labels, allowed: tuple[str, ...]) -> Finding:
    new = _only_new(sample, set(allowed))
    share = new.count / max(1, sample.count)
    measure = Measure(
        "quality", "new_label_share", name, share, threshold=0.0, is_breach=new.count > 0, count=sample.count,
        detail={"labels": _most_frequent(new)},
    )  # fmt: skip
    return Finding(measure, heading="new labels", told=f"{titles.name(name)} {_percent(share)} ({_named(new)})")


def _only_new(sample: Labels, known: set[str]) -> Labels:
    pairs = [(name, rows) for name, rows in zip(sample.names, sample.counts, strict=True) if name not in known]
    return Labels(tuple(name for name, _ in pairs), np.array([rows for _, rows in pairs], dtype=np.int64))


def _most_frequent(sample: Labels) -> list[str]:
    order = np.argsort(-sample.counts, kind="stable")[:10]
    return [sample.names[place][:80] for place in order.tolist()]


def _named(sample: Labels) -> str:
    named = [f"'{titles.name(label)}'" for label in _most_frequent(sample)]
    return titles.listed(named) if len(sample.names) <= len(named) else f"{', '.join(named[:2])} and others"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 or not share else "under 1%"
