"""Metric points read back, all of them.

``metrics`` re-exports what is public here.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from mlops_store import chunks

if TYPE_CHECKING:
    from mlops_store.records import MetricPoint

#: A point as it is kept: step, Unix milliseconds, value.
Point = tuple[int, int, float]

_NAN = float("nan")


def number(value: float | None) -> float:
    """A value as it was logged: NULL is NaN."""
    return _NAN if value is None else value


def points(db: sqlite3.Connection, run_id: str, key: str) -> list[Point]:
    """Every point of a metric in the order of arrival; [] when there is none."""
    metric = find(db, run_id, key)
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
    ).fetchall() or single(db, metric)
    return [(step, ms, number(value)) for step, ms, value in rows]


def single(db: sqlite3.Connection, metric: int) -> list[tuple[int, int, float | None]]:
    """The only point of a series, which stands in its summary."""
    return db.execute(
        "SELECT last_step, last_ms, last_value FROM metrics WHERE id = ? AND count = 1 AND chunked = 0", (metric,)
    ).fetchall()


def history(db: sqlite3.Connection, run_id: str, key: str) -> list[MetricPoint]:
    """Every point of a metric by step, then time, then order of arrival; [] when there is none."""
    from mlops_store.records import MetricPoint

    found = sorted(points(db, run_id, key), key=lambda point: point[:2])
    return [MetricPoint(step, ms / 1000, value) for step, ms, value in found]


def find(db: sqlite3.Connection, run_id: str, key: str) -> int | None:
    """``metrics.id`` of a run's metric, or None."""
    row = db.execute(
        "SELECT id FROM metrics WHERE run_id = (SELECT id FROM runs WHERE run_id = ?) "
        "AND key_id = (SELECT id FROM keys WHERE name = ?)",
        (run_id, key),
    ).fetchone()
    return None if row is None else row[0]
