"""What was done to models along time: the entries of the audit log on versions, newest first, by number.

Reads only. Which entries there are is answered by indexes alone; the few that are looked at are read by number.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterator, Sequence

from mlops_store import audit
from mlops_store.records import AuditEntry

#: What the verdicts of gates stand in, as the index ``audit_with_gates`` has it.
_GATES = "instr(after, '\"gates\":') > 0"

#: What can be asked for -> the acts.
KINDS = {
    "stages": "action >= 'model.' AND action < 'model/'",
    "approvals": "action >= 'approval.' AND action < 'approval/'",
    "gates": _GATES,
    "overrides": f"{_GATES} AND instr(after, '\"override\":')",
    "rollbacks": "action = 'model.rollback'",
    "aliases": "action >= 'alias.' AND action < 'alias/'",
    "traffic": "action >= 'traffic.' AND action < 'traffic/'",
}
#: What every act on a model or version begins with.
NOUNS = ("alias", "approval", "gate", "model", "traffic")
_AT_ONCE = 500
_TEXT = "lower(subject || ' ' || action || ' ' || actor || ' ' || origin || ' ' || reason || ' ' || after)"


def numbers(
    db: sqlite3.Connection,
    *,
    model: str = "",
    version: int | None = None,
    kind: str = "",
    nouns: Sequence[str] = NOUNS,
    words: Sequence[str] = (),
    since: float | None = None,
    until: float | None = None,
    limit: int = -1,
) -> array[int]:
    """The numbers of the entries on models, newest first.

    Args:
        db: A connection.
        model: Only on this model and its versions; "" for all.
        version: Only on this version of the model.
        kind: A key of ``KINDS``; "" for all.
        nouns: What the acts begin with; none for the whole log, acts on other things than models included.
        words: Only entries that have each of these in them, in lower case.
        since: Only from then on, Unix seconds.
        until: Only up to then, Unix seconds.
        limit: How many at most; -1 for all.
    """
    conditions: list[str] = []
    arguments: list[object] = []
    for word in words:
        conditions.append(f"instr({_TEXT}, ?)")
        arguments.append(word)
    for comparison, at in ((">=", since), ("<=", until)):
        if at is not None:
            conditions.append(f"at {comparison} ?")
            arguments.append(at)
    if limit >= 0:
        # few are wanted: from the end of the log on, whatever the indexes say
        if nouns:
            condition, subjects = _about(model, version, "+subject")
            conditions.append(condition)
            arguments += subjects
        conditions += [KINDS[kind]] if kind else []
        arguments.append(limit)
        query = f"SELECT id FROM audit NOT INDEXED WHERE {' AND '.join(conditions) or 'TRUE'} ORDER BY id DESC LIMIT ?"
    else:
        if model:
            condition, subjects = _about(model, version, "subject")
            conditions.append(condition)
            arguments += subjects
        ranges = [KINDS[kind]] if kind else [f"action >= '{noun}.' AND action < '{noun}/'" for noun in nouns]
        if (model and not kind) or not ranges:
            ranges = ["TRUE"]
        query = " UNION ALL ".join(f"SELECT id FROM audit WHERE {' AND '.join([*conditions, one])}" for one in ranges)
        arguments *= len(ranges)
    # one text of all numbers is several times faster than a row for each
    found = json.loads(db.execute(f"SELECT json_group_array(id) FROM ({query})", arguments).fetchone()[0])
    found.sort(reverse=True)
    return array("q", found)


def _about(model: str, version: int | None, column: str) -> tuple[str, tuple[str, ...]]:
    """What a subject must be like, and what that is compared with."""
    if model and version is not None:
        return f"{column} = ?", (f"model:{model}/{version}",)
    between = f"{column} >= ? AND {column} < ?"
    if not model:
        return between, ("model:", "model;")
    return f"({column} = ? OR ({between}))", (f"model:{model}", f"model:{model}/", f"model:{model}0")


def read(db: sqlite3.Connection, chosen: Sequence[int]) -> Iterator[AuditEntry]:
    """The entries of these numbers in the given order, read some hundreds at a time."""
    for place in range(0, len(chosen), _AT_ONCE):
        some = chosen[place : place + _AT_ONCE]
        found = {entry.id: entry for entry in audit.among(db, some)}
        yield from (found[number] for number in some if number in found)


def across(db: sqlite3.Connection, number: int, at: float, by: int) -> int | None:
    """The nearest entry on the other side of a time, None when there is none.

    Args:
        db: A connection.
        number: The entry to begin from.
        at: Unix seconds.
        by: 1 for the newest entry before the time, -1 for the oldest one from then on.
    """
    where = "id < ? AND at < ? ORDER BY id DESC" if by > 0 else "id > ? AND at >= ? ORDER BY id"
    row = db.execute(f"SELECT id FROM audit WHERE {where} LIMIT 1", (number, at)).fetchone()
    return int(row[0]) if row else None
