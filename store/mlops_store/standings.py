"""Which version of a model stood in which stage, and which alias named it, after any entry of the audit log.

Time travel goes by entries rather than by the clock: the log's order is what happened, whatever the clock said.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Sequence
from typing import NamedTuple


class Standing(NamedTuple):
    """Where a version stood.

    Attributes:
        model: The model.
        version: The version.
        stage: The stage it was in.
        since: When it had come there, Unix seconds.
        actor: Who had moved it there.
        reason: Why, in the person's own words.
        audit_id: The entry that says so.
        aliases: The aliases that named it.
    """

    model: str
    version: int
    stage: str
    since: float
    actor: str
    reason: str
    audit_id: int
    aliases: tuple[str, ...] = ()


#: The acts that change where a version stands or what names it.
_ACTS = "(action >= 'model.' AND action < 'model/' OR action >= 'alias.' AND action < 'alias/')"


#: Models of which the acts on aliases are read one by one, rather than those of all.
_FEW = 8


def entry_at(db: sqlite3.Connection, at: float) -> int:
    """The number of the last entry that was written up to a time (Unix seconds); 0 before the first."""
    return int(db.execute("SELECT coalesce(max(id), 0) FROM audit WHERE at <= ?", (at,)).fetchone()[0])


def step(db: sqlite3.Connection, entry: int, by: int, model: str | None = None) -> int | None:
    """The entry of the next act on the registry after an entry (``by`` 1) or before it (-1); None at either end.

    Args:
        db: A connection.
        entry: Where to step from; 0 stands before the first entry.
        by: 1 or -1.
        model: Only acts on this model.
    """
    compared, order = (">", "ASC") if by > 0 else ("<", "DESC")
    low, high = (f"model:{model}/", f"model:{model}0") if model else ("model:", "model;")
    row = db.execute(
        f"SELECT id FROM audit WHERE id {compared} ? AND subject >= ? AND subject < ? AND {_ACTS} "
        f"ORDER BY id {order} LIMIT 1",
        (entry, low, high),
    ).fetchone()
    return int(row[0]) if row else None


def after(db: sqlite3.Connection, entry: int, *, model: str | None = None) -> list[Standing]:
    """Where every version stood after an entry of the audit log, by model, the newest version first.

    Args:
        db: A connection.
        entry: The number of the entry; 0 for before the first.
        model: Only the versions of this model.
    """
    return list(read(db, entry, numbers(db, entry, model=model)).values())


def numbers(db: sqlite3.Connection, entry: int, *, model: str | None = None) -> array[int]:
    """The numbers of the versions that there were after an entry; arguments and order as ``after`` has them."""
    # a version that was deleted since stood there all the same
    found = db.execute(
        f"""
        SELECT json_group_array(id) FROM (
            SELECT v.id FROM registered_models AS m JOIN model_versions AS v ON v.model_id = m.id
             WHERE {"TRUE" if model is None else "m.name = ?"}
                   AND EXISTS (SELECT 1 FROM stage_changes WHERE version_id = v.id AND audit_id <= ?)
             ORDER BY m.name, v.version DESC)
        """,
        (entry,) if model is None else (model, entry),
    )
    return array("q", json.loads(found.fetchone()[0]))


def read(db: sqlite3.Connection, entry: int, chosen: Sequence[int]) -> dict[int, Standing]:
    """Number -> where that version stood after an entry, in the given order.

    Args:
        db: A connection.
        entry: The number of the entry.
        chosen: Numbers of versions, see ``numbers``.
    """
    stood: dict[int, Standing] = {
        row[0]: Standing(*row[1:])
        for row in db.execute(
            f"""
            SELECT v.id, m.name, v.version, c.to_stage, c.at, a.actor, a.reason, c.audit_id
              FROM model_versions AS v JOIN registered_models AS m ON m.id = v.model_id
              JOIN stage_changes AS c ON c.id =
                   (SELECT id FROM stage_changes WHERE version_id = v.id AND audit_id <= ?
                     ORDER BY audit_id DESC, id DESC LIMIT 1)
              JOIN audit AS a ON a.id = c.audit_id
             WHERE v.id IN ({",".join(map(str, map(int, chosen)))})
            """,
            (entry,),
        )
    }
    owners = {one.model for one in stood.values()}
    named: dict[tuple[str, int], list[str]] = {}
    for owner in owners if len(owners) <= _FEW else (None,):
        named |= _aliases(db, entry, owner)
    return {
        number: one._replace(aliases=tuple(sorted(named.get((one.model, one.version), ()))))
        for number in chosen
        if (one := stood.get(number)) is not None
    }


def _aliases(db: sqlite3.Connection, entry: int, model: str | None) -> dict[tuple[str, int], list[str]]:
    """(Model, version) -> the aliases that named it after an entry."""
    low, high = (f"model:{model}/", f"model:{model}0") if model else ("model:", "model;")
    names: dict[tuple[str, str], int | None] = {}
    # the plus keeps SQLite from the wrong index: few acts are on a model, of all few on aliases
    on, act = ("subject", "+action") if model else ("+subject", "action")
    for subject, text in db.execute(
        f"SELECT subject, after FROM audit WHERE +id <= ? AND {on} >= ? AND {on} < ? "
        f"AND {act} >= 'alias.' AND {act} < 'alias/' ORDER BY id",
        (entry, low, high),
    ):
        try:
            state = json.loads(text)
            name, version = str(state["alias"]), state["version"]
        except (ValueError, TypeError, KeyError):
            continue  # tampered with: ``audit_chain.verify`` names it
        names[subject.removeprefix("model:").rpartition("/")[0], name] = version
    found: dict[tuple[str, int], list[str]] = {}
    for (owner, name), version in names.items():
        if version is not None:
            found.setdefault((owner, version), []).append(name)
    return found
