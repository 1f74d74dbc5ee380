"""One comparison of a filter: what its left side names, the operators that go with that, and the value on the right."""

from __future__ import annotations

import re
from datetime import datetime

from mlops_store import patterns
from mlops_store.errors import nearest
from mlops_store.run_columns import PARTS
from mlops_tui.compare.grammars import ENTITIES, LISTS, MLFLOW_ATTRIBUTES, NUMERIC, RUNS, TEXT, Grammar
from mlops_tui.compare.terms import NULLS, PATTERNS, Ago, Comparison, Entity, Value
from mlops_tui.compare.tokens import (
    NUMBER,
    PLAIN_KEY,
    FilterError,
    NoEntity,
    NoOperator,
    Token,
    Tokens,
    shown,
    unquoted,
)

#: SQLite refuses patterns of more than 50,000 bytes.
MAX_PATTERN = 10_000
#: Numbers in a list; each is bound alone, because SQLite does not read every digit of a written one.
MAX_NUMBERS = 1000

#: What our lists show and MLflow has no word for; refused in strict mode.
OUR_ATTRIBUTES = {
    "name": "run_name",
    "user": "user_id",
    **{name: name for name in ("experiment", "kind", "host", "duration_s", "git_commit", "source")},
}
TIMES = ("start_time", "end_time")
DATASET_KEYS = ("name", "digest", "context")
#: What can be asked of a metric besides its last value, as in ``best(auc)``.
AGGREGATES = ("best", *PARTS)

KEYWORDS = ("LIKE", "ILIKE", "IN", "IS", "RLIKE", "REGEXP", "BETWEEN")
_SPAN = re.compile(r"([+-]?)(\d+(?:\.\d+)?)(s|m|h|d|w)", re.ASCII)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_NO_NUMBERS = ("nan", "inf", "+inf", "-inf")


def compared(left: Token, tokens: Tokens, *, part: str = "", strict: Grammar | None = None) -> Comparison:
    """Reads a comparison.

    Args:
        left: Its left side, which has been read.
        tokens: What follows, an operator first.
        part: What of the metric on the left is compared; '' when the left side names an entity and a key.
        strict: Only as MLflow has it for these; None for our own filters of runs.

    Raises:
        FilterError: With the position of the first thing that is not understood.
    """
    entity, key = (Entity.METRIC, metric_key(left)) if part else identifier(left, strict)
    is_time = entity is Entity.ATTRIBUTE and key in TIMES
    is_number = _is_number(entity, key, strict)
    operator = _operator(left, tokens, operators(entity, key, strict=strict))
    value: Value
    if operator in NULLS:
        value = None
    elif operator in LISTS:
        value = _list(tokens, operator, is_number, entity is Entity.PARAM and not strict)
    elif operator in PATTERNS:
        value = _pattern(left, tokens, operator)
    elif is_number:
        value = _number(left, tokens, operator, is_time, strict)
    elif _is_number_of_param(entity, operator, tokens, strict):
        value = _number(left, tokens, operator, False, strict)
    else:
        value = _string(left, tokens, operator)
    return Comparison(entity, key, operator, value, part or "last")


def metric_key(token: Token) -> str:
    """The key in ``best(…)``: with or without ``metrics.`` before it.

    Raises:
        FilterError: It is no key.
    """
    named, dot, rest = token.text.partition(".")
    text = rest if dot and ENTITIES.get(named) is Entity.METRIC else token.text
    if not unquoted(text) or token.kind != "name":
        raise token.error("the name of a metric is missing here", "write best(auc)")
    return unquoted(text)


def identifier(token: Token, strict: Grammar | None) -> tuple[Entity, str]:
    """What a token names: an entity and a key of it, or an attribute.

    Raises:
        FilterError: It names nothing.
    """
    if token.kind == "string":
        raise token.error("the left side of a comparison stands without ''", 'a key can stand in "" or ``')
    named, dot, rest = token.text.partition(".")
    if not dot or (unquoted(token.text) != token.text and named[0] == '"'):
        named, rest, entity = "", token.text, Entity.ATTRIBUTE
    elif named.strip("`") in ENTITIES and ENTITIES[named.strip("`")] in (strict or RUNS).entities:
        entity = ENTITIES[named.strip("`")]
    else:
        hint = nearest(named, (strict or RUNS).words)
        raise NoEntity(f"{shown(named)!r} is no entity", token.position, len(named), hint)
    if strict and not PLAIN_KEY.fullmatch(rest):
        raise token.error(f"{shown(rest)} needs quotes", f"write {named}.`{shown(rest)}`")
    key = unquoted(rest)
    if not key:
        raise FilterError(f"the key is missing after {shown(token.text)}", token.end)
    if entity is Entity.ATTRIBUTE:
        return entity, _attribute(token, key, strict)
    if entity is Entity.DATASET and key not in DATASET_KEYS:
        raise token.error(f"a data set has no {shown(key)!r}", "known: " + ", ".join(DATASET_KEYS))
    return entity, key


def _attribute(token: Token, key: str, strict: Grammar | None) -> str:
    known = strict.attributes if strict else MLFLOW_ATTRIBUTES | OUR_ATTRIBUTES
    if key not in known:
        hint = nearest(key, known)
        if not hint.startswith("did you"):
            hint = f"write metrics.{shown(key)}, params.{shown(key)} or tags.{shown(key)}"
        raise token.error(f"{shown(key)!r} is no attribute of {(strict or RUNS).subject}", hint)
    return known[key]


def operators(entity: Entity, key: str, *, strict: Grammar | None = None) -> tuple[str, ...]:
    """What a key can be compared by."""
    is_number = _is_number(entity, key, strict)
    if not strict:
        return NUMERIC + LISTS + NULLS if is_number else _ours(entity)
    if is_number:
        return NUMERIC
    if entity in (Entity.PARAM, Entity.TAG):
        return TEXT + NULLS
    return TEXT + LISTS if entity is Entity.DATASET or key in strict.lists else TEXT


def _is_number(entity: Entity, key: str, strict: Grammar | None) -> bool:
    if entity is not Entity.ATTRIBUTE:
        return entity is Entity.METRIC
    return key in strict.numbers if strict else key in (*TIMES, "duration_s")


def _ours(entity: Entity) -> tuple[str, ...]:
    # params are compared by number too; what cannot follow then is told when the value is read
    greater = (">", ">=", "<", "<=") if entity is Entity.PARAM else ()
    return ("=", "!=", *greater, *PATTERNS, *LISTS, "LIKE", "ILIKE", *NULLS)


def _operator(left: Token, tokens: Tokens, allowed: tuple[str, ...]) -> str:
    first = last = tokens.take()
    words = [first.text.upper()]
    if first.is_keyword("IS") and tokens.current.is_keyword("NOT"):
        last = tokens.take()
        words.append("NOT")
    if first.is_keyword("NOT") or (first.is_keyword("IS") and tokens.current.is_keyword("NULL")):
        last = tokens.take()
        words.append(last.text.upper())
    operator = " ".join(words)
    if operator not in allowed:
        message = f"{shown(left.text)} is not compared by {shown(operator)}"
        raise NoOperator(message, first.position, last.end - first.position, "use " + ", ".join(allowed))
    return operator


def _is_number_of_param(entity: Entity, operator: str, tokens: Tokens, strict: Grammar | None) -> bool:
    if entity is not Entity.PARAM or strict or operator not in NUMERIC:
        return False
    token = tokens.current
    return operator not in TEXT or (token.kind == "name" and NUMBER.fullmatch(token.text) is not None)


def _number(left: Token, tokens: Tokens, operator: str, is_time: bool, strict: Grammar | None) -> float | Ago:
    token = tokens.take()
    if token.kind == "end":
        raise token.error(f"a number is missing after {operator}")
    if token.kind == "name" and NUMBER.fullmatch(token.text):
        return float(token.text)
    if not strict:
        if token.kind == "name" and token.text.lower() in _NO_NUMBERS and not is_time:
            return float(token.text)
        if (span := _SPAN.fullmatch(token.text)) and (is_time or left.text.rpartition(".")[2] == "duration_s"):
            seconds = float(span[2]) * _SECONDS[span[3]]
            if not is_time:
                return -seconds if span[1] == "-" else seconds
            return Ago(seconds if span[1] == "-" else -seconds)
        if is_time and token.is_text_value:
            return _moment(token)
    hint = "as in 1700000000000 (milliseconds), -7d or '2026-03-01 12:00'" if is_time and not strict else ""
    raise token.error(f"{shown(left.text)} is compared with a number, not {shown(token.text)}", hint)


def _moment(token: Token) -> float:
    """A date in quotes as Unix milliseconds; in the zone of this machine unless it names one."""
    try:
        at = datetime.fromisoformat(token.text[1:-1].strip())
        return round(at.timestamp() * 1000)
    except (ValueError, OverflowError, OSError) as error:
        raise token.error(f"{shown(token.text)} is no date", "write '2026-03-01' or '2026-03-01 12:00'") from error


def _string(left: Token, tokens: Tokens, operator: str) -> str:
    token = tokens.take()
    if token.kind == "end":
        raise token.error(f"text in quotes is missing after {operator}")
    if not token.is_text_value:
        message = f"{shown(left.text)} is compared with text in quotes, not {shown(token.text)}"
        raise token.error(message, f"write '{shown(token.text)}'")
    if operator in ("LIKE", "ILIKE") and len(token.text) > MAX_PATTERN:
        raise token.error(f"a pattern of more than {MAX_PATTERN} characters")
    return token.text[1:-1]


def _pattern(left: Token, tokens: Tokens, operator: str) -> str:
    place = tokens.current
    pattern = _string(left, tokens, operator)
    if len(pattern) > patterns.MAX_PATTERN:
        raise place.error(f"a regular expression of more than {patterns.MAX_PATTERN} characters")
    try:
        patterns.compiled(pattern)
    except ValueError as error:
        raise place.error(
            f"no regular expression: {shown(str(error))}", "RE2's syntax, as in '^resnet(18|50)$'"
        ) from error
    return pattern


def _list(tokens: Tokens, operator: str, is_number: bool, may_be_either: bool) -> tuple[str, ...] | tuple[float, ...]:
    opening = tokens.take()
    if opening.kind != "open":
        raise opening.error(f"a list is missing after {operator}", "write ('a', 'b')")
    texts: list[str] = []
    numbers: list[float] = []
    while tokens.current.kind != "close":
        token = tokens.take()
        if token.kind == "end":
            raise token.error("the list is not closed", "add )")
        is_number = is_number or (may_be_either and not texts and NUMBER.fullmatch(token.text) is not None)
        if is_number:
            if token.kind != "name" or not NUMBER.fullmatch(token.text):
                raise token.error(f"a list of numbers holds no {shown(token.text)}")
            if len(numbers) == MAX_NUMBERS:
                raise token.error(f"more than {MAX_NUMBERS} numbers")
            numbers.append(float(token.text))
        else:
            if not token.is_text_value:
                raise token.error(f"a list holds text in quotes, not {shown(token.text)}")
            texts.append(token.text[1:-1])
        if tokens.current.kind == "comma":
            tokens.take()
        elif tokens.current.kind not in ("close", "end"):
            raise tokens.current.error("a comma is missing here")
    closing = tokens.take()
    if not texts and not numbers:
        raise closing.error("the list is empty", "write (1, 2)" if is_number else "write ('a', 'b')")
    return tuple(numbers) if is_number else tuple(texts)


__all__ = [
    "AGGREGATES",
    "DATASET_KEYS",
    "KEYWORDS",
    "MAX_PATTERN",
    "OUR_ATTRIBUTES",
    "TIMES",
    "compared",
    "identifier",
    "metric_key",
    "operators",
]
