"""Traffic splits: what can be asked for, what is refused, and what is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from registry_builders import CONFIG, make_store, make_version

from mlops_store import audit, events, traffic
from mlops_store.errors import NotFound, Refused, UsageError
from mlops_store.store import Store
from mlops_tui import config
from mlops_tui.registry import acts, stages
from mlops_tui.traffic import splits


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Three versions of churn, the first in production."""
    with make_store(tmp_path) as store:
        for _ in range(3):
            make_version(store)
        stages.promote(store, CONFIG, "churn", 1, "production")
        yield store


def test_a_candidate_gets_a_share_and_the_stable_version_the_rest(store: Store) -> None:
    split = splits.share_out(store, "churn", {"2": 10}, reason="try it")
    assert (split.stable, split.stable_weight, split.revision, split.trial) == ("production", 90.0, 1, 1)
    wider = splits.share_out(store, "churn", {"2": 25.5})
    assert (wider.stable_weight, wider.revision, wider.trial) == (74.5, 2, 1)
    assert traffic.find(store.read(), "churn") == wider
    both = splits.share_out(store, "churn", {"@3": 10}, stable="production", key="header: X-User")
    assert (both.weights, both.key, both.trial) == ({"2": 25.5, "3": 10.0}, "header x-user", 2)
    assert splits.named(store.read(), both) == {"production": 1, "2": 2, "3": 3}


def test_every_act_is_an_entry_of_the_audit_log_with_the_state_before_and_after(store: Store) -> None:
    splits.share_out(store, "churn", {"2": 10}, reason="try it")
    splits.shadow(store, "churn", "3")
    splits.pause(store, "churn", reason="strange answers", actor="router")
    splits.resume(store, "churn")
    splits.roll_back(store, "churn")
    splits.end(store, "churn")
    entries = audit.newest(store.read(), subject="model:churn")[:6][::-1]
    assert [acts.sentence(entry) for entry in entries] == [
        "traffic: v2 – -> 10%, production takes the rest",
        "traffic: v3 gets copies",
        "traffic split paused, production takes all of it",
        "traffic split resumed",
        "traffic: v2 10% -> 0%",
        "traffic is no longer shared out, production takes all of it",
    ]
    assert entries[0].before == {}
    assert entries[4].before["weights"] == {"2": 10.0}
    assert entries[4].after["weights"] == {"2": 0.0}
    assert (entries[2].actor, entries[2].reason) == ("router", "strange answers")
    assert events.newest(store.read())[0].kind == "traffic.end"
    assert traffic.find(store.read(), "churn") is None


def test_what_changes_nothing_is_no_act_and_an_act_can_be_taken_back(store: Store) -> None:
    first = splits.share_out(store, "churn", {"2": 10})
    assert splits.share_out(store, "churn", {"2": 10}) == first
    splits.roll_back(store, "churn")
    splits.put_back(store, "churn", first)
    assert splits.get(store.read(), "churn").weights == {"2": 10.0}
    splits.put_back(store, "churn", None)
    assert traffic.find(store.read(), "churn") is None
    # trials go on, so that what was counted before is not mixed with it
    assert splits.share_out(store, "churn", {"2": 10}).trial > first.trial


def test_a_trial_leaves_nothing(store: Store) -> None:
    with store.trial():
        splits.share_out(store, "churn", {"2": 10})
    assert traffic.find(store.read(), "churn") is None


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda store: splits.share_out(store, "churn", {"9": 10}), NotFound, "version 9"),
        (lambda store: splits.share_out(store, "chrun", {"2": 10}), NotFound, "chrun"),
        (lambda store: splits.share_out(store, "churn", {"2": 60, "3": 41}), Refused, "more than all"),
        (lambda store: splits.share_out(store, "churn", {"1": 10}), Refused, "both version 1"),
        (lambda store: splits.share_out(store, "churn", {"production": 10}), UsageError, "what is left"),
        (lambda store: splits.share_out(store, "churn", {"2": float("nan")}), UsageError, "nan"),
        (lambda store: splits.share_out(store, "churn", {"2": -1}), UsageError, "-1"),
        (lambda store: splits.share_out(store, "churn", {"2": 1}, key="cookie a"), UsageError, "no key"),
        (lambda store: splits.shadow(store, "churn", "production"), Refused, "twice"),
        (lambda store: splits.pause(store, "churn"), NotFound, "not shared out"),
        (lambda store: splits.end(store, "churn"), NotFound, "not shared out"),
    ],
)
def test_what_makes_no_sense_is_refused(
    store: Store, act: Callable[[Store], object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        act(store)
    assert traffic.find(store.read(), "churn") is None


def test_guard_rules_stand_in_the_configuration() -> None:
    found = config.parse('[traffic.churn]\nmax_error_rate = 0.05\nmax_latency_ratio = 1.5\nwindow = "30s"\n').traffic[
        "churn"
    ]
    assert (found.max_error_rate, found.max_latency_ratio, found.window_s) == (0.05, 1.5, 30.0)
    for line, words in (
        ("max_error_rate = 5", "from 0 to 1"),
        ("max_latency_ratio = 0.5", "from 1 on"),
        ('monitors = "gone"', "no monitor"),
        ('window = "1s"', "5 s or more"),
        ('test = "erors"', "did you mean 'errors'"),
        ("confidence = 1", "from 0.5 to 1"),
        ("max_eror_rate = 1", "did you mean 'max_error_rate'"),
    ):
        with pytest.raises(config.SpecError, match=words):
            config.parse(f"[traffic.churn]\n{line}\n")
