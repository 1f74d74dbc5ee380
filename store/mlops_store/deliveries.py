"""What monitors tell people and programs: each alert once by each way, those of a report together, by whoever looks.

A delivery is claimed in the transaction that makes it, so that of several processes one sends it. A process that dies
while sending leaves it claimed; after ``STALE_S`` another one tries again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from mlops_store import events
from mlops_store.incidents import NEWS
from mlops_store.records import Delivery
from mlops_store.texts import storable

#: After so long a delivery that is being sent is taken for one whose process died.
STALE_S = 300.0
#: Waits before the second attempt and those after it; then it is given up.
WAITS_S = (60.0, 300.0, 1800.0, 7200.0)
#: Older alerts are no news to a way that has just been set up.
NEWS_S = 86400.0

#: What can be claimed again: monitor, channel, now, the time before which a sender is taken for dead.
_AGAIN = "monitor = ? AND channel = ? AND ((state = 'failed' AND next_at <= ?) OR (state = 'sending' AND at < ?))"
_FIELDS = "id, monitor, channel, report_id, state, attempts, error, at, next_at"


def _news(severities: Sequence[str]) -> str:
    """What stands behind FROM for the alerts that a way has not told: monitor, severities, since, channel."""
    return (
        "alerts a JOIN incidents i ON i.id = a.incident_id "
        f"WHERE a.monitor = ? AND {NEWS} AND a.severity IN ({', '.join('?' * len(severities))}) "
        "AND a.opened_at >= ? AND NOT EXISTS "
        "(SELECT 1 FROM delivered_alerts d WHERE d.alert_id = a.id AND d.channel = ?)"
    )


def claim_new(
    db: sqlite3.Connection, monitor: str, channel: str, severities: Sequence[str], *, now: float
) -> list[Delivery]:
    """Claims what a way has not told yet: the alerts of each report that opened or worsened an incident still open.

    Args:
        db: A connection inside a write transaction.
        monitor: The monitor.
        channel: The way.
        severities: Of alerts that are told.
        now: Unix seconds.
    """
    rows = db.execute(
        f"SELECT a.report_id, a.id FROM {_news(severities)} ORDER BY a.report_id, a.id",
        (monitor, *severities, now - NEWS_S, channel),
    ).fetchall()
    claimed = []
    for report_id, group in groupby(rows, key=lambda row: row[0]):
        (delivery_id,) = db.execute(
            "INSERT INTO deliveries (monitor, channel, report_id, state, attempts, error, at) "
            "VALUES (?, ?, ?, 'sending', 1, '', ?) RETURNING id",
            (monitor, channel, report_id, now),
        ).fetchone()
        db.executemany(
            "INSERT INTO delivered_alerts (alert_id, channel, delivery_id) VALUES (?, ?, ?)",
            [(alert_id, channel, delivery_id) for _, alert_id in group],
        )
        claimed += _all(db, "WHERE id = ?", (delivery_id,))
    return claimed


def claim_again(db: sqlite3.Connection, monitor: str, channel: str, *, now: float) -> list[Delivery]:
    """Claims what failed and is due again, and what a process left behind that died."""
    rows = db.execute(
        f"UPDATE deliveries SET state = 'sending', attempts = attempts + 1, at = ?, next_at = NULL WHERE {_AGAIN} "
        "RETURNING id",
        (now, monitor, channel, now, now - STALE_S),
    ).fetchall()
    return [delivery for (delivery_id,) in rows for delivery in _all(db, "WHERE id = ?", (delivery_id,))]


def is_due(db: sqlite3.Connection, monitor: str, channel: str, severities: Sequence[str], *, now: float) -> bool:
    """Whether ``claim_new`` or ``claim_again`` would find anything."""
    return bool(
        db.execute(
            f"SELECT EXISTS (SELECT 1 FROM {_news(severities)}) OR EXISTS (SELECT 1 FROM deliveries WHERE {_AGAIN})",
            (monitor, *severities, now - NEWS_S, channel, monitor, channel, now, now - STALE_S),
        ).fetchone()[0]
    )


def next_time(db: sqlite3.Connection, monitor: str, channel: str) -> float | None:
    """When a delivery that a way did not take is to be tried again next, Unix seconds; None when none is."""
    found: float | None = db.execute(
        "SELECT min(next_at) FROM deliveries WHERE state = 'failed' AND monitor = ? AND channel = ?",
        (monitor, channel),
    ).fetchone()[0]
    return found


def sent(db: sqlite3.Connection, delivery: Delivery, *, at: float) -> Delivery:
    """Records that it was taken; returns it as it is now."""
    db.execute("UPDATE deliveries SET state = 'sent', error = '', at = ? WHERE id = ?", (at, delivery.id))
    message = f"{delivery.monitor} told of report {delivery.report_id} by {delivery.channel}"
    events.add(db, "notice.sent", f"report:{delivery.report_id}", storable(message), None, at)
    return _all(db, "WHERE id = ?", (delivery.id,))[0]


def failed(db: sqlite3.Connection, delivery: Delivery, error: str, *, at: float) -> Delivery:
    """Records that it was not taken; it is tried again, ever later, and at last given up."""
    left = WAITS_S[delivery.attempts - 1 :]
    state, next_at = ("failed", at + left[0]) if left else ("given up", None)
    db.execute(
        "UPDATE deliveries SET state = ?, error = ?, at = ?, next_at = ? WHERE id = ?",
        (state, storable(error), at, next_at, delivery.id),
    )
    message = f"{delivery.monitor} could not tell of report {delivery.report_id} by {delivery.channel}: {error}"
    events.add(db, f"notice.{state.replace(' ', '_')}", f"report:{delivery.report_id}", storable(message), None, at)
    return _all(db, "WHERE id = ?", (delivery.id,))[0]


def newest(db: sqlite3.Connection, *, monitor: str = "", limit: int = 100) -> list[Delivery]:
    """The newest first; of one monitor or of all."""
    where, arguments = ("WHERE monitor = ?", [monitor]) if monitor else ("", [])
    return _all(db, f"{where} ORDER BY id DESC LIMIT ?", (*arguments, limit))


def of_report(db: sqlite3.Connection, report_id: int) -> list[Delivery]:
    """What was told of a report."""
    return _all(db, "WHERE report_id = ? ORDER BY id", (report_id,))


def _all(db: sqlite3.Connection, tail: str, arguments: Sequence[Any]) -> list[Delivery]:
    found = []
    for row in db.execute(f"SELECT {_FIELDS} FROM deliveries {tail}", tuple(arguments)).fetchall():
        alerts = db.execute("SELECT alert_id FROM delivered_alerts WHERE delivery_id = ? ORDER BY alert_id", row[:1])
        found.append(
            Delivery(
                id=row[0],
                monitor=row[1],
                channel=row[2],
                report_id=row[3],
                alert_ids=tuple(alert_id for (alert_id,) in alerts),
                state=row[4],
                attempts=row[5],
                error=row[6],
                at=row[7],
                next_at=row[8],
            )
        )
    return found
