"""Metric points: the newest as rows, older ones packed, and a summary kept at write time.

``metrics.count`` is the number of points of a series; a point's ``seq`` is its place in the order of arrival. Points
with ``seq < metrics.chunked`` are packed (see ``packing``), the others are rows; the only point of a series stands in
its summary alone, because most metrics of short runs are logged once, and such a series has no ``id``. A NULL value is
NaN, because SQLite has no NaN. Summaries lie by key, then run: a list of runs reads one metric of all of them at once.
What is the same as the last value is not kept again: the least and the greatest are NULL then, and so is the total of
an only point.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mlops_store import chunks, keys, sheets
from mlops_store.curves import Columns, Point, columns, history, loose, number, points
from mlops_store.packing import Packing, is_due
from mlops_store.resolution import series, span
from mlops_store.run_columns import PARTS

if TYPE_CHECKING:
    from mlops_store.records import MetricSummary

#: Count, NaN count, step, ms and value of the last point, least, greatest and total, with None for NaN and for nothing.
Summary = tuple[Any, ...]

_SUMMARY = (
    f"m.count, m.nan_count, m.last_step, m.last_ms, m.last_value, {PARTS['min'].format('m')}, "
    f"{PARTS['max'].format('m')}, CASE m.count WHEN 1 THEN m.last_value ELSE m.total END"
)


class Batch(NamedTuple):
    """Points to append to one series.

    Attributes:
        run: ``runs.id``.
        key: ``keys.id``.
        points: At least one, in the order they were logged.
        is_new_run: No point of this run was ever written, so that none needs to be looked up.
        is_ended: The run has ended: what it has is packed.
    """

    run: int
    key: int
    points: Sequence[Point]
    is_new_run: bool = False
    is_ended: bool = False


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
    append(db, [Batch(run, keys.intern(db, key), added) for key, added in series.items()])


def append_new(db: sqlite3.Connection, run: int, series: Mapping[int, Sequence[Point]]) -> None:
    """Appends points to a run's metrics but those that are there already: a client sends again what was not answered.

    Args:
        db: The connection of a write transaction.
        run: ``runs.id``.
        series: ``keys.id`` -> points.
    """
    batches = []
    for key, logged in series.items():
        different = list({_identity(point): point for point in logged}.values()) if len(logged) > 1 else logged
        old = _find(db, run, key)
        if old is not None and min(different)[:2] <= old[2][2:4]:
            known = _known(db, old[0], old[2], different)
            different = [point for point in different if _identity(point) not in known]
        if different:
            batches.append(Batch(run, key, different))
    append(db, batches)


def append(db: sqlite3.Connection, batches: Iterable[Batch]) -> None:
    """Appends points to many series at once, by the store's own numbers of run and key.

    Args:
        db: The connection of a write transaction.
        batches: At most one for each run and key.
    """
    packing = Packing(db)
    once: list[tuple[Any, ...]] = []
    new: list[tuple[Any, ...]] = []
    changed: list[tuple[Any, ...]] = []
    rows: list[tuple[int, int, int, int, float | None]] = []
    for batch in batches:
        old = None if batch.is_new_run else _find(db, batch.run, batch.key)
        summary, points = summary_of(batch.points), batch.points
        metric, count, chunked = None, 0, 0
        if old is None and summary[0] == 1:
            once.append((*summary[1:5], batch.key, batch.run))
            continue
        if old is not None:
            metric, chunked, before = old
            summary = _merged(before, summary)
            if metric is None:
                step, ms, value = before[2:5]
                points = [(step, ms, number(value)), *points]
            else:
                count = before[0]
        if is_due(chunked, summary[0], batch.is_ended):
            earlier = loose(db, metric) if metric is not None and count > chunked else []
            metric = packing.add((batch.run, batch.key), metric, chunked, [*earlier, *points], batch.is_ended)
            chunked = summary[0]
        elif summary[0] > 1:
            metric = packing.new_id() if metric is None else metric
            rows.extend((metric, seq, *_identity(point)) for seq, point in enumerate(points, count))
        (new if old is None else changed).append((metric, *_kept(summary), chunked, batch.key, batch.run))
    ids = packing.store()
    db.executemany(
        # without what would be NULL: the sqlite3 module takes long to bind it
        "INSERT INTO metrics(count, nan_count, last_step, last_ms, last_value, chunked, key_id, run_id) "
        "VALUES (1, ?, ?, ?, ?, 0, ?, ?)",
        once,
    )
    db.executemany(
        "INSERT INTO metrics(id, count, nan_count, last_step, last_ms, last_value, min_value, max_value, total, "
        "chunked, key_id, run_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        _with(ids, new),
    )
    db.executemany(
        "UPDATE metrics SET id = ?, count = ?, nan_count = ?, last_step = ?, last_ms = ?, last_value = ?, "
        "min_value = ?, max_value = ?, total = ?, chunked = ? WHERE key_id = ? AND run_id = ?",
        _with(ids, changed),
    )
    db.executemany("INSERT INTO metric_points(metric_id, seq, step, ms, value) VALUES (?, ?, ?, ?, ?)", rows)


def compact(db: sqlite3.Connection, run: int) -> None:
    """Packs the row points of a run that has ended, where that saves space. Needs a write transaction.

    Args:
        db: The connection of a write transaction.
        run: ``runs.id``.
    """
    packing = Packing(db)
    changed: list[tuple[Any, ...]] = []
    for metric, key, count, chunked in db.execute(
        "SELECT id, key_id, count, chunked FROM metrics WHERE run_id = ? AND chunked < count AND id IS NOT NULL", (run,)
    ).fetchall():
        if is_due(chunked, count, is_ended=True):
            packed = packing.add((run, key), metric, chunked, loose(db, metric), is_ended=True)
            changed.append((packed, count, key, run))
    db.executemany(
        "UPDATE metrics SET id = ?, chunked = ? WHERE key_id = ? AND run_id = ?", _with(packing.store(), changed)
    )


def _with(ids: Mapping[sheets.Owner, int], rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows that begin with the id of a series and end with its key and run, with the ids that these have now."""
    return [(ids.get((row[-1], row[-2]), row[0]), *row[1:]) for row in rows]


def summaries(db: sqlite3.Connection, run_id: str) -> tuple[MetricSummary, ...]:
    """The summary of each metric of a run, by key."""
    from mlops_store.records import MetricSummary

    found = db.execute(
        f"SELECT k.name, {_SUMMARY} FROM metrics m JOIN keys k ON k.id = m.key_id "
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
        for key, count, nans, step, ms, last, low, high, total in found
    )


def _find(db: sqlite3.Connection, run: int, key: int) -> tuple[int | None, int, Summary] | None:
    """``metrics.id``, the number of chunked points and the summary of a series that is there already."""
    row = db.execute(
        f"SELECT m.id, m.chunked, {_SUMMARY} FROM metrics m WHERE m.key_id = ? AND m.run_id = ?", (key, run)
    ).fetchone()
    return None if row is None else (row[0], row[1], row[2:])


def _known(
    db: sqlite3.Connection, metric: int | None, summary: Summary, points: Sequence[Point]
) -> set[tuple[int, int, float | None]]:
    """Those of a series' points that can be among some new ones, by their identities."""
    if metric is None:
        return {summary[2:5]}
    steps, times_ms, _ = zip(*points, strict=True)
    span = (min(times_ms), max(times_ms), min(steps), max(steps))
    found: set[tuple[int, int, float | None]] = set(
        db.execute(
            "SELECT step, ms, value FROM metric_points "
            "WHERE metric_id = ? AND ms BETWEEN ? AND ? AND step BETWEEN ? AND ?",
            (metric, *span),
        )
    )
    found.update(map(_identity, zip(*sheets.read(db, metric), strict=True)))
    for (body,) in db.execute(
        "SELECT body FROM metric_chunks "
        "WHERE metric_id = ? AND max_ms >= ? AND min_ms <= ? AND max_step >= ? AND min_step <= ?",
        (metric, *span),
    ):
        found.update(map(_identity, zip(*chunks.decode(body), strict=True)))
    return found


def _identity(point: Point) -> tuple[int, int, float | None]:
    step, ms, value = point
    return step, ms, value if value == value else None


def summary_of(points: Sequence[Point]) -> Summary:
    """The summary of points, of which there is at least one."""
    if len(points) == 1:
        step, ms, value = points[0]
        return (1, 0, step, ms, value, value, value, value) if value == value else (1, 1, step, ms, None, None, None, 0)
    last = max(points)
    if last[2] != last[2]:
        last = max(points, key=_by_rank)  # tuples compare as they should only without NaN
    step, ms, value = last
    numbers = [value for _, _, value in points if value == value]
    if not numbers:
        return len(points), len(points), step, ms, None, None, None, 0
    nans = len(points) - len(numbers)
    return len(points), nans, step, ms, value if value == value else None, min(numbers), max(numbers), sum(numbers)


def _kept(summary: Summary) -> Summary:
    """A summary as its row has it."""
    *others, last, low, high, total = summary
    return *others, last, None if low == last else low, None if high == last else high, total


def _merged(old: Summary, new: Summary) -> Summary:
    count, nans, *last, low, high, total = old
    new_count, new_nans, *new_last, new_low, new_high, new_total = new
    latest = max((last, new_last), key=lambda row: _by_rank((row[0], row[1], number(row[2]))))
    lows = [bound for bound in (low, new_low) if bound is not None]
    highs = [bound for bound in (high, new_high) if bound is not None]
    return (
        count + new_count,
        nans + new_nans,
        *latest,
        min(lows, default=None),
        max(highs, default=None),
        number(total) + number(new_total),
    )


def _by_rank(point: Point) -> tuple[int, int, bool, float]:
    """MLflow's order of 'latest': step, then time, then value; NaN is the least value."""
    step, ms, value = point
    is_number = value == value
    return step, ms, is_number, value if is_number else 0.0


__all__ = [
    "Batch",
    "Columns",
    "append",
    "append_new",
    "columns",
    "compact",
    "history",
    "points",
    "series",
    "span",
    "summaries",
    "summary_of",
    "write",
]
