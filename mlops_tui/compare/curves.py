"""The curves of one metric of several runs, aligned by step, time or epoch."""

from __future__ import annotations

import bisect
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_store import metrics
from mlops_store.records import Run

#: x, and the lowest, highest and last value of what fell into the bucket.
Bucket = tuple[float, float, float, float]
ALIGNMENTS = ("step", "time", "epoch")
#: Curves in one picture; more cannot be told apart.
MOST_CURVES = 30
#: The metric that says which epoch a step belongs to, as Lightning and others log it.
EPOCH = "epoch"


@dataclass(frozen=True, slots=True)
class Curve:
    """One run's values of a metric, at most two for each bucket asked for."""

    run_id: str
    name: str
    points: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True)
class Overlay:
    """One metric of several runs.

    Attributes:
        key: The metric.
        x: 'step'; 'time' in seconds from each run's start; 'epoch', where runs without the metric ``epoch`` are
            drawn by step.
        goal: 'max' or 'min'.
        curves: Runs that have it, in order.
        left_out: Runs that had no room.
    """

    key: str
    x: str
    goal: str
    curves: tuple[Curve, ...]
    left_out: int = 0


def overlay(
    db: sqlite3.Connection, runs: Sequence[Run], key: str, goal: str, *, x: str = "step", buckets: int = 400
) -> Overlay:
    """The curves of a metric.

    Args:
        db: A connection.
        runs: In order; the first ones are read where there are too many.
        key: The metric.
        goal: Its better direction.
        x: One of ``ALIGNMENTS``.
        buckets: Points of each curve; the extremes of a bucket are kept.
    """
    having = [run for run in runs if key in run.metrics]
    found = [Curve(run.run_id, run.name, points(db, run, key, x=x, buckets=buckets)) for run in having[:MOST_CURVES]]
    return Overlay(key, x, goal, tuple(found), max(0, len(having) - MOST_CURVES))


def points(db: sqlite3.Connection, run: Run, key: str, *, x: str = "step", buckets: int = 400) -> tuple[Bucket, ...]:
    """One run's values of a metric by step, seconds from its start, or epoch; see ``Overlay``."""
    if x == "time":
        found = metrics.series(db, run.run_id, key, buckets=buckets, x="time")
        return tuple((at - run.started_at, low, high, last) for at, low, high, last in found)
    found = metrics.series(db, run.run_id, key, buckets=buckets, x="step")
    if x == EPOCH and EPOCH in run.metrics:
        epochs = [
            (step, last) for step, _, _, last in metrics.series(db, run.run_id, EPOCH, buckets=buckets) if last == last
        ]
        return tuple((_epoch(epochs, step), low, high, last) for step, low, high, last in found)
    return tuple(found)


def _epoch(epochs: Sequence[tuple[float, float]], step: float) -> float:
    """The epoch at a step, on the line between the values around it."""
    place = bisect.bisect_left(epochs, (step,))
    if not epochs:
        return step
    if place == len(epochs):
        return epochs[-1][1]
    if place == 0 or epochs[place][0] == step:
        return epochs[place][1]
    (left, low), (right, high) = epochs[place - 1], epochs[place]
    return low + (high - low) * (step - left) / (right - left)


__all__ = ["ALIGNMENTS", "EPOCH", "MOST_CURVES", "Bucket", "Curve", "Overlay", "overlay", "points"]
