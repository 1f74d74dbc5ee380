"""Labels that come after the rows: which rows of a window were kept for them, and which files brought them.

The rows themselves and the labels of a file are objects beside the store. Knows no statistics.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_store.texts import storable

_FILES = (
    "SELECT f.id, f.monitor, f.path, f.size_bytes, f.modified_ns, f.digest, f.object, f.rows, f.low, f.high, "
    "f.problem, f.notes, f.at, f.last_report, "
    "(SELECT coalesce(sum(m.rows), 0) FROM label_matches m WHERE m.file_id = f.id) FROM label_files f"
)


@dataclass(frozen=True, slots=True)
class KeptRows:
    """The rows of a window that labels can be joined with.

    Attributes:
        report_id: The report of the window.
        batch: What the window is called.
        object: The digest of the object that holds ids, predictions and probabilities.
        low: The smallest id, as text.
        high: The greatest id.
        about: What is needed beside the rows, as JSON.
    """

    report_id: int
    batch: str
    object: str
    low: str
    high: str
    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LabelFile:
    """A file that brought labels.

    Attributes:
        id: 0 until it is kept.
        monitor: Whose labels they are.
        path: Below the project's root.
        size_bytes: When it was read.
        modified_ns: When it was read.
        digest: SHA-256 of its bytes.
        object: The digest of the object that holds ids and labels; None where it could not be read.
        rows: Distinct ids with one label.
        low: The smallest id, as text.
        high: The greatest id.
        problem: Why it could not be read.
        notes: What had to be left out, one sentence each.
        at: When it was read first.
        last_report: The newest report that it was joined with.
        matched: Labels that belong to a row of a window.
    """

    id: int
    monitor: str
    path: str
    size_bytes: int
    modified_ns: int
    digest: str
    object: str | None
    rows: int = 0
    low: str = ""
    high: str = ""
    problem: str = ""
    notes: tuple[str, ...] = ()
    at: float = 0.0
    last_report: int = 0
    matched: int = field(default=0, compare=False)


def keep_rows(
    db: sqlite3.Connection, report_id: int, *, digest: str, low: str, high: str, about: Mapping[str, Any]
) -> None:
    """Keeps the rows of a report's window; needs a write transaction."""
    db.execute(
        "INSERT INTO window_rows (report_id, object, low, high, about) VALUES (?, ?, ?, ?, ?)",
        (report_id, digest, low, high, json.dumps(about, separators=(",", ":"), allow_nan=False)),
    )


def windows(db: sqlite3.Connection, monitor: str, *, after: int = 0) -> list[KeptRows]:
    """The kept rows of a monitor's windows, of each its newest report, oldest first; only reports above ``after``."""
    rows = db.execute(
        "SELECT p.id, p.batch, w.object, w.low, w.high, w.about FROM monitor_reports p "
        "JOIN window_rows w ON w.report_id = p.id "
        "WHERE p.monitor = ? AND p.replaced_by IS NULL AND p.id > ? ORDER BY p.id",
        (monitor, after),
    )
    return [
        KeptRows(report_id, batch, digest, low, high, json.loads(about))
        for report_id, batch, digest, low, high, about in rows
    ]


def files(db: sqlite3.Connection, monitor: str | None = None) -> list[LabelFile]:
    """The files of a monitor or of all, those that were written to last at the end."""
    where, arguments = (" WHERE f.monitor = ?", (monitor,)) if monitor is not None else ("", ())
    return [_file(row) for row in db.execute(f"{_FILES}{where} ORDER BY f.modified_ns, f.id", arguments)]


def files_of(db: sqlite3.Connection, report_id: int) -> list[LabelFile]:
    """The files that hold labels of a window, those that were written to last at the end."""
    rows = db.execute(
        f"{_FILES} JOIN label_matches w ON w.file_id = f.id WHERE w.report_id = ? ORDER BY f.modified_ns, f.id",
        (report_id,),
    )
    return [_file(row) for row in rows]


def seen(db: sqlite3.Connection, monitor: str) -> dict[str, tuple[int, int]]:
    """Path -> (size in bytes, modification time in nanoseconds) of each label file as it was read."""
    rows = db.execute("SELECT path, size_bytes, modified_ns FROM label_files WHERE monitor = ?", (monitor,))
    return {path: (size_bytes, modified_ns) for path, size_bytes, modified_ns in rows}


def put_file(db: sqlite3.Connection, file: LabelFile) -> int:
    """Keeps a label file in the place of what was known under its path; needs a write transaction.

    Returns:
        Its id, which stays the same when the file changes.
    """
    values = {
        "monitor": file.monitor,
        "path": storable(file.path),
        "size_bytes": file.size_bytes,
        "modified_ns": file.modified_ns,
        "digest": file.digest,
        "object": file.object,
        "rows": file.rows,
        "low": file.low,
        "high": file.high,
        "problem": storable(file.problem),
        "notes": json.dumps([storable(note) for note in file.notes]),
        "at": file.at,
        "last_report": file.last_report,
    }
    changed = ", ".join(f"{name} = excluded.{name}" for name in values if name not in ("monitor", "path", "at"))
    row = db.execute(
        f"INSERT INTO label_files ({', '.join(values)}) VALUES ({', '.join(f':{name}' for name in values)}) "
        f"ON CONFLICT (monitor, path) DO UPDATE SET {changed} RETURNING id",
        values,
    ).fetchone()
    return int(row[0])


def reports_of(db: sqlite3.Connection, file_id: int) -> list[int]:
    """The reports whose rows have labels of a file."""
    return [row[0] for row in db.execute("SELECT report_id FROM label_matches WHERE file_id = ?", (file_id,))]


def put_matches(
    db: sqlite3.Connection, file_id: int, matches: Mapping[int, int], *, last_report: int, afresh: bool
) -> None:
    """Records how many labels of a file belong to each report's rows; needs a write transaction.

    Args:
        db: The connection.
        file_id: The file.
        matches: Report id -> labels.
        last_report: The newest report that was looked at.
        afresh: Forget what was known of the file before.
    """
    if afresh:
        db.execute("DELETE FROM label_matches WHERE file_id = ?", (file_id,))
    db.executemany(
        "INSERT OR REPLACE INTO label_matches (file_id, report_id, rows) VALUES (?, ?, ?)",
        [(file_id, report_id, count) for report_id, count in matches.items() if count],
    )
    db.execute("UPDATE label_files SET last_report = ? WHERE id = ?", (last_report, file_id))


def _file(row: Sequence[Any]) -> LabelFile:
    return LabelFile(
        id=row[0],
        monitor=row[1],
        path=row[2],
        size_bytes=row[3],
        modified_ns=row[4],
        digest=row[5],
        object=row[6],
        rows=row[7],
        low=row[8],
        high=row[9],
        problem=row[10],
        notes=tuple(json.loads(row[11])),
        at=row[12],
        last_report=row[13],
        matched=row[14],
    )
