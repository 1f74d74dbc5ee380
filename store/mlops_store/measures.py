"""What was measured of whole windows: quality, performance, estimates of it, and so on. Knows no statistics."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from typing import Any

from mlops_store.records import Measure
from mlops_store.texts import storable

_FIELDS = "family, name, subject, value, low, high, reference, threshold, is_breach, count, detail, at"


def put(db: sqlite3.Connection, report_id: int, measures: Iterable[Measure], *, at: float | None = None) -> None:
    """Keeps measures of a report; one of the same family, name and subject replaces the former.

    Args:
        db: A connection inside a write transaction.
        report_id: The report.
        measures: Their values must be finite or None.
        at: When they were computed, for those that do not say it.
    """
    now = time.time() if at is None else at
    db.executemany(
        f"INSERT OR REPLACE INTO monitor_measures (report_id, {_FIELDS}) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (report_id, each.family, each.name, storable(each.subject), each.value, each.low, each.high,
             each.reference, each.threshold, int(each.is_breach), each.count,
             json.dumps(each.detail, separators=(",", ":"), allow_nan=False), each.at or now)
            for each in measures
        ],
    )  # fmt: skip


def replace_family(
    db: sqlite3.Connection, report_id: int, family: str, measures: Iterable[Measure], *, at: float
) -> None:
    """Keeps measures in the place of all of their family on a whole window; see ``put``."""
    db.execute("DELETE FROM monitor_measures WHERE report_id = ? AND family = ? AND subject = ''", (report_id, family))
    put(db, report_id, measures, at=at)


def of_report(db: sqlite3.Connection, report_id: int) -> tuple[Measure, ...]:
    """Every measure of a report, in the order in which they were kept."""
    rows = db.execute(f"SELECT {_FIELDS} FROM monitor_measures WHERE report_id = ? ORDER BY rowid", (report_id,))
    return tuple(_measure(row) for row in rows)


def series(
    db: sqlite3.Connection, monitor: str, family: str, name: str, subject: str = "", *, limit: int = 1000
) -> list[tuple[int, Measure]]:
    """(report id, measure) of the newest reports of a monitor, oldest first."""
    fields = ", ".join(f"m.{field}" for field in _FIELDS.split(", "))
    rows = db.execute(
        f"SELECT p.id, {fields} FROM monitor_reports p JOIN monitor_measures m ON m.report_id = p.id "
        "WHERE p.monitor = ? AND m.family = ? AND m.name = ? AND m.subject = ? "
        "ORDER BY p.checked_at DESC, p.id DESC LIMIT ?",
        (monitor, family, name, storable(subject), limit),
    ).fetchall()
    return [(row[0], _measure(row[1:])) for row in reversed(rows)]


def _measure(row: Sequence[Any]) -> Measure:
    return Measure(
        family=row[0],
        name=row[1],
        subject=row[2],
        value=row[3],
        low=row[4],
        high=row[5],
        reference=row[6],
        threshold=row[7],
        is_breach=bool(row[8]),
        count=row[9],
        detail=json.loads(row[10]),
        at=row[11],
    )
