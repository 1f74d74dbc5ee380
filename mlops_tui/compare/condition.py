"""From the terms of a filter to one SQL condition over the runs table, with every value bound.

The condition is meant for ``mlops_store.runs.ids(condition=…)``. Nothing that a user typed becomes part of the
statement's text.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlops_store.run_conditions import Condition, either, every, key_condition, opposite, plain
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
_OF_KEY = "v.key_id = (SELECT id FROM keys WHERE name = ?)"
_INDEXED = ("=", "<", ">", "<=", ">=", "IN")


def condition(text: str, *, strict: bool = False) -> Condition:
    """The condition that a filter stands for.

    Args:
        text: The filter as typed; blank matches every run.
        strict: Exactly MLflow's grammar; see ``filter.parse``.

    Raises:
        FilterError: The filter is not understood.
    """
    return joined(parse(text, strict=strict))


def joined(terms: Iterable[Term]) -> Condition:
    """The condition that holds where all the terms do."""
    return every(_word(term) if isinstance(term, Word) else _comparison(term) for term in terms)


_Piece = tuple[str, list[str | float]]


def _word(word: Word) -> Condition:
    pattern = f"%{_like_escaped(word.text)}%"
    pieces = [
        plain(r"r.name LIKE ? ESCAPE '\'", pattern),
        plain("r.status = ?", word.text.upper()),
        plain(r"r.experiment_id IN (SELECT id FROM experiments WHERE name LIKE ? ESCAPE '\')", pattern),
        # MLflow's own tags hold diffs and commands: a word found there surprises
        key_condition(
            "tags v JOIN keys k ON k.id = v.key_id",
            r"k.name NOT GLOB 'mlflow.*' AND (v.value LIKE ? ESCAPE '\' OR k.name LIKE ? ESCAPE '\')",
            (pattern, pattern),
        ),
    ]
    if len(word.text) >= _SHORTEST_ID_START:
        pieces.append(plain("r.run_id GLOB ?", _glob_escaped(word.text.lower()) + "*"))
    return either(pieces)


def _comparison(term: Comparison) -> Condition:
    if term.entity is Entity.ATTRIBUTE:
        piece, bound = _compared(_COLUMNS[term.key], term)
        return plain(piece, *bound)
    if term.entity is Entity.DATASET:
        piece, bound = _compared("v.context" if term.key == "context" else f"d.{term.key}", term)
        return key_condition("run_datasets v JOIN datasets d ON d.id = v.dataset_id", piece, bound)
    if term.operator in ("IS NULL", "IS NOT NULL"):
        has_key = key_condition("params v" if term.entity is Entity.PARAM else "tags v", _OF_KEY, [term.key])
        return opposite(has_key) if term.operator == "IS NULL" else has_key
    is_indexed = term.operator in _INDEXED
    if term.entity is Entity.METRIC:
        piece, bound = _compared("v.last_value", term)
        if term.operator == "!=":
            piece = f"({piece} OR v.last_value IS NULL)"  # NULL stands for NaN, which differs from every number
        return key_condition("metrics v", f"{_OF_KEY} AND {piece}", [term.key, *bound], is_indexed=is_indexed)
    table = "params v" if term.entity is Entity.PARAM else "tags v"
    piece, bound = _compared("v.value", term)
    return key_condition(table, f"{_OF_KEY} AND {piece}", [term.key, *bound], is_indexed=is_indexed)


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
