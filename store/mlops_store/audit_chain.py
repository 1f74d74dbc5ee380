"""The chain of hashes through the audit log, and how a log that was tampered with is found out.

An entry's hash is the SHA-256 of its canonical JSON (sorted keys, no spaces, ASCII), which holds every field and the
hash before it: an entry that was edited, removed, inserted or moved breaks the chain at its place. Who can write the
file can still write the whole chain anew; a hash that was noted down elsewhere, a *head*, shows that too.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from json.encoder import encode_basestring_ascii as quote
from typing import Any, NamedTuple

#: What stands as the previous hash in the first entry.
GENESIS = "0" * 64

COLUMNS = "id, at, actor, host, origin, action, subject, before, after, reason, previous_hash, hash"

#: What is wrong with the first bad entry -> in words.
PROBLEMS: Mapping[str, str] = {
    "edited": "is not as it was written",
    "missing": "is missing",
    "relinked": "does not follow from the entry before it, which was replaced, or one was put in between",
    "unreadable": "holds bytes that are no text",
    "cut off": "is missing at the end, while a stage change refers to it",
    "head": "is not in the log, though this hash was noted as its head once",
}


class Break(NamedTuple):
    """Where a log is broken.

    Attributes:
        entry_id: The first bad entry; 0 where a noted head is not in the log.
        problem: A key of ``PROBLEMS``.
        head: The noted head that is not there, else "".
    """

    entry_id: int
    problem: str
    head: str = ""

    def __str__(self) -> str:
        name = f"the head {self.head}" if self.problem == "head" else f"entry {self.entry_id}"
        return f"{name} {PROBLEMS[self.problem]}"


class Verdict(NamedTuple):
    """What verifying found.

    Attributes:
        entries: How many entries are good, from the first on.
        head: The hash of the last good one; ``GENESIS`` when there is none.
        broken: The first bad one; None when the log is intact.
    """

    entries: int
    head: str
    broken: Break | None


#: The fields of an entry in the order of ``COLUMNS``, before whether both states are valid JSON.
_Row = tuple[Any, ...]


#: What a line is that holds no entry.
_NO_ROW: _Row = (False, *[None] * 12)


def verify(db: sqlite3.Connection, heads: Collection[str] = ()) -> Verdict:
    """Whether the log is as it was written.

    Entries cut off at the end are found as far as stage changes refer to them.

    Args:
        db: A connection.
        heads: Hashes that were the log's head once.
    """
    # valid JSON inside keeps two different rows from having the same canonical text
    query = f"SELECT json_valid(before) AND json_valid(after), {COLUMNS} FROM audit ORDER BY id"
    verdict = _verified(db.execute(query), heads)
    if verdict.broken is None or verdict.broken.problem == "head":
        cut = db.execute(
            "SELECT 1 FROM stage_changes AS c WHERE c.audit_id > ? AND NOT EXISTS "
            "(SELECT 1 FROM audit WHERE audit.id = c.audit_id) LIMIT 1",
            (verdict.entries,),
        ).fetchone()
        if cut:
            return verdict._replace(broken=Break(verdict.entries + 1, "cut off"))
    return verdict


def verify_lines(lines: Iterable[str], heads: Collection[str] = ()) -> Verdict:
    """The same for an exported log, one JSON object a line; see ``exported``."""
    return _verified(map(_row, lines), heads)


def exported(row: _Row) -> str:
    """A row (in the order of ``COLUMNS``) as one line of an exported log: its canonical JSON, and its hash.

    Without the key ``hash`` the line is what was hashed. States that somebody made unprintable are quoted.
    """
    states = [text if text.isascii() and text.isprintable() else quote(text) for text in row[7:9]]
    return f'{canonical(*row[:7], *states, *row[9:11])[:-1]},"hash":{quote(row[11])}}}'


def rows(db: sqlite3.Connection) -> Iterable[_Row]:
    """The log as it is stored, in the order of ``COLUMNS``, the oldest entry first."""
    return db.execute(f"SELECT {COLUMNS} FROM audit ORDER BY id")


def _row(line: str) -> _Row:
    try:
        entry = json.loads(line, object_pairs_hook=_object)
        if len(entry) != len(COLUMNS.split(",")):
            return _NO_ROW
        texts = (json.dumps(entry[key], sort_keys=True, separators=(",", ":")) for key in ("before", "after"))
        before, after = texts
        return (
            True,
            *(entry[key] for key in ("id", "at", "actor", "host", "origin", "action", "subject")),
            *(before, after, entry["reason"], entry["previous_hash"], entry["hash"]),
        )
    except (ValueError, TypeError, KeyError):
        return _NO_ROW


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; a name that stands in it twice would show a reader what was not hashed."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _verified(rows: Iterable[_Row], heads: Collection[str]) -> Verdict:
    previous, number, missing = GENESIS, 0, {head.lower() for head in heads}
    try:
        for is_json, entry_id, at, actor, host, where, action, subject, before, after, reason, linked, digest in rows:
            if (
                entry_id != number + 1
                or linked != previous
                or not is_json
                or digest != hashed(entry_id, at, actor, host, where, action, subject, before, after, reason, linked)
            ):
                return Verdict(number, previous, Break(number + 1, _problem(number + 1, entry_id, linked, previous)))
            number, previous = number + 1, digest
            if missing:
                missing.discard(digest)
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
        return Verdict(number, previous, Break(number + 1, "unreadable"))
    missing.discard(GENESIS)
    return Verdict(number, previous, Break(0, "head", min(missing)) if missing else None)


def _problem(expected: int, entry_id: object, linked: object, previous: str) -> str:
    if isinstance(entry_id, int) and entry_id > expected:
        return "missing"
    return "edited" if linked == previous or not isinstance(linked, str) else "relinked"


def hashed(*fields: Any) -> str:
    """The SHA-256 of an entry's canonical JSON; "" when a field is not what an entry can hold.

    Args:
        fields: The columns of ``COLUMNS`` up to ``previous_hash``; the states as JSON text.
    """
    try:
        text = canonical(*fields)
    except TypeError:  # a NULL where a text was written
        return ""
    return sha256(text.encode()).hexdigest()


def canonical(
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
    """An entry's canonical JSON. Put together by hand because ``json.dumps`` takes four times as long."""
    return (
        f'{{"action":{quote(action)},"actor":{quote(actor)},"after":{after},"at":{at!r},"before":{before},'
        f'"host":{quote(host)},"id":{number},"origin":{quote(where)},"previous_hash":{quote(previous)},'
        f'"reason":{quote(reason)},"subject":{quote(subject)}}}'
    )
