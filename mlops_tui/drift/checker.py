"""The check of one window: reading it at one moment, comparing it, recording report, alerts and incidents."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_store import artifacts, drift, labels, last_rows, report_profiles
from mlops_store.drift import NewAlert
from mlops_store.records import ModelVersion, MonitorReport, Severity
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import batches, checks, earlier, predictions, profiles, severity, times, titles
from mlops_tui.drift import check as comparison
from mlops_tui.drift.checks.examined import Examined
from mlops_tui.drift.incidents import recording
from mlops_tui.drift.profiles import SMALLEST_REFERENCE
from mlops_tui.drift.references import Reference
from mlops_tui.drift.sketches import checking, frames, packing
from mlops_tui.drift.sketches.table import TableSketch
from mlops_tui.drift.windows import Taken, Window

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from mlops_store.store import Store
    from mlops_tui.drift.check import Prepared
    from mlops_tui.drift.performance.evidence import Labelled
    from mlops_tui.drift.performance.window import Waiting
    from mlops_tui.drift.predictions import Model

#: In fewer rows hardly any drift can show.
SMALLEST_BATCH = 10


@dataclass(frozen=True, slots=True)
class _Examination:
    """What a check of a window found.

    Attributes:
        report: To be recorded.
        raised: Its alerts.
        reference: What the window was compared with; None for nothing.
        rows: What is to be kept of its rows until their labels come.
        profile: Of all its rows; None where they could not be read.
        last_rows: What the next window is followed on from.
    """

    report: MonitorReport
    raised: tuple[NewAlert, ...] = ()
    reference: Reference | None = None
    rows: Waiting | None = None
    profile: TableSketch | None = None
    last_rows: pd.DataFrame | None = None


class Checker:
    """Checks the windows of one monitor.

    Args:
        store: Where reports go.
        monitor: What is wanted.
        reference: What they are compared with; None where the monitor compares them with earlier ones.
        version: The version in charge, if any.
        open_model: Opens the model of a version.
        force: Record a check although the same content was checked before.
        goal: Which way a metric is better.
        label: Finds rows of known truth for a reference.
    """

    def __init__(
        self,
        store: Store,
        monitor: MonitorConfig,
        reference: Reference | None,
        version: ModelVersion | None,
        open_model: Callable[[ModelVersion], Model],
        force: bool,
        goal: Callable[[str], str],
        label: Callable[[Reference, Prepared], Labelled],
    ) -> None:
        self.store = store
        self.monitor = monitor
        self.reference = reference
        self.version = version
        self.open_model = open_model
        self.force = force
        self.goal = goal
        self.label = label
        self._prepared: tuple[object, Reference, Prepared] | None = None
        self._labelled: tuple[Prepared, Labelled] | None = None

    def check(self, window: Window) -> MonitorReport | None:
        """The report on a window, recorded; None when it was checked before, or went away."""
        began = time.monotonic()
        taken = window.take()
        if taken is None:
            return None
        if not self.force and drift.has_seen(self.store.read(), self.monitor.name, window.batch, taken.digest):
            return None
        found = self._examine(window, taken)
        reference, rows = found.reference, found.rows
        kept = None if rows is None else artifacts.put_bytes(self.store.objects_dir, rows.data)[0]
        profile = None if found.profile is None else packing.packed(found.profile)
        profiled = None if profile is None else artifacts.put_bytes(self.store.objects_dir, profile)[0]
        tail = None if found.last_rows is None else profiles.to_parquet(found.last_rows)
        followed = None if tail is None else artifacts.put_bytes(self.store.objects_dir, tail)[0]
        with self.store.write() as db:
            report_id = drift.add_report(
                db,
                replace(found.report, duration_s=time.monotonic() - began),
                found.raised,
                profile_id=(reference.profile.id or None) if reference is not None else None,
                size_bytes=taken.size_bytes,
                modified_ns=taken.modified_ns,
                force=self.force,
            )
            if report_id is not None:
                recording.record(db, report_id, self.monitor, self.goal)
                if profiled is not None:
                    report_profiles.put(db, report_id, profiled)
                if followed is not None:
                    last_rows.put(db, report_id, followed)
                if rows is not None and kept is not None:
                    labels.keep_rows(db, report_id, digest=kept, low=rows.low, high=rows.high, about=rows.about)
        # another process was faster: its report stands
        return None if report_id is None else drift.report(self.store.read(), report_id)

    def _examine(self, window: Window, taken: Taken) -> _Examination:
        report = MonitorReport(
            id=0,
            monitor=self.monitor.name,
            batch=window.batch,
            path=window.path,
            digest=taken.digest,
            status="error",
            checked_at=time.time(),
            model=self.version.model if self.version else None,
            version=self.version.version if self.version else None,
            window_start=window.start,
            window_end=window.end,
        )
        try:
            batch = taken.parse()
        except batches.Unreadable as error:
            alert = NewAlert("unreadable", Severity.CRITICAL, f"the batch {error.message}")
            return _Examination(replace(report, error=error.message), (alert,), self.reference)
        report = replace(report, row_count=batch.row_count)
        report = self._spanned(report, batch.frame)
        profile = batch.profile or frames.of_frame(batch.frame)
        place, against, notes = self._against(window, report)
        if against is None:
            self._keep(report, place, batch.frame, None)
            return _Examination(replace(report, status="ok", notes=(*batch.notes, *notes)), profile=profile)
        reference, prepared = against
        findings = comparison.check(prepared, batch.frame, repeated=batch.repeated)
        if batch.profile is not None:
            findings = checking.findings(prepared, batch.profile, findings)
        self._keep(report, place, batch.frame, findings.predictions)
        examined = Examined(
            self.monitor,
            reference,
            prepared,
            batch.frame,
            findings,
            row_count=batch.row_count,
            delivered_at=_delivered_at(window, taken),
            earlier_rows=drift.row_counts(self.store.read(), self.monitor.name, but=window.batch),
            labelled=self._labels(reference, prepared),
            before=self._before(report) if self.monitor.stream.method else None,
        )
        outcome = checks.run(examined)
        raised = severity.alerts(findings, outcome.alerts)
        told = [*batch.notes, *notes, *findings.notes, *outcome.notes, *_notes(reference, batch.row_count)]
        if findings.drifted and not any(alert.kind == "data_drift" for alert in raised):
            told.append(
                f"no alert: {titles.columns(len(findings.drifted))} beyond the threshold, none surely and by much"
            )
        report = replace(
            report,
            status=severity.status(raised),
            columns=findings.columns,
            measures=outcome.measures,
            notes=tuple(told),
            **comparison.totals(findings),
        )
        return _Examination(report, raised, reference, outcome.rows, profile, outcome.last_rows)

    def _before(self, report: MonitorReport) -> pd.DataFrame | None:
        """The last rows of the window before; None where they are not known."""
        import pyarrow.parquet as pq

        digest = last_rows.before(self.store.read(), self.monitor.name, report.batch, report.window_start)
        if digest is None:
            return None
        try:
            with artifacts.open_object(self.store.objects_dir, digest) as file:
                found: pd.DataFrame = pq.ParquetFile(file).read().to_pandas(ignore_metadata=True)
        except FileNotFoundError:  # cleaned up: the detectors begin anew
            return None
        return found

    def _spanned(self, report: MonitorReport, frame: pd.DataFrame) -> MonitorReport:
        """The report with the time that the rows are from, where the window itself does not say it."""
        if report.window_start is not None or self.monitor.time not in frame.columns:
            return report
        moments = times.seconds(frame[self.monitor.time])
        known = moments[np.isfinite(moments)]
        if not len(known):
            return report
        return replace(report, window_start=float(known.min()), window_end=float(known.max()))

    def _against(
        self, window: Window, report: MonitorReport
    ) -> tuple[float, tuple[Reference, Prepared] | None, list[str]]:
        """The window's place among those that are kept, what it is compared with, and what is to say about that."""
        if self.reference is not None:
            return 0.0, (self.reference, self._prepare(None, self.reference)), []
        place = earlier.position(self.store, self.monitor, report.batch, window.position)
        chosen = earlier.choose(self.store, self.monitor, report.batch, place, report.window_start)
        notes = [chosen.note] if chosen.note else []
        if not chosen.windows:
            return place, None, notes
        if self._prepared is None or self._prepared[0] != chosen.windows:
            reference = earlier.load(self.store, self.monitor, chosen, self.version)
            self._prepare(chosen.windows, reference)
        assert self._prepared is not None
        return place, self._prepared[1:], notes

    def _keep(self, report: MonitorReport, place: float, frame: pd.DataFrame, predicted: pd.Series[Any] | None) -> None:
        if self.reference is None:
            earlier.keep(self.store, self.monitor, report.batch, place, report.window_start, frame, predicted)

    def _labels(self, reference: Reference, prepared: Prepared) -> Labelled:
        if self._labelled is None or self._labelled[0] is not prepared:
            self._labelled = (prepared, self.label(reference, prepared))
        return self._labelled[1]

    def _prepare(self, key: object, reference: Reference) -> Prepared:
        if self._prepared is None or self._prepared[0] != key:
            summary, version = reference.profile.summary, self.version
            prepared = comparison.prepared(
                reference.frame,
                self.monitor,
                column_kinds={name: column["kind"] for name, column in summary["columns"].items()},
                prediction=reference.prediction,
                predictor=predictions.of_version(self.open_model, version) if version is not None else None,
            )
            self._prepared = (key, reference, prepared)
        return self._prepared[2]


def _delivered_at(window: Window, taken: Taken) -> float:
    """When the rows came: as the file says, at the end of their time, or now."""
    if taken.modified_ns is not None:
        return taken.modified_ns / 1e9
    return window.end if window.end is not None else time.time()


def _notes(reference: Reference, row_count: int) -> list[str]:
    profile, kept = reference.profile, len(reference.frame)
    notes = []
    if row_count < SMALLEST_BATCH:
        notes.append(f"the batch has only {row_count} row{'s' if row_count > 1 else ''}: hardly any drift can show")
    if kept < SMALLEST_REFERENCE:
        notes.append(f"the reference has only {kept} rows, at least {SMALLEST_REFERENCE} are needed to compare")
    if kept < profile.row_count:
        notes.append(f"compared with {kept:,} of the reference's {profile.row_count:,} rows, chosen by chance")
    return notes
