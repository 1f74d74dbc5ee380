"""The arguments that an endpoint declares, read from JSON or a query as MLflow's protocol buffers read them.

An endpoint's arguments are a ``NamedTuple``: a field without a default is needed, others may be absent. Fields are of
type ``str``, ``int`` (signed 64-bit), ``float``, ``bool``, ``Literal`` (an enumeration whose numbers begin with 1),
another ``NamedTuple``, a tuple of these, or one of these or None. What is not declared is ignored.
"""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

from mlops_tui.serve.faults import because
from mlops_tui.serve.tracking.problems import invalid, missing, wrong_type

Arguments = TypeVar("Arguments")
#: Where a value stands: in what, and under which name or number there; put into words when it is wrong only.
Place = tuple["Place | None", str | int]
Reader = Callable[[Any, Place | None], Any]

#: The older name of a parameter, which clients may send instead.
_OLDER = {"run_id": "run_uuid"}
_SIGNED_64 = 1 << 63
_DIGITS = re.compile(r"-?[0-9]{1,19}")
_SPECIAL = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class Nothing(typing.NamedTuple):
    """The arguments of an endpoint that has none."""


def reader(kind: type[Arguments]) -> Callable[[Mapping[str, Any]], Arguments]:
    """What makes an endpoint's arguments of a JSON object.

    Returns:
        A function that raises Fault where a value is missing or of another type.
    """
    read = _message(kind)
    return lambda given: read(given, None)


def decoded(body: bytes) -> Mapping[str, Any]:
    """The JSON object in a body; an empty one where there is none.

    Raises:
        Fault: It is no JSON object.
    """
    if not body:
        return {}
    try:
        found = json.loads(body)
        if isinstance(found, str):  # older clients encode it twice
            found = json.loads(found)
    except (ValueError, RecursionError) as error:
        raise invalid(f"The body of the request is no JSON: {because(error)}") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise invalid(f"The body of the request must be a JSON object, not {type(found).__name__}.")
    return found


def asked(query: Mapping[str, list[str]], kind: type) -> dict[str, Any]:
    """The arguments in a query by their names; those that an endpoint takes as lists are lists."""
    hints = typing.get_type_hints(kind)
    found: dict[str, Any] = {}
    for name, values in query.items():
        hint = hints.get(name)
        if hint is bool or bool in typing.get_args(hint):
            found[name] = _flag(values[-1])
        else:
            found[name] = values if typing.get_origin(hint) is tuple else values[0]
    return found


def encoded(answer: Mapping[str, Any]) -> bytes:
    """An answer as JSON."""
    return _encoder.encode(answer).encode()


def number(value: float) -> float | str:
    """A float as JSON has it: as a text where it is none or infinite."""
    if value - value == 0:
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


_encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise invalid(f"Invalid boolean value: {text}, must be 'true' or 'false'.")
    return text.lower() == "true"


def _message(kind: type) -> Reader:
    hints = typing.get_type_hints(kind)
    defaults: Mapping[str, Any] = kind._field_defaults  # type: ignore[attr-defined]
    fields = [
        (name, _OLDER.get(name, name), _reader(hints[name]), name not in defaults, defaults.get(name))
        for name in kind._fields  # type: ignore[attr-defined]
    ]

    def read(given: Any, place: Place | None) -> Any:
        if not isinstance(given, dict):
            raise wrong_type(_worded(place), given)
        values = []
        for name, older, one, is_needed, default in fields:
            value = given.get(name)
            if value is None and older is not name:
                value = given.get(older)
            if value is None or (is_needed and value == ""):
                if is_needed:
                    raise missing(_worded((place, name)))
                values.append(default)
            else:
                values.append(one(value, (place, name)))
        return kind(*values)

    return read


def _worded(place: Place | None) -> str:
    if place is None:
        return "body"
    around, name = place
    if isinstance(name, int):
        return f"{_worded(around)}[{name}]"
    return name if around is None else f"{_worded(around)}.{name}"


def _reader(hint: Any) -> Reader:
    simple = _SIMPLE.get(hint)
    if simple is not None:
        return simple
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return _enumeration(inside)
    if origin is tuple:
        return _list(_reader(inside[0]))
    if origin in (types.UnionType, typing.Union):
        return _reader(next(one for one in inside if one is not type(None)))
    return _message(hint)


def _list(one: Reader) -> Reader:
    def read(value: Any, place: Place | None) -> Any:
        if not isinstance(value, list):
            raise wrong_type(_worded(place), value)
        return tuple([one(item, (place, number)) for number, item in enumerate(value)])

    return read


def _enumeration(words: tuple[str, ...]) -> Reader:
    numbers = {str(place): word for place, word in enumerate(words, 1)}
    known = {**numbers, **{word: word for word in words}}

    def read(value: Any, place: Place | None) -> Any:
        if isinstance(value, bool) or not isinstance(value, str | int) or str(value) not in known:
            raise wrong_type(_worded(place), value)
        return known[str(value)]

    return read


def _text(value: Any, place: Place | None) -> str:
    if type(value) is not str:
        raise wrong_type(_worded(place), value)
    if not value.isascii():
        _require_encodable(value, place)
    return value


def _require_encodable(value: str, place: Place | None) -> None:
    """Refuses halves of characters, which JSON can hold and UTF-8 cannot."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise wrong_type(_worded(place), value) from error


def _whole(value: Any, place: Place | None) -> int:
    if type(value) is int and -_SIGNED_64 <= value < _SIGNED_64:
        return value
    found = value
    if isinstance(value, str):
        if not _DIGITS.fullmatch(value):
            raise wrong_type(_worded(place), value)
        found = int(value)
    elif isinstance(value, float) and value.is_integer():
        found = int(value)
    if isinstance(found, bool) or not isinstance(found, int) or not -_SIGNED_64 <= found < _SIGNED_64:
        raise wrong_type(_worded(place), value)
    return found


def _real(value: Any, place: Place | None) -> float:
    if type(value) is float:
        return value
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, str):
            return _SPECIAL[value] if value in _SPECIAL else float(value)
    except (ValueError, OverflowError):
        pass
    raise wrong_type(_worded(place), value)


def _truth(value: Any, place: Place | None) -> bool:
    if not isinstance(value, bool):
        raise wrong_type(_worded(place), value)
    return value


_SIMPLE: Mapping[Any, Reader] = {str: _text, int: _whole, float: _real, bool: _truth}
