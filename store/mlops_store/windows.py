"""What monitors know of the rows that windows are cut from, so that no row is read twice and none is forgotten.

A *source* is a file, or a database that is queried; a *part* is the rows of one source that belong to one window. A
window is the place of a row in the stream divided by its size, or the time at which it begins. A *plan* is how a
monitor cuts its rows: with another plan everything begins anew. Knows no statistics.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops_store.texts import storable

_SOURCES = (
    "SELECT source, size_bytes, modified_ns, row_count, mark, looked_at FROM monitor_sources "
    "WHERE monitor = ? AND plan = ?"
)


@dataclass(frozen=True, slots=True)
class Source:
    """A source as it was when it was read last.

    Attributes:
        name: Its path below the project.
        size_bytes: Its size; -1 when a part of it was left for later.
        modified_ns: Its modification time in nanoseconds.
        row_count: How many of its rows are accounted for.
        mark: By what these are known again.
        looked_at: When it was read, Unix seconds.
    """

    name: str
    size_bytes: int
    modified_ns: int
    row_count: int = 0
    mark: str = ""
    looked_at: float = 0.0

    @property
    def state(self) -> tuple[int, int]:
        """Size and modification time."""
        return self.size_bytes, self.modified_ns


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one source that belong to one window; ``first_row`` is -1 where time decides which they are."""

    id: int
    window: float
    source: str
    first_row: int
    row_count: int
    digest: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows of a checked window that were kept, for later ones to be compared with."""

    batch: str
    position: float
    start: float | None
    row_count: int
    sample_digest: str


class Overtaken(Exception):
    """Another process has read the same source meanwhile: what it wrote down stands."""


def sources(db: sqlite3.Connection, monitor: str, plan: str) -> dict[str, Source]:
    """Name -> source, of all that a monitor has read."""
    return {row[0]: Source(*row) for row in db.execute(_SOURCES, (monitor, storable(plan)))}


def source(db: sqlite3.Connection, monitor: str, plan: str, name: str) -> Source | None:
    """One source as a monitor has read it; None where it has not."""
    row = db.execute(f"{_SOURCES} AND source = ?", (monitor, storable(plan), storable(name))).fetchone()
    return None if row is None else Source(*row)


def looked_at(db: sqlite3.Connection, monitor: str, plan: str) -> float:
    """When any source was read last, Unix seconds; 0 for never."""
    row = db.execute(
        "SELECT max(looked_at) FROM monitor_sources WHERE monitor = ? AND plan = ?", (monitor, storable(plan))
    ).fetchone()
    return float(row[0] or 0.0)


def put(db: sqlite3.Connection, monitor: str, plan: str, before: Source | None, now: Source) -> None:
    """Notes that a source was read; what belongs to other plans of the monitor is forgotten.

    Args:
        db: A connection inside a write transaction.
        monitor: The monitor.
        plan: How it cuts its rows.
        before: The source as it was known before the reading.
        now: The source as it was read.

    Raises:
        Overtaken: It is known otherwise by now.
    """
    if source(db, monitor, plan, now.name) != before:
        raise Overtaken(now.name)
    for table in ("monitor_sources", "monitor_parts", "monitor_rows"):
        db.execute(f"DELETE FROM {table} WHERE monitor = ? AND plan != ?", (monitor, storable(plan)))
    db.execute(
        "INSERT OR REPLACE INTO monitor_sources (monitor, plan, source, size_bytes, modified_ns, row_count, mark, "
        "looked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (monitor, storable(plan), storable(now.name), *now.state, now.row_count, now.mark, now.looked_at),
    )


def add_rows(
    db: sqlite3.Connection, monitor: str, plan: str, before: Source | None, now: Source, first_row: int, size: int
) -> None:
    """Appends the rows of a source from ``first_row`` on to windows of ``size`` rows; see ``put`` for the rest.

    From row 0 on means that the source holds other rows than before: those that wait for the end of a window are
    forgotten.

    Raises:
        Overtaken: It is known otherwise by now.
    """
    put(db, monitor, plan, before, now)
    if first_row == 0:
        db.execute(
            "DELETE FROM monitor_parts WHERE monitor = ? AND plan = ? AND source = ? AND is_checked = 0",
            (monitor, storable(plan), storable(now.name)),
        )
    filled = db.execute(
        "SELECT window, sum(row_count) FROM monitor_parts WHERE monitor = ? AND plan = ? GROUP BY window "
        "HAVING sum(row_count) < ? ORDER BY window",
        (monitor, storable(plan), size),
    ).fetchall()
    newest = db.execute(
        "SELECT max(window) FROM monitor_parts WHERE monitor = ? AND plan = ?", (monitor, storable(plan))
    ).fetchone()[0]
    following = 0.0 if newest is None else newest + 1
    left = now.row_count - first_row
    while left > 0:
        window, held = filled.pop(0) if filled else (following, 0)
        following = max(following, window + 1)
        count = min(left, size - held)
        _add_part(db, monitor, plan, window, now.name, now.row_count - left, count, f"{now.mark} {first_row}")
        left -= count


def put_spans(
    db: sqlite3.Connection,
    monitor: str,
    plan: str,
    before: Source | None,
    now: Source,
    spans: Mapping[float, tuple[int, str]],
) -> None:
    """Notes which windows of time a source has rows of: start -> (rows, digest of them); see ``put`` for the rest.

    Raises:
        Overtaken: It is known otherwise by now.
    """
    put(db, monitor, plan, before, now)
    name = storable(now.name)
    known = {
        window: (count, digest)
        for window, count, digest in db.execute(
            "SELECT window, row_count, digest FROM monitor_parts WHERE monitor = ? AND plan = ? AND source = ?",
            (monitor, storable(plan), name),
        )
    }
    for window, (count, digest) in spans.items():
        if known.get(window) != (count, digest):
            _drop_part(db, monitor, plan, window, name)
            _add_part(db, monitor, plan, window, name, -1, count, digest)
    for window in known.keys() - spans.keys():
        _drop_part(db, monitor, plan, window, name)
        db.execute(
            "UPDATE monitor_parts SET is_checked = 0 WHERE monitor = ? AND plan = ? AND window = ?",
            (monitor, storable(plan), window),
        )


def full(db: sqlite3.Connection, monitor: str, plan: str, size: int, *, is_again: bool = False) -> list[float]:
    """The windows that hold ``size`` rows, in their order: those that were not checked yet, or all of them."""
    rows = db.execute(
        "SELECT window FROM monitor_parts WHERE monitor = ? AND plan = ? GROUP BY window "
        "HAVING sum(row_count) = ? AND (? OR min(is_checked) = 0) ORDER BY window",
        (monitor, storable(plan), size, is_again),
    )
    return [row[0] for row in rows]


def over(db: sqlite3.Connection, monitor: str, plan: str, last_start: float, *, is_again: bool = False) -> list[float]:
    """The windows of time that begin at ``last_start`` at the latest and were not checked as they are; or all such."""
    rows = db.execute(
        "SELECT window FROM monitor_parts WHERE monitor = ? AND plan = ? AND window <= ? GROUP BY window "
        "HAVING ? OR min(is_checked) = 0 ORDER BY window",
        (monitor, storable(plan), last_start, is_again),
    )
    return [row[0] for row in rows]


def next_start(db: sqlite3.Connection, monitor: str, plan: str) -> float | None:
    """Where the earliest window begins that was not checked as it is."""
    row = db.execute(
        "SELECT min(window) FROM monitor_parts WHERE monitor = ? AND plan = ? AND is_checked = 0",
        (monitor, storable(plan)),
    ).fetchone()
    return None if row[0] is None else float(row[0])


def before(db: sqlite3.Connection, monitor: str, plan: str, window: float) -> float | None:
    """The window before one, of those that have rows; None where it is the first."""
    row = db.execute(
        "SELECT max(window) FROM monitor_parts WHERE monitor = ? AND plan = ? AND window < ?",
        (monitor, storable(plan), window),
    ).fetchone()
    return None if row[0] is None else float(row[0])


def parts(db: sqlite3.Connection, monitor: str, plan: str, window: float) -> tuple[Part, ...]:
    """The rows of a window, in the order in which they came."""
    rows = db.execute(
        "SELECT id, window, source, first_row, row_count, digest FROM monitor_parts "
        "WHERE monitor = ? AND plan = ? AND window = ? ORDER BY id",
        (monitor, storable(plan), window),
    )
    return tuple(Part(*row) for row in rows)


def mark_checked(db: sqlite3.Connection, checked: tuple[Part, ...]) -> None:
    """Notes that these rows were checked; those that came meanwhile are other parts."""
    db.executemany("UPDATE monitor_parts SET is_checked = 1 WHERE id = ?", [(part.id,) for part in checked])


def keep(db: sqlite3.Connection, monitor: str, plan: str, kept: Kept) -> None:
    """Keeps the rows of a window; checked again, it takes the place that it had."""
    db.execute(
        "INSERT OR REPLACE INTO monitor_rows (monitor, plan, batch, position, start, row_count, sample_digest) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (monitor, storable(plan), storable(kept.batch), kept.position, kept.start, kept.row_count, kept.sample_digest),
    )


def kept(db: sqlite3.Connection, monitor: str, plan: str) -> list[Kept]:
    """The windows of which rows were kept, in their order."""
    rows = db.execute(
        "SELECT batch, position, start, row_count, sample_digest FROM monitor_rows "
        "WHERE monitor = ? AND plan = ? ORDER BY position",
        (monitor, storable(plan)),
    )
    return [Kept(*row) for row in rows]


def _add_part(
    db: sqlite3.Connection, monitor: str, plan: str, window: float, source: str, first: int, count: int, digest: str
) -> None:
    values: tuple[Any, ...] = (monitor, storable(plan), window, storable(source), first, count, digest)
    db.execute(
        "INSERT INTO monitor_parts (monitor, plan, window, source, first_row, row_count, digest, is_checked) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
        values,
    )


def _drop_part(db: sqlite3.Connection, monitor: str, plan: str, window: float, source: str) -> None:
    db.execute(
        "DELETE FROM monitor_parts WHERE monitor = ? AND plan = ? AND window = ? AND source = ?",
        (monitor, storable(plan), window, source),
    )
