"""The curves of one metric of several runs, aligned by step, time or epoch."""

from __future__ import annotations

import math
import sqlite3
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_store import metrics
from mlops_store.records import Run

#: x, and the lowest, highest and last value of what fell into the bucket.
Bucket = tuple[float, float, float, float]
ALIGNMENTS = ("step", "time", "epoch")
#: Curves in one picture; more cannot be told apart.
MOST_CURVES = 30
#: The metric that says which epoch a step belongs to; Lightning, transformers and Keras' loggers write it.
EPOCH = "epoch"

_EPOCHS_READ = 2000


@dataclass(frozen=True, slots=True)
class Epochs:
    """Which epoch each step of a run belongs to: straight lines between the steps at which the epoch changes."""

    steps: tuple[float, ...]
    epochs: tuple[float, ...]

    def of(self, step: float) -> float:
        """The epoch of a step."""
        return _between(step, self.steps, self.epochs)

    def step_of(self, epoch: float) -> float:
        """The step of an epoch."""
        return _between(epoch, self.epochs, self.steps)


def _between(at: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    place = min(len(xs) - 1, max(1, bisect_right(xs, at)))
    share = (at - xs[place - 1]) / (xs[place] - xs[place - 1])
    return ys[place - 1] + share * (ys[place] - ys[place - 1])


def epochs(db: sqlite3.Connection, run: Run) -> Epochs | None:
    """The epochs of a run, from its metric ``epoch``; None where that does not tell of two."""
    knots: list[tuple[float, float]] = []
    for step, _, _, epoch in metrics.series(db, run.run_id, EPOCH, buckets=_EPOCHS_READ):
        if math.isfinite(epoch) and (not knots or (epoch > knots[-1][1] and step > knots[-1][0])):
            knots.append((step, epoch))
    return Epochs(*(tuple(part) for part in zip(*knots, strict=True))) if len(knots) > 1 else None


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
        x: 'step'; 'time' in seconds from each run's start; 'epoch', by which runs that log none have no points.
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
    if x != EPOCH:
        return tuple(found)
    known = epochs(db, run)
    return () if known is None else tuple((known.of(step), low, high, last) for step, low, high, last in found)


__all__ = ["ALIGNMENTS", "EPOCH", "MOST_CURVES", "Bucket", "Curve", "Epochs", "Overlay", "epochs", "overlay", "points"]
