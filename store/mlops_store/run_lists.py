"""Lists of runs: which ones in which order, and the records of one window of them.

A list is first an array of the store's own numbers (8 bytes a run), ordered by an index where there is one; records
are made only for the rows that a screen shows. ``runs`` re-exports what is public here.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mlops_store.errors import UsageError, nearest

if TYPE_CHECKING:
    from mlops_store.records import Experiment, Run

KINDS = ("run", "pipeline", "stage")

_ATTRIBUTES = {
    "started_at": "r.started_at",
    "ended_at": "r.ended_at",
    "name": "r.name",
    "status": "r.status",
    "kind": "r.kind",
    "user": "r.user",
    "duration": "coalesce(r.ended_at, (julianday('now') - 2440587.5) * 86400.0) - r.started_at",
    "experiment": "(SELECT name FROM experiments WHERE id = r.experiment_id)",
}
_NEWEST = "r.started_at DESC, r.id DESC"
_TABLES = ("params", "metrics", "tags")


def ids(
    db: sqlite3.Connection,
    *,
    where: str = "",
    arguments: Sequence[Any] = (),
    sort: str = "started_at",
    descending: bool = True,
    kinds: Sequence[str] = KINDS,
    include_deleted: bool = False,
    include_archived: bool = False,
    limit: int | None = None,
) -> array[int]:
    """The store's numbers of the runs of a list, in order.

    Args:
        db: A connection.
        where: An SQL condition over ``runs`` as ``r`` with ``?`` for values; "" for all.
        arguments: The values.
        sort: ``started_at``, ``ended_at``, ``name``, ``status``, ``kind``, ``user``, ``duration``, ``experiment``,
            or ``metrics.KEY``, ``params.KEY``, ``tags.KEY``. Params sort as numbers first, then as text.
        descending: Greatest first. Runs without a value come last either way, newest first.
        kinds: Which kinds of run.
        include_deleted: Deleted runs too.
        include_archived: Archived runs too.
        limit: At most so many; None for all.

    Raises:
        UsageError: ``sort`` is not understood.
    """
    condition = _condition(where, kinds, include_deleted, include_archived)
    values = (*(kinds if set(kinds) != set(KINDS) else ()), *arguments)
    table, dot, key = sort.partition(".")
    if dot and table in _TABLES:
        return _by_key(db, table, key, condition, values, descending, limit)
    if sort not in _ATTRIBUTES:
        raise UsageError(f"cannot sort runs by {sort!r}", nearest(sort, _ATTRIBUTES) + ", or metrics.NAME, params.NAME")
    if sort == "started_at":
        order = _NEWEST if descending else "r.started_at, r.id"
    else:
        order = f"{_ATTRIBUTES[sort]} {'DESC' if descending else 'ASC'} NULLS LAST, {_NEWEST}"
    return _numbers(db, f"SELECT r.id FROM runs r WHERE {condition} ORDER BY {order}", values, limit)


def by_ids(db: sqlite3.Connection, ids: Sequence[int]) -> list[Run]:
    """The runs of these numbers in the given order; numbers of no run are left out."""
    from mlops_store.records import Run, RunKind, RunStatus

    chosen = ",".join(map(str, map(int, ids)))
    rows = db.execute(
        "SELECT r.id, r.run_id, r.name, e.name, r.kind, r.status, r.started_at, r.ended_at, p.run_id, r.user, r.host, "
        "r.source, r.git_commit, r.git_dirty, r.exit_code, r.archived_at, r.deleted_at FROM runs r "
        "JOIN experiments e ON e.id = r.experiment_id LEFT JOIN runs p ON p.id = r.parent_id "
        f"WHERE r.id IN ({chosen})"
    ).fetchall()
    values = {table: _values(db, table, chosen) for table in _TABLES}
    nothing: dict[str, Any] = {}
    found = {
        row[0]: Run(
            run_id=row[1],
            name=row[2],
            experiment=row[3],
            kind=RunKind(row[4]),
            status=RunStatus(row[5]),
            started_at=row[6],
            ended_at=row[7],
            parent_run_id=row[8],
            user=row[9] or "",
            host=row[10] or "",
            source=row[11] or "",
            git_commit=row[12] or "",
            git_dirty=bool(row[13]),
            exit_code=row[14],
            archived_at=row[15],
            deleted_at=row[16],
            params=values["params"].get(row[0], nothing),
            metrics=values["metrics"].get(row[0], nothing),
            tags=values["tags"].get(row[0], nothing),
        )
        for row in rows
    }
    return [found[number] for number in ids if number in found]


def children(db: sqlite3.Connection, run_id: str) -> list[Run]:
    """The runs whose parent is this one, oldest first, without deleted ones."""
    rows = db.execute(
        "SELECT id FROM runs WHERE parent_id = (SELECT id FROM runs WHERE run_id = ?) AND deleted_at IS NULL "
        "ORDER BY started_at, id",
        (run_id,),
    ).fetchall()
    return by_ids(db, [row[0] for row in rows])


def count(db: sqlite3.Connection) -> int:
    """How many runs there are, archived ones included, deleted ones not."""
    number: int = db.execute("SELECT count(*) FROM runs WHERE deleted_at IS NULL").fetchone()[0]
    return number


def key_names(db: sqlite3.Connection, table: str) -> list[str]:
    """The names in use in 'params', 'metrics' or 'tags', sorted."""
    if table not in _TABLES:
        raise ValueError(f"no table of names: {table!r}")
    rows = db.execute(f"SELECT name FROM keys k WHERE EXISTS (SELECT 1 FROM {table} WHERE key_id = k.id) ORDER BY name")
    return [row[0] for row in rows]


def experiments(db: sqlite3.Connection) -> list[Experiment]:
    """The experiments by name with the number of their runs, deleted ones left out of both."""
    from mlops_store.records import Experiment

    rows = db.execute(
        "SELECT e.name, e.created_at, e.description, "
        "(SELECT count(*) FROM runs WHERE experiment_id = e.id AND deleted_at IS NULL) "
        "FROM experiments e WHERE e.deleted_at IS NULL ORDER BY e.name"
    )
    return [Experiment(*row) for row in rows]


def _condition(where: str, kinds: Sequence[str], include_deleted: bool, include_archived: bool) -> str:
    parts = []
    if not include_deleted:
        parts.append("r.deleted_at IS NULL")
    if not include_archived:
        parts.append("r.archived_at IS NULL")
    if set(kinds) != set(KINDS):
        parts.append(f"r.kind IN ({','.join('?' * len(kinds))})")
    if where:
        parts.append(f"({where})")
    return " AND ".join(parts) or "1"


def _numbers(db: sqlite3.Connection, sql: str, values: Iterable[Any], limit: int | None) -> array[int]:
    if limit is not None:
        sql, values = f"{sql} LIMIT ?", (*values, limit)
    return array("q", [row[0] for row in db.execute(sql, tuple(values)).fetchall()])


def _by_key(
    db: sqlite3.Connection,
    table: str,
    key: str,
    condition: str,
    values: Sequence[Any],
    descending: bool,
    limit: int | None,
) -> array[int]:
    """Runs with a value in the order of the index on it, then the others, newest first."""
    way = "DESC" if descending else "ASC"
    columns = {"metrics": ("last_value",), "params": ("number", "value"), "tags": ("value",)}[table]
    found = array("q")
    for column in columns:
        if limit is not None and len(found) >= limit:
            return found
        only = "AND s.number IS NULL" if table == "params" and column == "value" else ""
        # CROSS JOIN keeps the index on the value outermost, so that no sort is needed
        found.extend(
            _numbers(
                db,
                f"SELECT r.id FROM {table} s CROSS JOIN runs r ON r.id = s.run_id "
                f"WHERE s.key_id = (SELECT id FROM keys WHERE name = ?) AND s.{column} IS NOT NULL {only} "
                f"AND {condition} ORDER BY s.{column} {way}, s.run_id {way}",
                (key, *values),
                None if limit is None else limit - len(found),
            )
        )
    if limit is None or len(found) < limit:
        seen = set(found)
        rest = _numbers(db, f"SELECT r.id FROM runs r WHERE {condition} ORDER BY {_NEWEST}", values, None)
        found.extend(number for number in rest if number not in seen)
    return found if limit is None else found[:limit]


def _values(db: sqlite3.Connection, table: str, chosen: str) -> dict[int, dict[str, Any]]:
    column = "last_value" if table == "metrics" else "value"
    rows = db.execute(
        f"SELECT v.run_id, k.name, v.{column} FROM {table} v JOIN keys k ON k.id = v.key_id "
        f"WHERE v.run_id IN ({chosen}) ORDER BY v.run_id"
    )
    values: dict[int, dict[str, Any]] = {}
    run, mine = None, {}
    nan = float("nan")
    for number, key, value in rows:
        if number != run:
            run = number
            mine = values[number] = {}
        mine[key] = nan if value is None else value
    return values
