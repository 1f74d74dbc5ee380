"""Reports that are kept with their incidents, as a check keeps them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from mlops_store import drift
from mlops_store.drift import NewAlert
from mlops_store.records import MonitorReport
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift.incidents import recording


def keep(
    db: sqlite3.Connection,
    report: MonitorReport,
    raised: Sequence[NewAlert] = (),
    monitor: MonitorConfig | None = None,
    *,
    force: bool = False,
) -> int:
    """The id of a report whose alerts have been taken up; every metric is better when larger."""
    report_id = drift.add_report(db, report, raised, force=force)
    assert report_id is not None
    recording.record(db, report_id, monitor or MonitorConfig(report.monitor), lambda _: "max")
    return report_id
