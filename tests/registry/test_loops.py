"""The loop: what an alert led to, in the order in which it happened, found from either end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from loop_builders import CONFIG, make_loop, make_report
from registry_builders import make_store, make_version

from mlops_store import firings
from mlops_store.errors import NotFound
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.config.actions import ActionsConfig
from mlops_tui.drift import actions
from mlops_tui.project import Project
from mlops_tui.registry import approvals, loops, stages
from mlops_tui.traffic import splits


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with make_store(tmp_path) as store:
        yield store


def kinds(loop: loops.Loop) -> list[str]:
    return [step.kind for step in loop.steps]


def test_a_loop_goes_from_the_batch_to_the_first_batch_that_its_version_judged(store: Store) -> None:
    version = make_loop(store)
    loop = loops.find(store.read(), CONFIG, "alert:1")
    assert loop.stage == "asked"
    assert kinds(loop)[:2] == ["batch", "alert"]
    assert loop.steps[-1].at is None
    assert loop.steps[-1].text == "churn/1 waits for an approval for staging"
    approvals.act(store, CONFIG, "churn", version.version, "staging", "approve")
    assert loops.find(store.read(), CONFIG, "model:churn/1").stage == "approved"
    stages.promote(store, CONFIG, "churn", version.version, "staging")
    make_report(store, "2026-11-04.csv", version.version, status="ok")
    whole = loops.find(store.read(), CONFIG, f"run:{version.run_id}")
    assert whole.stage == "promoted"
    assert [kind for kind in kinds(whole) if kind in ("approval", "stage")] == ["approval", "approval", "stage"]
    assert whole.steps[-1].text == "production checked 2026-11-04.csv (900 rows) against churn/1"
    times = [step.at for step in whole.steps]
    assert times == sorted(time for time in times if time is not None)
    assert {"trigger", "run", "version", "gate"} <= set(kinds(whole))


def test_an_alert_that_paused_a_traffic_split_says_so(store: Store) -> None:
    version = make_loop(store)
    make_version(store)
    splits.share_out(store, "churn", {"2": 10}, stable="1")
    config = pausing(CONFIG)
    project = Project(str(Path(store.path).parents[1]))
    (delivery,) = actions.send(project, store, config)
    assert delivery.state == "sent"
    assert splits.get(store.read(), "churn").paused_why.startswith("production: 3 of 9 columns drifted")
    loop = loops.find(store.read(), config, f"run:{version.run_id}")
    (step,) = [step for step in loop.steps if step.kind == "traffic"]
    assert (step.subject, step.by) == ("traffic:churn", "monitor production")
    assert step.text == "churn: traffic split paused, 1 takes all of it"
    assert actions.send(project, store, config) == []
    assert actions.test(project, config.monitors["production"]) == [("pause", "")]


def pausing(given: Config) -> Config:
    """The configuration with a monitor that pauses."""
    monitor = given.monitors["production"]
    return replace(given, monitors={"production": replace(monitor, actions=ActionsConfig(pause="churn"))})


def test_a_version_that_a_gate_refused_ends_the_loop(store: Store) -> None:
    make_loop(store, accuracy=0.5)
    loop = loops.find(store.read(), CONFIG, "report:1")
    assert loop.stage == "refused"
    (gate,) = [step for step in loop.steps if step.kind == "gate" and step.text.startswith("accuracy")]
    assert (gate.state, gate.subject) == ("failed", "model:churn/1")


def test_the_newest_loops_are_listed_first_with_how_far_they_got(store: Store) -> None:
    make_loop(store)
    with store.write() as db:
        firings.add(db, "nightly", at=time.time(), reason="scheduled", alert_id=None, run_ids=["gone"])
    assert [(loop.firing.trigger, loop.stage) for loop in loops.newest(store.read(), CONFIG)] == [
        ("nightly", "running"),
        ("retrain", "asked"),
    ]


@pytest.mark.parametrize("subject", ["alert:1", "report:1", "run:none", "model:churn/1", "model:churn", "loop:7"])
def test_what_belongs_to_no_loop_is_said(store: Store, subject: str) -> None:
    make_report(store, "1.csv")
    make_version(store)
    with pytest.raises(NotFound):
        loops.find(store.read(), CONFIG, subject)
