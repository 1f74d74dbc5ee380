"""Predictions of repeated runs together: groups that differ in more than a seed, judged by the rows that all predicted.

One run against another says nothing about the next seed, and the means of a few seeds say nothing about other rows.
Here both count: runs are what varies within a group, rows are what all runs share.
"""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_tui.compare import measures
from mlops_tui.compare.alignment import Incomparable, align
from mlops_tui.compare.paired import Interval, Test
from mlops_tui.compare.predictions import decoded, files
from mlops_tui.compare.seeds import RISK, Group, Groups

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mlops_tui.prediction_files import Predictions


@dataclass(frozen=True, slots=True)
class Side:
    """What the runs of a group scored on the same rows: how many runs, mean and sample deviation of their scores."""

    label: str
    run_ids: tuple[str, ...]
    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Pooled:
    """A group of repeated runs against that of the baseline.

    Attributes:
        measure: 'accuracy' or 'mean absolute error'.
        goal: 'max' or 'min', the better direction.
        count: Rows that every run of both groups predicted.
        first: The baseline's group.
        second: The other group.
        interval: Of the difference of their means.
        test: Of no difference.
    """

    measure: str
    goal: str
    count: int
    first: Side
    second: Side
    interval: Interval
    test: Test

    @property
    def difference(self) -> float:
        """Mean of the second group minus that of the baseline's."""
        return self.second.mean - self.first.mean

    @property
    def verdict(self) -> str:
        """'better', 'worse', or 'noise' (the difference is within noise)."""
        if self.interval.has_zero:
            return "noise"
        return "better" if (self.difference > 0) == (self.goal == "max") else "worse"


def compare(db: sqlite3.Connection, objects_dir: str, groups: Groups, name: str) -> tuple[Pooled, ...]:
    """Every group of at least two runs with predictions against the baseline's; none where that has fewer.

    Args:
        db: A connection.
        objects_dir: Where the bytes of artifacts lie.
        groups: Repeated runs.
        name: Which predictions.
    """
    able = [(group, _digests(db, group, name)) for group in groups.groups]
    base, first = able[groups.baseline]
    others = [(group, mine) for group, mine in able if group is not base and len(mine) > 1]
    found = []
    for group, mine in others if len(first) > 1 else []:
        try:
            found.append(_pooled(objects_dir, (base, first), (group, mine), 1 - RISK / len(others)))
        except (Incomparable, OSError, ValueError):
            continue  # the runs of the group, one by one, say what is in the way
    return tuple(found)


def _digests(db: sqlite3.Connection, group: Group, name: str) -> dict[str, str]:
    """Run id -> digest of its predictions, of the runs that have some."""
    if len(group.run_ids) < 2:
        return {}
    found = {run_id: files(db, run_id).get(name) for run_id in group.run_ids}
    return {run_id: digest for run_id, digest in found.items() if digest is not None}


def _pooled(
    objects_dir: str, one: tuple[Group, dict[str, str]], other: tuple[Group, dict[str, str]], confidence: float
) -> Pooled:
    import numpy as np

    digests = [*one[1].values(), *other[1].values()]
    first = decoded(objects_dir, digests[0])
    scored, kinds = [], set()
    for digest in digests:
        places, scores = _scores(first, decoded(objects_dir, digest))
        scored.append((places, scores.second))
        kinds.add((scores.name, scores.goal))
    if len(kinds) > 1:
        raise Incomparable("some are of a regression, some of a classification")
    common = scored[0][0]
    for places, _ in scored[1:]:
        common = np.intersect1d(common, places, assume_unique=True)
    if len(common) < 2:
        raise Incomparable("no rows are in all runs")
    table = np.stack([scores[np.searchsorted(places, common)] for places, scores in scored])
    (name, goal), size = kinds.pop(), len(one[1])
    interval, test = over_runs_and_rows(table[:size], table[size:], confidence)
    return Pooled(
        measure=name,
        goal=goal,
        count=len(common),
        first=_side(one, table[:size].mean(axis=1)),
        second=_side(other, table[size:].mean(axis=1)),
        interval=interval,
        test=test,
    )


def _side(group: tuple[Group, dict[str, str]], means: npt.NDArray[np.float64]) -> Side:
    return Side(group[0].label, tuple(group[1]), float(means.mean()), float(means.std(ddof=1)))


def _scores(first: Predictions, second: Predictions) -> tuple[npt.NDArray[np.int64], measures.Scores]:
    """Which rows of the first run the second has too, in order, and what both score there."""
    import numpy as np

    rows = align(first, second)
    order = np.argsort(rows.at_first, kind="stable")
    scores = measures.primary(rows)
    return rows.at_first[order], measures.Scores(scores.name, scores.goal, scores.first[order], scores.second[order])


def over_runs_and_rows(
    first: npt.NDArray[np.float64], second: npt.NDArray[np.float64], confidence: float
) -> tuple[Interval, Test]:
    """Interval and test of the difference of two groups' mean scores, for other runs and other rows alike.

    Args:
        first: Shape (runs, rows), at least 2 of each, finite.
        second: Shape (runs, rows), of the same rows.
        confidence: 0 to 1.

    Source:
        Obuchowski and Rockette (1995), with readers (runs) nested within treatments; degrees of freedom by Hillis,
        A comparison of denominator degrees of freedom methods for multiple observer ROC analysis (2007).
    """
    import numpy as np
    from scipy.special import stdtr, stdtrit

    method = "Obuchowski-Rockette over runs and rows"
    unit = max(float(np.abs(group).max()) for group in (first, second)) or 1.0
    first, second = first / unit, second / unit  # fourth powers of large scores would be infinite
    difference = float(second.mean() - first.mean())
    by_runs = [float(group.mean(axis=1).var(ddof=1)) / len(group) for group in (first, second)]
    means = np.stack([first.mean(axis=0), second.mean(axis=0)])
    between = float(np.cov(means)[0, 1]) / first.shape[1]
    by_rows = max(0.0, _shared(first) + _shared(second) - 2 * between)
    variance = sum(by_runs) + by_rows
    if variance <= 1e-24 * max(1.0, difference * difference):
        statistic = 0.0 if difference == 0 else math.copysign(math.inf, difference)
        steady = Interval(difference * unit, difference * unit, confidence, "nothing varies")
        return steady, Test(method, statistic, float(not statistic))
    spread = sum(share**2 / (len(group) - 1) for share, group in zip(by_runs, (first, second), strict=True))
    freedom = min(variance**2 / spread, 1e9) if spread > 0 else 1e9
    error = math.sqrt(variance)
    margin = float(stdtrit(freedom, (1 + confidence) / 2)) * error
    p = 2 * float(stdtr(freedom, -abs(difference) / error))
    ends = (difference - margin) * unit, (difference + margin) * unit
    return Interval(*ends, confidence, method), Test(method, difference / error, p)


def _shared(group: npt.NDArray[np.float64]) -> float:
    """The covariance of two runs' means that comes from their rows being the same, on the average of all pairs."""
    runs, rows = group.shape
    together = float(group.sum(axis=0).var(ddof=1)) - float(group.var(axis=1, ddof=1).sum())
    return together / int(runs * (runs - 1) * rows)


__all__ = ["Pooled", "Side", "compare", "over_runs_and_rows"]
