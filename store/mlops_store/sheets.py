"""Short series of ended runs: the sheets of a store, each with at most 96 values of one run.

Most of what a short series takes is not its values but what stands beside them: a row, a compressed stream, steps and
times. Those that were logged together have all of this in common, so that several lie in one sheet, and the steps and
times of all in the first sheet of them, their base. A longer series has several sheets, one for each stretch of it.

The first sheet of a series is that of the greatest ``id`` that is not above ``metrics.id``; the series of a sheet have
ids that follow one another, and so have the sheets of a series. What a resumed run logs later stands elsewhere.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from mlops_store import chunks

if TYPE_CHECKING:
    from mlops_store.chunks import Axis
    from mlops_store.curves import Point

#: Most values in a sheet: about a sixth of a page, so that little of a page stays empty, and one is soon read.
MAX_VALUES = 96

T = TypeVar("T")

#: Which series: ``runs.id`` and ``keys.id``.
Owner = tuple[int, int]


class Sheet(NamedTuple):
    """A row of ``metric_sheets``.

    Attributes:
        id: See above.
        series: How many series are in it.
        sheets: How many sheets the series has, if it is the only one; 1 but in the first of them.
        base: How far before it stands the sheet with its steps and times; 0: in itself.
        body: See ``chunks``.
    """

    id: int
    series: int
    sheets: int
    base: int
    body: bytes


def made(series: Mapping[Owner, Sequence[Point]], next_id: int) -> tuple[list[Sheet], dict[Owner, int]]:
    """Sheets that hold short series.

    Args:
        series: Points of each, at least 2.
        next_id: From which on ``metrics.id`` is free.

    Returns:
        The sheets, and ``metrics.id`` of each series.
    """
    together: dict[tuple[int, tuple[int, ...]], list[Owner]] = {}
    for owner, points in series.items():
        together.setdefault((owner[0], tuple([step for step, _, _ in points])), []).append(owner)
    sheets: list[Sheet] = []
    ids: dict[Owner, int] = {}
    for (_, steps), owners in together.items():
        stretches = -(-len(steps) // MAX_VALUES)
        axes: list[Axis] = []
        first_id = next_id
        for part in _parts(owners, -(-len(owners) // max(1, MAX_VALUES // len(steps)))):
            ids.update({owner: next_id + place for place, owner in enumerate(part)})
            whole = [series[owner] for owner in part]
            cut = zip(*(_parts(one, stretches) for one in whole), strict=True) if stretches > 1 else (whole,)
            for number, stretch in enumerate(cut):
                steps_of, times_ms, values = zip(*chain.from_iterable(stretch), strict=True)
                if next_id == first_id:
                    axes.append((steps_of[: len(stretch[0])], times_ms[: len(stretch[0])]))
                base = axes[number] if next_id > first_id else None
                body = chunks.encode(steps_of, times_ms, values, len(part), base)
                rows = 1 if number else stretches
                sheets.append(Sheet(next_id + number, len(part), rows, next_id - first_id, body))
            next_id += len(part) * stretches
    return sheets, ids


def _parts(items: Sequence[T], count: int) -> list[Sequence[T]]:
    """Items in ``count`` parts, as even as can be."""
    return [items[len(items) * number // count : len(items) * (number + 1) // count] for number in range(count)]


def insert(db: sqlite3.Connection, sheets: Sequence[Sheet]) -> None:
    """Stores sheets. Needs a write transaction."""
    db.executemany("INSERT INTO metric_sheets(id, series, sheets, base, body) VALUES (?, ?, ?, ?, ?)", sheets)


def read(db: sqlite3.Connection, metric: int) -> tuple[array[int], array[int], array[float]]:
    """Steps, times in ms and values that sheets have of a series (``metrics.id``); empty when it is in none."""
    steps, times_ms, values = array("q"), array("q"), array("d")
    row = db.execute(
        "SELECT id, series, sheets FROM metric_sheets WHERE id <= ? ORDER BY id DESC LIMIT 1", (metric,)
    ).fetchone()
    if row is None or metric >= row[0] + row[1]:
        return steps, times_ms, values
    first_id, _, sheets = row
    for series, body, of_base, base in db.execute(
        "SELECT s.series, s.body, b.series, b.body FROM metric_sheets s "
        "LEFT JOIN metric_sheets b ON s.base AND b.id = s.id - s.base WHERE s.id BETWEEN ? AND ? ORDER BY s.id",
        (first_id, first_id + sheets - 1),
    ):
        part = chunks.decode(body, series, metric - first_id, chunks.base_of(base, of_base) if base else None)
        steps.extend(part[0])
        times_ms.extend(part[1])
        values.extend(part[2])
    return steps, times_ms, values
