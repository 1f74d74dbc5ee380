"""The check of one file: reading it at one moment, comparing it, recording report, alerts and incidents."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from mlops_store import drift
from mlops_store.drift import NewAlert
from mlops_store.records import ModelVersion, MonitorReport, Severity
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import batches, checks, predictions, severity, titles, watches
from mlops_tui.drift import check as comparison
from mlops_tui.drift.checks.examined import Examined
from mlops_tui.drift.incidents import recording
from mlops_tui.drift.profiles import SMALLEST_REFERENCE
from mlops_tui.drift.references import Reference
from mlops_tui.drift.watches import File
from mlops_tui.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlops_store.store import Store
    from mlops_tui.drift.check import Prepared
    from mlops_tui.drift.predictions import Model

#: How often a batch is read again because somebody wrote to it meanwhile.
_ATTEMPTS = 3
#: In fewer rows hardly any drift can show.
SMALLEST_BATCH = 10


class Checker:
    """Checks the batches of one monitor against one reference, which is prepared for the first of them."""

    def __init__(
        self,
        project: Project,
        store: Store,
        monitor: MonitorConfig,
        reference: Reference,
        open_model: Callable[[ModelVersion], Model],
        force: bool,
        goal: Callable[[str], str],
    ) -> None:
        self.project = project
        self.store = store
        self.monitor = monitor
        self.reference = reference
        self.open_model = open_model
        self.force = force
        self.goal = goal
        self._prepared: Prepared | None = None

    def check(self, file: File) -> MonitorReport | None:
        """The report on a file, recorded; None when it was checked before, or went away."""
        began = time.monotonic()
        settled = self._read(file)
        if settled is None:
            return None
        file, data, problem = settled
        unread = f"unread:{file.size_bytes}:{file.modified_ns}"
        digest = hashlib.sha256(data).hexdigest() if data is not None else unread
        if not self.force and drift.has_seen(self.store.read(), self.monitor.name, file.batch, digest):
            return None
        report, raised = self._examine(file, digest, data, problem)
        return self._record(report, raised, file, time.monotonic() - began)

    def _read(self, file: File) -> tuple[File, bytes | None, str] | None:
        """The file and its bytes as they were at one moment, or why it cannot be read; None when it is not for now.

        A file that went away, or that somebody goes on writing to, comes back with the next look.
        """
        for _ in range(_ATTEMPTS):
            try:
                settled = watches.settle(self.project, file.path)
                if settled is None:
                    return None
                if settled.size_bytes > batches.LARGEST_BYTES:
                    return settled, None, f"is too large: {settled.size_bytes / 1e9:.1f} GB"
                with open(settled.path, "rb") as source:
                    data = source.read()
                if watches.look(self.project, settled.path) == settled:
                    return settled, data, ""
            except FileNotFoundError:
                return None
            except OSError as error:
                return file, None, f"cannot be read ({error.strerror})"
        return None

    def _examine(
        self, file: File, digest: str, data: bytes | None, problem: str
    ) -> tuple[MonitorReport, tuple[NewAlert, ...]]:
        version = self.reference.version
        report = MonitorReport(
            id=0,
            monitor=self.monitor.name,
            batch=file.batch,
            path=file.path,
            digest=digest,
            status="error",
            checked_at=time.time(),
            model=version.model if version else None,
            version=version.version if version else None,
        )
        try:
            if data is None:
                raise batches.Unreadable(problem)
            batch = batches.parse(data)
        except batches.Unreadable as error:
            alert = NewAlert("unreadable", Severity.CRITICAL, f"the batch {error.message}")
            return replace(report, error=error.message), (alert,)
        prepared = self._prepare()
        findings = comparison.check(prepared, batch.frame, repeated=batch.repeated)
        examined = Examined(
            self.monitor,
            self.reference,
            prepared,
            batch.frame,
            findings,
            delivered_at=file.modified_ns / 1e9,
            earlier_rows=drift.row_counts(self.store.read(), self.monitor.name, but=file.batch),
        )
        outcome = checks.run(examined)
        raised = severity.alerts(findings, outcome.alerts)
        notes = [*batch.notes, *findings.notes, *outcome.notes, *self._notes(len(batch.frame))]
        if findings.drifted and not any(alert.kind == "data_drift" for alert in raised):
            notes.append(
                f"no alert: {titles.columns(len(findings.drifted))} beyond the threshold, none surely and by much"
            )
        report = replace(
            report,
            status=severity.status(raised),
            row_count=len(batch.frame),
            columns=findings.columns,
            measures=outcome.measures,
            notes=tuple(notes),
            **comparison.totals(findings),
        )
        return report, raised

    def _notes(self, row_count: int) -> list[str]:
        profile, kept = self.reference.profile, len(self.reference.frame)
        notes = []
        if row_count < SMALLEST_BATCH:
            notes.append(f"the batch has only {row_count} row{'s' if row_count > 1 else ''}: hardly any drift can show")
        if kept < SMALLEST_REFERENCE:
            notes.append(f"the reference has only {kept} rows, at least {SMALLEST_REFERENCE} are needed to compare")
        if kept < profile.row_count:
            notes.append(f"compared with {kept:,} of the reference's {profile.row_count:,} rows, chosen by chance")
        return notes

    def _record(
        self, report: MonitorReport, raised: tuple[NewAlert, ...], file: File, duration_s: float
    ) -> MonitorReport | None:
        with self.store.write() as db:
            report_id = drift.add_report(
                db,
                replace(report, duration_s=duration_s),
                raised,
                profile_id=self.reference.profile.id,
                size_bytes=file.size_bytes,
                modified_ns=file.modified_ns,
                force=self.force,
            )
            if report_id is not None:
                recording.record(db, report_id, self.monitor, self.goal)
        # another process was faster: its report stands
        return None if report_id is None else drift.report(self.store.read(), report_id)

    def _prepare(self) -> Prepared:
        if self._prepared is None:
            version = self.reference.version
            summary = self.reference.profile.summary
            self._prepared = comparison.prepared(
                self.reference.frame,
                self.monitor,
                column_kinds={name: column["kind"] for name, column in summary["columns"].items()},
                prediction=self.reference.prediction,
                predictor=predictions.of_version(self.open_model, version) if version is not None else None,
            )
        return self._prepared
