"""Which runs a list has, in order: how they are found soon in a store of 100,000.

There are three ways. Where few runs match one part of the condition, an index gives those, and they are asked for the
rest. Else a walk along the index of the order asks each run until enough are found. Where that takes long, because few
match or they lie far along, all matches are found as sets. ``run_lists`` reads what is shown of them.
"""

from __future__ import annotations

import json
import sqlite3
import time
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from mlops_store import run_drivers, run_outlooks
from mlops_store.run_columns import NEWEST, Order
from mlops_store.run_conditions import OF_KEY, Condition, every, key_condition, opposite, plain
from mlops_store.run_outlooks import Outlook
from mlops_store.run_walks import Walk, Wanted, by_attribute, sections

KINDS = ("run", "pipeline", "stage")

_NEWEST = "r.started_at DESC, r.id DESC"
_NOT_HIDDEN = "r.deleted_at IS NULL AND r.archived_at IS NULL"
# the same without a look at the row of each run
_NOT_HIDDEN_BY_ID = (
    "r.id NOT IN (SELECT id FROM runs INDEXED BY runs_hidden WHERE deleted_at IS NOT NULL OR archived_at IS NOT NULL)"
)
#: Fewer matches than this are sorted, rather than looked up along the order of a key.
_FEW = 2000
#: Steps of SQLite's machine, some 0.2 ms, after which that time is looked at.
_STEPS = 20_000
#: Runs that are looked at for a condition when the order has to be sorted for: so many times as should do, and at most.
_FURTHER, _AHEAD = 3, 10_000
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
    driver = run_drivers.few(db, condition)
    outlook = None if driver or limit is None else run_outlooks.first_look(db, condition, seen, limit)
    if outlook and outlook.is_tried and (found := _walked(db, condition, seen, order, outlook)) is not None:
        return found
    if driver is None and condition.drivers:
        driver = run_drivers.fewest(db, condition, limit, outlook.share if outlook else 1.0)
    if driver is not None:
        few, left, arguments = run_drivers.driven(condition, driver)
        return _sorted(db, every([few, seen]), left, arguments, order, limit)
    if limit is not None and not (outlook and outlook.is_tried):
        outlook = run_outlooks.second_look(db, condition, seen, order, limit)
        if outlook.is_tried and (found := _walked(db, condition, seen, order, outlook)) is not None:
            return found
    if order[0].column.table:
        return _by_key(db, condition, seen, order, limit)
    return _sorted(db, seen, condition.sets, condition.arguments, order, limit)


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


def among(ids: Sequence[int]) -> Condition:
    """The condition that a run has one of these numbers."""
    return plain("r.id IN (SELECT value FROM json_each(?))", json.dumps(list(ids)), needs_row=False)


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
    db: sqlite3.Connection, condition: Condition, seen: Condition, order: Sequence[Order], outlook: Outlook
) -> array[int] | None:
    """The first runs by walks along indexes that ask each run; None without such an index, or where that is slow."""
    wanted, limit = _wanted(seen, condition, condition.probes), outlook.limit
    patience = outlook.patience_s
    if not order[0].column.table:
        if order[0].column == NEWEST[0].column:  # whose index has what is seen
            wanted = Wanted(_both(seen.sets, condition.probes), wanted.arguments)
        statement = by_attribute(order, wanted, limit)
        return None if statement is None else _patient(db, patience, *statement)
    walks = sections(order, condition.ranges)
    if not walks[0].is_ordered:
        return _ahead(db, walks[0], condition, seen, outlook)
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


def _ahead(
    db: sqlite3.Connection, walk: Walk, condition: Condition, seen: Condition, outlook: Outlook
) -> array[int] | None:
    """The first runs of a walk that sorts, if they are among the first of it without the condition."""
    limit, is_by_id = outlook.limit, seen.sets == _NOT_HIDDEN
    anyone = Wanted(_NOT_HIDDEN_BY_ID if is_by_id else "", needs_row=False)
    if is_by_id and not condition.probes:
        found = _numbers(db, *walk.statement(anyone, limit), limit)
    else:
        first = _numbers(db, *walk.statement(anyone, min(_AHEAD, int(_FURTHER * limit / outlook.share))), None)
        where = _both(seen.sets, condition.probes) or "1"
        sql = f"SELECT r.id FROM json_each(?) j CROSS JOIN runs r ON r.id = j.value WHERE {where}"
        arguments = (json.dumps(list(first)), *seen.arguments, *condition.arguments)
        matching = set(_numbers(db, sql, arguments, None))
        found = array("q", [number for number in first if number in matching][:limit])
    return found if len(found) == limit else None


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
    matching, arguments = _both(seen.sets, condition.sets) or "1", (*seen.arguments, *condition.arguments)
    walks = sections(order, condition.ranges)
    if limit is not None:
        few = _numbers(db, f"SELECT r.id FROM runs r WHERE {matching} LIMIT {_FEW + 1}", arguments, None)
        if len(few) <= _FEW:
            return _sorted(db, among(few), "", (), order, limit)
        wanted = Wanted(f"r.id IN (SELECT r.id FROM runs r WHERE {matching})", arguments, needs_row=False)
        first = _numbers(db, *walks[0].statement(wanted, limit), limit)
        if len(first) == limit:
            return first
    listed = _sorted(db, seen, condition.sets, condition.arguments, (*order[1:], *NEWEST), None)
    chosen = among(listed)
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


__all__ = ["KINDS", "among", "ids", "visible"]
