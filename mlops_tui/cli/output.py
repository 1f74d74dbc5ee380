"""What commands print: strict JSON, and names with their values. Tables are in ``table``."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from mlops_tui.cli.text import clean, pad, width

# Inside JSON strings these would reach a terminal as they are; as escapes they mean the same.
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")


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
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _encoded(value: Any, indent: int | None = None) -> str:
    text = json.dumps(plain(value), allow_nan=False, ensure_ascii=False, indent=indent)
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def write_json(value: Any) -> None:
    """Prints one JSON document: an object on many lines, an array with one element a line."""
    if isinstance(value, list | tuple):
        write_json_lines(value)
    else:
        sys.stdout.write(_encoded(value, indent=2) + "\n")


def write_json_lines(items: Iterable[Any]) -> None:
    """Prints a JSON array, one element a line, each written as it comes."""
    opening = "["
    for item in items:
        sys.stdout.write(f"{opening}{_encoded(item)}")
        opening = ",\n "
    sys.stdout.write("]\n" if opening != "[" else "[]\n")


def write_json_line(value: Any) -> None:
    """Prints one JSON document on one line, at once."""
    sys.stdout.write(_encoded(value) + "\n")
    sys.stdout.flush()


def say(text: str = "") -> None:
    """Prints one line of our own words to stdout."""
    sys.stdout.write(text + "\n")


def remark(text: str) -> None:
    """Prints one line to stderr: about the data, not data."""
    sys.stderr.write(text + "\n")


def write_fields(fields: Iterable[tuple[str, str]], indent: str = "") -> None:
    """Prints names and values below each other, the values aligned and cleaned; empty values are left out."""
    shown = [(name, clean(value, 2000)) for name, value in fields if value != ""]
    columns = max((width(clean(name, 60)) for name, _ in shown), default=0)
    for name, value in shown:
        say(f"{indent}{pad(clean(name, 60), columns)}  {value}")
