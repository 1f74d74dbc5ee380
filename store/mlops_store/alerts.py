"""Alerts: what a monitor wants a person to see, and what people did about it.

An alert is open, then acknowledged, then resolved; every step leaves an event. Alerts are made by
``drift.add_report`` only, so that each belongs to a report.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from typing import Any

from mlops_store import events
from mlops_store.errors import NotFound, Refused
from mlops_store.records import Alert, AlertState, Severity
from mlops_store.texts import storable

_ALERTS = (
    "SELECT a.id, a.report_id, a.monitor, p.batch, a.kind, a.severity, a.title, a.state, a.opened_at, "
    "a.acknowledged_at, a.acknowledged_by, a.resolved_at, a.subject "
    "FROM alerts a JOIN monitor_reports p ON p.id = a.report_id"
)
_RANKED = (
    " ORDER BY CASE a.state WHEN 'open' THEN 0 WHEN 'acknowledged' THEN 1 ELSE 2 END,"
    " CASE a.severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, a.opened_at DESC, a.id DESC"
)


def alerts(
    db: sqlite3.Connection,
    states: Sequence[str] = (AlertState.OPEN, AlertState.ACKNOWLEDGED),
    *,
    monitor: str | None = None,
    limit: int = 1000,
) -> list[Alert]:
    """Alerts in these states: open ones before acknowledged, then the most severe, then the newest."""
    where = f" WHERE a.state IN ({', '.join('?' * len(states))})"
    arguments: list[Any] = [str(state) for state in states]
    if monitor is not None:
        where += " AND a.monitor = ?"
        arguments.append(monitor)
    return [_alert(row) for row in db.execute(f"{_ALERTS}{where}{_RANKED} LIMIT ?", (*arguments, limit))]


def alert(db: sqlite3.Connection, alert_id: int) -> Alert:
    """The alert with this id.

    Raises:
        NotFound: There is none.
    """
    row = db.execute(f"{_ALERTS} WHERE a.id = ?", (alert_id,)).fetchone()
    if row is None:
        raise NotFound(f"no alert {alert_id}", "'mlops-tui drift list' shows the alerts")
    return _alert(row)


def alerts_of(db: sqlite3.Connection, report_id: int) -> list[Alert]:
    """Every alert that a report raised, whatever its state."""
    return [_alert(row) for row in db.execute(f"{_ALERTS} WHERE a.report_id = ?{_RANKED}", (report_id,))]


def newest_open(db: sqlite3.Connection, monitor: str, severities: Sequence[str], *, after: int) -> Alert | None:
    """The newest open alert of a monitor that has one of these severities and an id above ``after``."""
    places = ", ".join("?" * len(severities))
    row = db.execute(
        f"{_ALERTS} WHERE a.monitor = ? AND a.state = 'open' AND a.id > ? AND a.severity IN ({places}) "
        "ORDER BY a.id DESC LIMIT 1",
        (monitor, after, *severities),
    ).fetchone()
    return None if row is None else _alert(row)


def acknowledge(db: sqlite3.Connection, alert_id: int, by: str, *, at: float | None = None) -> Alert:
    """Records that somebody has seen the alert; one acknowledged before keeps its first time and name.

    Raises:
        NotFound: There is no such alert.
        Refused: It has been resolved.
    """
    found = alert(db, alert_id)
    if found.state == AlertState.RESOLVED:
        raise Refused(f"alert {alert_id} is already resolved", "there is nothing left to acknowledge")
    if found.state == AlertState.OPEN:
        at = time.time() if at is None else at
        db.execute(
            "UPDATE alerts SET state = 'acknowledged', acknowledged_at = ?, acknowledged_by = ? WHERE id = ?",
            (at, storable(by), alert_id),
        )
        _alert_event(db, found, AlertState.ACKNOWLEDGED, by, at)
    return alert(db, alert_id)


def resolve(db: sqlite3.Connection, alert_id: int, by: str, *, at: float | None = None) -> Alert:
    """Closes the alert; one resolved before keeps its first time.

    Raises:
        NotFound: There is no such alert.
    """
    found = alert(db, alert_id)
    if found.state != AlertState.RESOLVED:
        at = time.time() if at is None else at
        db.execute("UPDATE alerts SET state = 'resolved', resolved_at = ? WHERE id = ?", (at, alert_id))
        _alert_event(db, found, AlertState.RESOLVED, by, at)
    return alert(db, alert_id)


def reopen(db: sqlite3.Connection, alert_id: int, by: str, *, at: float | None = None) -> Alert:
    """Takes an acknowledgement or a resolution back; an open alert stays as it is.

    Raises:
        NotFound: There is no such alert.
    """
    found = alert(db, alert_id)
    if found.state != AlertState.OPEN:
        at = time.time() if at is None else at
        db.execute(
            "UPDATE alerts SET state = 'open', acknowledged_at = NULL, acknowledged_by = NULL, resolved_at = NULL "
            "WHERE id = ?",
            (alert_id,),
        )
        _alert_event(db, found, AlertState.OPEN, by, at)
    return alert(db, alert_id)


def _alert(row: Sequence[Any]) -> Alert:
    return Alert(
        id=row[0],
        report_id=row[1],
        monitor=row[2],
        batch=row[3],
        kind=row[4],
        severity=Severity(row[5]),
        title=row[6],
        state=AlertState(row[7]),
        opened_at=row[8],
        acknowledged_at=row[9],
        acknowledged_by=row[10] or "",
        resolved_at=row[11],
        subject=row[12],
    )


def _alert_event(db: sqlite3.Connection, found: Alert, state: AlertState, by: str, at: float) -> None:
    word = "reopened" if state == AlertState.OPEN else str(state)
    events.add(db, f"alert.{word}", f"alert:{found.id}", storable(f"{found.title}: {word} by {by}"), None, at)
