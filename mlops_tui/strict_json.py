"""Records as strict JSON: NaN and infinities are MLflow's strings, and nothing in it is a command to a terminal."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

# Inside JSON strings these would reach a terminal as they are; as escapes they mean the same.
_UNSAFE = re.compile("[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")


def plain(value: Any) -> Any:
    """A record as JSON knows values: dataclasses as objects, NaN and infinities as MLflow's strings.

    Args:
        value: A dataclass, mapping, sequence, string, number, boolean or None, nested in any way.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if hasattr(value, "__dataclass_fields__"):
        from dataclasses import fields  # who has a record has loaded it

        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def encoded(value: Any, indent: int | None = None) -> str:
    """The JSON document of a record."""
    text = json.dumps(plain(value), allow_nan=False, ensure_ascii=False, indent=indent)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


__all__ = ["encoded", "plain"]
