"""A metric at screen resolution: as many columns as a chart has, with the extremes of each kept.

Chunks that lie within one column are read from their summaries; of a hundred million points a chart costs what its
columns cost. ``metrics`` re-exports what is public here.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mlops_store import chunks
from mlops_store.curves import find, number, single

#: What is drawn for one column: x of its last point, least and greatest number, value of its last point.
Column = tuple[float, float, float, float]

#: So many points are looked at one by one.
_FEW = 2048

_NAN = float("nan")


class _Meta(NamedTuple):
    """The summary of a chunk on the axis that is drawn."""

    first_seq: int
    points: int
    nan_count: int
    low_x: int
    high_x: int
    low: float | None
    high: float | None


class _Bucket:
    """What is known of one column."""

    __slots__ = ("chunk", "high", "last", "low", "nan_x", "x")

    def __init__(self) -> None:
        self.x: int | None = None
        self.last = _NAN
        self.low: float | None = None
        self.high: float | None = None
        self.nan_x: int | None = None
        self.chunk: int | None = None  # the chunk whose last value is still to be read

    def add(self, x: int, low: float, high: float, last: float, chunk: int | None = None) -> None:
        """Takes in points whose last one is at ``x``."""
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)
        self.end(x, last, chunk)

    def add_nan(self, x: int) -> None:
        """Takes in a NaN."""
        self.nan_x = x if self.nan_x is None else max(self.nan_x, x)
        self.end(x, _NAN, None)

    def end(self, x: int, last: float, chunk: int | None) -> None:
        """Takes in that ``last`` is the value at ``x``; of equal x, what was logged later counts."""
        if self.x is None or x >= self.x:
            self.x, self.last, self.chunk = x, last, chunk


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
    metric = find(db, run_id, key)
    if metric is None:
        return []
    axis, scale = ("step", 1) if x == "step" else ("ms", 1000)
    ends = (None if low is None else low * scale, None if high is None else high * scale)
    metas = _metas(db, metric, axis, *ends)
    rows = _rows(db, metric, axis, *ends)
    if sum(meta.points for meta in metas) + len(rows) <= max(_FEW, buckets):
        rows = [*(point for meta in metas for point in _points(db, metric, axis, meta, *ends)), *rows]
        metas = []
        if len(rows) <= buckets:
            rows.sort(key=lambda point: point[0])
            return [(at / scale, value, value, value) for at, value in rows]
    return _Drawing(db, metric, axis, ends, metas, rows, max(1, buckets)).columns(scale)


def _metas(db: sqlite3.Connection, metric: int, axis: str, low: float | None, high: float | None) -> list[_Meta]:
    rows = db.execute(
        f"SELECT first_seq, count, nan_count, min_{axis}, max_{axis}, min_value, max_value FROM metric_chunks "
        f"WHERE metric_id = ? AND max_{axis} >= ifnull(?, max_{axis}) AND min_{axis} <= ifnull(?, min_{axis}) "
        "ORDER BY first_seq",
        (metric, low, high),
    )
    return [_Meta(*row) for row in rows]


def _rows(
    db: sqlite3.Connection, metric: int, axis: str, low: float | None, high: float | None
) -> list[tuple[int, float]]:
    rows = db.execute(f"SELECT {axis}, value FROM metric_points WHERE metric_id = ? ORDER BY seq", (metric,)).fetchall()
    if not rows:
        rows = [(step if axis == "step" else ms, value) for step, ms, value in single(db, metric)]
    return [(at, number(value)) for at, value in rows if (low is None or at >= low) and (high is None or at <= high)]


def _points(
    db: sqlite3.Connection, metric: int, axis: str, meta: _Meta, low: float | None, high: float | None
) -> Iterator[tuple[int, float]]:
    for at, value in zip(*_decoded(db, metric, axis, meta.first_seq), strict=True):
        if (low is None or at >= low) and (high is None or at <= high):
            yield at, value


def _decoded(db: sqlite3.Connection, metric: int, axis: str, first_seq: int) -> tuple[Sequence[int], Sequence[float]]:
    body = db.execute(
        "SELECT body FROM metric_chunks WHERE metric_id = ? AND first_seq = ?", (metric, first_seq)
    ).fetchone()[0]
    return chunks.decode_axis(body, axis)


class _Drawing:
    """One chart line being put together."""

    def __init__(
        self,
        db: sqlite3.Connection,
        metric: int,
        axis: str,
        ends: tuple[float | None, float | None],
        metas: Sequence[_Meta],
        rows: Sequence[tuple[int, float]],
        count: int,
    ) -> None:
        self._db, self._metric, self._axis = db, metric, axis
        xs = [at for at, _ in rows]
        self._low = min([*(meta.low_x for meta in metas), *xs]) if ends[0] is None else ends[0]
        self._high = max([*(meta.high_x for meta in metas), *xs]) if ends[1] is None else ends[1]
        self._count = count
        self._width = (self._high - self._low) / count or 1
        self._buckets: dict[int, _Bucket] = {}
        for meta in metas:
            self._add_chunk(meta)
        for at, value in rows:
            self._add(at, value)

    def columns(self, scale: int) -> list[Column]:
        """The line, by x."""
        found: list[Column] = []
        for _, bucket in sorted(self._buckets.items()):
            if bucket.nan_x is not None:
                found.append((bucket.nan_x / scale, _NAN, _NAN, _NAN))
            if bucket.low is not None and bucket.high is not None and bucket.x is not None:
                found.append((bucket.x / scale, bucket.low, bucket.high, self._last(bucket)))
        return found

    def _last(self, bucket: _Bucket) -> float:
        if bucket.chunk is None or bucket.x is None:
            return bucket.last
        xs, values = _decoded(self._db, self._metric, self._axis, bucket.chunk)
        place = len(xs) - 1 - list(reversed(xs)).index(bucket.x)
        return values[place]

    def _bucket(self, at: float) -> _Bucket:
        place = self._place(at)
        return self._buckets.get(place) or self._buckets.setdefault(place, _Bucket())

    def _place(self, at: float) -> int:
        return min(self._count - 1, int((at - self._low) / self._width))

    def _add(self, at: int, value: float) -> None:
        bucket = self._bucket(at)
        if value != value:
            bucket.add_nan(at)
        else:
            bucket.add(at, value, value, value)

    def _add_chunk(self, meta: _Meta) -> None:
        is_inside = self._low <= meta.low_x and meta.high_x <= self._high
        if is_inside and not meta.nan_count and self._place(meta.low_x) == self._place(meta.high_x):
            assert meta.low is not None
            assert meta.high is not None
            self._bucket(meta.low_x).add(meta.high_x, meta.low, meta.high, _NAN, meta.first_seq)
            return
        xs, values = _decoded(self._db, self._metric, self._axis, meta.first_seq)
        if meta.nan_count or any(map(int.__gt__, xs, xs[1:])):
            for at, value in zip(xs, values, strict=True):
                if self._low <= at <= self._high:
                    self._add(at, value)
        else:
            self._add_sorted(xs, values)

    def _add_sorted(self, xs: Sequence[int], values: Sequence[float]) -> None:
        """Takes in points that are in the order of x, a bucket at a time."""
        start = bisect_left(xs, self._low)
        while start < len(xs) and xs[start] <= self._high:
            place = self._place(xs[start])
            stop = len(xs)
            if place < self._count - 1:
                stop = bisect_left(xs, place + 1, start + 1, key=self._place)
            while stop > start + 1 and xs[stop - 1] > self._high:
                stop -= 1
            part = values[start:stop]
            self._bucket(xs[start]).add(xs[stop - 1], min(part), max(part), part[-1])
            start = stop
