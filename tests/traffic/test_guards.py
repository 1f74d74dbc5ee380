"""Guard rules: what they forbid, and what they have too little of to say."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

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
    ("candidate", "stable", "said"),
    [
        (Lately(100, 6), Lately(900, 9), "6 of 100 requests failed in 60 s (6.0%, allowed 5.0%)"),
        (Lately(100, 6), None, "6 of 100 requests failed"),
        (Lately(100, 5), Lately(900, 0), ""),
        (Lately(100, 20), Lately(900, 200), ""),  # clients send nonsense to both
        (Lately(49, 49), Lately(900, 0), ""),
        (took(100, 0.02), took(900, 0.01), "95 of 100 answers took up to"),
        (took(100, 0.012), took(900, 0.01), ""),
        (took(100, 0.02), took(49, 0.01), ""),
        (took(100, 0.02), None, ""),
    ],
)
def test_a_rule_is_broken_by_enough_requests_only(candidate: Lately, stable: Lately | None, said: str) -> None:
    found = guards.broken(RULES, candidate, stable)
    assert found.startswith(said)
    assert bool(found) == bool(said)


def test_without_rules_nothing_is_forbidden() -> None:
    assert guards.broken(TrafficConfig(), Lately(100, 100), Lately(100, 0)) == ""
