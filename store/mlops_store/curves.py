"""Metric points read back: all of them, or as many as a chart has columns.

``metrics`` re-exports what is public here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mlops_store import chunks

if TYPE_CHECKING:
    from mlops_store.records import MetricPoint

#: A point as it is kept: step, Unix milliseconds, value.
Point = tuple[int, int, float]

#: What is drawn for one bucket: x of its last point, least and greatest number, value of its last point.
Column = tuple[float, float, float, float]

_NAN = float("nan")


def number(value: float | None) -> float:
    """A value as it was logged: NULL is NaN."""
    return _NAN if value is None else value


def points(db: sqlite3.Connection, run_id: str, key: str) -> list[Point]:
    """Every point of a metric in the order of arrival; [] when there is none."""
    metric = _metric(db, run_id, key)
    if metric is None:
        return []
    bodies = db.execute("SELECT body FROM metric_chunks WHERE metric_id = ? ORDER BY first_seq", (metric,)).fetchall()
    found: list[Point] = []
    for (body,) in bodies:
        found.extend(zip(*chunks.decode(body), strict=True))
    found.extend(loose(db, metric))
    return found


def loose(db: sqlite3.Connection, metric: int) -> list[Point]:
    """The points of a series (``metrics.id``) that are rows, in the order of arrival."""
    rows = db.execute(
        "SELECT step, ms, value FROM metric_points WHERE metric_id = ? ORDER BY seq", (metric,)
    ).fetchall() or _single(db, metric)
    return [(step, ms, number(value)) for step, ms, value in rows]


def _single(db: sqlite3.Connection, metric: int) -> list[tuple[int, int, float | None]]:
    """The only point of a series, which stands in its summary."""
    return db.execute(
        "SELECT last_step, last_ms, last_value FROM metrics WHERE id = ? AND count = 1 AND chunked = 0", (metric,)
    ).fetchall()


def history(db: sqlite3.Connection, run_id: str, key: str) -> list[MetricPoint]:
    """Every point of a metric by step, then time, then order of arrival; [] when there is none."""
    from mlops_store.records import MetricPoint

    found = sorted(points(db, run_id, key), key=lambda point: point[:2])
    return [MetricPoint(step, ms / 1000, value) for step, ms, value in found]


def series(
    db: sqlite3.Connection,
    run_id: str,
    key: str,
    *,
    buckets: int,
    x: str = "step",
    low: float | None = None,
    high: float | None = None,
) -> list[Column]:
    """A metric at screen resolution; the extremes of each bucket are kept.

    Args:
        db: A connection.
        run_id: The run.
        key: The metric's name.
        buckets: How many columns the chart has, at least 1.
        x: 'step', or 'time' in Unix seconds.
        low: Least x shown; the first point's by default.
        high: Greatest x shown; the last point's by default.

    Returns:
        By x, one (x of the last point, least number, greatest number, value of the last point) for each bucket that
        has points, infinities included; a bucket with NaN among numbers is preceded by (x, NaN, NaN, NaN), where x is
        that of its last NaN. No more points than buckets: one entry a point.
    """
    metric = _metric(db, run_id, key)
    if metric is None:
        return []
    axis, scale = ("step", 1) if x == "step" else ("ms", 1000)
    bounds = db.execute(
        f"SELECT min(low), max(high) FROM (SELECT min(min_{axis}) low, max(max_{axis}) high FROM metric_chunks "
        f"WHERE metric_id = :m UNION ALL SELECT min({axis}), max({axis}) FROM metric_points WHERE metric_id = :m)",
        {"m": metric},
    ).fetchone()
    if bounds[0] is None:
        bounds = [row[0 if x == "step" else 1] for row in _single(db, metric)] * 2
    first = bounds[0] if low is None else low * scale
    last = bounds[1] if high is None else high * scale
    found = sorted(_between(db, metric, axis, first, last), key=lambda pair: pair[0])
    if len(found) <= buckets:
        return [(at / scale, value, value, value) for at, value in found]
    width = (last - first) / max(1, buckets) or 1
    return list(_columns(found, first, width, max(1, buckets), scale))


def _between(db: sqlite3.Connection, metric: int, axis: str, low: float, high: float) -> Iterator[tuple[int, float]]:
    bodies = db.execute(
        f"SELECT body FROM metric_chunks WHERE metric_id = ? AND max_{axis} >= ? AND min_{axis} <= ? "
        "ORDER BY first_seq",
        (metric, low, high),
    )
    for (body,) in bodies.fetchall():
        steps, times_ms, values = chunks.decode(body)
        for at, value in zip(steps if axis == "step" else times_ms, values, strict=True):
            if low <= at <= high:
                yield at, value
    rows = db.execute(
        f"SELECT {axis}, value FROM metric_points WHERE metric_id = ? AND {axis} BETWEEN ? AND ? ORDER BY seq",
        (metric, low, high),
    )
    yield from ((at, number(value)) for at, value in rows)
    for step, ms, only in _single(db, metric):
        if low <= (at := step if axis == "step" else ms) <= high:
            yield at, number(only)


def _columns(
    found: Iterable[tuple[int, float]], first: float, width: float, buckets: int, scale: int
) -> Iterator[Column]:
    bucket, pairs = -1, list[tuple[int, float]]()
    for at, value in found:
        here = min(buckets - 1, int((at - first) / width))
        if here != bucket and pairs:
            yield from _column(pairs, scale)
            pairs = []
        bucket = here
        pairs.append((at, value))
    yield from _column(pairs, scale)


def _column(pairs: list[tuple[int, float]], scale: int) -> Iterator[Column]:
    numbers = [value for _, value in pairs if value == value]
    x, last = pairs[-1]
    nans = [at for at, value in pairs if value != value]
    if nans:
        yield nans[-1] / scale, _NAN, _NAN, _NAN
    if numbers:
        yield x / scale, min(numbers), max(numbers), last


def _metric(db: sqlite3.Connection, run_id: str, key: str) -> int | None:
    row = db.execute(
        "SELECT id FROM metrics WHERE run_id = (SELECT id FROM runs WHERE run_id = ?) "
        "AND key_id = (SELECT id FROM keys WHERE name = ?)",
        (run_id, key),
    ).fetchone()
    return None if row is None else row[0]
