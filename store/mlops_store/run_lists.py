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
import time
from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mlops_store.run_columns import NEWEST, TABLES, Column, Order, column
from mlops_store.run_conditions import OF_KEY, Arguments, Condition, every, key_condition, opposite, plain
from mlops_store.run_walks import Wanted, by_attribute, sections

if TYPE_CHECKING:
    from mlops_store.records import Experiment, Run

KINDS = ("run", "pipeline", "stage")

_NEWEST = "r.started_at DESC, r.id DESC"
_NOT_HIDDEN = "r.deleted_at IS NULL AND r.archived_at IS NULL"
# the same without a look at the row of each run
_NOT_HIDDEN_BY_ID = (
    "r.id NOT IN (SELECT id FROM runs INDEXED BY runs_hidden WHERE deleted_at IS NOT NULL OR archived_at IS NOT NULL)"
)
#: Fewer matches of a key than this are read first, and the rest of the condition is asked of them.
_FEW = 2000
#: So are more where they are less than one in so many runs, and as long as counting them takes less than a moment.
_DRIVEN, _MOST_COUNTED = 10, 20_000
#: How much longer a look at the row of a run takes than one at an index.
_ROW = 2
#: Seconds of processor time after which runs are no longer asked one by one, where it is not known how many match,
#: and where many are expected to.
_PATIENCE_S, _HOPEFUL_S = 0.005, 0.015
#: Steps of SQLite's machine, some 0.2 ms, after which that time is looked at.
_STEPS = 20_000
#: Runs whose values are read by one statement, whose text may have a million bytes.
_CHUNK = 5000
#: From so many runs on all their metrics are read by key, unless that asks for so many times what there is.
_MANY_RUNS, _SPARSE = 60, 4
#: From so many numbers on they come as one text, which SQLite makes without waiting for Python.
_MANY = 500


def ids(
    db: sqlite3.Connection,
    *,
    condition: Condition = Condition(),  # noqa: B008
    order: Sequence[Order] = NEWEST,
    kinds: Sequence[str] = KINDS,
    include_deleted: bool = False,
    include_archived: bool = False,
    limit: int | None = None,
) -> array[int]:
    """The store's numbers of the runs of a list, in order.

    Args:
        db: A connection.
        condition: Which runs.
        order: By what; then the newest first.
        kinds: Which kinds of run.
        include_deleted: Deleted runs too.
        include_archived: Archived runs too.
        limit: At most so many; None for all.
    """
    seen = visible(kinds, include_deleted, include_archived)
    if limit == 0:
        return array("q")
    if (driver := _driver(db, condition, limit)) is not None:
        few, left, arguments = _driven(condition, driver)
        return _sorted(db, every([few, seen]), left, arguments, order, limit)
    if limit is not None and (found := _walked(db, condition, seen, order, limit)) is not None:
        return found
    if order[0].column.table:
        return _by_key(db, condition, seen, order, limit)
    return _sorted(db, seen, condition.sets, condition.arguments, order, limit)


def count_matches(
    db: sqlite3.Connection,
    *,
    condition: Condition = Condition(),  # noqa: B008
    kinds: Sequence[str] = KINDS,
    include_deleted: bool = False,
    include_archived: bool = False,
    at_most: int | None = None,
) -> int:
    """How many runs a list has; ``at_most`` where there are more, so that counting ends early."""
    wanted = every([visible(kinds, include_deleted, include_archived), condition])
    few = "" if at_most is None else f" LIMIT {int(at_most)}"
    sql = f"SELECT count(*) FROM (SELECT 1 FROM runs r WHERE {wanted.sets or '1'}{few})"
    number: int = db.execute(sql, wanted.arguments).fetchone()[0]
    return number


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


def visible(kinds: Sequence[str] = KINDS, include_deleted: bool = False, include_archived: bool = False) -> Condition:
    """The condition that a run is of one of the kinds and neither deleted nor archived."""
    if not include_deleted and not include_archived:
        parts = [_NOT_HIDDEN]
    else:
        parts = ["r.deleted_at IS NULL"] * (not include_deleted) + ["r.archived_at IS NULL"] * (not include_archived)
    if set(kinds) != set(KINDS):
        parts.append(f"r.kind IN ({','.join('?' * len(kinds))})")
        return plain(" AND ".join(parts), *kinds)
    return plain(" AND ".join(parts))


def by_ids(db: sqlite3.Connection, ids: Sequence[int], *, keys: Iterable[str] | None = None) -> list[Run]:
    """The runs of these numbers in the given order; numbers of no run are left out.

    Args:
        db: A connection.
        ids: The store's own numbers.
        keys: The only ``params.KEY``, ``metrics.KEY`` and ``tags.KEY`` to read, for runs with thousands of them; None
            for all.
    """
    wanted = None if keys is None else [column(name) for name in keys]
    found = _runs(db, f"r.id IN ({','.join(map(str, map(int, ids)))})", (), wanted, TABLES)
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
    from mlops_store.records import Run, RunKind, RunStatus

    rows = db.execute(
        "SELECT r.id, r.run_id, r.name, e.name, r.kind, r.status, r.started_at, r.ended_at, p.run_id, r.user, r.host, "
        "r.source, r.git_commit, r.git_dirty, r.exit_code, r.archived_at, r.deleted_at FROM runs r "
        "JOIN experiments e ON e.id = r.experiment_id LEFT JOIN runs p ON p.id = r.parent_id "
        f"WHERE {where}",
        arguments,
    ).fetchall()
    chosen = ",".join([str(row[0]) for row in rows])
    values = {table: _values(db, table, chosen, len(rows), wanted) for table in tables}
    nothing: dict[str, Any] = {}
    params, metrics, tags = (values.get(table, nothing) for table in TABLES)
    return {
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
            params=params.get(row[0], nothing),
            metrics=metrics.get(row[0], nothing),
            tags=tags.get(row[0], nothing),
        )
        for row in rows
    }


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


def among(ids: Sequence[int]) -> Condition:
    """The condition that a run has one of these numbers."""
    return plain("r.id IN (SELECT value FROM json_each(?))", _json(ids), needs_row=False)


def _json(ids: Sequence[int]) -> str:
    return json.dumps(list(ids))


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
    if table not in TABLES:
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


def _driver(db: sqlite3.Connection, condition: Condition, limit: int | None) -> tuple[str, Arguments] | None:
    """The part of a condition that the fewest runs match, if asking those for the rest is quicker than asking all."""
    if not condition.drivers:
        return None
    total = db.execute("SELECT coalesce(max(id), 0) FROM runs").fetchone()[0]
    most = max(_FEW, min(total // _DRIVEN, _MOST_COUNTED))
    best, least, share = None, most, 1.0
    for sql, arguments in condition.drivers:
        count = db.execute(f"SELECT count(*) FROM ({sql} LIMIT {most})", arguments).fetchone()[0]
        if count < most:
            share *= count / total if total else 0.0
        if count < least:
            best, least = (sql, arguments), count
    # where many match, a walk along the order finds enough of them before all are looked at
    is_walked = limit is not None and least > (_ROW if condition.needs_row else 1) * limit / max(share, 1e-9)
    return None if is_walked else best


def _driven(condition: Condition, driver: tuple[str, Arguments]) -> tuple[Condition, str, Arguments]:
    """The runs of a driver as a condition, and what is left to be asked of their rows."""
    sql, arguments = driver
    if condition.needs_row:
        return plain(f"r.id IN ({sql})", *arguments), condition.probes, condition.arguments
    # all is asked before the rows are looked at, which takes longest
    few = f"r.id IN (SELECT r.id FROM (SELECT NULL AS id WHERE 0 UNION ALL {sql}) r WHERE {condition.probes})"
    return plain(few, *arguments, *condition.arguments), "", ()


def _statement(seen: Condition, condition: str, order: Sequence[Order], limit: int | None) -> str:
    where = _both(seen.sets, condition)
    joins = "".join(one.column.join(f"o{place}") for place, one in enumerate(order))
    terms = [one.terms(f"o{place}") for place, one in enumerate(order)]
    if order[-1].column == NEWEST[0].column:
        terms.append("r.id DESC" if order[-1].is_descending else "r.id")
    elif len(order) == 1 and order[0].column.table:
        terms += [order[0].tie("o0"), _NEWEST]
    else:
        terms.append(_NEWEST)
    few = "" if limit is None else f" LIMIT {int(limit)}"
    return f"SELECT r.id FROM runs r{joins} WHERE {where or '1'} ORDER BY {', '.join(terms)}{few}"


def _sorted(
    db: sqlite3.Connection,
    seen: Condition,
    condition: str,
    arguments: Sequence[Any],
    order: Sequence[Order],
    limit: int | None,
) -> array[int]:
    keys = [key for one in order for key in one.column.arguments]
    return _numbers(db, _statement(seen, condition, order, limit), (*keys, *seen.arguments, *arguments), limit)


def _walked(
    db: sqlite3.Connection, condition: Condition, seen: Condition, order: Sequence[Order], limit: int
) -> array[int] | None:
    """The first runs by walks along indexes that ask each run; None without such an index, or where that is slow."""
    wanted = _wanted(seen, condition, condition.probes)
    patience = _HOPEFUL_S if condition.drivers else _PATIENCE_S
    if not order[0].column.table:
        if order[0].column == NEWEST[0].column:  # whose index has what is seen
            wanted = Wanted(_both(seen.sets, condition.probes), wanted.arguments)
        statement = by_attribute(order, wanted, limit)
        return None if statement is None else _patient(db, patience, *statement)
    walks = sections(order)
    if not walks[0].is_ordered:
        return None
    found = array("q")
    for walk in walks:
        some = _patient(db, patience, *walk.statement(wanted, limit - len(found)))
        if some is None:
            return None
        found.extend(some)
        if len(found) == limit:
            return found
    then = (*order[1:], *NEWEST)
    without = opposite(key_condition(f"{order[0].column.table} v", OF_KEY, (order[0].column.key,)))
    sql = _statement(seen, _both(condition.probes, without.probes), then, limit - len(found))
    of_keys = (key for one in then for key in one.column.arguments)
    others = _patient(db, patience, sql, (*of_keys, *wanted.arguments, *without.arguments))
    return None if others is None else found + others


def _wanted(seen: Condition, condition: Condition, form: str) -> Wanted:
    """What is seen of a list and meets the condition in one of its forms."""
    is_by_id = not condition.needs_row and seen.sets == _NOT_HIDDEN
    shown = _NOT_HIDDEN_BY_ID if is_by_id else seen.sets
    return Wanted(_both(shown, form), (*seen.arguments, *condition.arguments), needs_row=not is_by_id)


def _both(*conditions: str) -> str:
    return " AND ".join(f"({one})" for one in conditions if one)


def _by_key(
    db: sqlite3.Connection, condition: Condition, seen: Condition, order: Sequence[Order], limit: int | None
) -> array[int]:
    """Runs with a value in the order of the index on it, then the others, newest first."""
    walks = sections(order)
    if limit is not None and not walks[0].is_ordered:
        wanted = _wanted(seen, condition, condition.sets)
        if wanted.needs_row:
            wanted = Wanted(f"r.id IN (SELECT r.id FROM runs r WHERE {wanted.sql})", wanted.arguments, needs_row=False)
        first = _numbers(db, *walks[0].statement(wanted, limit), limit)
        if len(first) == limit:
            return first
    listed = _sorted(db, seen, condition.sets, condition.arguments, (*order[1:], *NEWEST), None)
    chosen = among(listed)
    if len(listed) <= _FEW:
        return _sorted(db, chosen, "", (), order, limit)
    wanted = Wanted(chosen.sets, chosen.arguments, needs_row=False)
    if not condition.sets and seen.sets == _NOT_HIDDEN:
        wanted = Wanted(_NOT_HIDDEN_BY_ID, needs_row=False)
    found = array("q")
    for walk in walks:
        left = None if limit is None else limit - len(found)
        if left == 0:
            return found
        found.extend(_numbers(db, *walk.statement(wanted, left), left))
    known = set(found)
    found.extend(number for number in listed if number not in known)
    return found if limit is None else found[:limit]


def _patient(db: sqlite3.Connection, patience_s: float, sql: str, arguments: Sequence[Any]) -> array[int] | None:
    """The numbers, or None when SQLite has not found them soon."""
    end = time.thread_time() + patience_s
    db.set_progress_handler(lambda: time.thread_time() > end, _STEPS)
    try:
        return array("q", [row[0] for row in sqlite3.Connection.execute(db, sql, tuple(arguments)).fetchall()])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return None
    finally:
        db.set_progress_handler(None, 0)


def _numbers(db: sqlite3.Connection, sql: str, arguments: Iterable[Any], limit: int | None) -> array[int]:
    if limit is not None and limit <= _MANY:
        return array("q", [row[0] for row in db.execute(sql, tuple(arguments)).fetchall()])
    # one text instead of a row each: a tenth of the time, and other threads run meanwhile
    text = db.execute(f"SELECT json_group_array(id) FROM ({sql})", tuple(arguments)).fetchone()[0]
    return array("q", json.loads(text))


def _values(
    db: sqlite3.Connection, table: str, chosen: str, count: int, wanted: Sequence[Column] | None
) -> dict[int, dict[str, Any]]:
    held = "last_value" if table == "metrics" else "value"
    keys = None if wanted is None else [one.key for one in wanted if one.table == table]
    if keys is not None and not keys:
        return {}
    if keys is not None:
        only = f"AND v.key_id IN (SELECT id FROM keys WHERE name IN ({','.join('?' * len(keys))})) "
    elif table == "metrics" and _are_alike(db, chosen, count):
        only = f"AND v.key_id IN (SELECT key_id FROM metrics WHERE run_id IN ({chosen})) "
    else:
        only = ""
    rows = db.execute(
        f"SELECT v.run_id, k.name, v.{held} FROM {table} v JOIN keys k ON k.id = v.key_id "
        f"WHERE v.run_id IN ({chosen}) {only}",
        keys or (),
    )
    nan = float("nan")
    if chosen.isdecimal():  # of one run only
        return {int(chosen): {key: nan if value is None else value for _, key, value in rows}}
    values: dict[int, dict[str, Any]] = {}
    for run, key, value in rows:
        values.setdefault(run, {})[key] = nan if value is None else value
    return values


def _are_alike(db: sqlite3.Connection, chosen: str, count: int) -> bool:
    """Whether some runs, of which there are many, have most of all metrics: then they are read as they lie, by key."""
    if count < _MANY_RUNS:
        return False
    all_of_them = f"SELECT {count} * (SELECT count(*) FROM keys) < {_SPARSE} * count(*) FROM metrics "
    return bool(db.execute(f"{all_of_them} WHERE run_id IN ({chosen})").fetchone()[0])
