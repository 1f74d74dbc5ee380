"""Which version is better, as far as it is known: the verdict of a sequential test on each candidate of a split."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_store import traffic_counts
from mlops_store.records import Period, Split, Tally
from mlops_tui.config.traffic import TrafficConfig
from mlops_tui.traffic import sequential, splits
from mlops_tui.traffic.sequential import Events, Interval, Sums, Values

#: What a verdict says.
NOT_YET, CANDIDATE, STABLE, SAME = "not yet", "candidate better", "stable better", "no difference"
#: What a test measures -> its title; smaller is better.
TITLES = {
    "errors": "share of requests that fail",
    "latency": "time of an answer (geometric mean)",
    "wrong": "share of predictions that labels say are wrong",
    "distance": "mean absolute difference of predictions and labels",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a candidate beside the stable version. Smaller values are better.

    Attributes:
        candidate: The split's word for it.
        version: The version, and ``against`` the stable one.
        test: What is measured, a key of ``TITLES``.
        state: ``NOT_YET``, ``CANDIDATE``, ``STABLE`` or ``SAME``.
        requests: Those of the candidate that the test looks at, since they are compared; ``against_requests`` of the
            stable version.
        value: What was measured of the candidate: a share, seconds, or a distance; None of nothing.
        ratio: The candidate's value to the stable version's, with ``low`` and ``high`` as bounds at ``confidence``.
        margin: Ratios that differ by less from 1 are no difference.
    """

    candidate: str
    version: int
    against: int
    test: str
    state: str
    requests: int
    against_requests: int
    value: float | None
    against_value: float | None
    ratio: float | None
    low: float
    high: float
    confidence: float
    margin: float

    @property
    def sentence(self) -> str:
        """The state in words."""
        ours, theirs = f"version {self.version}", f"version {self.against}"
        return {
            CANDIDATE: f"{ours} is better than {theirs}",
            STABLE: f"{theirs} is better than {ours}",
            SAME: f"{ours} and {theirs} differ by less than {self.margin:.0%}",
        }.get(self.state, "not yet: more requests are needed")


def of_split(db: sqlite3.Connection, split: Split, rules: TrafficConfig) -> list[Verdict]:
    """The verdict on each candidate whose version is there."""
    versions = splits.named(db, split)
    stable = versions[split.stable]
    found = []
    for name in split.weights:
        version = versions[name]
        if version is not None and stable is not None and version != stable:
            periods = traffic_counts.periods(db, split.model, split.trial, version, stable)
            found.append(judged(periods, rules, name, version, stable))
    return found


def judged(periods: Sequence[Period], rules: TrafficConfig, name: str, version: int, stable: int) -> Verdict:
    """The verdict on what was counted."""
    interval = _interval(periods, rules)
    sides = [[getattr(period, side) for period in periods] for side in ("of_candidate", "of_stable")]
    counts = [sum(_count(tally, rules.test) for tally in side) for side in sides]
    value, other = (_value(side, rules.test, count) for side, count in zip(sides, counts, strict=True))
    return Verdict(
        candidate=name,
        version=version,
        against=stable,
        test=rules.test,
        state=_state(interval, rules.margin),
        requests=counts[0],
        against_requests=counts[1],
        value=value,
        against_value=other,
        ratio=interval.ratio,
        low=interval.low,
        high=interval.high,
        confidence=rules.confidence,
        margin=rules.margin,
    )


def _interval(periods: Sequence[Period], rules: TrafficConfig) -> Interval:
    if rules.test in ("errors", "wrong"):
        events = [
            Events(one.share, getattr(one.of_candidate, rules.test), getattr(one.of_stable, rules.test))
            for one in periods
        ]
        return sequential.rate_ratio(events, rules.confidence)
    values = [
        Values(one.share, *(_sums(side, rules.test) for side in (one.of_candidate, one.of_stable))) for one in periods
    ]
    if rules.test == "latency":
        return sequential.geometric_ratio(values, rules.confidence)
    return sequential.mean_ratio(values, rules.confidence)


def _sums(tally: Tally, test: str) -> Sums:
    if test == "latency":
        return Sums(tally.timed, tally.log_sum, tally.log_squares)
    return Sums(tally.measured, tally.distance_sum, tally.distance_squares)


def _count(tally: Tally, test: str) -> int:
    """Requests that a test looks at."""
    return {"errors": tally.requests, "latency": tally.timed, "wrong": tally.labelled}.get(test, tally.measured)


def _value(tallies: Sequence[Tally], test: str, count: int) -> float | None:
    if not count:
        return None
    if test == "latency":
        return math.exp(sum(tally.log_sum for tally in tallies) / count)
    key = {"distance": "distance_sum"}.get(test, test)
    return float(sum(getattr(tally, key) for tally in tallies)) / count


def _state(interval: Interval, margin: float) -> str:
    if 1 / (1 + margin) <= interval.low and interval.high <= 1 + margin:
        return SAME
    if interval.high < 1:
        return CANDIDATE
    return STABLE if interval.low > 1 else NOT_YET
