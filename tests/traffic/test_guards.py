"""Guard rules: what they forbid, and what they have too little of to say."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import pytest

from mlops_store.records import Period, Tally
from mlops_tui.config.traffic import TrafficConfig
from mlops_tui.traffic import guards, lengths

RULES = TrafficConfig(max_error_rate=0.05, max_latency_ratio=1.5, min_requests=50)


@dataclass(frozen=True)
class Lately:
    requests: int
    errors: int = 0
    lengths: dict[int, int] = field(default_factory=dict)


def took(requests: int, seconds: float) -> Lately:
    return Lately(requests, 0, {lengths.bucket(seconds): requests})


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (Lately(100, 6), "6 of 100 requests failed in 60 s (6.0%, allowed 5.0%)"),
        (Lately(100, 5), ""),
        (Lately(49, 49), ""),
    ],
)
def test_more_failures_than_are_allowed_of_enough_requests_are_told(candidate: Lately, said: str) -> None:
    assert guards.failing(RULES, candidate) == said


@pytest.mark.parametrize(
    ("candidate", "stable", "is_said"),
    [
        (took(100, 0.02), took(900, 0.01), True),
        (took(100, 0.012), took(900, 0.01), False),
        (took(100, 0.02), took(49, 0.01), False),
        (took(100, 0.02), None, False),
    ],
)
def test_a_candidate_is_slow_beside_the_stable_version(candidate: Lately, stable: Lately | None, is_said: bool) -> None:
    found = guards.slow(RULES, candidate, stable)
    assert found.startswith("95 of 100 answers took up to") == bool(found) == is_said


def period(share: float, ours: tuple[int, int], theirs: tuple[int, int]) -> Period:
    """Requests and failures of both sides, each of which is also labelled and wrong."""
    sides = [Tally(requests=count, errors=bad, labelled=count, wrong=bad) for count, bad in (ours, theirs)]
    return Period(1, 1, 2, 1, share, 0.0, *sides)


@pytest.mark.parametrize(
    ("ours", "theirs", "is_worse"),
    [
        ((100, 10), (900, 9), True),
        ((100, 22), (900, 180), False),  # clients send nonsense to both
        ((100, 100), (900, 900), False),
        ((100, 1), (900, 0), False),  # one failure says nothing
        ((100, 6), (49, 3), True),  # too little of the stable version to compare with
    ],
)
def test_what_both_versions_do_alike_is_held_against_no_candidate(
    ours: tuple[int, int], theirs: tuple[int, int], is_worse: bool
) -> None:
    periods = [period(0.1, ours, theirs)]
    assert guards.is_worse(RULES, periods, "errors") == is_worse
    assert bool(guards.mistaken(TrafficConfig(max_wrong=0.005), periods)) == is_worse


def test_versions_that_fail_alike_are_hardly_ever_told_apart_however_often_one_looks() -> None:
    random, rolled_back = Random(7), 0
    for _ in range(60):
        ours, theirs = [0, 0], [0, 0]
        for _ in range(20):  # looks
            for _ in range(50):
                side = ours if random.random() < 0.5 else theirs
                side[0] += 1
                side[1] += random.random() < 0.3
            looked_at = period(0.5, (ours[0], ours[1]), (theirs[0], theirs[1]))
            if theirs[0] >= RULES.min_requests and guards.is_worse(RULES, [looked_at], "errors"):
                rolled_back += 1
                break
    assert rolled_back <= 6


def test_without_rules_nothing_is_forbidden() -> None:
    assert guards.failing(TrafficConfig(), Lately(100, 100)) == ""
    assert guards.slow(TrafficConfig(), took(100, 9.0), took(100, 0.01)) == ""
