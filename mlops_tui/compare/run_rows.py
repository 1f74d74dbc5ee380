"""What rows of a list of runs show, read for some of them at a time: the run, and what is kept of its metrics."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_store import runs
from mlops_store.records import Run
from mlops_tui.compare.views import Goal, stored_column

#: The only attribute that a record does not hold.
_URI = "artifact_uri"


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run and what its record does not hold.

    Attributes:
        number: The store's own number of the run.
        run: Its record, with the params, metrics and tags of the columns only.
        values: By the name of the column: what is kept of a metric; of a curve how many points there are.
    """

    number: int
    run: Run
    values: Mapping[str, Any] = field(default_factory=dict)


def read(db: sqlite3.Connection, numbers: Sequence[int], names: Iterable[str], goal: Goal) -> list[RunRow]:
    """The rows of these runs in the given order; numbers of no run are left out.

    Args:
        db: A connection.
        numbers: The store's own numbers.
        names: The columns.
        goal: See ``compare.columns``.
    """
    columns = {name: stored_column(name, goal) for name in names}
    in_record = {one.name for one in columns.values() if one.table and one.part == "last"}
    kept = {name: one for name, one in columns.items() if (one.part != "last" if one.table else one.key == _URI)}
    found = numbered(db, numbers, in_record)
    if not kept:
        return [RunRow(number, run) for number, run in found.items()]
    values = runs.values(db, list(found), list(kept.values()))
    return [
        RunRow(number, run, dict(zip(kept, row, strict=True)))
        for (number, run), row in zip(found.items(), values, strict=True)
    ]


def numbered(db: sqlite3.Connection, numbers: Sequence[int], keys: Iterable[str] | None = None) -> dict[int, Run]:
    """The runs by their numbers, with only these keys; numbers of no run are left out."""
    wanted = None if keys is None else list(keys)
    found = runs.by_ids(db, numbers, keys=wanted)
    if len(found) == len(numbers):
        return dict(zip(numbers, found, strict=True))
    pairs = ((number, runs.by_ids(db, [number], keys=wanted)) for number in numbers)
    return {number: run for number, one in pairs for run in one}


__all__ = ["RunRow", "numbered", "read"]
