"""Alerts: what checks of windows found worth a look. Each belongs to a report and to an incident, which has the state.

Alerts are made by ``drift`` only, and change only by the incident that takes them up and by labels that come later.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from typing import Any

from mlops_store.errors import NotFound
from mlops_store.incidents import NEWS, STATE
from mlops_store.records import Alert, IncidentState, Severity

_ALERTS = (
    f"SELECT a.id, a.report_id, a.monitor, p.batch, a.kind, a.severity, a.title, a.opened_at, a.subject, a.columns, "
    f"a.incident_id, a.change, {STATE}, i.acknowledged_at, i.acknowledged_by, i.resolved_at "
    "FROM alerts a JOIN monitor_reports p ON p.id = a.report_id LEFT JOIN incidents i ON i.id = a.incident_id"
)
_RANKED = (
    f" ORDER BY CASE {STATE} WHEN 'open' THEN 0 WHEN 'acknowledged' THEN 1 ELSE 2 END,"
    " CASE a.severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, a.opened_at DESC, a.id DESC"
)


def alerts(
    db: sqlite3.Connection,
    states: Sequence[str] = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED),
    *,
    monitor: str | None = None,
    incident: int | None = None,
    limit: int = 1000,
) -> list[Alert]:
    """Alerts whose incidents are in these states: open ones first, then the most severe, then the newest.

    Those of a report that another one on the same window replaced are left out.
    """
    places = ", ".join(f":s{place}" for place in range(len(states)))
    where = f" WHERE p.replaced_by IS NULL AND {STATE} IN ({places})"
    arguments: dict[str, Any] = {f"s{place}": str(state) for place, state in enumerate(states)}
    if monitor is not None:
        where += " AND a.monitor = :monitor"
    if incident is not None:
        where += " AND a.incident_id = :incident"
    arguments |= {"now": time.time(), "limit": limit, "monitor": monitor, "incident": incident}
    return [_alert(row) for row in db.execute(f"{_ALERTS}{where}{_RANKED} LIMIT :limit", arguments)]


def alert(db: sqlite3.Connection, alert_id: int) -> Alert:
    """The alert with this id.

    Raises:
        NotFound: There is none.
    """
    row = db.execute(f"{_ALERTS} WHERE a.id = :id", {"id": alert_id, "now": time.time()}).fetchone()
    if row is None:
        raise NotFound(f"no alert {alert_id}", "'mlops-tui drift list' shows the alerts")
    return _alert(row)


def alerts_of(db: sqlite3.Connection, report_id: int) -> list[Alert]:
    """Every alert that a report raised, whatever became of it; those that labels took back are left out."""
    arguments = {"id": report_id, "now": time.time()}
    return [
        _alert(row)
        for row in db.execute(f"{_ALERTS} WHERE a.report_id = :id AND a.change <> 'withdrawn'{_RANKED}", arguments)
    ]


def newest_told(db: sqlite3.Connection, monitor: str, severities: Sequence[str], *, after: int) -> Alert | None:
    """The newest alert of a monitor that opened, reopened or worsened an incident which is still open.

    Args:
        db: A connection.
        monitor: The monitor.
        severities: Of which one the alert must have.
        after: The id that it must exceed.
    """
    places = ", ".join(f":s{place}" for place in range(len(severities)))
    row = db.execute(
        f"{_ALERTS} WHERE a.monitor = :monitor AND {NEWS} AND a.id > :after AND a.severity IN ({places}) "
        "ORDER BY a.id DESC LIMIT 1",
        {f"s{place}": str(severity) for place, severity in enumerate(severities)}
        | {"monitor": monitor, "after": after, "now": time.time()},
    ).fetchone()
    return None if row is None else _alert(row)


def take_up(db: sqlite3.Connection, alert_id: int, incident_id: int, change: str) -> None:
    """Notes the incident that an alert belongs to, and what it did to that; an alert that did something keeps that.

    Needs a write transaction.
    """
    db.execute(
        "UPDATE alerts SET incident_id = ?1, change = CASE WHEN ?2 = '' THEN change ELSE ?2 END WHERE id = ?3",
        (incident_id, change, alert_id),
    )


def _alert(row: Sequence[Any]) -> Alert:
    return Alert(
        id=row[0],
        report_id=row[1],
        monitor=row[2],
        batch=row[3],
        kind=row[4],
        severity=Severity(row[5]),
        title=row[6],
        opened_at=row[7],
        subject=row[8],
        columns=tuple(json.loads(row[9])),
        incident_id=row[10],
        change=row[11],
        state=row[12] or "",
        acknowledged_at=row[13],
        acknowledged_by=row[14] or "",
        resolved_at=row[15],
    )
