"""A loop for tests: an alert, the firing that answered it, its run, the version that came of it."""

from __future__ import annotations

import time

from drift_builders import keep
from registry_builders import make_version

from mlops_store import firings, queue
from mlops_store.drift import NewAlert
from mlops_store.records import ModelVersion, MonitorReport, Severity
from mlops_store.store import Store
from mlops_tui import config as configs
from mlops_tui.registry import approvals
from mlops_tui.registry.gates import check

CONFIG = configs.parse(
    """
[monitors.production]
watch = "p/*.csv"
model = "churn"
[gates.accuracy]
stage = "staging"
kind = "metric"
metric = "accuracy"
min = 0.8
[gates.people]
stage = "staging"
kind = "approval"
four_eyes = false
"""
)


def make_report(store: Store, batch: str, version: int | None = None, *, status: str = "drift") -> int:
    """A report of the monitor, with an alert when there is drift."""
    model = "churn" if version is not None else None
    report = MonitorReport(
        0, "production", batch, batch, batch, status, time.time(), row_count=900, model=model, version=version
    )
    raised = [NewAlert("data_drift", Severity.CRITICAL, "3 of 9 columns drifted: age (+1.2 sd)")]
    with store.write() as db:
        return keep(db, report, raised if status == "drift" else [])


def make_loop(store: Store, *, accuracy: float = 0.9, batch: str = "2026-11-03.csv") -> ModelVersion:
    """An alert that was answered by a retraining whose version was judged and, when it passed, asked for."""
    make_report(store, batch)
    version = make_version(store, values={"accuracy": accuracy}, name="train")
    assert version.run_id is not None
    with store.write() as db:
        alert_id = db.execute("SELECT max(id) FROM alerts").fetchone()[0]
        firings.add(
            db, "retrain", at=time.time(), reason=f"alert {alert_id}: age moved", alert_id=alert_id,
            run_ids=[version.run_id], stage="staging",
        )  # fmt: skip
        assert queue.is_empty(db)
    verdicts = check.check(store, CONFIG, "churn", version.version, "staging")
    has_passed = verdicts[0].has_passed
    if has_passed:
        approvals.act(store, CONFIG, "churn", version.version, "staging", "request", comment="trigger retrain")
    with store.write() as db:
        (firing,) = firings.open_ones(db)
        state, note = ("asked", "waits for an approval") if has_passed else ("refused", "accuracy says no")
        firings.settle(db, firing, state, note, at=time.time())
    return version
