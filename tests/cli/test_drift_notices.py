"""``mlops-tui drift notices``: what was told, and trying it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drift_builders import keep

from mlops_store import drift
from mlops_store.records import MonitorReport, Severity
from mlops_store.store import Store

CONFIG = """
[monitors.production]
watch = "production/*.csv"
[monitors.quiet]
watch = "quiet/*.csv"
[monitors.production.actions]
command = ["sh", "-c", "cat >> told.json"]
notify = ["env:NOT_THERE"]
"""


@pytest.fixture
def told(project: Path) -> Path:
    (project / "mlops.toml").write_text(CONFIG)
    report = MonitorReport(0, "production", "1.csv", "1.csv", "1", "drift", time.time(), row_count=9)
    with Store(str(project / ".mlops" / "store.db")) as store, store.write() as db:
        keep(db, report, [drift.NewAlert("schema", Severity.CRITICAL, "a column is missing")])
    return project


def test_a_tick_sends_what_is_due_and_the_list_shows_it(told: Path, cli: Callable[..., Any]) -> None:
    done = cli("tick")
    assert done.exit_code == 0
    assert "production: told by command (report 1)" in done.stdout
    assert "the environment holds no NOT_THERE" in done.stdout
    assert "a column is missing" in (told / "told.json").read_text()
    listed = {one["channel"]: one for one in cli("drift", "notices", "list", "--json").json}
    assert listed["command"]["state"] == "sent"
    assert listed["command"]["alert_ids"] == [1]
    assert listed["notify 1"]["state"] == "failed"
    assert "told" not in cli("tick").stdout


def test_a_test_goes_by_every_way_and_says_which_did_not_take_it(told: Path, cli: Callable[..., Any]) -> None:
    done = cli("drift", "notices", "test", "production", "--json")
    assert done.exit_code == 1
    assert [(one["channel"], bool(one["error"])) for one in done.json] == [("command", False), ("notify 1", True)]
    assert '"test": true' in (told / "told.json").read_text()
    assert cli("drift", "notices", "list", "--json").json == []


@pytest.mark.parametrize(("monitor", "why"), [("quiet", "tells nobody"), ("productoin", "production")])
def test_a_monitor_that_tells_nobody_is_no_test(told: Path, cli: Callable[..., Any], monitor: str, why: str) -> None:
    done = cli("drift", "notices", "test", monitor)
    assert done.exit_code == 2
    assert why in done.stderr


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("webhook = 'ftp://x'", "no http or https URL"),
        ("webhook = 3", "must be a string"),
        ("notify = ['me']", "is no URL"),
        ("command = './page.sh --now'", 'for example ["./page.sh", "--now"]'),
        ("command = []", "names no program"),
        ("severity = 'grave'", "cannot be 'grave'"),
        ("bell = 1", "true or false"),
        ("mail = 'x'", "is not a key"),
    ],
)
def test_actions_that_are_not_understood_are_refused(
    project: Path, cli: Callable[..., Any], table: str, message: str
) -> None:
    (project / "mlops.toml").write_text(f"[monitors.m]\nwatch = 'p/*.csv'\n[monitors.m.actions]\n{table}\n")
    done = cli("drift", "check")
    assert done.exit_code == 2
    assert message in done.stderr


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("set = ['epochs']", "sets no param"),
        ("budget = {}", "how many runs or hours"),
        ("budget = {runs = 3, per = 0}", "within which time"),
        ("budget = {runs = -1}", "whole number"),
        ("propose = 'dev'", "is where a version begins"),
        ("propose = 'stagin'", "staging"),
    ],
)
def test_triggers_that_are_not_understood_are_refused(
    project: Path, cli: Callable[..., Any], table: str, message: str
) -> None:
    (project / "mlops.toml").write_text(f"[triggers.t]\nschedule = '@daily'\n{table}\n")
    done = cli("schedule", "list")
    assert done.exit_code == 2
    assert message in done.stderr
