"""JSON lines as a frame: one object a line, its members the columns, members of members with a dot between names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlops_store.errors import Refused

if TYPE_CHECKING:
    import pandas as pd

#: Members within members beyond this depth stay JSON text.
DEPTH = 8
#: More columns than this are no table.
MOST_COLUMNS = 20_000


class Malformed(Refused):
    """The text is no JSON lines; the message continues a sentence that begins with the file's name."""


def are_likely(data: bytes) -> bool:
    """Whether a file's first line that is not blank is a JSON object."""
    start = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith(b"{"):
        return False
    line = data[data.index(b"{") :].split(b"\n", 1)[0]
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def parse(data: bytes, *, first_line: int = 1) -> pd.DataFrame:
    """The table. Lists become JSON text; a member that a line lacks is missing there.

    Args:
        data: Whole lines.
        first_line: The number of the first one.

    Raises:
        Malformed: A line is no JSON object; its number is named.
    """
    import pandas as pd

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"is no JSON lines: byte {error.start} is no UTF-8") from error
    rows = []
    names: dict[str, None] = {}
    for number, line in enumerate(text.split("\n"), first_line):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise Malformed(f"is no JSON lines: line {number} is not a whole JSON document") from error
        if not isinstance(value, dict):
            raise Malformed(f"is no JSON lines: line {number} is no object")
        row = dict(_flat(value))
        names.update(dict.fromkeys(row))
        if len(names) > MOST_COLUMNS:
            raise Malformed(f"has more than {MOST_COLUMNS:,} different members by line {number}")
        rows.append(row)
    return pd.DataFrame(rows, columns=list(names))


def _flat(value: Mapping[str, Any], prefix: str = "", depth: int = 1) -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        if isinstance(item, dict) and item and depth < DEPTH:
            yield from _flat(item, f"{prefix}{name}.", depth + 1)
        elif isinstance(item, dict | list):
            yield prefix + name, json.dumps(item, sort_keys=True)
        else:
            yield prefix + name, item
