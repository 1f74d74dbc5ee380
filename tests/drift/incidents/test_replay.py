"""The back-test takes the course that live windows take, from what was kept of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from drift_builders import keep

from mlops_store import incidents, kept_windows
from mlops_store.drift import NewAlert
from mlops_store.errors import NotFound, SpecError, UsageError
from mlops_store.records import ColumnReport, MonitorReport, Severity
from mlops_store.store import Store
from mlops_tui import config as configs
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import severity
from mlops_tui.drift.incidents import replay, trials
from mlops_tui.drift.schemas import Schema
from mlops_tui.drift.severity import Findings
from mlops_tui.project import Project

TEXT = '[monitors.m] # live\nwatch = "in/*.csv"\n'
PROJECT = Project(".")
ROLES = {"prediction": "prediction", "churned": "target"}
METHODS = {"note": "perc_text_content_drift"}
NAMES = ("age", "income", "plan", "note", *ROLES)


def columns(chances: random.Random) -> tuple[ColumnReport, ...]:
    found = []
    for name in NAMES:
        moved = chances.random() < 0.4
        effect = chances.uniform(0.12, 0.5) if moved else chances.uniform(0, 0.08)
        detail = {"p_value": 1e-6 if moved else chances.uniform(0.2, 1), "reference": {}, "current": {}, "shift": {}}
        role, method = ROLES.get(name, "feature"), METHODS.get(name, "psi")
        found.append(ColumnReport(name, role, "numerical", method, effect, 0.1, effect >= 0.1, effect, 9, 9, detail))
    return severity.mark_notable(found)


def checked(store: Store, monitor: MonitorConfig, count: int = 60) -> int:
    """Checks windows as a monitor does; returns how often somebody was told."""
    chances = random.Random(7)
    told = 0
    for number in range(count):
        kept = columns(chances)
        raised = list(severity.alerts(Findings(kept, Schema(), monitor.drift_share)))
        if chances.random() < 0.2:
            raised.append(NewAlert("quality", Severity.WARNING, "rows are gone"))
        batch = f"{number}.csv"
        report = MonitorReport(0, "m", batch, batch, batch, "drift", float(number), columns=kept)
        with store.write() as db:
            told += len(incidents.changed_by(db, keep(db, report, raised, monitor)))
    return told


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / ".mlops" / "store.db")) as store:
        yield store


@pytest.mark.parametrize("rule", ["1 of 1", "2 of 3"])
def test_the_settings_in_force_tell_what_was_told(store: Store, rule: str) -> None:
    text = TEXT + f'alert = "{rule}"\n'
    told = checked(store, configs.parse(text).monitors["m"])
    (now, *_) = trials.run(PROJECT, store, text, "m", [])
    assert now.result.told == told
    opened = store.read().execute("SELECT count(*) FROM incidents WHERE opened_at IS NOT NULL").fetchone()[0]
    assert now.result.incidents == opened
    assert (now.result.windows, len(now.result.course)) == (60, 60)


def test_verdicts_made_anew_under_the_same_settings_are_those_that_were_kept(store: Store) -> None:
    monitor = configs.parse(TEXT).monitors["m"]
    checked(store, monitor)
    windows = kept_windows.last(store.read(), "m", 60, with_figures=True)
    as_kept = replay.replay(windows, monitor, monitor)
    other = configs.parse(TEXT + "thresholds = { nothing = 1.0, psi = 0.1 }\n").monitors["m"]
    assert replay.replay(windows, monitor, other) == as_kept


def test_each_setting_is_tried_alone_and_all_together(store: Store) -> None:
    checked(store, configs.parse(TEXT).monitors["m"])
    settings = ['alert="2 of 3"', "thresholds.psi=0.4", "monitors.m.ignore=['plan']", 'mute=[{kind="quality"}]']
    made = {trial.label: trial.result for trial in trials.run(PROJECT, store, TEXT, "m", settings, last=50)}
    assert list(made) == ["", *settings, "all of them"]
    before = made[""]
    assert made["thresholds.psi=0.4"].alerts < before.alerts
    assert made["monitors.m.ignore=['plan']"].alerts < before.alerts
    assert made['mute=[{kind="quality"}]'].muted > 0
    assert made['alert="2 of 3"'].alerts == before.alerts
    assert made["all of them"].told <= before.told
    assert made["all of them"].alerts < before.alerts
    assert before.windows == 50


def test_settings_that_need_other_scores_or_mean_nothing_are_refused(store: Store) -> None:
    with pytest.raises(UsageError, match="no window of m"):
        trials.run(PROJECT, store, TEXT, "m", [])
    checked(store, configs.parse(TEXT).monitors["m"], count=3)
    for written, message in (
        ("multivariate=true", "cannot be tried"),
        ("methods.age=ks", "no profile of 0.csv is there"),
        ("alert", "no setting"),
        ("monitors.x.alert=1", "m"),
    ):
        with pytest.raises(UsageError, match=message):
            trials.run(PROJECT, store, TEXT, "m", [written])
    with pytest.raises(SpecError, match="alert"):
        trials.run(PROJECT, store, TEXT, "m", ["alert=often"])
    with pytest.raises(NotFound):
        trials.chosen(configs.parse(TEXT), "n")
