"""Metric points read back, all of them.

``metrics`` re-exports what is public here.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from operator import itemgetter, lt
from typing import TYPE_CHECKING, NamedTuple

from mlops_store import chunks, sheets

if TYPE_CHECKING:
    from mlops_store.records import MetricPoint

#: A point as it is kept: step, Unix milliseconds, value.
Point = tuple[int, int, float]

_NAN = float("nan")


class Series(NamedTuple):
    """A run's metric by the store's own numbers.

    Attributes:
        run: ``runs.id``.
        key: ``keys.id``.
        id: Under which its points stand; None where it has one, which stands in its summary alone.
    """

    run: int
    key: int
    id: int | None


class Columns(NamedTuple):
    """All points of a metric, column by column: 24 bytes a point, where tuples take over a hundred."""

    steps: array[int]
    times_ms: array[int]
    values: array[float]


def number(value: float | None) -> float:
    """A value as it was logged: NULL is NaN."""
    return _NAN if value is None else value


def columns(db: sqlite3.Connection, run_id: str, key: str) -> Columns:
    """Every point of a metric in the order of arrival; empty columns when there is none."""
    steps, times_ms, values = array("q"), array("q"), array("d")
    series = find(db, run_id, key)
    if series is None:
        return Columns(steps, times_ms, values)
    for part in _packed(db, series.id) if series.id is not None else ():
        steps.extend(part[0])
        times_ms.extend(part[1])
        values.extend(part[2])
    for step, ms, value in loose(db, series.id) if series.id is not None else single(db, series):
        steps.append(step)
        times_ms.append(ms)
        values.append(value)
    return Columns(steps, times_ms, values)


def _packed(db: sqlite3.Connection, metric: int) -> Iterator[tuple[array[int], array[int], array[float]]]:
    """Steps, times and values of what a series (``metrics.id``) has in a sheet and in chunks."""
    yield sheets.read(db, metric)
    for (body,) in db.execute("SELECT body FROM metric_chunks WHERE metric_id = ? ORDER BY first_seq", (metric,)):
        yield chunks.decode(body)


def points(db: sqlite3.Connection, run_id: str, key: str) -> list[Point]:
    """Every point of a metric in the order of arrival; [] when there is none."""
    return list(zip(*columns(db, run_id, key), strict=True))


def loose(db: sqlite3.Connection, metric: int) -> list[Point]:
    """The points of a series (``metrics.id``) that are rows, in the order of arrival."""
    rows = db.execute("SELECT step, ms, value FROM metric_points WHERE metric_id = ? ORDER BY seq", (metric,))
    return [(step, ms, number(value)) for step, ms, value in rows]


def single(db: sqlite3.Connection, series: Series) -> list[Point]:
    """The last point of a series, by its summary: the only one where it has no ``id``."""
    rows = db.execute(
        "SELECT last_step, last_ms, last_value FROM metrics WHERE key_id = ? AND run_id = ?", (series.key, series.run)
    )
    return [(step, ms, number(value)) for step, ms, value in rows]


def history(db: sqlite3.Connection, run_id: str, key: str) -> list[MetricPoint]:
    """Every point of a metric by step, then time, then order of arrival; [] when there is none."""
    from mlops_store.records import MetricPoint

    steps, times_ms, values = columns(db, run_id, key)
    made = partial(tuple.__new__, MetricPoint)  # a third of the time that its own constructor takes
    found: list[MetricPoint] = list(map(made, zip(steps, [ms / 1000 for ms in times_ms], values, strict=True)))
    if not _is_in_order(steps, times_ms):
        found.sort(key=itemgetter(0, 1))
    return found


def _is_in_order(steps: Sequence[int], times_ms: Sequence[int]) -> bool:
    if all(map(lt, steps, steps[1:])):
        return True
    return all(before <= after for before, after in pairwise(zip(steps, times_ms, strict=True)))


def find(db: sqlite3.Connection, run_id: str, key: str) -> Series | None:
    """A run's metric, or None."""
    row = db.execute(
        "SELECT run_id, key_id, id FROM metrics WHERE run_id = (SELECT id FROM runs WHERE run_id = ?) "
        "AND key_id = (SELECT id FROM keys WHERE name = ?)",
        (run_id, key),
    ).fetchone()
    return None if row is None else Series(*row)
