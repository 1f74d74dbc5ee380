"""A metric at screen resolution: as many columns as a chart has, with the extremes of each kept.

A chunk that lies within one column is read from its summary, one whose points are close beside the width of a column
from its outline; only where a chart shows single points are those read. ``metrics`` re-exports what is public here.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Sequence
from operator import gt
from typing import NamedTuple

from mlops_store import chunks, outlines, sheets
from mlops_store.curves import Series, find, number, single

#: What is drawn for one column: x of its last point, least and greatest number, value of its last point.
Column = tuple[float, float, float, float]

_NAN, _INFINITY = float("nan"), float("inf")


class _Meta(NamedTuple):
    """The summary of a chunk on the axis that is drawn."""

    first_seq: int
    points: int
    nan_count: int
    low_x: int
    high_x: int
    low: float | None
    high: float | None


def series(
    db: sqlite3.Connection,
    run_id: str,
    key: str,
    *,
    buckets: int,
    x: str = "step",
    low: float = -_INFINITY,
    high: float = _INFINITY,
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
        By x, one (x of the last number, least number, greatest number, last number) for each bucket that has numbers,
        infinities included, the first bucket with the x of its first point; a bucket with NaN is preceded by
        (x, NaN, NaN, NaN), where x is that of its last NaN. No more points than buckets: one entry a point. Where a
        bucket holds many points, a least or greatest number that a bucket beside it exceeds may be left out, and the
        last number may be one before; every bucket that stands out from both beside it is exact.
    """
    metric = find(db, run_id, key)
    if metric is None:
        return []
    axis, scale = ("step", 1) if x == "step" else ("ms", 1000)
    ends = (round(low * scale, 3), round(high * scale, 3))  # seconds since 1970 have a rounding error
    return _Reading(db, metric, axis, ends).columns(max(1, buckets), scale)


def span(db: sqlite3.Connection, run_id: str, key: str, x: str = "step") -> tuple[float, float] | None:
    """The least and the greatest x of a metric, in the unit of ``series``; None when it has no points."""
    metric = find(db, run_id, key)
    if metric is None:
        return None
    axis, scale = ("step", 1) if x == "step" else ("ms", 1000)
    short = sheets.read(db, metric.id)[0 if axis == "step" else 1] if metric.id is not None else ()
    low, high = db.execute(
        f"SELECT min(low), max(high) FROM (SELECT min(min_{axis}) AS low, max(max_{axis}) AS high FROM metric_chunks "
        f"WHERE metric_id = :id UNION ALL SELECT min({axis}), max({axis}) FROM metric_points WHERE metric_id = :id "
        f"UNION ALL SELECT last_{axis}, last_{axis} FROM metrics WHERE key_id = :key AND run_id = :run)",
        metric._asdict(),
    ).fetchone()
    return min([low, *short]) / scale, max([high, *short]) / scale


class _Reading:
    """The points of a metric between two ends of an axis, read as closely as is needed."""

    def __init__(self, db: sqlite3.Connection, series: Series, axis: str, ends: tuple[float, float]) -> None:
        self._db, self._series, self._axis, self._ends = db, series, axis, ends
        self._xs: array[int] = array("q")
        self._values: array[float] = array("d")

    def columns(self, count: int, scale: int) -> list[Column]:
        """The points in at most ``count`` buckets, by x; x is divided by ``scale``."""
        metas, rows = self._metas(), self._rows()
        points = sum(meta.points for meta in metas) + len(rows)
        if not points:
            return []
        low, high = self._ends
        if low == -_INFINITY:
            low = min([*(meta.low_x for meta in metas), *(at for at, _ in rows)])
        if high == _INFINITY:
            high = max([*(meta.high_x for meta in metas), *(at for at, _ in rows)])
        width = (high - low) / count or 1
        for meta in metas:
            self._add_chunk(meta, low, width if points > count else 0.0)
        if points > count:
            rows += self._newest()
        for at, value in rows:
            self._xs.append(at)
            self._values.append(value)
        self._sort()
        if points <= count:
            return [(at / scale, value, value, value) for at, value in zip(self._xs, self._values, strict=True)]
        found = _merged(self._xs, self._values, low, width, count, scale)
        if len(found) > 1 and found[0][1] == found[0][1]:  # the line begins where the points do
            first = low if self._ends[0] == -_INFINITY else self._xs[0]
            found[0] = (first / scale, *found[0][1:])
        return found

    def _metas(self) -> list[_Meta]:
        axis = self._axis
        rows = self._db.execute(
            f"SELECT first_seq, count, nan_count, min_{axis}, max_{axis}, min_value, max_value FROM metric_chunks "
            f"WHERE metric_id = ? AND max_{axis} >= ? AND min_{axis} <= ? ORDER BY first_seq",
            (self._series.id, *self._ends),
        )
        return [_Meta(*row) for row in rows]

    def _rows(self) -> list[tuple[int, float]]:
        metric, axis = self._series.id, self._axis
        if metric is None:
            return self._newest()
        steps, times_ms, values = sheets.read(self._db, metric)
        low, high = self._ends
        found = [
            (at, value)
            for at, value in zip(steps if axis == "step" else times_ms, values, strict=True)
            if low <= at <= high
        ]
        rows = self._db.execute(
            f"SELECT {axis}, value FROM metric_points WHERE metric_id = ? AND {axis} >= ? AND {axis} <= ? ORDER BY seq",
            (metric, low, high),
        )
        found.extend((at, number(value)) for at, value in rows)
        return found

    def _newest(self) -> list[tuple[int, float]]:
        """The point of the highest step, which a chart is to end with whatever else is left out."""
        low, high = self._ends
        found = [(step if self._axis == "step" else ms, value) for step, ms, value in single(self._db, self._series)]
        return [(at, value) for at, value in found if low <= at <= high]

    def _add_chunk(self, meta: _Meta, low: float, width: float) -> None:
        first, last = self._ends
        is_inside = first <= meta.low_x and meta.high_x <= last
        if is_inside and width and not meta.nan_count:
            place = int((meta.low_x - low) / width)
            if meta.high_x < low + (place + 1) * width:
                self._xs.extend((meta.low_x, meta.high_x))
                self._values.extend((number(meta.low), number(meta.high)))
                return
        found = (self._outline(meta, width) if is_inside else None) or self._body("body", meta.first_seq)
        assert found is not None
        xs, values = found
        if is_inside:
            self._xs.extend(xs)
            self._values.extend(values)
            return
        for at, value in zip(xs, values, strict=True):
            if first <= at <= last:
                self._xs.append(at)
                self._values.append(value)

    def _outline(self, meta: _Meta, width: float) -> tuple[array[int], array[float]] | None:
        """The chunk's outline where no stretch of it is wider than a column.

        Such a stretch lies in two columns at most, so what it leaves out of one of them stands out from no neighbour.
        """
        if (outlines.STRETCH - 1) * (meta.high_x - meta.low_x) > width * meta.points:
            return None
        return self._body("outline", meta.first_seq, f"AND widest_{self._axis} < {width!r}")

    def _body(self, column: str, first_seq: int, condition: str = "") -> tuple[array[int], array[float]] | None:
        row = self._db.execute(
            f"SELECT {column} FROM metric_chunks WHERE metric_id = ? AND first_seq = ? {condition}",
            (self._series.id, first_seq),
        ).fetchone()
        return None if row is None else chunks.decode_axis(row[0], self._axis)

    def _sort(self) -> None:
        if any(map(gt, self._xs, self._xs[1:])):
            order = sorted(range(len(self._xs)), key=self._xs.__getitem__)
            self._xs = array("q", [self._xs[place] for place in order])
            self._values = array("d", [self._values[place] for place in order])


def _merged(
    xs: Sequence[int], values: Sequence[float], low: float, width: float, count: int, scale: int
) -> list[Column]:
    """Points that are in the order of x, in buckets of equal width."""
    found: list[Column] = []
    place, edge = -1, -_INFINITY
    x, nan_x = None, None
    least, greatest, last = _INFINITY, -_INFINITY, _NAN
    for at, value in zip(xs, values, strict=True):
        if at >= edge:
            before, place = place, min(count - 1, int((at - low) / width))
            edge = low + (place + 1) * width if place < count - 1 else _INFINITY
            if place != before:
                if nan_x is not None:
                    found.append((nan_x / scale, _NAN, _NAN, _NAN))
                if x is not None:
                    found.append((x / scale, least, greatest, last))
                x, nan_x = None, None
                least, greatest = _INFINITY, -_INFINITY
        if value < least:
            least = value
        if value > greatest:
            greatest = value
        if value == value:
            x, last = at, value
        else:
            nan_x = at
    if nan_x is not None:
        found.append((nan_x / scale, _NAN, _NAN, _NAN))
    if x is not None:
        found.append((x / scale, least, greatest, last))
    return found
