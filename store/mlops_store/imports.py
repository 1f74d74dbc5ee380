"""Runs taken over from another tool's store: added in bulk, and brought up to date when they are taken over again.

A run is known by its id, which whoever reads the other store makes the same each time. What was done to a run here
(archived, deleted, noted, tagged otherwise) stays; what the source says about itself wins. Points are compared as
multisets, so that those that a run has gained since are added wherever they stand in its history.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mlops_store import curves, datasets, keys, metrics, run_rows
from mlops_store.curves import Point
from mlops_store.import_records import Change, ImportedRun
from mlops_store.run_columns import PARTS
from mlops_store.run_records import RunStatus

#: Bound values in one statement; old SQLite versions take 999.
_VALUES = 500


def changes(db: sqlite3.Connection, runs: Sequence[ImportedRun]) -> list[Change]:
    """What the store lacks of each run; only reads. No two runs may have the same id."""
    stored = _stored(db, [run.run_id for run in runs])
    return [
        _difference(db, run, stored[run.run_id])
        if run.run_id in stored
        else Change(run, None, {}, run.params, run.tags, run.series)
        for run in runs
    ]


def apply(db: sqlite3.Connection, found: Iterable[Change]) -> None:
    """Stores what ``changes`` found. Needs the write transaction in which it was found."""
    names = _Names(db)
    added, batches = list[dict[str, Any]](), list[metrics.Batch]()
    params, tags = list[tuple[int, int, str]](), list[tuple[int, int, str]]()
    next_run = db.execute("SELECT coalesce(max(id), 0) + 1 FROM runs").fetchone()[0]
    for change in found:
        run, number = change.run, change.number
        if number is None:
            number = next_run
            next_run += 1
            added.append({**_columns(db, run), "id": number, "experiment_id": names.experiment(run)})
        elif change.columns:
            run_rows.update(db, number, change.columns)
        params += [(number, names.key(key), value) for key, value in change.params.items()]
        tags += [(number, names.key(key), value) for key, value in change.tags.items()]
        batches += [
            metrics.Batch(number, names.key(key), points, change.number is None, not run.status.is_live)
            for key, points in change.series.items()
        ]
    run_rows.insert(db, added)
    db.executemany(
        "INSERT INTO params(run_id, key_id, value, number) VALUES (?, ?, ?, ?) "
        "ON CONFLICT(run_id, key_id) DO UPDATE SET value = excluded.value, number = excluded.number",
        [(run, key, value, run_rows.number_in(value)) for run, key, value in params],
    )
    db.executemany(
        "INSERT INTO tags(run_id, key_id, value) VALUES (?, ?, ?) "
        "ON CONFLICT(run_id, key_id) DO UPDATE SET value = excluded.value",
        tags,
    )
    metrics.append(db, batches)


def complete(db: sqlite3.Connection, run: ImportedRun, author: str) -> None:
    """Stores the parent, the note and the data sets of a run that the store has. Needs a write transaction.

    Args:
        db: The connection of a write transaction.
        run: The run; a parent that the store does not have is left out.
        author: Whose the note is; a run has one note of this author, which follows the source.
    """
    if run.parent_run_id:
        db.execute(
            "UPDATE runs SET parent_id = parent.id FROM (SELECT id FROM runs WHERE run_id = ?) AS parent "
            "WHERE runs.run_id = ? AND parent_id IS NULL AND runs.id <> parent.id",
            (run.parent_run_id, run.run_id),
        )
    if run.note:
        _note(db, f"run:{run.run_id}", run.note, author)
    for use in run.datasets:
        datasets.use(db, run.run_id, use.dataset, use.context)


def add_experiment(
    db: sqlite3.Connection, name: str, *, created_at: float, description: str = "", deleted_at: float | None = None
) -> None:
    """Stores an experiment unless there is one of that name; see ``delete_experiment``. Needs a write transaction."""
    db.execute(
        "INSERT OR IGNORE INTO experiments(id, name, created_at, description, deleted_at) "
        f"VALUES ({run_rows.EXPERIMENT_NUMBER}, ?, ?, ?, ?)",
        (name, name, created_at, description, deleted_at),
    )


def delete_experiment(db: sqlite3.Connection, name: str, deleted_at: float) -> None:
    """Hides an experiment that was deleted where it came from, unless it has runs here. Needs a write transaction."""
    db.execute(
        "UPDATE experiments SET deleted_at = ? WHERE name = ? AND deleted_at IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM runs WHERE experiment_id = experiments.id AND runs.deleted_at IS NULL)",
        (deleted_at, name),
    )


def mirror(db: sqlite3.Connection, shown: Iterable[str]) -> None:
    """Hides every run but these: for a store that has nothing of its own. Needs a write transaction."""
    db.execute("CREATE TEMP TABLE IF NOT EXISTS shown (run_id TEXT PRIMARY KEY) WITHOUT ROWID")
    db.execute("DELETE FROM temp.shown")
    db.executemany("INSERT OR IGNORE INTO temp.shown VALUES (?)", [(run_id,) for run_id in shown])
    is_shown = "run_id IN (SELECT run_id FROM temp.shown)"
    db.execute(f"UPDATE runs SET deleted_at = NULL WHERE deleted_at IS NOT NULL AND {is_shown}")
    db.execute(f"UPDATE runs SET deleted_at = ? WHERE deleted_at IS NULL AND NOT {is_shown}", (time.time(),))


class _Names:
    """Numbers of keys and experiments, each looked up once in a transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._keys: dict[str, int] = {}
        self._experiments: dict[str, int] = {}

    def key(self, name: str) -> int:
        number = self._keys.get(name)
        if number is None:
            number = self._keys[name] = keys.intern(self._db, name)
        return number

    def experiment(self, run: ImportedRun) -> int:
        """A deleted experiment stays deleted while only deleted runs come into it."""
        if run.deleted_at is None:
            if run.experiment not in self._experiments:
                self._experiments[run.experiment] = run_rows.experiment_number(self._db, run.experiment)
            return self._experiments[run.experiment]
        add_experiment(self._db, run.experiment, created_at=time.time(), deleted_at=run.deleted_at)
        number: int = self._db.execute("SELECT id FROM experiments WHERE name = ?", (run.experiment,)).fetchone()[0]
        return number


def _columns(db: sqlite3.Connection, run: ImportedRun) -> dict[str, Any]:
    given = {
        **run.attributes,
        "name": run.name,
        "kind": "run",
        "status": run.status.value,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "deleted_at": run.deleted_at,
    }
    return {**run_rows.columns(db, given), "run_id": run.run_id}


def _stored(db: sqlite3.Connection, run_ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Number, name, status, end and deletion of the runs that the store has."""
    found = {}
    for start in range(0, len(run_ids), _VALUES):
        part = run_ids[start : start + _VALUES]
        marks = ", ".join("?" * len(part))
        rows = db.execute(
            f"SELECT run_id, id, name, status, ended_at, deleted_at FROM runs WHERE run_id IN ({marks})", part
        )
        found.update({row[0]: row[1:] for row in rows})
    return found


def _difference(db: sqlite3.Connection, run: ImportedRun, stored: tuple[Any, ...]) -> Change:
    number, name, status, ended_at, deleted_at = stored
    told = (("name", name, run.name), ("status", status, run.status.value), ("ended_at", ended_at, run.ended_at))
    columns: dict[str, Any] = {column: new for column, old, new in told if old != new}
    if status == RunStatus.SCHEDULED and run.status != status:
        columns["started_at"] = run.started_at  # now there is one
    if run.deleted_at is not None and deleted_at is None:
        columns["deleted_at"] = run.deleted_at
    series, is_rewritten = _new_points(db, number, run)
    return Change(
        run,
        number,
        columns,
        _new(db, "params", number, run.params),
        _new(db, "tags", number, run.tags),
        series,
        is_rewritten,
    )


def _new(db: sqlite3.Connection, table: str, number: int, values: Mapping[str, str]) -> dict[str, str]:
    stored = dict(
        db.execute(
            f"SELECT k.name, v.value FROM {table} v JOIN keys k ON k.id = v.key_id WHERE v.run_id = ?", (number,)
        ).fetchall()
    )
    return {key: value for key, value in values.items() if stored.get(key) != value}


def _new_points(db: sqlite3.Connection, number: int, run: ImportedRun) -> tuple[dict[str, Sequence[Point]], bool]:
    """The points that the store lacks, and whether it has others."""
    last_ms = "m.last_ms" if run.has_times else "NULL"
    stored = {
        key: summary
        for key, *summary in db.execute(
            f"SELECT k.name, m.count, m.last_step, {last_ms}, m.last_value, {PARTS['min'].format('m')}, "
            f"{PARTS['max'].format('m')} FROM metrics m JOIN keys k ON k.id = m.key_id WHERE m.run_id = ?",
            (number,),
        )
    }
    found: dict[str, Sequence[Point]] = {}
    is_rewritten = bool(stored.keys() - run.series.keys())
    for key, points in run.series.items():
        if key not in stored:
            found[key] = points
        elif stored[key] != _summary(points, run):
            known = Counter(_comparable(point, run) for point in curves.points(db, run.run_id, key))
            new = []
            for point in points:
                same = _comparable(point, run)
                if known[same] > 0:
                    known[same] -= 1
                else:
                    new.append(point)
            is_rewritten = is_rewritten or known.total() > 0
            if new:
                found[key] = new
    return found, is_rewritten


def _summary(points: Sequence[Point], run: ImportedRun) -> list[Any]:
    count, _, step, ms, *values, _ = metrics.summary_of(points)
    return [count, step, ms if run.has_times else None, *values]


def _comparable(point: Point, run: ImportedRun) -> tuple[int, int, float | None]:
    step, ms, value = point
    return step, ms if run.has_times else 0, value if value == value else None  # NaN is not equal to itself


def _note(db: sqlite3.Connection, subject: str, body: str, author: str) -> None:
    row = db.execute(
        "SELECT id, body FROM notes WHERE subject = ? AND author = ? ORDER BY id LIMIT 1", (subject, author)
    ).fetchone()
    if row is None:
        db.execute(
            "INSERT INTO notes(subject, body, author, created_at) VALUES (?, ?, ?, ?)",
            (subject, body, author, time.time()),
        )
    elif row[1] != body:
        db.execute("UPDATE notes SET body = ?, deleted_at = NULL WHERE id = ?", (body, row[0]))


__all__ = ["Change", "ImportedRun", "add_experiment", "apply", "changes", "complete", "delete_experiment", "mirror"]
