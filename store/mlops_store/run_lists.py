"""Lists of runs: which ones in which order, and what a window of them shows.

A list is an array of the store's own numbers (8 bytes a run); records are made only for the rows in sight::

    db = store.read()
    first = ids(db, condition=wanted, order=(order("-max(auc)"),), limit=50)  # what is on the screen, at once
    runs = by_ids(db, first, keys=("params.depth", "metrics.auc"))            # with these keys only
    cells = values(db, first, [column("max(auc)"), column("mean(loss)")])     # and what a record does not hold
    every = ids(db, condition=wanted, order=(order("-max(auc)"),))            # the whole list, while that is looked at

``condition`` comes from ``run_conditions`` or from a filter (``mlops_tui.compare.condition``), ``order`` from
``run_columns``; ``run_groups`` groups. ``runs`` re-exports what is public here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mlops_store.run_columns import TABLES, Column, column
from mlops_store.run_conditions import Condition, every
from mlops_store.run_plans import KINDS, visible

if TYPE_CHECKING:
    from mlops_store.records import Experiment, Run

#: The numbers in a bound text: a statement with them in its own text would be prepared anew for every window.
_OF_IDS = "(SELECT value FROM json_each(?))"
#: Runs whose values are read by one statement, whose text may have a million bytes.
_CHUNK = 5000
#: From so many runs on all their metrics are read by key, unless that asks for so many times what there is.
_MANY_RUNS, _SPARSE = 60, 4


def count_states(
    db: sqlite3.Connection,
    states: Sequence[str],
    *,
    condition: Condition = Condition(),  # noqa: B008
    kinds: Sequence[str] = KINDS,
    include_deleted: bool = False,
    include_archived: bool = False,
) -> dict[str, int]:
    """How many runs of a list are in each of these states; states without any are left out."""
    wanted = every([visible(kinds, include_deleted, include_archived), condition])
    marks = ", ".join("?" * len(states))
    rows = db.execute(
        f"SELECT r.status, count(*) FROM runs r WHERE r.status IN ({marks}) AND ({wanted.probes or '1'}) "
        "GROUP BY r.status",
        (*states, *wanted.arguments),
    )
    return dict(rows.fetchall())


def by_ids(db: sqlite3.Connection, ids: Sequence[int], *, keys: Iterable[str] | None = None) -> list[Run]:
    """The runs of these numbers in the given order; numbers of no run are left out.

    Args:
        db: A connection.
        ids: The store's own numbers.
        keys: The only ``params.KEY``, ``metrics.KEY`` and ``tags.KEY`` to read, for runs with thousands of them; None
            for all.
    """
    wanted = None if keys is None else [column(name) for name in keys]
    found = _runs(db, f"r.id IN {_OF_IDS}", (_json(ids),), wanted, TABLES)
    return [found[number] for number in ids if number in found]


def by_run_id(db: sqlite3.Connection, run_id: str, tables: Iterable[str]) -> Run | None:
    """The run with this full id, None when there is none; ``tables`` says what of params, metrics and tags to read."""
    return next(iter(_runs(db, "r.run_id = ?", (run_id,), None, tables).values()), None)


def _runs(
    db: sqlite3.Connection,
    where: str,
    arguments: Sequence[object],
    wanted: Sequence[Column] | None,
    tables: Iterable[str],
) -> dict[int, Run]:
    """Number -> run."""
    from mlops_store.run_records import KIND_OF, STATUS_OF, Run

    rows = db.execute(
        "SELECT r.id, r.run_id, r.name, e.name, r.kind, r.status, r.started_at, r.ended_at, p.run_id, r.user, r.host, "
        "r.source, r.git_commit, r.git_dirty, r.exit_code, r.archived_at, r.deleted_at FROM runs r "
        "JOIN experiments e ON e.id = r.experiment_id LEFT JOIN runs p ON p.id = r.parent_id "
        f"WHERE {where}",
        arguments,
    ).fetchall()
    if not rows:
        return {}
    chosen = [row[0] for row in rows]
    values = {table: _values(db, table, chosen, wanted) for table in tables}
    nothing: dict[str, Any] = {}
    params, metrics, tags = (values.get(table, nothing) for table in TABLES)
    found = {}
    for row in rows:
        number, run_id, name, experiment, kind, status, started_at, ended_at, parent, user, host, source = row[:12]
        git_commit, git_dirty, exit_code, archived_at, deleted_at = row[12:]
        # by position, which takes half as long as by name
        found[number] = Run(
            run_id,
            name,
            experiment,
            KIND_OF[kind],
            STATUS_OF[status],
            started_at,
            ended_at,
            parent,
            user or "",
            host or "",
            source or "",
            git_commit or "",
            bool(git_dirty),
            exit_code,
            archived_at,
            deleted_at,
            params.get(number, nothing),
            metrics.get(number, nothing),
            tags.get(number, nothing),
        )
    return found


def values(db: sqlite3.Connection, ids: Sequence[int], columns: Sequence[Column]) -> list[tuple[Any, ...]]:
    """What stands in these columns for these runs, in the given order: text, numbers, or None; NaN for NaN.

    Args:
        db: A connection.
        ids: The store's own numbers of runs that exist.
        columns: The columns.
    """
    found: dict[int, list[Any]] = {number: [None] * len(columns) for number in ids}
    attributes = [(place, one) for place, one in enumerate(columns) if not one.table]
    keyed = [(place, one) for place, one in enumerate(columns) if one.table]
    nan = float("nan")
    for start in range(0, len(ids), _CHUNK):
        chosen = ",".join(map(str, map(int, ids[start : start + _CHUNK])))
        if attributes:
            values = ", ".join(one.value("") for _, one in attributes)
            for number, *row in db.execute(f"SELECT r.id, {values} FROM runs r WHERE r.id IN ({chosen})"):
                for (place, _), value in zip(attributes, row, strict=True):
                    found[number][place] = value
        for place, one in keyed:
            rows = db.execute(
                f"SELECT v.run_id, {one.value('v')} FROM {one.table} v "
                f"WHERE v.run_id IN ({chosen}) AND v.key_id = (SELECT id FROM keys WHERE name = ?)",
                one.arguments,
            )
            for number, value in rows:
                found[number][place] = nan if value is None and one.table == "metrics" else value
    return [tuple(found[number]) for number in ids]


def run_ids(db: sqlite3.Connection, ids: Sequence[int]) -> list[str]:
    """The ids of the runs of these numbers, in the given order; numbers of no run are left out."""
    rows = db.execute("SELECT id, run_id FROM runs WHERE id IN (SELECT value FROM json_each(?))", (_json(ids),))
    found = dict(rows.fetchall())
    return [found[number] for number in ids if number in found]


def _json(ids: Sequence[int]) -> str:
    return json.dumps(list(ids))


def children(db: sqlite3.Connection, run_id: str) -> list[Run]:
    """The runs whose parent is this one, oldest first, without deleted ones."""
    return by_ids(db, [number for number, _ in _children(db, run_id)])


def child_run_ids(db: sqlite3.Connection, run_id: str) -> tuple[str, ...]:
    """The ids of the same runs."""
    return tuple(child for _, child in _children(db, run_id))


def _children(db: sqlite3.Connection, run_id: str) -> list[tuple[int, str]]:
    return db.execute(
        "SELECT id, run_id FROM runs WHERE parent_id = (SELECT id FROM runs WHERE run_id = ?) AND deleted_at IS NULL "
        "ORDER BY started_at, id",
        (run_id,),
    ).fetchall()


def count(db: sqlite3.Connection) -> int:
    """How many runs there are, archived ones included, deleted ones not."""
    number: int = db.execute("SELECT count(*) FROM runs WHERE deleted_at IS NULL").fetchone()[0]
    return number


def key_names(db: sqlite3.Connection, table: str) -> list[str]:
    """The names in use in 'params', 'metrics' or 'tags', sorted."""
    if table not in TABLES:
        raise ValueError(f"no table of names: {table!r}")
    rows = db.execute(f"SELECT name FROM keys k WHERE EXISTS (SELECT 1 FROM {table} WHERE key_id = k.id) ORDER BY name")
    return [row[0] for row in rows]


def experiments(db: sqlite3.Connection) -> list[Experiment]:
    """The experiments by name, without deleted ones."""
    from mlops_store.records import Experiment

    rows = db.execute(
        "SELECT id, name, created_at, description FROM experiments WHERE deleted_at IS NULL ORDER BY name"
    )
    return [Experiment(*row) for row in rows]


def _values(
    db: sqlite3.Connection, table: str, chosen: Sequence[int], wanted: Sequence[Column] | None
) -> dict[int, dict[str, Any]]:
    held = "last_value" if table == "metrics" else "value"
    keys = None if wanted is None else [one.key for one in wanted if one.table == table]
    if keys is not None and not keys:
        return {}
    arguments: tuple[Any, ...] = (_json(chosen),)
    only = ""
    if keys is not None:
        only = f"AND v.key_id IN (SELECT id FROM keys WHERE name IN ({','.join('?' * len(keys))})) "
        arguments += tuple(keys)
    elif table == "metrics" and _are_alike(db, chosen):
        only = f"AND v.key_id IN (SELECT key_id FROM metrics WHERE run_id IN {_OF_IDS}) "
        arguments *= 2
    rows = db.execute(
        f"SELECT v.run_id, k.name, v.{held} FROM {table} v JOIN keys k ON k.id = v.key_id "
        f"WHERE v.run_id IN {_OF_IDS} {only}",
        arguments,
    )
    nan = float("nan")
    if len(chosen) == 1:
        return {chosen[0]: {key: nan if value is None else value for _, key, value in rows}}
    values: dict[int, dict[str, Any]] = {}
    for run, key, value in rows:
        values.setdefault(run, {})[key] = nan if value is None else value
    return values


def _are_alike(db: sqlite3.Connection, chosen: Sequence[int]) -> bool:
    """Whether some runs, of which there are many, have most of all metrics: then they are read as they lie, by key."""
    if len(chosen) < _MANY_RUNS:
        return False
    all_of_them = f"SELECT {len(chosen)} * (SELECT count(*) FROM keys) < {_SPARSE} * count(*) FROM metrics "
    return bool(db.execute(f"{all_of_them} WHERE run_id IN {_OF_IDS}", (_json(chosen),)).fetchone()[0])
