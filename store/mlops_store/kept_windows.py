"""What was kept of the last windows of a monitor, as little as is needed to judge them again under other settings."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple


class KeptColumn(NamedTuple):
    """A column that was compared; see ``records.ColumnReport``. ``p_value`` is of a two-sample test."""

    name: str
    role: str
    method: str
    score: float
    threshold: float
    effect: float
    p_value: float


class KeptAlert(NamedTuple):
    """An alert; see ``records.Alert``."""

    kind: str
    severity: str
    title: str
    subject: str
    columns: tuple[str, ...]


class KeptWindow(NamedTuple):
    """A window: its newest report.

    Attributes:
        report_id: That report.
        batch: Its name.
        is_readable: Whether it could be checked.
        alerts: What it raised.
        columns: Those that were compared; empty where they were not asked for.
    """

    report_id: int
    batch: str
    is_readable: bool
    alerts: tuple[KeptAlert, ...]
    columns: tuple[KeptColumn, ...]


def last(db: sqlite3.Connection, monitor: str, count: int, *, with_columns: bool) -> list[KeptWindow]:
    """The newest windows of a monitor, oldest first.

    Args:
        db: A connection.
        monitor: The monitor.
        count: At most so many.
        with_columns: Whether to read the columns, of which there may be many.
    """
    chosen = (
        "SELECT id FROM monitor_reports WHERE monitor = ? AND replaced_by IS NULL "
        "ORDER BY window_start DESC, window_id DESC LIMIT ?"
    )
    rows = db.execute(
        "SELECT id, batch, status FROM monitor_reports WHERE monitor = ? AND replaced_by IS NULL "
        "ORDER BY window_start DESC, window_id DESC LIMIT ?",
        (monitor, count),
    ).fetchall()
    alerts: dict[int, list[KeptAlert]] = {}
    for report_id, kind, severity, title, subject, columns in db.execute(
        "SELECT report_id, kind, severity, title, subject, columns FROM alerts "
        f"WHERE report_id IN ({chosen}) ORDER BY id",
        (monitor, count),
    ):
        kept = KeptAlert(kind, severity, title, subject, tuple(json.loads(columns)))
        alerts.setdefault(report_id, []).append(kept)
    columns_of = _columns(db, chosen, (monitor, count)) if with_columns else {}
    return [
        KeptWindow(number, batch, status != "error", tuple(alerts.get(number, ())), tuple(columns_of.get(number, ())))
        for number, batch, status in reversed(rows)
    ]


def _columns(db: sqlite3.Connection, chosen: str, arguments: Sequence[object]) -> dict[int, list[KeptColumn]]:
    found: dict[int, list[KeptColumn]] = {}
    for report_id, *values in db.execute(
        'SELECT report_id, "column", role, method, score, threshold, coalesce(effect, 0.0), '
        "coalesce(json_extract(detail, '$.p_value'), 1.0) FROM monitor_columns "
        f"WHERE report_id IN ({chosen}) AND score IS NOT NULL ORDER BY report_id, position",
        tuple(arguments),
    ):
        found.setdefault(report_id, []).append(KeptColumn(*values))
    return found
