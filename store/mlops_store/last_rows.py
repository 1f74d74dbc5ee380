"""The last rows of checked windows: what detectors of change go on from in the next. Knows no statistics."""

from __future__ import annotations

import math
import sqlite3

from mlops_store.texts import storable


def put(db: sqlite3.Connection, report_id: int, digest: str) -> None:
    """Keeps which object holds the last rows of a report's window.

    Args:
        db: A connection inside a write transaction.
        report_id: The report.
        digest: The object.
    """
    db.execute("INSERT OR REPLACE INTO last_rows (report_id, object) VALUES (?, ?)", (report_id, digest))


def before(db: sqlite3.Connection, monitor: str, batch: str, start: float | None) -> str | None:
    """The object that holds the last rows of the window before another one; None where they are not known.

    Args:
        db: A connection.
        monitor: The monitor.
        batch: The window.
        start: When its rows begin, Unix seconds, where that is known: then time says which is before, else the order
            in which windows were checked first.
    """
    (own,) = db.execute(
        "SELECT min(id) FROM monitor_reports WHERE monitor = ? AND batch = ?", (monitor, storable(batch))
    ).fetchone()
    row = db.execute(
        "SELECT l.object FROM monitor_reports p LEFT JOIN last_rows l ON l.report_id = p.id "
        "WHERE p.monitor = ? AND p.batch != ? AND p.replaced_by IS NULL AND p.status != 'error' "
        "AND (coalesce(p.window_start, ?), p.window_id) < (?, ?) "
        "ORDER BY p.window_start DESC, p.window_id DESC LIMIT 1",
        (monitor, storable(batch), start or 0.0, start or 0.0, math.inf if own is None else own),
    ).fetchone()
    return None if row is None else row[0]
