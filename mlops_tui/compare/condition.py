"""From the terms of a filter to one SQL condition over the runs table, with every value bound.

The condition stands over alias ``r`` and is meant for ``mlops_store.runs.ids(where=…, arguments=…)``. Nothing that a
user typed becomes part of the statement's text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mlops_tui.compare.filter import Comparison, Entity, Term, Word, parse

# Two ids made within the same hours share their first digits: a shorter start would match nearly everything.
_SHORTEST_ID_START = 6

_COLUMNS = {
    "run_id": "r.run_id",
    "run_name": "r.name",
    "user_id": "r.user",
    "status": "r.status",
    "kind": "r.kind",
    "host": "r.host",
    "artifact_uri": "'mlflow-artifacts:/' || r.experiment_id || '/' || r.run_id || '/artifacts'",
    "experiment": "(SELECT e.name FROM experiments e WHERE e.id = r.experiment_id)",
    "start_time": "round(r.started_at * 1000)",
    "end_time": "round(r.ended_at * 1000)",
    "duration_s": "coalesce(r.ended_at, (julianday('now') - 2440587.5) * 86400.0) - r.started_at",
}
_KEY = "(SELECT id FROM keys WHERE name = ?)"


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL over alias ``r`` and the values of its question marks; empty when every run matches."""

    where: str = ""
    arguments: tuple[str | float, ...] = ()


def condition(text: str, *, strict: bool = False) -> Condition:
    """The SQL condition that a filter stands for.

    Args:
        text: The filter as typed; blank matches every run.
        strict: Exactly MLflow's grammar; see ``filter.parse``.

    Raises:
        FilterError: The filter is not understood.
    """
    return joined(parse(text, strict=strict))


def joined(terms: Iterable[Term]) -> Condition:
    """The SQL condition that is true where all the terms are."""
    pieces: list[str] = []
    arguments: list[str | float] = []
    for term in terms:
        piece, bound = _word(term) if isinstance(term, Word) else _comparison(term)
        pieces.append(f"({piece})")
        arguments += bound
    return Condition(" AND ".join(pieces), tuple(arguments))


_Piece = tuple[str, list[str | float]]


def _word(word: Word) -> _Piece:
    pattern = f"%{_like_escaped(word.text)}%"
    pieces = [
        r"r.name LIKE ? ESCAPE '\'",
        "r.status = ?",
        r"r.experiment_id IN (SELECT id FROM experiments WHERE name LIKE ? ESCAPE '\')",
        # MLflow's own tags hold diffs and commands: a word found there surprises
        "r.id IN (SELECT t.run_id FROM tags t JOIN keys k ON k.id = t.key_id WHERE k.name NOT GLOB 'mlflow.*' "
        r"AND (t.value LIKE ? ESCAPE '\' OR k.name LIKE ? ESCAPE '\'))",
    ]
    bound: list[str | float] = [pattern, word.text.upper(), pattern, pattern, pattern]
    if len(word.text) >= _SHORTEST_ID_START:
        pieces.append("r.run_id GLOB ?")
        bound.append(_glob_escaped(word.text.lower()) + "*")
    return " OR ".join(pieces), bound


def _comparison(term: Comparison) -> _Piece:
    if term.entity is Entity.ATTRIBUTE:
        return _compared(_COLUMNS[term.key], term)
    if term.entity is Entity.DATASET:
        column = "u.context" if term.key == "context" else f"d.{term.key}"
        piece, bound = _compared(column, term)
        join = "FROM run_datasets u JOIN datasets d ON d.id = u.dataset_id"
        return f"r.id IN (SELECT u.run_id {join} WHERE {piece})", bound
    if term.entity is Entity.METRIC:
        piece, bound = _compared("v.last_value", term)
        if term.operator == "!=":
            piece += " OR v.last_value IS NULL"  # NULL stands for NaN, which differs from every number
        return f"r.id IN (SELECT v.run_id FROM metrics v WHERE v.key_id = {_KEY} AND ({piece}))", [term.key, *bound]
    table = "params" if term.entity is Entity.PARAM else "tags"
    if term.operator in ("IS NULL", "IS NOT NULL"):
        inside = "NOT IN" if term.operator == "IS NULL" else "IN"
        return f"r.id {inside} (SELECT v.run_id FROM {table} v WHERE v.key_id = {_KEY})", [term.key]
    piece, bound = _compared("v.value", term)
    return f"r.id IN (SELECT v.run_id FROM {table} v WHERE v.key_id = {_KEY} AND {piece})", [term.key, *bound]


def _compared(column: str, term: Comparison) -> _Piece:
    value = term.value
    if isinstance(value, tuple):
        # one bound value however long the list: SQLite limits the number of question marks
        import json

        return f"{column} {term.operator} (SELECT value FROM json_each(?))", [json.dumps(value)]
    assert value is not None
    if term.operator == "LIKE":
        # SQLite's LIKE ignores case; MLflow's does not
        return f"{column} GLOB ?", [_glob_escaped(str(value)).replace("%", "*").replace("_", "?")]
    if term.operator == "ILIKE":
        return f"{column} LIKE ?", [value]
    return f"{column} {term.operator} ?", [value]


def _glob_escaped(text: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in text)


def _like_escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
