"""Profiles of the windows that reports are about: which object holds each. Knows no statistics."""

from __future__ import annotations

import sqlite3

from mlops_store.errors import NotFound


def put(db: sqlite3.Connection, report_id: int, digest: str) -> None:
    """Keeps which object holds the profile of a report's window.

    Args:
        db: A connection inside a write transaction.
        report_id: The report.
        digest: The object.
    """
    db.execute("INSERT OR REPLACE INTO report_profiles (report_id, object) VALUES (?, ?)", (report_id, digest))


def of_report(db: sqlite3.Connection, report_id: int) -> str:
    """The object that holds the profile of a report's window.

    Raises:
        NotFound: There is no such report, or its window could not be read, or was checked by an older version.
    """
    row = db.execute("SELECT object FROM report_profiles WHERE report_id = ?", (report_id,)).fetchone()
    if row is None:
        raise NotFound(f"no profile of a report {report_id}", "mlops-tui drift reports lists them")
    return str(row[0])
