"""Where a value stands in a TOML text, which ``tomllib`` does not tell, and how a value is written there."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

_HEADER = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?$")
_ARRAY_OF_TABLES = re.compile(r"\s*\[\[")
_ASSIGNMENT = re.compile(r"\s*([A-Za-z0-9_\-.\"' ]+?)\s*=\s*")


def find(text: str, name: str, parts: list[str]) -> tuple[int, int] | None:
    """The span of a key's value; None where the key has no line of its own."""
    table: list[str] | None = []
    position = 0
    for line in text.splitlines(keepends=True):
        if match := _HEADER.match(line):
            table = _key(match[1])
        elif _ARRAY_OF_TABLES.match(line):
            table = None
        elif (match := _ASSIGNMENT.match(line)) and table is not None and [*table, *_key(match[1])] == parts:
            start = position + match.end()
            return start, _end(text, start)
        position += len(line)
    return None


def render(value: Any) -> str:
    """A value as TOML has it; there is no null, so that reading it back tells of one."""
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {render(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(render(item) for item in value) + "]"
    return repr(value)


def _key(written: str) -> list[str]:
    return [part.strip().strip("\"'") for part in written.split(".")]


def _end(text: str, start: int) -> int:
    """Where a value ends that begins at ``start``: before the comment and the spaces behind it."""
    line_end = start
    while True:
        line_end = text.find("\n", line_end + 1)
        whole = text[start : line_end if line_end >= 0 else len(text)]
        if _value(whole) is not None or line_end < 0:
            break
    for place, character in enumerate(whole):
        if character == "#" and _value(whole[:place]) is not None:
            whole = whole[:place]
            break
    return start + len(whole.rstrip())


def _value(text: str) -> list[Any] | None:
    try:
        return [tomllib.loads(f"x = {text}")["x"]]
    except tomllib.TOMLDecodeError:
        return None
