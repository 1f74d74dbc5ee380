"""Slices: drift and missing values in parts of the rows that the window as a whole does not show.

The columns of all slices are judged together, so that many slices do not find more by chance than few. A column of a
slice is told only where the whole window does not tell of it: what moves everywhere is one thing to see.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_store.drift import NewAlert
from mlops_store.records import ColumnReport, Measure, Severity
from mlops_tui.config.monitor_quality import QualityConfig
from mlops_tui.drift import severity, titles
from mlops_tui.drift.checks.examined import Examined, Outcome
from mlops_tui.drift.columns import Known, compare, prepare
from mlops_tui.drift.quality import columns as quality
from mlops_tui.drift.quality.finding import RISK, Finding
from mlops_tui.drift.slices import LEAST_ROWS, Slice, cut

if TYPE_CHECKING:
    import pandas as pd

#: The false discovery rate over all columns of all slices; stricter than that of the whole window, which comes first.
FALSE_DISCOVERIES = 0.01
#: Columns of a slice that its figure lists, those with the largest effects.
_LISTED = 5


@dataclass(frozen=True, slots=True)
class _Compared:
    """A slice with enough rows, and what was found in it."""

    slice: Slice
    columns: tuple[ColumnReport, ...]
    gaps: tuple[Finding, ...]


def check(examined: Examined) -> Outcome:
    """Every slice that the monitor wants, and an alert for those that differ where the whole does not."""
    wanted = examined.monitor.slices
    if not wanted:
        return Outcome()
    reference, frame = examined.reference.frame, examined.frame
    every = [each for name, text in wanted.items() for each in cut(name, text, reference, frame)]
    found = [_compared(examined, each) for each in every if _why_not(each) is None]
    found = _judged(found)
    moved = {column.column for column in examined.findings.columns if column.detail.get("notable")}
    lossy = {finding.measure.subject for finding in quality.missing(examined) if finding.measure.is_breach}
    measures: list[Measure] = []
    told: dict[str, list[str]] = {}
    compared_of = {each.slice.name: each for each in found}
    for each in every:
        compared = compared_of.get(each.name)
        measures.append(_size(each))
        if compared is None:
            continue
        drifted = [column for column in compared.columns if column.detail["notable"] and column.column not in moved]
        gaps = [gap for gap in compared.gaps if gap.measure.is_breach and gap.measure.subject not in lossy]
        measures.append(_drifted(compared, bool(drifted)))
        if gaps:
            measures.append(_missing(compared, gaps))
        parts = [*map(titles.change, drifted), *(f"{gap.heading}: {gap.told}" for gap in gaps)]
        if parts:
            told[each.name] = parts
    left_out = [f"{titles.name(each.name)} ({why})" for each in every if (why := _why_not(each))]
    notes = (f"slices not compared: {titles.listed(left_out)}",) if left_out else ()
    return Outcome(tuple(measures), _alerts(told), notes)


def _why_not(each: Slice) -> str | None:
    if each.window is None:
        return "the batch lacks a column that it takes"
    rows = int(each.window.sum()), int(each.reference.sum())
    if min(rows) < LEAST_ROWS:
        return f"{rows[0]} rows, {rows[1]} of the reference, at least {LEAST_ROWS} are needed"
    return None


def _compared(examined: Examined, each: Slice) -> _Compared:
    part = _part(examined, each)
    return _Compared(each, part.findings.columns, tuple(quality.missing(part)))


def _part(examined: Examined, each: Slice) -> Examined:
    """The same window and reference, of the slice's rows only."""
    assert each.window is not None
    reference, frame = examined.reference.frame[each.reference], examined.frame[each.window]
    prepared, settings = examined.prepared, examined.prepared.settings
    features = tuple(
        prepare(reference[known.name], known.kind, name=known.name)
        for known in prepared.features
        if known.name != each.by and known.name not in prepared.counters and known.name in frame.columns
    )
    reports = [compare(known, frame[known.name], settings) for known in features]
    prediction = _prediction(examined, each)
    if prediction is not None:
        known, values = prediction
        reports.append(compare(known, values, settings))
    return replace(
        examined,
        monitor=replace(examined.monitor, quality=QualityConfig()),
        reference=replace(examined.reference, frame=reference),
        prepared=replace(prepared, features=features),
        frame=frame,
        findings=replace(examined.findings, columns=tuple(reports)),
    )


def _prediction(examined: Examined, each: Slice) -> tuple[Known, pd.Series[Any]] | None:
    """The predictions for the slice's rows, where the window and the reference have some."""
    known, before, now = examined.prepared.prediction, examined.prepared.prediction_values, examined.predictions
    if known is None or before is None or now is None or each.window is None:
        return None
    # the model predicts on the first rows of a large reference only
    chosen = before[each.reference[: len(before)]]
    return prepare(chosen, known.kind, name=known.name, role="prediction"), now[each.window]


def _judged(found: list[_Compared]) -> list[_Compared]:
    """The slices with what is notable and sure over all of them together."""
    every = severity.mark_notable([column for each in found for column in each.columns], FALSE_DISCOVERIES)
    tests = max(1, sum(len(each.gaps) for each in found))
    judged, start = [], 0
    for each in found:
        end = start + len(each.columns)
        gaps = tuple(
            replace(gap, measure=replace(gap.measure, is_breach=gap.measure.is_breach and gap.p_value <= RISK / tests))
            for gap in each.gaps
        )
        judged.append(_Compared(each.slice, every[start:end], gaps))
        start = end
    return judged


def _size(each: Slice) -> Measure:
    detail = {} if (why := _why_not(each)) is None else {"why": why}
    before, now = each.reference, each.window if each.window is not None else np.zeros(0, dtype=np.bool_)
    return Measure(
        "slices", "share", each.name, float(now.mean()) if len(now) else None, reference=float(before.mean()),
        count=int(now.sum()), detail={"reference_rows": int(before.sum()), **detail},
    )  # fmt: skip


def _drifted(compared: _Compared, is_breach: bool) -> Measure:
    notable = [column for column in compared.columns if column.detail["notable"]]
    notable.sort(key=lambda column: -(column.effect or 0.0))
    listed = [
        {
            "column": column.column, "role": column.role, "method": column.method, "score": column.score,
            "effect": column.effect, "p_value": column.detail["p_value"],
        }
        for column in notable[:_LISTED]
    ]  # fmt: skip
    scored = sum(column.score is not None for column in compared.columns)
    assert compared.slice.window is not None
    return Measure(
        "slices", "drifted_columns", compared.slice.name, float(len(notable)), threshold=1.0, is_breach=is_breach,
        count=int(compared.slice.window.sum()), detail={"columns": listed, "compared": scored},
    )  # fmt: skip


def _missing(compared: _Compared, gaps: list[Finding]) -> Measure:
    worst = max(gaps, key=lambda gap: gap.measure.value or 0.0)
    detail = {"columns": [gap.measure.subject for gap in gaps]}
    return replace(worst.measure, family="slices", subject=compared.slice.name, detail=detail)


def _alerts(told: dict[str, list[str]]) -> tuple[NewAlert, ...]:
    if not told:
        return ()
    named = [f"{titles.name(name)}: {titles.listed(parts)}" for name, parts in told.items()]
    title = f"{len(told)} slice{'s' if len(told) > 1 else ''} moved, the whole did not: {'; '.join(named[:3])}"
    rest = f" and {len(told) - 3} more" if len(told) > 3 else ""
    return (NewAlert("slices", Severity.WARNING, title + rest, next(iter(told)) if len(told) == 1 else ""),)
