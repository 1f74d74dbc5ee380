"""From the terms of a filter to one SQL condition over the runs table, with every value bound.

The condition is meant for ``mlops_store.runs.ids(condition=…)``. Nothing that a user typed becomes part of the
statement's text.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from mlops_store.patterns import like_escaped, literal
from mlops_store.run_columns import ARTIFACT_URI, PARTS, Column
from mlops_store.run_conditions import (
    OF_KEY,
    Condition,
    Driver,
    Range,
    either,
    every,
    indexed,
    key_condition,
    of_runs,
    opposite,
    plain,
)
from mlops_tui.compare.filter import parse
from mlops_tui.compare.grammars import RUNS
from mlops_tui.compare.terms import NULLS, PATTERNS, TABLES, Ago, AllOf, AnyOf, Comparison, Entity, Not, Term, Word
from mlops_tui.config import Config

# Two ids made within the same hours share their first digits: a shorter start would match nearly everything.
_SHORTEST_ID_START = 6

_COLUMNS = {
    "run_id": "r.run_id",
    "run_name": "r.name",
    "user_id": "r.user",
    "status": "r.status",
    "kind": "r.kind",
    "host": "r.host",
    "git_commit": "r.git_commit",
    "source": "r.source",
    "artifact_uri": ARTIFACT_URI,
    "experiment": "(SELECT e.name FROM experiments e WHERE e.id = r.experiment_id)",
    "start_time": "round(r.started_at * 1000)",
    "end_time": "round(r.ended_at * 1000)",
    "duration_s": "coalesce(r.ended_at, (julianday('now') - 2440587.5) * 86400.0) - r.started_at",
}
#: The tags of all runs, key by key, so that those of a key which is not asked are passed over at once.
_TAGS = "SELECT v.run_id AS id FROM keys k CROSS JOIN tags v ON v.key_id = k.id"
_INDEXED_ATTRIBUTES = ("run_id", "run_name", "status")
_INDEXED = ("=", "<", ">", "<=", ">=", "IN")

Goal = Callable[[str], str]


def condition(text: str, *, strict: bool = False, goal: Goal | None = None) -> Condition:
    """The condition that a filter stands for.

    Args:
        text: The filter as typed; blank matches every run.
        strict: Exactly MLflow's grammar of runs; see ``filter.parse``.
        goal: Whether 'max' or 'min' of a metric is its best (``Config.goal``); guessed from its name by default.

    Raises:
        FilterError: The filter is not understood.
    """
    return of_term(parse(text, strict=RUNS if strict else None), goal or Config().goal)


def of_term(term: Term, goal: Goal) -> Condition:
    """The condition that holds where a term does."""
    if isinstance(term, AllOf):
        return every(_together(term.terms, goal))
    if isinstance(term, AnyOf):
        return either(of_term(one, goal) for one in term.terms)
    if isinstance(term, Not):
        if isinstance(term.term, AnyOf):  # none of them: each is asked by itself, the quickest first
            return every(opposite(of_term(one, goal)) for one in term.term.terms)
        return opposite(of_term(term.term, goal))
    if isinstance(term, Word):
        return _word(term)
    return _comparison(term, goal)


def _word(word: Word) -> Condition:
    pattern = f"%{like_escaped(word.text)}%"
    named = r"name LIKE ? ESCAPE '\'"
    # MLflow's own tags hold diffs and commands: a word found there surprises
    tagged = rf"k.name NOT GLOB 'mlflow.*' AND (v.value LIKE ? ESCAPE '\' OR k.{named})"
    pieces = [
        # each different name is looked at once, where all runs are asked
        replace(
            plain(f"r.{named}", pattern),
            sets=f"r.name IN (SELECT name FROM (SELECT DISTINCT name FROM runs LIMIT -1) WHERE {named})",
            drivers=(of_runs(f"r.{named}", pattern, is_scan=True),),
        ),
        indexed("r.status = ?", word.text.upper()),
        indexed(f"r.experiment_id IN (SELECT id FROM experiments WHERE {named})", pattern),
        replace(
            key_condition("tags v JOIN keys k ON k.id = v.key_id", tagged, (pattern, pattern)),
            sets=f"+r.id IN ({_TAGS} WHERE {tagged})",
            drivers=(Driver(f"{_TAGS} WHERE {tagged}", (pattern, pattern), is_whole=True, is_scan=True),),
        ),
    ]
    if len(word.text) >= _SHORTEST_ID_START:
        start = word.text.lower()
        ids = "SELECT id FROM runs WHERE run_id >= ? AND run_id < ?"
        bound = (start, start + chr(0x10FFFF))
        is_id = plain(f"+r.id IN ({ids})", *bound, needs_row=False)
        pieces.append(replace(is_id, drivers=(Driver(ids, bound, is_whole=True),)))
    return either(pieces)


def _together(terms: Iterable[Term], goal: Goal) -> Iterator[Condition]:
    """The conditions of terms that must all hold; what is asked of one key, as a range of it is, is asked at once."""
    of_keys: dict[tuple[Entity, str], list[Comparison]] = {}
    for term in terms:
        if isinstance(term, Comparison) and term.entity in TABLES and term.operator not in NULLS + PATTERNS:
            of_keys.setdefault((term.entity, term.key), []).append(term)
        else:
            yield of_term(term, goal)
    for (entity, key), comparisons in of_keys.items():
        yield _of_key(entity, key, comparisons, goal)


def _comparison(term: Comparison, goal: Goal) -> Condition:
    if term.entity is Entity.ATTRIBUTE:
        piece, bound = compared(_COLUMNS[term.key], term)
        if term.key == "run_name" and term.operator in PATTERNS:
            return replace(plain(piece, *bound), sets=_among("name", "runs", "", term, "r.name"))
        is_found = term.operator in ("=", "IN") and term.key in _INDEXED_ATTRIBUTES
        return indexed(piece, *bound) if is_found else plain(piece, *bound)
    if term.entity is Entity.DATASET:
        if term.operator in NULLS:
            return _has(key_condition("run_datasets v", "1", ()), term)
        piece, bound = compared("v.context" if term.key == "context" else f"d.{term.key}", term)
        return key_condition("run_datasets v JOIN datasets d ON d.id = v.dataset_id", piece, bound)
    table = TABLES[term.entity]
    if term.operator in NULLS:
        return _has(key_condition(f"{table} v", OF_KEY, [term.key]), term)
    if term.operator in PATTERNS:
        # asked of each different value once, where all runs are asked
        among = _among("value", table, f"WHERE {OF_KEY.replace('v.', '')}", term, "v.value")
        piece, bound = compared("v.value", term)
        return key_condition(
            f"{table} v",
            f"{OF_KEY} AND {OF_KEY} AND {piece}",
            [term.key, term.key, *bound],
            as_set=f"{OF_KEY} AND {among}",
        )
    return _of_key(term.entity, term.key, [term], goal)


def _of_key(entity: Entity, key: str, terms: Sequence[Comparison], goal: Goal) -> Condition:
    """That the value of one key meets all of some comparisons."""
    pieces, arguments, is_indexed = [OF_KEY], list[str | float]([key]), False
    for term in terms:
        piece, bound, has_index = _metric(term, goal) if entity is Entity.METRIC else _text(term)
        pieces.append(piece)
        arguments += bound
        is_indexed = is_indexed or has_index
    found = replace(
        key_condition(f"{TABLES[entity]} v", " AND ".join(pieces), arguments, is_indexed=is_indexed),
        ranges=tuple(one for term in terms if (one := _range(term, goal)) is not None),
    )
    if entity is not Entity.METRIC or is_indexed:
        return found
    beyond = [driver for term in terms if (driver := _beyond(term, goal)) is not None]
    if beyond and len(terms) == 1:
        return replace(found, sets=f"+r.id IN ({beyond[0].sql})", drivers=(replace(beyond[0], is_whole=True),))
    return replace(found, drivers=tuple(beyond))


def _range(term: Comparison, goal: Goal) -> Range | None:
    """The numbers that a comparison asks for, where they are one stretch of all."""
    if term.operator not in ("=", "<", ">", "<=", ">=") or not isinstance(term.value, float):
        return None
    if term.entity is Entity.TAG or term.value != term.value:
        return None
    part = goal(term.key) if term.part == "best" else term.part
    return Range(Column(TABLES[term.entity], term.key, part), f"{{0}} {term.operator} ?", (term.value,))


def _beyond(term: Comparison, goal: Goal) -> Driver | None:
    """The runs whose greatest value is above one, or the least below it, by the indexes on what has them.

    Where a last value is beyond, so is the extreme, whether it is the last value or another.
    """
    part = goal(term.key) if term.part == "best" else term.part
    if term.operator not in {"max": (">", ">="), "min": ("<", "<=")}.get(part, ()) or term.value != term.value:
        return None
    of_key = "FROM asked CROSS JOIN metrics v INDEXED BY metrics_{0} WHERE v.key_id = asked.key AND v.{0}_value {1} x"
    sql = (
        "SELECT id FROM (WITH asked(key, x) AS (SELECT (SELECT id FROM keys WHERE name = ?), ?) "
        f"SELECT v.run_id AS id {of_key.format(part, term.operator)} "
        f"UNION ALL SELECT v.run_id {of_key.format('last', term.operator)})"
    )
    return Driver(sql, (term.key, *compared("", term)[1]))


def _text(term: Comparison) -> tuple[str, list[str | float], bool]:
    """A comparison of a param or tag as SQL over ``v``, its arguments, and whether an index finds what it holds for."""
    is_number = isinstance(term.value, float) or (isinstance(term.value, tuple) and isinstance(term.value[0], float))
    piece, bound = compared("v.number" if is_number else "v.value", term)
    if is_number and term.operator in ("!=", "NOT IN"):
        piece = f"({piece} OR v.number IS NULL)"  # text differs from every number
    return piece, bound, term.operator in _INDEXED


def _metric(term: Comparison, goal: Goal) -> tuple[str, list[str | float], bool]:
    """The same of a metric."""
    part = goal(term.key) if term.part == "best" else term.part
    column = PARTS[part].format("v")
    if term.value != term.value:
        # NULL stands for NaN, with which nothing else can be asked
        return {"=": f"{column} IS NULL", "!=": f"{column} IS NOT NULL"}.get(term.operator, "0"), [], False
    piece, bound = compared(column, term)
    if term.operator in ("!=", "NOT IN"):
        piece = f"({piece} OR {column} IS NULL)"  # NaN differs from every number
    return piece, bound, part == "last" and term.operator in _INDEXED


def _among(name: str, table: str, where: str, term: Comparison, column: str) -> str:
    """That a column has one of the different values that a pattern is found in; its arguments are ``_searched``'s."""
    found, _ = _searched(name, term)
    # the limit keeps SQLite from asking before it has made them different
    return f"{column} IN (SELECT {name} FROM (SELECT DISTINCT {name} FROM {table} {where} LIMIT -1) WHERE {found})"


def _searched(column: str, term: Comparison) -> tuple[str, list[str | float]]:
    """That a pattern is found in a column, or is not, and the values of the question marks."""
    pattern, negation = str(term.value), "NOT " if term.operator == "!~" else ""
    first = literal(pattern)
    if not first:
        return f"{negation}matches_pattern({column}, ?)", [pattern]
    return f"{negation}CASE instr({column}, ?) WHEN 0 THEN 0 ELSE matches_pattern({column}, ?) END", [first, pattern]


def _has(has_key: Condition, term: Comparison) -> Condition:
    return opposite(has_key) if term.operator == "IS NULL" else has_key


def compared(column: str, term: Comparison) -> tuple[str, list[str | float]]:
    """A comparison of a column as SQL, and the values of its question marks."""
    value, operator = term.value, term.operator
    if operator in NULLS:
        return f"{column} {operator}", []
    if isinstance(value, tuple) and isinstance(value[0], float):
        return f"{column} {operator} ({', '.join('?' * len(value))})", list(value)
    if isinstance(value, tuple):
        # one bound value however long the list: SQLite limits the number of question marks
        import json

        return f"{column} {operator} (SELECT value FROM json_each(?))", [json.dumps(value)]
    if isinstance(value, Ago):
        value = (time.time() - value.seconds) * 1000
    assert value is not None
    if operator in PATTERNS:
        return _searched(column, term)
    if operator == "LIKE":
        # SQLite's LIKE ignores case; MLflow's does not
        return f"{column} GLOB ?", [_glob_escaped(str(value)).replace("%", "*").replace("_", "?")]
    if operator == "ILIKE":
        return f"{column} LIKE ?", [value]
    return f"{column} {operator} ?", [value]


def _glob_escaped(text: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in text)
