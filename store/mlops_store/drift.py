"""Monitor reports with their columns; the one place where alerts are made.

A batch is known by its monitor, its name (the path below the project) and the digest of its bytes. Of several reports
on one name the last one counts; the others remain, replaced. Knows no statistics.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_store import events, heat, measures
from mlops_store.alerts import alert, alerts, alerts_of
from mlops_store.errors import NotFound, nearest
from mlops_store.profiles import add as add_profile
from mlops_store.profiles import find as find_profile
from mlops_store.profiles import get as profile
from mlops_store.records import ColumnReport, Measure, MonitorReport, Severity
from mlops_store.texts import storable

__all__ = [
    "NewAlert",
    "add_profile",
    "add_report",
    "alert",
    "alerts",
    "alerts_of",
    "column",
    "find_profile",
    "has_seen",
    "monitor_of",
    "profile",
    "profile_id_of",
    "report",
    "reports",
    "revise",
    "row_count",
    "row_counts",
    "seen_files",
]

_REPORTS = (
    "SELECT p.id, p.monitor, p.batch, p.path, p.digest, p.status, p.checked_at, p.row_count, m.name, v.version, "
    "p.checked_columns, p.drifted_columns, p.drift_share, p.is_dataset_drift, p.duration_s, p.error, p.notes, "
    "p.window_start, p.window_end "
    "FROM monitor_reports p LEFT JOIN model_versions v ON v.id = p.version_id "
    "LEFT JOIN registered_models m ON m.id = v.model_id"
)

_COLUMNS = (
    'SELECT "column", role, kind, method, score, threshold, is_drifted, effect, reference_count, current_count, '
    "detail FROM monitor_columns"
)


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert that is about to be raised by a report; the fields are those of ``records.Alert``."""

    kind: str
    severity: Severity
    title: str
    subject: str = ""
    columns: tuple[str, ...] = ()


def has_seen(db: sqlite3.Connection, monitor: str, batch: str, digest: str) -> bool:
    """Whether this monitor has a report on exactly these bytes under this name."""
    row = db.execute(
        "SELECT 1 FROM monitor_reports WHERE monitor = ? AND batch = ? AND digest = ? LIMIT 1",
        (monitor, storable(batch), digest),
    ).fetchone()
    return row is not None


def seen_files(db: sqlite3.Connection, monitor: str) -> dict[str, tuple[int, int]]:
    """Batch name -> (size in bytes, modification time in nanoseconds) of its newest report.

    What has not changed since then need not be read again to know that it was seen.
    """
    rows = db.execute(
        "SELECT batch, size_bytes, modified_ns, max(id) FROM monitor_reports "
        "WHERE monitor = ? AND size_bytes IS NOT NULL GROUP BY batch",
        (monitor,),
    )
    return {batch: (size_bytes, modified_ns) for batch, size_bytes, modified_ns, _ in rows}


def row_counts(db: sqlite3.Connection, monitor: str, *, but: str, limit: int = 60) -> tuple[int, ...]:
    """How many rows the monitor's newest batches had, the newest first.

    Args:
        db: A connection.
        monitor: Its name.
        but: A batch that is left out: the one that is about to be checked, perhaps again.
        limit: At most so many checks are looked at; of a batch that was checked more than once, the last counts.
    """
    rows = db.execute(
        "SELECT batch, row_count FROM monitor_reports WHERE monitor = ? AND batch != ? AND row_count IS NOT NULL "
        "ORDER BY checked_at DESC, id DESC LIMIT ?",
        (monitor, storable(but), limit),
    )
    newest: dict[str, int] = {}
    for batch, count in rows:
        newest.setdefault(batch, count)
    return tuple(newest.values())


def row_count(db: sqlite3.Connection, monitor: str, batch: str) -> int | None:
    """How many rows the newest check of a batch found; None when it was never read."""
    row = db.execute(
        "SELECT row_count FROM monitor_reports WHERE monitor = ? AND batch = ? AND row_count IS NOT NULL "
        "ORDER BY id DESC LIMIT 1",
        (monitor, storable(batch)),
    ).fetchone()
    return None if row is None else int(row[0])


def add_report(
    db: sqlite3.Connection,
    report: MonitorReport,
    raised: Sequence[NewAlert] = (),
    *,
    profile_id: int | None = None,
    size_bytes: int | None = None,
    modified_ns: int | None = None,
    force: bool = False,
) -> int | None:
    """Records a check with its columns, its alerts and one event.

    It replaces an earlier report on the same batch name: the file that that spoke of is gone, or was checked again.

    Args:
        db: A connection inside a write transaction.
        report: Its ``id`` is ignored; ``model`` and ``version`` name the version that was in charge, if any.
        raised: What the report raises; ``incidents`` says what becomes of it.
        profile_id: The reference.
        size_bytes: The file's size when it was read.
        modified_ns: The file's modification time when it was read.
        force: Record it although the same bytes have been reported before.

    Returns:
        The report's id; None when another process has reported the same bytes in the meantime.
    """
    if not force and has_seen(db, report.monitor, report.batch, report.digest):
        return None
    values = {
        "monitor": report.monitor,
        "batch": storable(report.batch),
        "path": storable(report.path),
        "digest": report.digest,
        "row_count": report.row_count,
        "version_id": _version_id(db, report),
        "profile_id": profile_id,
        "status": report.status,
        "checked_columns": report.checked_columns,
        "drifted_columns": report.drifted_columns,
        "drift_share": report.drift_share,
        "is_dataset_drift": int(report.is_dataset_drift),
        "checked_at": report.checked_at,
        "duration_s": report.duration_s,
        "error": storable(report.error),
        "notes": json.dumps([storable(note) for note in report.notes]),
        "size_bytes": size_bytes,
        "modified_ns": modified_ns,
        "window_start": report.window_start,
        "window_end": report.window_end,
    }
    places = ", ".join(f":{name}" for name in values)
    row = db.execute(
        f"INSERT INTO monitor_reports ({', '.join(values)}) VALUES ({places}) RETURNING id", values
    ).fetchone()
    report_id = int(row[0])
    _replace_earlier(db, report, report_id)
    _add_columns(db, report_id, report.columns)
    heat.add(db, report_id, report.columns)
    measures.put(db, report_id, report.measures, at=report.checked_at)
    for new in raised:
        _add_alert(db, report_id, report.monitor, new, report.checked_at)
    events.add(
        db,
        f"drift.{report.status}",
        f"report:{report_id}",
        _message(report, raised),
        {"monitor": report.monitor, "batch": storable(report.batch), "alerts": len(raised)},
        report.checked_at,
    )
    return report_id


def revise(
    db: sqlite3.Connection, report_id: int, kinds: Sequence[str], raised: Sequence[NewAlert], *, at: float
) -> None:
    """Brings the alerts of some kinds on a report up to date with what has become known of its window since.

    An alert that is raised again gets the new title and severity; one that is not is withdrawn. What becomes of
    incidents is for the caller.

    Args:
        db: A connection inside a write transaction.
        report_id: The report.
        kinds: The kinds that are judged anew.
        raised: What is wrong now, at most one a kind.
        at: Unix seconds.

    Raises:
        NotFound: There is no such report.
    """
    found = report(db, report_id)
    known_alerts = alerts_of(db, report_id)
    severities = [each.severity for each in known_alerts if each.kind not in kinds]
    severities += [each.severity for each in raised]
    before = {each.kind: each for each in known_alerts if each.kind in kinds}
    for new in raised:
        known = before.pop(new.kind, None)
        if known is None:
            _add_alert(db, report_id, found.monitor, new, at)
            message = storable(f"{found.monitor} has labels of {found.batch}: {new.title}")
            body = {"monitor": found.monitor, "batch": storable(found.batch), "alerts": 1}
            events.add(db, "drift.drift", f"report:{report_id}", message, body, at)
        else:
            db.execute(
                "UPDATE alerts SET title = ?, severity = ?, subject = ? WHERE id = ?",
                (storable(new.title), str(new.severity), storable(new.subject), known.id),
            )
    for known in before.values():
        db.execute("UPDATE alerts SET incident_id = NULL, change = 'withdrawn' WHERE id = ?", (known.id,))
    if found.status != "error":
        status = "drift" if any(each is not Severity.INFO for each in severities) else "ok"
        db.execute("UPDATE monitor_reports SET status = ? WHERE id = ?", (status, report_id))


def reports(db: sqlite3.Connection, monitor: str | None = None, limit: int = 100) -> list[MonitorReport]:
    """The newest reports first, without their columns; of one monitor or of all."""
    where, arguments = (" WHERE p.monitor = ?", (monitor,)) if monitor is not None else ("", ())
    rows = db.execute(f"{_REPORTS}{where} ORDER BY p.checked_at DESC, p.id DESC LIMIT ?", (*arguments, limit))
    return [_report(row) for row in rows]


def report(db: sqlite3.Connection, report_id: int) -> MonitorReport:
    """The report with this id, with its columns and measures in the order in which they were added.

    Raises:
        NotFound: There is none.
    """
    row = db.execute(f"{_REPORTS} WHERE p.id = ?", (report_id,)).fetchone()
    if row is None:
        raise NotFound(f"no drift report {report_id}", "'mlops-tui drift list' shows the alerts and their reports")
    columns = db.execute(f"{_COLUMNS} WHERE report_id = ? ORDER BY position", (report_id,))
    return _report(row, tuple(_column(line) for line in columns), measures.of_report(db, report_id))


def monitor_of(db: sqlite3.Connection, report_id: int) -> str:
    """The monitor that made a report.

    Raises:
        NotFound: There is none with this id.
    """
    row = db.execute("SELECT monitor FROM monitor_reports WHERE id = ?", (report_id,)).fetchone()
    if row is None:
        raise NotFound(f"no drift report {report_id}", "'mlops-tui drift reports' lists them")
    return str(row[0])


def profile_id_of(db: sqlite3.Connection, report_id: int) -> int | None:
    """The profile of the reference that a report compared with, where it is known."""
    row = db.execute("SELECT profile_id FROM monitor_reports WHERE id = ?", (report_id,)).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def column(db: sqlite3.Connection, report_id: int, name: str) -> ColumnReport:
    """One column of a report, without reading the others.

    Raises:
        NotFound: There is no such report, or it has no such column.
    """
    row = db.execute(f'{_COLUMNS} WHERE report_id = ? AND "column" = ? LIMIT 1', (report_id, storable(name))).fetchone()
    if row is not None:
        return _column(row)
    names = [column.column for column in report(db, report_id).columns]
    raise NotFound(f"report {report_id} has no column {name!r}", nearest(name, names))


def _report(
    row: Sequence[Any], columns: tuple[ColumnReport, ...] = (), measured: tuple[Measure, ...] = ()
) -> MonitorReport:
    return MonitorReport(
        id=row[0],
        monitor=row[1],
        batch=row[2],
        path=row[3],
        digest=row[4],
        status=row[5],
        checked_at=row[6],
        row_count=row[7],
        model=row[8],
        version=row[9],
        checked_columns=row[10] or 0,
        drifted_columns=row[11] or 0,
        drift_share=row[12] or 0.0,
        is_dataset_drift=bool(row[13]),
        duration_s=row[14] or 0.0,
        error=row[15] or "",
        notes=tuple(json.loads(row[16] or "[]")),
        columns=columns,
        measures=measured,
        window_start=row[17],
        window_end=row[18],
    )


def _column(row: Sequence[Any]) -> ColumnReport:
    return ColumnReport(
        column=row[0],
        role=row[1],
        kind=row[2],
        method=row[3],
        score=row[4],
        threshold=row[5],
        is_drifted=bool(row[6]),
        effect=row[7],
        reference_count=row[8] or 0,
        current_count=row[9] or 0,
        detail=json.loads(row[10]),
    )


def _add_columns(db: sqlite3.Connection, report_id: int, columns: Iterable[ColumnReport]) -> None:
    db.executemany(
        'INSERT INTO monitor_columns (report_id, position, "column", role, kind, method, score, threshold, '
        "is_drifted, effect, reference_count, current_count, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (report_id, position, storable(column.column), column.role, column.kind, column.method, column.score,
             column.threshold, int(column.is_drifted), column.effect, column.reference_count, column.current_count,
             json.dumps(column.detail, separators=(",", ":"), allow_nan=False))
            for position, column in enumerate(columns)
        ],
    )  # fmt: skip


def _add_alert(db: sqlite3.Connection, report_id: int, monitor: str, new: NewAlert, at: float) -> None:
    db.execute(
        "INSERT INTO alerts (report_id, monitor, kind, severity, title, opened_at, subject, columns) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (report_id, monitor, new.kind, str(new.severity), storable(new.title), at, storable(new.subject),
         json.dumps([storable(name) for name in new.columns])),
    )  # fmt: skip


def _replace_earlier(db: sqlite3.Connection, report: MonitorReport, report_id: int) -> None:
    """Marks the report on the batch that this one replaces, and keeps the window's place among the others."""
    same = "monitor = :monitor AND batch = :batch"
    arguments = {"monitor": report.monitor, "batch": storable(report.batch), "id": report_id}
    db.execute(
        f"UPDATE monitor_reports SET replaced_by = :id WHERE {same} AND id < :id AND replaced_by IS NULL", arguments
    )
    db.execute(
        f"UPDATE monitor_reports SET window_id = (SELECT min(id) FROM monitor_reports WHERE {same}) WHERE id = :id",
        arguments,
    )


def _version_id(db: sqlite3.Connection, report: MonitorReport) -> int | None:
    if report.model is None or report.version is None:
        return None
    row = db.execute(
        "SELECT v.id FROM model_versions v JOIN registered_models m ON m.id = v.model_id "
        "WHERE m.name = ? AND v.version = ?",
        (report.model, report.version),
    ).fetchone()
    return None if row is None else int(row[0])


def _message(report: MonitorReport, raised: Sequence[NewAlert]) -> str:
    outcome = "; ".join(new.title for new in raised) or report.error or "nothing to report"
    return storable(f"{report.monitor} checked {report.batch}: {outcome}")
