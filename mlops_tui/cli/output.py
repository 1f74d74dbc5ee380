"""What commands print: strict JSON, and names with their values. Tables are in ``table``."""

from __future__ import annotations

import sys

from mlops_tui.cli.text import clean, pad, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


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


def _encoded(value: Any, indent: int | None = None) -> str:
    from mlops_tui.strict_json import encoded  # those who print no JSON need not wait for it to load

    return encoded(value, indent)


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
