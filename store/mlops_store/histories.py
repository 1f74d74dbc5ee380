"""Metric points by time, page by page: a page reads the chunks that it lies in, and none of the others.

Points of one time come by step, then value, NaN first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from mlops_store import chunks, curves, sheets
from mlops_store.curves import Point, Series


class Place(NamedTuple):
    """Where a page ended: its last point, and which of those that are equal to it that was, from 1."""

    step: int
    ms: int
    value: float
    equal: int


def page(
    db: sqlite3.Connection, run_id: str, key: str, after: Place | None = None, limit: int | None = None
) -> list[Point]:
    """The points of a metric that follow a place, by time; [] when there are none.

    Args:
        db: A connection.
        run_id: The run.
        key: The metric.
        after: Where the page before ended; None for the first page.
        limit: How many at most.
    """
    series = curves.find(db, run_id, key)
    if series is None:
        return []
    first = _rank(after[:3]) if after is not None else None
    skipped = after.equal if after is not None else 0
    most = None if limit is None else limit + skipped
    found: list[Point] = []
    for begin_ms, points in _parts(db, series, first[0] if first is not None else None):
        if most is not None and len(found) >= most:
            found.sort(key=_rank)
            del found[most:]
            if begin_ms > found[-1][1]:
                break
        found += points if first is None else [point for point in points if _rank(point) >= first]
    found.sort(key=_rank)
    equal = sum(_rank(point) == first for point in found[:skipped])
    return found[equal:most]


def place(points: list[Point], before: Place | None = None) -> Place:
    """Where a page ends that has these points, and follows the place where the one before ended."""
    last = points[-1]
    rank = _rank(last)
    equal = sum(_rank(point) == rank for point in points)
    if before is not None and equal == len(points) and _rank(before[:3]) == rank:
        equal += before.equal
    return Place(*last, equal)


def _parts(db: sqlite3.Connection, series: Series, from_ms: int | None) -> Iterator[tuple[int, Iterator[Point]]]:
    """Parts of a series that reach to a time or beyond, with the time from which on each has points, by that."""
    if series.id is None:
        yield 0, iter(curves.single(db, series))
        return
    short = [*zip(*sheets.read(db, series.id), strict=True), *curves.loose(db, series.id)]
    if short:
        yield min(point[1] for point in short), iter(short)
    heads = db.execute(
        "SELECT first_seq, min_ms FROM metric_chunks WHERE metric_id = ? AND max_ms >= ? ORDER BY min_ms, first_seq",
        (series.id, -(1 << 63) if from_ms is None else from_ms),
    ).fetchall()
    for first_seq, begin_ms in heads:
        yield begin_ms, _points(db, series.id, first_seq)


def _points(db: sqlite3.Connection, metric: int, first_seq: int) -> Iterator[Point]:
    """The points of a chunk, which is read when the first one is asked for."""
    (body,) = db.execute(
        "SELECT body FROM metric_chunks WHERE metric_id = ? AND first_seq = ?", (metric, first_seq)
    ).fetchone()
    yield from zip(*chunks.decode(body), strict=True)


def _rank(point: Point) -> tuple[int, int, bool, float]:
    step, ms, value = point
    is_number = value == value
    return ms, step, is_number, value if is_number else 0.0
