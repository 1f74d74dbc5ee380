"""Filters of models, versions and logged models: comparisons that are joined by AND, as data.

Which entities, keys and operators there are is for each kind of list to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from mlops_store.patterns import MAX_PATTERN
from mlops_tui.compare.condition import compared_with
from mlops_tui.compare.tokens import NUMBER, FilterError, Token, Tokens, unquoted
from mlops_tui.serve.tracking.problems import invalid

#: More conditions than anybody types.
MOST = 100
NUMERIC = ("=", "!=", "<", "<=", ">", ">=")
TEXT = ("=", "!=", "LIKE", "ILIKE")
LISTS = ("IN", "NOT IN")
_PATTERNS = ("LIKE", "ILIKE")
Value = str | float | tuple[str, ...]


class Comparison(NamedTuple):
    """``entity`` is "" for an attribute; ``value`` is a number where none of it was quoted."""

    entity: str
    key: str
    operator: str
    value: Value

    @property
    def texts(self) -> tuple[str, ...]:
        """The values of a list, or the one text.

        Raises:
            Fault: It is a number.
        """
        if isinstance(self.value, tuple):
            return self.value
        if isinstance(self.value, str):
            return (self.value,)
        raise invalid(f"Expected a quoted string value for {self.key} (e.g. 'my-value'). Got value {self.value:g}")

    @property
    def number(self) -> float:
        """The number.

        Raises:
            Fault: It is none.
        """
        if isinstance(self.value, float):
            return self.value
        raise invalid(f"Expected a number for {self.key}. Got value {self.value!r}")


def read(text: str) -> list[Comparison]:
    """The comparisons of a filter.

    Raises:
        Fault: It cannot be understood.
    """
    try:
        return list(_comparisons(Tokens(text)))
    except FilterError as error:
        raise invalid(f"Invalid filter '{text[:500]}': {error.message}") from error


def require(one: Comparison, what: str, operators: Sequence[str]) -> None:
    """Refuses an operator that there is not. Fault: it is not among these."""
    if one.operator not in operators:
        raise invalid(f"Invalid comparator for {what}: {one.operator}. Expected one of {list(operators)}")


def sql(column: str, one: Comparison, value: Value | None = None) -> tuple[str, list[object]]:
    """A comparison with a column, as SQL with its values bound."""
    text, bound = compared_with(column, one.operator, one.value if value is None else value)
    return text, list(bound)


def every(pieces: Iterable[tuple[str, list[object]]]) -> tuple[str, list[object]]:
    """That all conditions hold."""
    texts, bound = ["TRUE"], list[object]()
    for text, values in pieces:
        texts.append(text)
        bound += values
    return " AND ".join(texts), bound


def orders(
    clauses: Sequence[str], columns: Callable[[str], str | None], known: Iterable[str], *ties: tuple[str, str]
) -> str:
    """What to order by, as SQL.

    Args:
        clauses: ``key``, ``key ASC`` or ``key DESC``, as the client says.
        columns: The column of a key; None for one that is not known.
        known: The keys, for the error.
        ties: Columns and directions that decide where the others do not.

    Raises:
        Fault: A clause cannot be understood, or a key comes twice.
    """
    found: dict[str, str] = {}
    for clause in clauses:
        words = clause.strip().rsplit(None, 1)
        direction = words[1].upper() if len(words) == 2 and words[1].upper() in ("ASC", "DESC") else ""
        key = unquoted((words[0] if direction else clause.strip()).removeprefix("attribute."))
        column = columns(key)
        if column is None:
            raise invalid(f"Invalid order by key '{key}' specified. Valid keys are {sorted(known)}")
        if column in found:
            raise invalid(f"`order_by` contains duplicate fields: {list(clauses)}")
        found[column] = direction or "ASC"
    for column, direction in ties:
        found.setdefault(column, direction)
    return ", ".join(f"{column} {direction}" for column, direction in found.items())


def _comparisons(tokens: Tokens) -> Iterable[Comparison]:
    count = 0
    while tokens.current.kind != "end":
        if count:
            joined = tokens.take()
            if not joined.is_keyword("AND"):
                raise joined.error(f"{joined.text} is not understood here", "comparisons are joined by AND")
        count += 1
        if count > MOST:
            raise tokens.current.error(f"more than {MOST} conditions")
        yield _one(tokens)


def _one(tokens: Tokens) -> Comparison:
    name = tokens.take()
    if name.kind != "name":
        raise name.error("a key is missing here")
    entity, dot, key = name.text.partition(".")
    if not dot:
        entity, key = "", name.text
    operator = tokens.take()
    word = operator.text.upper()
    if word == "NOT" and tokens.current.is_keyword("IN"):
        tokens.take()
        word = "NOT IN"
    if operator.kind != "operator" and word not in (*TEXT, *LISTS):
        raise operator.error(f"{name.text} is compared with nothing")
    if word not in (*NUMERIC, *TEXT, *LISTS):
        raise operator.error(f"the operator {operator.text} is not known here")
    if word in LISTS:
        return Comparison(entity, unquoted(key), word, _list(tokens))
    token = tokens.take()
    if word in _PATTERNS and len(token.text) > MAX_PATTERN:
        raise token.error(f"more than {MAX_PATTERN} characters")
    return Comparison(entity, unquoted(key), word, _value(token))


def _list(tokens: Tokens) -> tuple[str, ...]:
    opening = tokens.take()
    if opening.kind != "open":
        raise opening.error("a list in parentheses is missing here")
    found = list[str]()
    while True:
        one = tokens.take()
        if not one.is_text_value:
            raise one.error("a quoted value is missing here")
        found.append(unquoted(one.text))
        after = tokens.take()
        if after.kind == "close":
            return tuple(found)
        if after.kind != "comma":
            raise after.error("a comma or ) is missing here")
        if tokens.current.kind == "close":
            tokens.take()
            return tuple(found)


def _value(token: Token) -> Value:
    if token.is_text_value:
        return unquoted(token.text)
    if NUMBER.fullmatch(token.text):
        return float(token.text)
    raise token.error("a quoted value or a number is missing here")
