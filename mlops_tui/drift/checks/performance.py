"""Performance of a window: measured where its rows bring the truth, else awaited and kept until labels come."""

from __future__ import annotations

from mlops_tui.drift.checks.examined import Examined, Outcome
from mlops_tui.drift.performance import outputs, window


def check(examined: Examined) -> Outcome:
    """The measures, and what is kept of the rows for labels that come later.

    Raises:
        UsageError: The monitor names a class, metric or file that there is not.
    """
    monitor, frame = examined.monitor, examined.frame
    if not monitor.truth.labels and monitor.target not in frame.columns:
        return Outcome()
    given = outputs.of_frame(frame, monitor, examined.prepared, examined.findings.predictions)
    about = window.known(examined.labelled, given, len(frame))
    truth = frame[monitor.target] if monitor.target in frame.columns else None
    notes, rows = [], None
    if given.predicted is None and given.proba is None:
        return Outcome(measures=window.awaited(monitor, about, given.why))
    if monitor.truth.labels:
        if monitor.truth.id not in frame.columns:
            why = f"labels cannot be joined: the rows have no column {monitor.truth.id!r}"
            return Outcome(measures=window.awaited(monitor, about, why))
        ids = frame[monitor.truth.id]
        if not ids.notna().any():
            why = f"labels cannot be joined: no row has a value in {monitor.truth.id!r}"
            return Outcome(measures=window.awaited(monitor, about, why))
        if (twice := int(ids.dropna().duplicated().sum())) > 0:
            notes.append(f"{twice:,} rows repeat an id of {monitor.truth.id}: a label counts for each of its rows")
        rows = window.waiting(given, ids, truth, about)
    if truth is None or not truth.notna().any():
        return Outcome(measures=window.awaited(monitor, about, window.NOT_YET), notes=tuple(notes), rows=rows)
    measures, alerts = window.realized(monitor, about, given, truth)
    return Outcome(measures=measures, alerts=alerts, notes=tuple(notes), rows=rows)
