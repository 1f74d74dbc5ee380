"""``metrics/get-history`` and its likes for many runs, whole, in pages or thinned out."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mlops_store import histories, metrics, run_facts
from mlops_store.curves import Point
from mlops_store.histories import Place
from mlops_store.store import Store
from mlops_tui.serve.tracking import paging
from mlops_tui.serve.tracking.problems import absent, invalid
from mlops_tui.serve.tracking.routes import Call, Context
from mlops_tui.serve.tracking.wire import number

#: How many runs a request may name, how many values it is answered with, and how many of each run when thinned out.
_RUNS, _VALUES, _THINNED = 100, 25_000, 2_500
_MOST = 1 << 63


class History(NamedTuple):
    """GetMetricHistory."""

    run_id: str
    metric_key: str
    page_token: str = ""
    max_results: int | None = None


class Bulk(NamedTuple):
    """What MLflow's pages ask for: ``run_id`` repeats."""

    metric_key: str = ""
    run_id: tuple[str, ...] = ()
    max_results: int = _VALUES


class Interval(NamedTuple):
    """GetMetricHistoryBulkInterval."""

    run_ids: tuple[str, ...]
    metric_key: str
    start_step: int | None = None
    end_step: int | None = None
    max_results: int = _THINNED


def get_history(context: Context, asked: History) -> Mapping[str, Any]:
    """Every value of a metric, by time."""
    if asked.max_results is not None and asked.max_results <= 0:
        raise invalid(
            f"Invalid value {asked.max_results} for parameter 'max_results' supplied. It must be a positive integer."
        )
    after, limit = _place(asked.page_token), asked.max_results
    with context.store.snapshot() as db:
        _require_run(db, asked.run_id)
        found = histories.page(db, asked.run_id, asked.metric_key, after, None if limit is None else limit + 1)
    rest: Mapping[str, Any] = {}
    if limit is not None and len(found) > limit:
        found = found[:limit]
        rest = {"next_page_token": paging.closed({"after": histories.place(found, after)})}
    return {**_list(_shown(asked.metric_key, found)), **rest}


def get_bulk(context: Context, asked: Bulk) -> Mapping[str, Any]:
    """The values of a metric of several runs, by run and time."""
    if not asked.run_id:
        raise invalid("GetMetricHistoryBulk request must specify at least one run_id.")
    if len(asked.run_id) > _RUNS:
        raise invalid(
            f"GetMetricHistoryBulk request cannot specify more than {_RUNS} run_ids. "
            f"Received {len(asked.run_id)} run_ids."
        )
    if not asked.metric_key:
        raise invalid("GetMetricHistoryBulk request must specify a metric_key.")
    limit = max(0, min(asked.max_results, _VALUES))
    found: list[dict[str, Any]] = []
    for run_id in sorted(set(asked.run_id)):
        if len(found) < limit:
            with context.store.snapshot() as db:
                points = histories.page(db, run_id, asked.metric_key, limit=limit - len(found))
            found += _shown(asked.metric_key, points, run_id)
    return {"metrics": found}


def get_interval(context: Context, asked: Interval) -> Mapping[str, Any]:
    """The values of a metric of several runs, thinned out evenly; the first and the last are always there."""
    if len(asked.run_ids) > _RUNS:
        raise invalid(
            f"GetMetricHistoryBulkInterval request must specify at most {_RUNS} run_ids. "
            f"Received {len(asked.run_ids)} run_ids."
        )
    if not 1 <= asked.max_results <= _THINNED:
        raise invalid(f"max_results must be between 1 and {_THINNED}.")
    if (asked.start_step is None) != (asked.end_step is None):
        raise invalid("If either start step or end step are specified, both must be specified.")
    first, last = asked.start_step, asked.end_step
    if first is not None and last is not None and first > last:
        raise invalid(f"end_step must be greater than start_step. Found start_step={first} and end_step={last}.")
    found: list[dict[str, Any]] = []
    for run_id in asked.run_ids:
        points = _points(context.store, run_id, asked.metric_key)
        if first is not None and last is not None:
            points = [point for point in points if first <= point[0] <= last]
        points.sort(key=_by_step)
        found += _shown(asked.metric_key, thinned(points, asked.max_results), run_id)
    return _list(found)


def thinned(points: Sequence[Point], most: int) -> Sequence[Point]:
    """At most so many points: the first of each of that many parts of equal length, and the last of all."""
    if len(points) <= most:
        return points
    whole, longer = divmod(len(points), most)
    starts = [part * whole + min(part, longer) for part in range(most)]
    return [*(points[start] for start in starts[:-1]), points[-1]]


def _points(store: Store, run_id: str, key: str) -> list[Point]:
    with store.snapshot() as db:
        _require_run(db, run_id)
        return metrics.points(db, run_id, key)


def _require_run(db: sqlite3.Connection, run_id: str) -> None:
    if run_facts.standing(db, run_id) is None:
        raise absent(f"Run with id={run_id} not found")


def _place(token: str) -> Place | None:
    """Where the page before ended, by the token that it came with.

    Raises:
        Fault: It is no token.
    """
    if not token:
        return None
    said = paging.opened(token).get("after")
    match said:
        case [int(step), int(ms), int() | float() as value, int(equal)] if 0 < equal < _MOST and _is_whole(step, ms):
            return Place(step, ms, float(value), equal)
    raise paging.wrong(said)


def _is_whole(*numbers: int) -> bool:
    """Whether a store can hold them."""
    return all(-_MOST <= number < _MOST for number in numbers)


def _by_step(point: Point) -> tuple[int, int, bool, float]:
    step, ms, value = point
    return step, ms, not math.isnan(value), value


def _shown(key: str, points: Iterable[Point], run_id: str = "") -> list[dict[str, Any]]:
    more = {"run_id": run_id} if run_id else {}
    return [{"key": key, "value": number(value), "timestamp": ms, "step": step, **more} for step, ms, value in points]


def _list(found: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {"metrics": found} if found else {}


ENDPOINTS = (
    Call("GET", "metrics/get-history", History, get_history),
    # only under this prefix, as MLflow has it
    Call("GET", "metrics/get-history-bulk", Bulk, get_bulk, prefixes=("/ajax-api/2.0/mlflow/",)),
    Call("GET", "metrics/get-history-bulk-interval", Interval, get_interval),
)
