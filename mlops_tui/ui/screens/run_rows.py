"""What rows of a list of runs show, read for those in sight: the run, what is kept of its metrics, their courses."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_store import metrics, runs
from mlops_store.records import Run
from mlops_tui.compare.views import Goal, curve_key, stored_column
from mlops_tui.ui.theme import is_unicode
from mlops_tui.ui.widgets.sparkline import sparkline

#: Bars of a curve in a row.
CURVE_WIDTH = 10
#: Curves kept.
_KEPT = 4000


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
    kept = {name: one for name, one in columns.items() if one.table and one.part != "last"}
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


class Courses:
    """The courses of metrics as bars, read once for each number of points."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], tuple[int, str]] = {}

    def text(self, number: int, key: str) -> str:
        """The bars of a run's metric; "" while they have not been read."""
        return self._known.get((number, key), (0, ""))[1]

    def missing(self, rows: Iterable[RunRow]) -> list[tuple[RunRow, str, int]]:
        """Rows, metrics and numbers of points of which the bars are not read yet."""
        return [
            (row, key, count)
            for row in rows
            for name, count in row.values.items()
            if (key := curve_key(name)) and count and count > 1 and self._known.get((row.number, key), (0,))[0] != count
        ]

    def read(self, db: sqlite3.Connection, wanted: Iterable[tuple[RunRow, str, int]]) -> None:
        """Reads bars (in a thread)."""
        known = {} if len(self._known) > _KEPT else dict(self._known)
        for row, key, count in wanted:
            points = metrics.series(db, row.run.run_id, key, buckets=CURVE_WIDTH)
            bars = sparkline([point[-1] for point in points], CURVE_WIDTH, is_ascii=not is_unicode())
            known[row.number, key] = (count, bars)
        self._known = known


__all__ = ["CURVE_WIDTH", "Courses", "RunRow", "numbered", "read"]
