"""The filter language of run lists: MLflow's run filter grammar, plus bare words.

Owns the way from text to terms; ``compare.condition`` turns terms into SQL. Knows neither store nor screen.

Source:
    MLflow 3.17, ``mlflow/utils/search_utils.py`` (the grammar and its entity aliases).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mlops_store.errors import nearest
from mlops_tui.compare.tokens import NUMBER, PLAIN_KEY, FilterError, Token, shown, tokens, unquoted

#: More conditions than anybody types; keeps SQLite's expression depth far from its limit.
MAX_TERMS = 200
#: SQLite refuses patterns of more than 50,000 bytes.
MAX_PATTERN = 10_000


class Entity(StrEnum):
    """What the left side of a comparison names, in MLflow's words."""

    METRIC = "metric"
    PARAM = "parameter"
    TAG = "tag"
    ATTRIBUTE = "attribute"
    DATASET = "dataset"


@dataclass(frozen=True, slots=True)
class Comparison:
    """``entity.key operator value``; aliases are resolved and keywords upper case.

    ``value`` is a number for metrics and times (milliseconds), a string, a tuple for IN, None for IS NULL.
    """

    entity: Entity
    key: str
    operator: str
    value: str | float | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word: part of the name, the experiment or a tag, the start of the id, or a whole status."""

    text: str


Term = Comparison | Word

_ENTITIES = {
    **dict.fromkeys(("metric", "metrics"), Entity.METRIC),
    **dict.fromkeys(("parameter", "parameters", "param", "params"), Entity.PARAM),
    **dict.fromkeys(("tag", "tags"), Entity.TAG),
    **dict.fromkeys(("attribute", "attributes", "attr", "run"), Entity.ATTRIBUTE),
    **dict.fromkeys(("dataset", "datasets"), Entity.DATASET),
}
_MLFLOW_ATTRIBUTES = {
    **{name: name for name in ("run_id", "run_name", "user_id", "status", "artifact_uri", "start_time", "end_time")},
    **dict.fromkeys(("created", "Created"), "start_time"),
    **dict.fromkeys(("run name", "Run name", "Run Name"), "run_name"),
}
# What our lists show and MLflow has no word for; refused in strict mode.
_OUR_ATTRIBUTES = {
    "name": "run_name",
    "user": "user_id",
    **{name: name for name in ("experiment", "kind", "host", "duration_s")},
}
_NUMERIC_ATTRIBUTES = ("start_time", "end_time", "duration_s")
_DATASET_KEYS = ("name", "digest", "context")

_NUMERIC = (">", ">=", "!=", "=", "<", "<=")
_TEXT = ("=", "!=", "LIKE", "ILIKE")
_LISTS = ("IN", "NOT IN")
_NULLS = ("IS NULL", "IS NOT NULL")
_KEYWORDS = ("LIKE", "ILIKE", "IN", "IS", "RLIKE", "REGEXP", "BETWEEN")


def parse(text: str, *, strict: bool = False) -> tuple[Term, ...]:
    """The conditions that a run must all meet; none for an empty filter.

    Args:
        text: The filter as typed.
        strict: Exactly MLflow's grammar, as its clients expect: no bare words, no attributes of ours.

    Raises:
        FilterError: With the position of the first thing that is not understood.
    """
    return tuple(_Parser(text, strict).terms())


class _Parser:
    def __init__(self, text: str, strict: bool) -> None:
        self._tokens = list(tokens(text))
        self._next = 0
        self._strict = strict

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._token
        if token.kind != "end":
            self._next += 1
        return token

    def terms(self) -> Iterator[Term]:
        count, is_joined = 0, True
        while self._token.kind != "end":
            if self._token.is_keyword("AND"):
                # MLflow takes any number of ANDs anywhere; a person who types so has left something out.
                if is_joined and not self._strict:
                    raise self._token.error("a condition is missing before AND")
                self._take()
                is_joined = True
                continue
            count, is_joined = count + 1, False
            if count > MAX_TERMS:
                raise self._token.error(f"more than {MAX_TERMS} conditions")
            yield self._term()
        if is_joined and count and not self._strict:
            raise self._token.error("a condition is missing after AND")

    def _term(self) -> Term:
        token = self._take()
        if token.is_keyword("OR", "NOT") or token.kind in ("open", "close"):
            raise token.error(f"{token.text} is not understood here", "conditions are joined by AND")
        if token.kind in ("comma", "operator") or token.is_keyword(*_KEYWORDS):
            raise token.error(f"{token.text} has nothing on its left to compare")
        if self._at_operator():
            return self._comparison(token)
        return self._word(token)

    def _at_operator(self) -> bool:
        token = self._token
        if token.is_keyword("NOT"):
            return self._tokens[self._next + 1].is_keyword(*_KEYWORDS)
        return token.kind == "operator" or token.is_keyword(*_KEYWORDS)

    def _word(self, token: Token) -> Word:
        text = unquoted(token.text)
        entity, dot, _ = token.text.partition(".")
        if dot and unquoted(entity) in _ENTITIES:
            raise FilterError(f"{shown(token.text)} is compared with nothing", token.end, hint="add an operator: = > …")
        if self._strict or not text:
            raise token.error(f"{shown(token.text)} is no comparison", "write entity.key operator value")
        return Word(text)

    def _comparison(self, left: Token) -> Comparison:
        entity, key = self._identifier(left)
        is_number = entity is Entity.METRIC or (entity is Entity.ATTRIBUTE and key in _NUMERIC_ATTRIBUTES)
        operator = self._operator(left, _operators(entity, key, is_number))
        if operator in _NULLS:
            return Comparison(entity, key, operator, None)
        if operator in _LISTS:
            return Comparison(entity, key, operator, self._list(operator))
        if is_number:
            return Comparison(entity, key, operator, self._number(left, operator))
        return Comparison(entity, key, operator, self._string(left, operator))

    def _identifier(self, token: Token) -> tuple[Entity, str]:
        if token.kind == "string":
            raise token.error("the left side of a comparison stands without ''", 'a key can stand in "" or ``')
        named, dot, rest = token.text.partition(".")
        if not dot or (unquoted(token.text) != token.text and named[0] == '"'):
            named, rest, entity = "", token.text, Entity.ATTRIBUTE
        elif named.strip("`") in _ENTITIES:
            entity = _ENTITIES[named.strip("`")]
        else:
            hint = nearest(named, ("metrics", "params", "tags", "attributes", "datasets"))
            raise FilterError(f"{shown(named)!r} is no entity", token.position, len(named), hint)
        if self._strict and not PLAIN_KEY.fullmatch(rest):
            raise token.error(f"{shown(rest)} needs quotes", f"write {named}.`{shown(rest)}`")
        key = unquoted(rest)
        if not key:
            raise FilterError(f"the key is missing after {shown(token.text)}", token.end)
        if entity is Entity.ATTRIBUTE:
            return entity, self._attribute(token, key)
        if entity is Entity.DATASET and key not in _DATASET_KEYS:
            raise token.error(f"a data set has no {shown(key)!r}", "known: " + ", ".join(_DATASET_KEYS))
        return entity, key

    def _attribute(self, token: Token, key: str) -> str:
        known = _MLFLOW_ATTRIBUTES if self._strict else _MLFLOW_ATTRIBUTES | _OUR_ATTRIBUTES
        if key not in known:
            hint = nearest(key, known)
            if not hint.startswith("did you"):
                hint = f"write metrics.{shown(key)}, params.{shown(key)} or tags.{shown(key)}"
            raise token.error(f"{shown(key)!r} is no attribute of a run", hint)
        return known[key]

    def _operator(self, left: Token, allowed: tuple[str, ...]) -> str:
        first = last = self._take()
        words = [first.text.upper()]
        if first.is_keyword("IS") and self._token.is_keyword("NOT"):
            last = self._take()
            words.append("NOT")
        if first.is_keyword("NOT") or (first.is_keyword("IS") and self._token.is_keyword("NULL")):
            last = self._take()
            words.append(last.text.upper())
        operator = " ".join(words)
        if operator not in allowed:
            message = f"{shown(left.text)} is not compared by {operator}"
            raise FilterError(message, first.position, last.end - first.position, "use " + ", ".join(allowed))
        return operator

    def _number(self, left: Token, operator: str) -> float:
        token = self._take()
        if token.kind == "end":
            raise token.error(f"a number is missing after {operator}")
        if token.kind != "name" or not NUMBER.fullmatch(token.text):
            raise token.error(f"{shown(left.text)} is compared with a number, not {shown(token.text)}")
        return float(token.text)

    def _string(self, left: Token, operator: str) -> str:
        token = self._take()
        if token.kind == "end":
            raise token.error(f"text in quotes is missing after {operator}")
        if not token.is_text_value:
            message = f"{shown(left.text)} is compared with text in quotes, not {shown(token.text)}"
            raise token.error(message, f"write '{shown(token.text)}'")
        if operator in ("LIKE", "ILIKE") and len(token.text) > MAX_PATTERN:
            raise token.error(f"a pattern of more than {MAX_PATTERN} characters")
        return token.text[1:-1]

    def _list(self, operator: str) -> tuple[str, ...]:
        opening = self._take()
        if opening.kind != "open":
            raise opening.error(f"a list is missing after {operator}", "write ('a', 'b')")
        values: list[str] = []
        while self._token.kind != "close":
            token = self._take()
            if token.kind == "end":
                raise token.error("the list is not closed", "add )")
            if not token.is_text_value:
                raise token.error(f"a list holds text in quotes, not {shown(token.text)}")
            values.append(token.text[1:-1])
            if self._token.kind == "comma":
                self._take()
            elif self._token.kind not in ("close", "end"):
                raise self._token.error("a comma is missing here")
        closing = self._take()
        if not values:
            raise closing.error("the list is empty", "write ('a', 'b')")
        return tuple(values)


def _operators(entity: Entity, key: str, is_number: bool) -> tuple[str, ...]:
    if is_number:
        return _NUMERIC
    if entity in (Entity.PARAM, Entity.TAG):
        return _TEXT + _NULLS
    if entity is Entity.DATASET or key == "run_id":
        return _TEXT + _LISTS
    return _TEXT


__all__ = ["Comparison", "Entity", "FilterError", "Term", "Word", "parse"]
