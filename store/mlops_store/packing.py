"""Row points of metrics moved into what takes less space: sheets of short series, chunks of long ones.

A series of less than ``LOOSE_POINTS`` points lies in sheets from the end of its run on; points of a longer one, and
those that are logged after that end, are moved into chunks when they have become many.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from mlops_store import chunks, outlines, sheets
from mlops_store.curves import Point
from mlops_store.sheets import Owner

#: From this many row points on, a live series' points are moved into a chunk.
LOOSE_POINTS = 512

#: From this many points on, a chunk is smaller than the rows, overheads included.
WORTHWHILE_POINTS = 8


def is_due(chunked: int, count: int, is_ended: bool) -> bool:
    """Whether the points of a series from ``chunked`` to ``count`` are to be packed; ``is_ended``: its run has."""
    if not is_ended:
        return count - chunked >= LOOSE_POINTS
    return count - chunked >= WORTHWHILE_POINTS or (not chunked and count > 1)


class Packing:
    """Series to pack, gathered and then stored together.

    Args:
        db: The connection of a write transaction.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._next_id = _next_id(db)
        self._short: dict[Owner, Sequence[Point]] = {}
        self._chunks: list[tuple[Any, ...]] = []
        self._emptied: list[tuple[int]] = []

    def new_id(self) -> int:
        """A ``metrics.id`` under which no points stand."""
        self._next_id += 1
        return self._next_id - 1

    def add(
        self, owner: Owner, metric: int | None, chunked: int, points: Sequence[Point], is_ended: bool
    ) -> int | None:
        """Takes in all points of a series that are in no chunk, also those that are rows.

        Args:
            owner: The series.
            metric: Its ``metrics.id``, if any.
            chunked: How many points of it are packed already.
            points: Those that follow them.
            is_ended: The run has ended.

        Returns:
            The ``metrics.id`` that it has from now on; None when ``store`` will tell.
        """
        if metric is not None:
            self._emptied.append((metric,))
        if is_ended and not chunked and len(points) < LOOSE_POINTS:
            self._short[owner] = points
            return None
        metric = self.new_id() if metric is None else metric
        self._chunks.extend(_rows(metric, chunked, points))
        return metric

    def store(self) -> dict[Owner, int]:
        """Stores what was gathered and returns the ``metrics.id`` of the series that are in sheets now."""
        made, ids = sheets.made(self._short, self._next_id)
        self._db.executemany("DELETE FROM metric_points WHERE metric_id = ?", self._emptied)
        sheets.insert(self._db, made)
        self._db.executemany(
            "INSERT INTO metric_chunks(metric_id, first_seq, count, nan_count, min_step, max_step, min_ms, max_ms, "
            "min_value, max_value, outline, widest_step, widest_ms, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._chunks,
        )
        return ids


def _next_id(db: sqlite3.Connection) -> int:
    row = db.execute(
        "SELECT max(coalesce((SELECT max(metric_id) FROM metric_points), 0), "
        "coalesce((SELECT max(metric_id) FROM metric_chunks), 0), "
        "coalesce((SELECT id + series - 1 FROM metric_sheets ORDER BY id DESC LIMIT 1), 0))"
    ).fetchone()
    highest: int = row[0]
    return highest + 1


def _rows(metric: int, chunked: int, todo: Sequence[Point]) -> Iterator[tuple[Any, ...]]:
    """Rows of ``metric_chunks`` for the points that follow those which are packed."""
    for start in range(0, len(todo), chunks.MAX_POINTS):
        steps, times_ms, values = zip(*todo[start : start + chunks.MAX_POINTS], strict=True)
        numbers = [value for value in values if value == value]
        yield (
            metric,
            chunked + start,
            len(values),
            len(values) - len(numbers),
            min(steps),
            max(steps),
            min(times_ms),
            max(times_ms),
            min(numbers, default=None),
            max(numbers, default=None),
            *(outlines.outline(steps, times_ms, values) or (None, None, None)),
            chunks.encode(steps, times_ms, values),
        )
