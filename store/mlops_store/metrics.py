"""Metric points: the newest as rows, older ones in compressed chunks, and a summary kept at write time.

``metrics.count`` is the number of points of a series; a point's ``seq`` is its place in the order of arrival. Points
with ``seq < metrics.chunked`` are in chunks, the others are rows. A NULL value is NaN, because SQLite has no NaN.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from mlops_store import chunks, keys
from mlops_store.curves import Point, history, loose, number, points, series

if TYPE_CHECKING:
    from mlops_store.records import MetricSummary

#: From this many row points on, a series' points are moved into a chunk.
LOOSE_POINTS = 512

#: From this many points on, a chunk is smaller than the rows, overheads included.
WORTHWHILE_POINTS = 8


def write(db: sqlite3.Connection, run_id: str, points: Iterable[tuple[str, int, float, float]]) -> None:
    """Appends points to a run's metrics. Needs a write transaction.

    Args:
        db: The connection of a write transaction.
        run_id: The run.
        points: Key, step, Unix seconds and value of each.

    Raises:
        NotFound: No such run.
    """
    from mlops_store import runs

    series: dict[str, list[Point]] = {}
    for key, step, timestamp, value in points:
        series.setdefault(key, []).append((step, round(timestamp * 1000), value))
    run = runs.number(db, run_id)
    append(db, run, {keys.intern(db, key): added for key, added in series.items()})


def append(
    db: sqlite3.Connection,
    run: int,
    series: Mapping[int, Sequence[Point]],
    *,
    is_new_run: bool = False,
    loose_points: int = LOOSE_POINTS,
) -> None:
    """Appends points by the store's own numbers of run and key.

    Args:
        db: The connection of a write transaction.
        run: ``runs.id``.
        series: ``keys.id`` -> points in the order they were logged.
        is_new_run: No point of this run was ever written, so that none needs to be looked up.
        loose_points: From this many row points on, a series' points are moved into a chunk.
    """
    rows: list[tuple[int, int, int, int, float | None]] = []
    for key, added in series.items():
        old = None if is_new_run else _series(db, run, key)
        metric, count, chunked = _summarize(db, run, key, old, added)
        if count + len(added) - chunked >= loose_points:
            _pack(db, metric, chunked, added, count)
        else:
            rows.extend((metric, seq, *_row(point)) for seq, point in enumerate(added, count))
    db.executemany("INSERT INTO metric_points(metric_id, seq, step, ms, value) VALUES (?, ?, ?, ?, ?)", rows)


def compact(db: sqlite3.Connection, run: int) -> None:
    """Moves the row points of a run's series into chunks where that saves space. Needs a write transaction.

    Args:
        db: The connection of a write transaction.
        run: ``runs.id``.
    """
    found = db.execute(
        "SELECT id, count, chunked FROM metrics WHERE run_id = ? AND count - chunked >= ?", (run, WORTHWHILE_POINTS)
    ).fetchall()
    for metric, count, chunked in found:
        _pack(db, metric, chunked, (), count)


def summaries(db: sqlite3.Connection, run_id: str) -> tuple[MetricSummary, ...]:
    """The summary of each metric of a run, by key."""
    from mlops_store.records import MetricSummary

    found = db.execute(
        "SELECT k.name, m.last_value, m.last_step, m.last_ms, m.count, m.nan_count, m.min_value, m.max_value, m.total "
        "FROM metrics m JOIN keys k ON k.id = m.key_id "
        "WHERE m.run_id = (SELECT id FROM runs WHERE run_id = ?) ORDER BY k.name",
        (run_id,),
    ).fetchall()
    return tuple(
        MetricSummary(
            key=key,
            last=number(last),
            last_step=step,
            last_at=ms / 1000,
            count=count,
            nan_count=nans,
            min=number(low),
            max=number(high),
            mean=number(total) / (count - nans) if count > nans else number(None),
        )
        for key, last, step, ms, count, nans, low, high, total in found
    )


def _series(db: sqlite3.Connection, run: int, key: int) -> tuple[object, ...] | None:
    row: tuple[object, ...] | None = db.execute(
        "SELECT id, count, nan_count, last_step, last_ms, last_value, min_value, max_value, total, chunked "
        "FROM metrics WHERE run_id = ? AND key_id = ?",
        (run, key),
    ).fetchone()
    return row


def _summarize(
    db: sqlite3.Connection, run: int, key: int, old: tuple[object, ...] | None, points: Sequence[Point]
) -> tuple[int, int, int]:
    """Brings the summary row up to date; returns metrics.id and the counts of all and of chunked points before."""
    last = max(points, key=_by_rank)
    numbers = [value for _, _, value in points if value == value]
    nans = len(points) - len(numbers)
    low = min(numbers, default=None)
    high = max(numbers, default=None)
    total = sum(numbers)
    if old is None:
        cursor = db.execute(
            "INSERT INTO metrics(run_id, key_id, count, nan_count, last_step, last_ms, last_value, min_value, "
            "max_value, total, chunked) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (run, key, len(points), nans, *_row(last), low, high, total),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid, 0, 0
    metric, count, old_nans, step, ms, value, old_low, old_high, old_total, chunked = old
    assert isinstance(metric, int)
    assert isinstance(count, int)
    assert isinstance(chunked, int)
    before: Point = (step, ms, number(value))  # type: ignore[assignment, arg-type]
    db.execute(
        "UPDATE metrics SET count = ?, nan_count = ?, last_step = ?, last_ms = ?, last_value = ?, min_value = ?, "
        "max_value = ?, total = ? WHERE id = ?",
        (
            count + len(points),
            old_nans + nans,  # type: ignore[operator]
            *_row(max(before, last, key=_by_rank)),
            min((bound for bound in (old_low, low) if bound is not None), default=None),  # type: ignore[type-var]
            max((bound for bound in (old_high, high) if bound is not None), default=None),  # type: ignore[type-var]
            number(old_total) + total,  # type: ignore[arg-type]
            metric,
        ),
    )
    return metric, count, chunked


def _pack(db: sqlite3.Connection, metric: int, chunked: int, added: Sequence[Point], count: int) -> None:
    """Moves the row points of a series and ``added`` ones, which no row holds yet, into chunks."""
    kept = loose(db, metric) if count > chunked else []
    todo = [*kept, *added]
    for start in range(0, len(todo), chunks.MAX_POINTS):
        part = todo[start : start + chunks.MAX_POINTS]
        steps, times_ms, values = zip(*part, strict=True)
        numbers = [value for value in values if value == value]
        db.execute(
            "INSERT INTO metric_chunks(metric_id, first_seq, count, nan_count, min_step, max_step, min_ms, max_ms, "
            "min_value, max_value, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                metric,
                chunked + start,
                len(part),
                len(part) - len(numbers),
                min(steps),
                max(steps),
                min(times_ms),
                max(times_ms),
                min(numbers, default=None),
                max(numbers, default=None),
                chunks.encode(steps, times_ms, values),
            ),
        )
    if kept:
        db.execute("DELETE FROM metric_points WHERE metric_id = ?", (metric,))
    db.execute("UPDATE metrics SET chunked = ? WHERE id = ?", (chunked + len(todo), metric))


def _row(point: Point) -> tuple[int, int, float | None]:
    step, ms, value = point
    return step, ms, value if value == value else None


def _by_rank(point: Point) -> tuple[int, int, bool, float]:
    """MLflow's order of 'latest': step, then time, then value; NaN is the least value."""
    step, ms, value = point
    is_number = value == value
    return step, ms, is_number, value if is_number else 0.0


__all__ = ["append", "compact", "history", "points", "series", "summaries", "write"]
