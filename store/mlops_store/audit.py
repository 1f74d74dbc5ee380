"""The append-only, hash-chained audit log.

Triggers refuse UPDATE and DELETE; how an entry that was changed all the same is found is ``audit_chain``'s.

Owns the table ``audit`` and who is named as the actor. Knows nothing of what the acts mean.
"""

from __future__ import annotations

import json
import math
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from mlops_store.audit_chain import COLUMNS, GENESIS, hashed
from mlops_store.database import writing
from mlops_store.processes import user
from mlops_store.records import AuditEntry
from mlops_store.texts import storable

_ORIGIN_CHARACTERS = 64
_asked_from: ContextVar[Callable[[], str] | None] = ContextVar("asked_from", default=None)
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def append(
    db: sqlite3.Connection,
    *,
    action: str,
    subject: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    actor: str | None = None,
    at: float | None = None,
) -> AuditEntry:
    """The new entry, written in the caller's transaction so that act and record stand or fall together.

    Args:
        db: The connection of ``store.write()``.
        action: What was done, ``noun.verb``: ``model.promote``.
        subject: To what: ``model:churn/3``.
        before: The state that the act changed, JSON values; non-finite numbers are kept as text.
        after: The same after the act.
        reason: The person's own words.
        actor: Who did it; the operating system's user by default.
        at: When, Unix seconds; now by default.
    """
    states = _plain(before or {}), _plain(after or {})
    with writing(db):
        last = db.execute("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1").fetchone()
        number, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
        at = time.time() if at is None else float(at)
        who, host, where = storable(actor or user()), os.uname().nodename, origin()
        subject, reason = storable(subject), storable(reason)
        texts = [_ENCODER.encode(state) if state else "{}" for state in states]
        row: tuple[Any, ...] = (number, at, who, host, where, action, subject, *texts, reason, previous)
        digest = hashed(*row)
        db.execute(
            f"INSERT INTO audit ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, digest),
        )
    return AuditEntry(number, at, who, host, where, action, subject, *states, reason, previous, digest)


def entries(
    db: sqlite3.Connection,
    *,
    subject: str | None = None,
    actor: str | None = None,
    action: str | None = None,
    since: float | None = None,
    until: float | None = None,
    limit: int = -1,
    newest_first: bool = True,
) -> Iterator[AuditEntry]:
    """The entries, read as they are asked for.

    Args:
        db: A connection.
        subject: Only entries on this subject or on a part of it: ``model:churn`` finds ``model:churn/3`` too.
        actor: Only what this user did.
        action: Only this act (``model.promote``), or all of a noun (``model``).
        since: Only from then on, Unix seconds.
        until: Only up to then, Unix seconds.
        limit: How many at most; -1 for all.
        newest_first: False gives them in the order in which they were written.
    """
    conditions: list[tuple[str, tuple[object, ...]]] = []
    if subject is not None:
        # a range finds the parts by the index: '0' is the character after '/'
        conditions.append(("(subject = ? OR (subject >= ? AND subject < ?))", (subject, subject + "/", subject + "0")))
    if actor is not None:
        conditions.append(("actor = ?", (actor,)))
    if action is not None:
        conditions.append(("(action = ? OR (action >= ? AND action < ?))", (action, action + ".", action + "/")))
    if since is not None:
        conditions.append(("at >= ?", (since,)))
    if until is not None:
        conditions.append(("at <= ?", (until,)))
    where = "WHERE " + " AND ".join(condition for condition, _ in conditions) if conditions else ""
    arguments = [value for _, values in conditions for value in values]
    order = "DESC" if newest_first else "ASC"
    rows = db.execute(f"SELECT {COLUMNS} FROM audit {where} ORDER BY id {order} LIMIT ?", (*arguments, limit))
    return (_entry(row) for row in rows)


def newest(db: sqlite3.Connection, limit: int = 100, subject: str | None = None) -> list[AuditEntry]:
    """The newest entries first; see ``entries``."""
    return list(entries(db, subject=subject, limit=limit))


def head(db: sqlite3.Connection) -> str:
    """The hash of the last entry; ``GENESIS`` when there is none."""
    row = db.execute("SELECT hash FROM audit ORDER BY id DESC LIMIT 1").fetchone()
    return str(row[0]) if row else GENESIS


def find(db: sqlite3.Connection, entry_id: int) -> AuditEntry | None:
    """The entry of that id, None when there is none."""
    row = db.execute(f"SELECT {COLUMNS} FROM audit WHERE id = ?", (entry_id,)).fetchone()
    return _entry(row) if row else None


def among(db: sqlite3.Connection, ids: Sequence[int]) -> list[AuditEntry]:
    """The entries of these ids, in no order."""
    chosen = ",".join(map(str, map(int, ids)))
    return [_entry(row) for row in db.execute(f"SELECT {COLUMNS} FROM audit WHERE id IN ({chosen})")]


def of_subjects(db: sqlite3.Connection, subjects: Iterable[str], *nouns: str) -> dict[str, list[AuditEntry]]:
    """Subject -> what was done to exactly that, in order; of the acts only those of some nouns (``approval``)."""
    wanted = " OR ".join("action >= ? AND action < ?" for _ in nouns) or "TRUE"
    found: dict[str, list[AuditEntry]] = {}
    for row in db.execute(
        f"SELECT {COLUMNS} FROM audit WHERE subject IN (SELECT value FROM json_each(?)) AND ({wanted}) ORDER BY id",
        (json.dumps([*subjects]), *(f"{noun}{end}" for noun in nouns for end in "./")),
    ):
        entry = _entry(row)
        found.setdefault(entry.subject, []).append(entry)
    return found


def _plain(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state as it reads back: text for NaN and infinities, which JSON does not have, and for other keys."""
    return {str(key): _plain_value(value) for key, value in state.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return _plain(value)
    if isinstance(value, list | tuple):
        return [_plain_value(item) for item in value]
    return value


def _entry(row: tuple[Any, ...]) -> AuditEntry:
    number, at, actor, host, where, action, subject, before, after, reason, previous, digest = row[:12]
    return AuditEntry(
        number, at, actor, host, where, action, subject, _state(before), _state(after), reason, previous, digest
    )


def _state(text: str) -> Mapping[str, Any]:
    try:
        state = json.loads(text)
    except ValueError:
        state = None
    # an entry that was tampered with is shown as it stands; ``verify`` names it
    return state if isinstance(state, dict) else {"unreadable": text}


@contextmanager
def asked_from(where: Callable[[], str]) -> Iterator[None]:
    """Lets entries in the context be of another origin: a server's client. It is worked out when an entry needs it."""
    token = _asked_from.set(where)
    try:
        yield
    finally:
        _asked_from.reset(token)


def origin() -> str:
    """The address of the client of a server or of an SSH session, else "local"."""
    asked = _asked_from.get()
    if asked is not None:
        return storable(asked()[:_ORIGIN_CHARACTERS])
    words = os.environ.get("SSH_CONNECTION", "").split()
    return storable(words[0][:_ORIGIN_CHARACTERS]) if words else "local"
