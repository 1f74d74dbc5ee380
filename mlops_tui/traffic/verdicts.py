"""Which version is better, as far as it is known: the verdict of a sequential test on each candidate of a split."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_store import traffic_counts
from mlops_store.records import Period, Split
from mlops_tui.config.traffic import TrafficConfig
from mlops_tui.traffic import sequential, splits
from mlops_tui.traffic.sequential import Interval

#: What a verdict says.
NOT_YET, CANDIDATE, STABLE, SAME = "not yet", "candidate better", "stable better", "no difference"
#: What a test measures -> its title, and what a person calls a smaller value.
TITLES = {"errors": "share of requests that fail", "latency": "time of an answer (geometric mean)"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a candidate beside the stable version. Smaller values are better.

    Attributes:
        candidate: The split's word for it.
        version: The version, and ``against`` the stable one.
        test: What is measured, a key of ``TITLES``.
        state: ``NOT_YET``, ``CANDIDATE``, ``STABLE`` or ``SAME``.
        requests: Of the candidate; ``against_requests`` of the stable version, since they are compared.
        value: What was measured of the candidate: a share, or seconds; None of nothing.
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
        if version is not None and stable is not None:
            periods = traffic_counts.periods(db, split.model, split.trial, version, stable)
            found.append(judged(periods, rules, name, version, stable))
    return found


def judged(periods: Sequence[Period], rules: TrafficConfig, name: str, version: int, stable: int) -> Verdict:
    """The verdict on what was counted."""
    test = sequential.rate_ratio if rules.test == "errors" else sequential.time_ratio
    interval = test(periods, rules.confidence)
    value, other = (_value(periods, rules.test, is_candidate=side) for side in (True, False))
    return Verdict(
        candidate=name,
        version=version,
        against=stable,
        test=rules.test,
        state=_state(interval, rules.margin),
        requests=sum(period.of_candidate.requests for period in periods),
        against_requests=sum(period.of_stable.requests for period in periods),
        value=value,
        against_value=other,
        ratio=interval.ratio,
        low=interval.low,
        high=interval.high,
        confidence=rules.confidence,
        margin=rules.margin,
    )


def _state(interval: Interval, margin: float) -> str:
    if 1 / (1 + margin) <= interval.low and interval.high <= 1 + margin:
        return SAME
    if interval.high < 1:
        return CANDIDATE
    return STABLE if interval.low > 1 else NOT_YET


def _value(periods: Sequence[Period], test: str, *, is_candidate: bool) -> float | None:
    tallies = [period.of_candidate if is_candidate else period.of_stable for period in periods]
    if test == "errors":
        count = sum(tally.requests for tally in tallies)
        return sum(tally.errors for tally in tallies) / count if count else None
    count = sum(tally.timed for tally in tallies)
    return math.exp(sum(tally.log_sum for tally in tallies) / count) if count else None
