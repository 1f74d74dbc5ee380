"""The append-only, hash-chained audit log.

Each entry's hash is the SHA-256 of its canonical JSON, which holds every field and the hash before it: an entry that
was edited, removed, inserted or moved breaks the chain at its place. Triggers refuse UPDATE and DELETE. Who can write
the file can still rewrite the whole chain; only a signature kept elsewhere would show that.

Owns the table ``audit`` and who is named as the actor. Knows nothing of what the acts mean.
"""

from __future__ import annotations

import json
import math
import os
import sqlite3
import time
from collections.abc import Mapping
from hashlib import sha256
from json.encoder import encode_basestring_ascii as quote
from typing import Any

from mlops_store.database import writing
from mlops_store.processes import user
from mlops_store.records import AuditEntry
from mlops_store.texts import storable

#: What stands as the previous hash in the first entry.
GENESIS = "0" * 64

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
_COLUMNS = "id, at, actor, host, origin, action, subject, before, after, reason, previous_hash, hash"


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
        texts = [_ENCODER.encode(state) for state in states]
        row: tuple[Any, ...] = (number, at, who, host, where, action, subject, *texts, reason, previous)
        digest = _hash(*row)
        db.execute(
            f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, digest),
        )
    return AuditEntry(number, at, who, host, where, action, subject, *states, reason, previous, digest)


def newest(db: sqlite3.Connection, limit: int = 100, subject: str | None = None) -> list[AuditEntry]:
    """The newest entries first.

    Args:
        db: A connection.
        limit: How many at most.
        subject: Only entries on this subject or on a part of it: ``model:churn`` finds ``model:churn/3`` too.
    """
    where, arguments = "", []
    if subject is not None:
        # a range finds the parts by the index: '0' is the character after '/'
        where, arguments = (
            "WHERE subject = ? OR (subject >= ? AND subject < ?)",
            [subject, subject + "/", subject + "0"],
        )
    rows = db.execute(f"SELECT {_COLUMNS} FROM audit {where} ORDER BY id DESC LIMIT ?", (*arguments, limit))
    return [_entry(row) for row in rows]


def find(db: sqlite3.Connection, entry_id: int) -> AuditEntry | None:
    """The entry of that id, None when there is none."""
    row = db.execute(f"SELECT {_COLUMNS} FROM audit WHERE id = ?", (entry_id,)).fetchone()
    return _entry(row) if row else None


def verify(db: sqlite3.Connection) -> int | None:
    """The id of the first entry that is not as it was written, or None when the log is intact.

    For a removed entry it is the id of the missing one. Entries cut off at the end are found as far as stage changes
    refer to them.
    """
    previous, number = GENESIS, 0
    # valid JSON inside keeps two different rows from having the same canonical text
    query = f"SELECT json_valid(before) AND json_valid(after), {_COLUMNS} FROM audit ORDER BY id"
    try:
        for (
            is_json,
            entry_id,
            at,
            actor,
            host,
            where,
            action,
            subject,
            before,
            after,
            reason,
            linked,
            digest,
        ) in db.execute(query):
            number += 1
            if (
                entry_id != number
                or linked != previous
                or not is_json
                or digest != _hash(entry_id, at, actor, host, where, action, subject, before, after, reason, linked)
            ):
                return number
            previous = digest
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
        return number + 1  # bytes that are no text
    cut = db.execute(
        "SELECT 1 FROM stage_changes AS c WHERE c.audit_id > ? AND NOT EXISTS "
        "(SELECT 1 FROM audit WHERE audit.id = c.audit_id) LIMIT 1",
        (number,),
    ).fetchone()
    return number + 1 if cut else None


def _plain(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state as it reads back: text for NaN and infinities, which JSON does not have, and for other keys."""
    return {str(key): _plain_value(value) for key, value in state.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return _plain(value)
    if isinstance(value, list | tuple):
        return [_plain_value(item) for item in value]
    return value


def _hash(
    number: int,
    at: float,
    actor: str,
    host: str,
    where: str,
    action: str,
    subject: str,
    before: str,
    after: str,
    reason: str,
    previous: str,
) -> str:
    """The SHA-256 of an entry's canonical JSON: sorted keys, no spaces, ASCII.

    Put together by hand because ``json.dumps`` takes four times as long.
    """
    try:
        text = (
            f'{{"action":{quote(action)},"actor":{quote(actor)},"after":{after},"at":{at!r},"before":{before},'
            f'"host":{quote(host)},"id":{number},"origin":{quote(where)},"previous_hash":{quote(previous)},'
            f'"reason":{quote(reason)},"subject":{quote(subject)}}}'
        )
    except TypeError:  # a NULL where a text was written
        return ""
    return sha256(text.encode()).hexdigest()


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


def origin() -> str:
    """The client's address when this is an SSH session, else "local"."""
    words = os.environ.get("SSH_CONNECTION", "").split()
    return storable(words[0][:64]) if words else "local"
