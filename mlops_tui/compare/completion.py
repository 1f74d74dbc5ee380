"""What may follow in a filter that is being typed: keys, operators, and values that the runs have.

Everything comes from indexes of the store, a few dozen rows at a time, so that 100,000 runs are no slower than ten.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile

from mlops_store.patterns import like_escaped
from mlops_store.records import RunKind, RunStatus
from mlops_tui.compare.comparison import AGGREGATES, DATASET_KEYS, TIMES, identifier, operators
from mlops_tui.compare.grammars import ENTITIES
from mlops_tui.compare.terms import TABLES, Entity
from mlops_tui.compare.tokens import FilterError, Token, tokens

#: Suggestions at most.
LIMIT = 50
#: Longer values are not offered: nobody reads them in a line.
_LONGEST = 120
#: Values looked at before it is given up that they are short enough.
_LOOKED_AT = 400
#: Of runs whose users and hosts are offered.
_RECENT = 2000

_ATTRIBUTES = {
    "status": "one of RUNNING, FINISHED, FAILED, KILLED, SCHEDULED",
    "run_name": "the name, in quotes",
    "start_time": "as in > -7d or >= '2026-03-01'",
    "end_time": "as in > -7d or >= '2026-03-01'",
    "duration_s": "as in > 5m",
    "experiment": "the name, in quotes",
    "kind": "run, pipeline or stage",
    "user": "in quotes",
    "host": "in quotes",
    "source": "in quotes",
    "git_commit": "in quotes",
    "run_id": "in quotes",
    "artifact_uri": "in quotes",
}
_COLUMNS = {"user_id": "user", "host": "host", "source": "source", "git_commit": "git_commit"}
_TIMES = ("-1h", "-1d", "-7d", "-30d")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The whole filter with one thing more, and a remark about that."""

    text: str
    note: str = ""


def suggestions(db: sqlite3.Connection, text: str) -> list[Suggestion]:
    """What a filter may go on with, the likeliest first; none where anything may follow.

    Args:
        db: A connection.
        text: What was typed so far.
    """
    if any("\ud800" <= character <= "\udfff" for character in text):
        return []  # half a character, which SQLite cannot be asked for
    found = islice(_following(db, text), LIMIT)
    return [Suggestion(text[:start] + added, note) for start, added, note in found]


_Added = tuple[int, str, str]


def _following(db: sqlite3.Connection, text: str) -> Iterator[_Added]:
    read, rest = _read(text)
    if rest is not None:
        # a quote is open: of a value, or of a key
        before = read[-1] if read else None
        if before is not None and before.end == rest and before.text.removesuffix(".") in ENTITIES:
            yield from _keys(db, before.text.removesuffix("."), text[rest + 1 :], before.position)
        elif left := _left_of_value(read):
            yield from _values(db, left, text[rest + 1 :], rest)
        return
    last = read[-1] if read else None
    if last is not None and last.kind == "name" and last.end == len(text):
        yield from _names(db, read, last)
    elif _is_called(read):
        yield from _called(db, "", len(text))
    elif left := _left_of_value(read):
        yield from _values(db, left, "", len(text))
    elif last is not None and last.kind in ("name", "close") and (found := _left_of_operator(read)):
        yield from ((len(text), f"{operator} ", "") for operator in operators(*found))


def _read(text: str) -> tuple[list[Token], int | None]:
    """The tokens, and where a quote begins that is not closed."""
    read: list[Token] = []
    try:
        read.extend(tokens(text))
    except FilterError as error:
        return (read, error.position) if error.is_open else ([], None)
    return read[:-1], None


def _names(db: sqlite3.Connection, read: list[Token], last: Token) -> Iterator[_Added]:
    """What the name at the end may become: an entity, an attribute, a key, a value, or a key within parentheses."""
    if left := _left_of_value(read[:-1]):
        yield from _values(db, left, last.text, last.position)
        return
    if _is_called(read[:-1]):
        yield from _called(db, last.text, last.position)
        return
    entity, dot, key = last.text.partition(".")
    if dot and entity in ENTITIES:
        yield from _keys(db, entity, key, last.position)
        return
    typed = last.text.lower()
    named = [(name, note) for name, note in _ATTRIBUTES.items() if name.startswith(typed)]
    yield from ((last.position, f"{name} ", note) for name, note in named)
    wholes = ("metrics.", "params.", "tags.", "datasets.")
    yield from ((last.position, whole, "") for whole in wholes if whole.startswith(typed))
    yield from ((last.position, f"{part}(", "of a metric") for part in AGGREGATES if part.startswith(typed))
    for whole in ("metrics", "params", "tags"):
        yield from _keys(db, whole, last.text, last.position)


def _is_called(read: list[Token]) -> bool:
    """Whether the tokens end in ``best(`` or its like."""
    return len(read) > 1 and read[-1].kind == "open" and read[-2].text.lower() in AGGREGATES


def _called(db: sqlite3.Connection, typed: str, position: int) -> Iterator[_Added]:
    """The metrics within the parentheses."""
    for _, added, note in _keys(db, "metrics", typed.removeprefix("metrics."), position):
        yield position, f"{added.removeprefix('metrics.').rstrip()}) ", note


def _keys(db: sqlite3.Connection, entity: str, typed: str, position: int) -> Iterator[_Added]:
    """The keys of an entity: those that begin with what was typed, then those that hold it."""
    kind = ENTITIES[entity]
    if kind not in TABLES:
        known = DATASET_KEYS if kind is Entity.DATASET else tuple(_ATTRIBUTES)
        yield from ((position, f"{entity}.{name} ", "") for name in known if name.startswith(typed))
        return
    typed = typed.strip("`\"'")
    start = like_escaped(typed) + "%"
    rows = db.execute(
        f"SELECT name FROM keys k WHERE name LIKE ? ESCAPE '\\' AND EXISTS "
        f"(SELECT 1 FROM {TABLES[kind]} WHERE key_id = k.id) ORDER BY name NOT LIKE ? ESCAPE '\\', "
        "name LIKE 'mlflow.%' OR name LIKE 'system/%', name LIMIT ?",
        (f"%{start}", start, LIMIT),
    )
    note = {"metrics": "metric", "params": "param", "tags": "tag"}[TABLES[kind]]
    yield from ((position, f"{entity}.{key} ", note) for (name,) in rows if (key := _quoted_key(name)))


def _quoted_key(name: str) -> str:
    """The key as it is typed; '' where it cannot be."""
    if not name.isprintable() or len(name) > _LONGEST:
        return ""
    if not any(character in " \"'`(),=<>!~" for character in name):
        return name
    quote = next((quote for quote in '`"' if quote not in name), "")
    return f"{quote}{name}{quote}" if quote else ""


def _left_of_operator(read: list[Token]) -> tuple[Entity, str] | None:
    """What the tokens at the end name, where an operator may follow."""
    if read and read[-1].kind == "close":
        return (Entity.METRIC, read[-2].text) if _is_called(read[:-2]) else None
    try:
        return identifier(read[-1], None) if read else None
    except FilterError:
        return None


def _left_of_value(read: list[Token]) -> tuple[Entity, str] | None:
    """What the value that comes next is compared with; None where none comes."""
    place = len(read)
    while place and (read[place - 1].kind == "comma" or read[place - 1].is_text_value):
        place -= 1
    is_list = place > 1 and read[place - 1].kind == "open" and read[place - 2].is_keyword("IN")
    if not is_list and place != len(read):
        return None
    place -= 1 if is_list else 0
    if not place or not (read[place - 1].kind == "operator" or read[place - 1].is_keyword("LIKE", "ILIKE", "IN")):
        return None
    place -= 1
    if place and read[place - 1].is_keyword("NOT"):
        place -= 1
    return _left_of_operator(read[:place])


def _values(db: sqlite3.Connection, left: tuple[Entity, str], typed: str, position: int) -> Iterator[_Added]:
    entity, key = left
    if entity is Entity.METRIC or key == "duration_s":
        return
    if entity is Entity.ATTRIBUTE and key in TIMES:
        yield from ((position, f"{span} ", "") for span in _TIMES if span.startswith(typed))
        return
    typed = typed.strip("\"'")
    for value in _starting(db, entity, key, typed):
        quote = "'" if "'" not in value else '"' if '"' not in value else ""
        if quote and value.isprintable() and len(value) <= _LONGEST:
            yield position, f"{quote}{value}{quote} ", ""


def _starting(db: sqlite3.Connection, entity: Entity, key: str, typed: str) -> Iterable[str]:
    if entity in (Entity.PARAM, Entity.TAG):
        return _from_index(db, TABLES[entity], "key_id = (SELECT id FROM keys WHERE name = ?)", "value", (key,), typed)
    if key == "run_name":
        return _from_index(db, "runs", "deleted_at IS NULL", "name", (), typed)
    if key == "run_id":
        return _from_index(db, "runs", "1", "run_id", (), typed)
    if entity is Entity.DATASET:
        table = "run_datasets" if key == "context" else "datasets"
        rows = db.execute(f"SELECT DISTINCT {key} FROM {table} ORDER BY 1 LIMIT {_LOOKED_AT}").fetchall()
    elif key == "experiment":
        rows = db.execute("SELECT name FROM experiments WHERE deleted_at IS NULL ORDER BY name").fetchall()
    elif key in _COLUMNS:
        rows = db.execute(
            f"SELECT DISTINCT value FROM (SELECT {_COLUMNS[key]} AS value FROM runs WHERE deleted_at IS NULL "
            f"ORDER BY started_at DESC LIMIT {_RECENT}) WHERE value IS NOT NULL ORDER BY value"
        ).fetchall()
    else:
        known = {"status": RunStatus, "kind": RunKind}.get(key, ())
        return [value for value in map(str, known) if value.startswith(typed)]
    return [value for (value,) in rows if value.startswith(typed)]


def _from_index(
    db: sqlite3.Connection, table: str, where: str, column: str, arguments: tuple[str, ...], typed: str
) -> Iterator[str]:
    """Different values from a text on, each found by one look into the index."""
    rows = db.execute(
        f"WITH RECURSIVE found(value) AS (SELECT min({column}) FROM {table} WHERE {where} AND {column} >= ? UNION ALL "
        f"SELECT (SELECT min({column}) FROM {table} WHERE {where} AND {column} > found.value) FROM found "
        f"WHERE found.value IS NOT NULL) SELECT value FROM found WHERE value IS NOT NULL LIMIT {_LOOKED_AT}",
        (*arguments, typed, *arguments),
    )
    return takewhile(lambda value: value.startswith(typed), (row[0] for row in rows))


__all__ = ["LIMIT", "Suggestion", "suggestions"]
