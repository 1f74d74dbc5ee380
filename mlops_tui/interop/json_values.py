"""Values that W&B and trackio keep as JSON: which of them are numbers of a metric, and what the others are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

#: What stands for numbers that JSON does not have.
_SPECIAL = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf"), "inf": float("inf")}
_DEPTH = 8


def loads(text: str | bytes) -> Any:
    """The value of a JSON text, NaN and infinities included.

    Raises:
        ValueError: It is none, or nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def number(value: object) -> float | None:
    """A value as a number; None for what is none."""
    if isinstance(value, str):
        return _SPECIAL.get(value)
    if not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def leaves(values: Mapping[str, Any], separator: str = ".", depth: int = _DEPTH) -> Iterator[tuple[str, Any]]:
    """The values by dotted names; mappings that stand for an object of the tool (with ``_type``) are values."""
    for key, value in values.items():
        if isinstance(value, dict) and value and "_type" not in value and depth > 1:
            for inner, leaf in leaves(value, separator, depth - 1):
                yield f"{key}{separator}{inner}", leaf
        else:
            yield str(key), value


def with_objects(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, with objects of the tool whose parts stand there by dotted names put together again."""
    ending = "._type"
    objects = {key.removesuffix(ending) for key in values if key.endswith(ending)}
    if not objects:
        return dict(values)
    found: dict[str, Any] = {}
    for key, value in values.items():
        parts = key.split(".")
        outer = next((name for end in range(1, len(parts)) if (name := ".".join(parts[:end])) in objects), None)
        if outer is None:
            found[key] = value
        else:
            found.setdefault(outer, {})[key[len(outer) + 1 :]] = value
    return found


def kind(value: object) -> str:
    """What a value is that is no number, for people."""
    if isinstance(value, dict):
        return str(value.get("_type") or "mapping")
    return {str: "text", list: "list", type(None): "null"}.get(type(value), type(value).__name__)
