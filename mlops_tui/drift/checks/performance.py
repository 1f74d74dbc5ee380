"""Performance of a window: measured where its rows bring the truth, else estimated, and kept until labels come."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlops_store.records import Measure
from mlops_tui.drift.checks.examined import Examined, Outcome
from mlops_tui.drift.performance import outputs, parts, window
from mlops_tui.drift.performance.outputs import Outputs
from mlops_tui.drift.performance.parts import Part
from mlops_tui.drift.performance.window import Known

if TYPE_CHECKING:
    import pandas as pd


def check(examined: Examined) -> Outcome:
    """The measures, realized and estimated, and what is kept of the rows for labels that come later.

    Raises:
        UsageError: The monitor names a class, metric or file that there is not.
    """
    monitor, frame, labelled = examined.monitor, examined.frame, examined.labelled
    is_asked = monitor.awaits_labels or monitor.target in frame.columns
    is_estimated = labelled is not None and monitor.truth.estimates and labelled.is_wanted
    if not is_asked and not is_estimated:
        return Outcome()
    given = outputs.of_frame(frame, monitor, examined.prepared, examined.findings.predictions)
    slices = parts.of_window(monitor, labelled, examined.reference.frame, frame)
    estimated, of_slices = Outcome(), tuple[Measure, ...]()
    if labelled is not None and is_estimated:
        measures, alerts, notes = labelled.estimation.window(frame, given)
        estimated = Outcome(measures=measures, alerts=alerts, notes=notes)
        of_slices = parts.estimated(monitor, labelled, slices, frame, given)
    if not is_asked:
        raised = parts.alerts(of_slices, estimated.measures)
        return replace(estimated, measures=(*estimated.measures, *of_slices), alerts=(*estimated.alerts, *raised))
    about = window.known(labelled, given, len(frame))
    realized = _realized(examined, given, about, estimated.measures, slices)
    is_known = any(window.is_known(measure) for measure in realized.measures)
    whole = (*(each for each in realized.measures if each.family != parts.FAMILY), *estimated.measures)
    of_slices = (*(each for each in realized.measures if each.family == parts.FAMILY), *of_slices)
    alerts = realized.alerts if is_known else (*realized.alerts, *estimated.alerts)
    return Outcome(
        measures=(*whole, *of_slices),
        alerts=(*alerts, *parts.alerts(of_slices, whole)),
        notes=realized.notes if is_known else (*realized.notes, *estimated.notes),
        rows=realized.rows,
    )


def _realized(
    examined: Examined, given: Outputs, about: Known, estimates: tuple[Measure, ...], slices: tuple[Part, ...]
) -> Outcome:
    monitor, frame = examined.monitor, examined.frame
    truth: pd.Series[Any] | None = frame[monitor.target] if monitor.target in frame.columns else None
    notes, rows = [], None
    if given.predicted is None and given.proba is None:
        return Outcome(measures=window.awaited(monitor, about, given.why))
    if monitor.awaits_labels:
        if monitor.truth.id not in frame.columns:
            why = f"labels cannot be joined: the rows have no column {monitor.truth.id!r}"
            return Outcome(measures=window.awaited(monitor, about, why))
        ids = frame[monitor.truth.id]
        if not ids.notna().any():
            why = f"labels cannot be joined: no row has a value in {monitor.truth.id!r}"
            return Outcome(measures=window.awaited(monitor, about, why))
        if (twice := int(ids.dropna().duplicated().sum())) > 0:
            notes.append(f"{twice:,} rows repeat an id of {monitor.truth.id}: a label counts for each of its rows")
        rows = window.waiting(given, ids, truth, about, slices)
    if truth is None or not truth.notna().any():
        return Outcome(measures=window.awaited(monitor, about, window.NOT_YET), notes=tuple(notes), rows=rows)
    measures, alerts = window.realized(monitor, about, given, truth, estimates=estimates)
    task = window.task_of(monitor, about, given, truth)
    measures += parts.realized(monitor, task, slices, given, truth)
    return Outcome(measures=measures, alerts=alerts, notes=tuple(notes), rows=rows)
