"""From an alert to a person who is asked: budgets, params, the versions that a retraining registers, their gates."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from drift_builders import keep
from pipeline_builders import make, until

from mlops_store import drift, firings, models, pipelines, queue
from mlops_store.records import Firing, MonitorReport, Severity
from mlops_store.store import Store
from mlops_tui import config as configs
from mlops_tui.config import Config
from mlops_tui.pipeline import firing
from mlops_tui.project import Project
from mlops_tui.registry import approvals

PIPELINE = f"""
stages:
  train:
    cmd: {sys.executable} train.py
    deps: [in.txt]
    params: [level]
"""
TRAIN = """
import yaml
import mlops_tui as mlops

def predict(frame):
    return [1] * len(frame)

level = yaml.safe_load(open("params.yaml"))["level"]
with mlops.start_run():
    mlops.log_metric("level", level)
    mlops.log_model(predict, registered_model_name="churn")
"""
CONFIG = """
[monitors.production]
watch = "p/*.csv"
[gates.level]
stage = "staging"
kind = "metric"
metric = "level"
min = 5
[triggers.retrain]
drift = "production"
force = true
propose = "staging"
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make(tmp_path, PIPELINE, in__txt="1\n", train__py=TRAIN, params__yaml="level: 7\n")


@pytest.fixture
def store(project: Project) -> Iterator[Store]:
    with Store(project.store_path) as store:
        yield store


def raised(store: Store, digest: str) -> None:
    report = MonitorReport(0, "production", f"{digest}.csv", "b.csv", digest, "drift", time.time(), row_count=9)
    with store.write() as db:
        keep(db, report, [drift.NewAlert("data_drift", Severity.CRITICAL, "alcohol moved", columns=(digest,))])


def settled(project: Project, store: Store, config: Config) -> Firing:
    """The newest firing, once it is known what came of it."""

    def look() -> Firing | None:
        if pipelines.live(store.read()) or not queue.is_empty(store.read()):
            return None
        firing.tick(project, store, config)
        (newest, *_) = firings.newest(store.read())
        return newest if newest.state != "started" else None

    found: Firing = until(look, "what comes of the trigger")
    return found


def test_a_version_that_passes_the_gates_is_proposed_to_a_person_and_promoted_by_nobody(
    project: Project, store: Store
) -> None:
    config = configs.parse(CONFIG)
    raised(store, "1")
    (outcome,) = firing.tick(project, store, config)
    found = settled(project, store, config)
    assert (found.state, found.alert_id, found.run_ids) == ("asked", 1, (outcome.run_id,))
    assert found.versions == (("churn", 1),)
    assert found.note == "churn/1 waits for an approval for staging after 1 gate"
    assert models.version(store.read(), "churn", 1).stage == "dev"
    (waiting,) = approvals.queue(store.read(), config)
    assert (waiting.version, waiting.stage) == (1, "staging")
    assert firings.of_version(store.read(), "churn", 1) == firings.of_run(store.read(), outcome.run_id) == [found]


def test_a_version_that_a_gate_refuses_is_not_and_other_params_run_in_a_copy(project: Project, store: Store) -> None:
    config = configs.parse(CONFIG + 'set = ["level=2,3"]\n')
    raised(store, "1")
    firing.tick(project, store, config)
    found = settled(project, store, config)
    assert found.state == "refused"
    assert len(found.run_ids) == len(found.versions) == 2
    assert "churn/1 does not pass the gates of staging: level" in found.note
    assert approvals.queue(store.read(), config) == []
    assert Path(project.path("params.yaml")).read_text() == "level: 7\n"


def test_what_is_over_the_budget_waits_until_there_is_some_again(project: Project, store: Store) -> None:
    now = time.time()
    raised(store, "1")
    bounded = configs.parse(CONFIG.replace("propose", 'budget = {runs = 1, per = "1d"}\npropose'))
    with store.write() as db:
        firings.add(db, "retrain", at=now - 3600, reason="before", alert_id=None, run_ids=["gone"])
    (outcome,) = firing.tick(project, store, bounded, now=now)
    assert outcome.waits_for == "its budget is spent: 1 of 1 runs in 1d"
    assert firing.tick(project, store, bounded, now=now)[0].waits_for
    (outcome,) = firing.tick(project, store, bounded, now=now + 86400)
    assert outcome.run_id
    until(lambda: not pipelines.live(store.read()), "the end of the run")


def test_hours_count_what_the_runs_took(project: Project, store: Store) -> None:
    config = configs.parse(CONFIG.replace("propose", "budget = {hours = 0}\npropose"))
    raised(store, "1")
    (outcome,) = firing.tick(project, store, config)
    assert "0 hours" in outcome.waits_for
    assert not pipelines.live(store.read())


def test_a_run_that_fails_or_registers_nothing_is_said(project: Project, store: Store) -> None:
    config = configs.parse(CONFIG)
    Path(project.path("train.py")).write_text("raise SystemExit(3)")
    raised(store, "1")
    firing.tick(project, store, config)
    assert settled(project, store, config).state == "failed"
    Path(project.path("train.py")).write_text("")
    raised(store, "2")
    firing.tick(project, store, config)
    assert settled(project, store, config).note == "its run registered no version"
