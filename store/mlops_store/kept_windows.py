"""What was kept of the last windows of a monitor, as little as is needed to judge them again under other settings."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from mlops_store import heat


class KeptColumns(NamedTuple):
    """The columns of a report; windows with the same ones share the names.

    Attributes:
        names: Of all of them.
        roles: Of each: 'feature', 'prediction' or 'target'.
        methods: The methods that compared them.
        figures: See ``figures``; empty where they were not asked for.
    """

    names: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    figures: bytes = b""


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
        columns: What was compared.
        profile_id: The profile of the reference, where it is known.
    """

    report_id: int
    batch: str
    is_readable: bool
    alerts: tuple[KeptAlert, ...]
    columns: KeptColumns
    profile_id: int | None


def last(db: sqlite3.Connection, monitor: str, count: int, *, with_figures: bool) -> list[KeptWindow]:
    """The newest windows of a monitor, oldest first.

    Args:
        db: A connection.
        monitor: The monitor.
        count: At most so many.
        with_figures: Whether to read the figures of columns, of which there may be many.
    """
    chosen = (
        "SELECT id FROM monitor_reports WHERE monitor = ? AND replaced_by IS NULL "
        "ORDER BY window_start DESC, window_id DESC LIMIT ?"
    )
    rows = db.execute(
        "SELECT id, batch, status, profile_id FROM monitor_reports WHERE monitor = ? AND replaced_by IS NULL "
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
    columns = _columns(db, chosen, (monitor, count), with_figures=with_figures)
    nothing = KeptColumns()
    return [
        KeptWindow(
            number, batch, status != "error", tuple(alerts.get(number, ())), columns.get(number, nothing), profile_id
        )
        for number, batch, status, profile_id in reversed(rows)
    ]


def _columns(
    db: sqlite3.Connection, chosen: str, arguments: Sequence[object], *, with_figures: bool
) -> dict[int, KeptColumns]:
    wanted = "methods, figures" if with_figures else "'', x''"
    lists: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    found = {}
    for report_id, list_id, methods, figures in db.execute(
        f"SELECT report_id, list_id, {wanted} FROM monitor_heat WHERE report_id IN ({chosen})", tuple(arguments)
    ):
        if list_id not in lists:
            names = heat.names_of(db, list_id)
            lists[list_id] = tuple(name for name, _ in names), tuple(role for _, role in names)
        found[report_id] = KeptColumns(*lists[list_id], tuple(methods.split()), figures)
    return found
