"""``mlops-tui tick`` and ``mlops-tui schedule``: what is due is fired, and what calls it has its quoting right."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drift_builders import keep

from mlops_store import drift, pipelines
from mlops_store import triggers as triggers_store
from mlops_store.records import MonitorReport, Severity
from mlops_store.store import Store
from mlops_tui import config
from mlops_tui.cli import timers
from mlops_tui.pipeline import firing
from mlops_tui.project import Project

PIPELINE = "stages:\n  copy:\n    cmd: cp in.txt out.txt\n    deps: [in.txt]\n    outs: [out.txt]\n"
CONFIG = """
[monitors.production]
watch = ["production/*.csv"]
reference = "reference.csv"
[triggers.yearly]
schedule = "@yearly"
[triggers.data]
change = ["data/*.csv"]
targets = ["copy"]
enabled = false
[triggers.retrain]
drift = "production"
severity = "warning"
cooldown = "1h"
"""


@pytest.fixture
def triggered(project: Path) -> Project:
    """A project whose yearly trigger was last looked at more than a year ago."""
    (project / "dvc.yaml").write_text(PIPELINE)
    (project / "in.txt").write_text("1")
    (project / "mlops.toml").write_text(CONFIG)
    made = Project(str(project))
    with Store(made.store_path) as store:
        firing.tick(made, store, config.load(made), now=time.time() - 400 * 86400)
    return made


def ended(project: Project) -> None:
    with Store(project.store_path) as store:
        deadline = time.monotonic() + 60
        while pipelines.live(store.read()):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_tick_fires_what_is_due_and_says_so(triggered: Project, cli: Callable[..., Any]) -> None:
    would = cli("tick", "--dry-run")
    assert "yearly: would start a run (scheduled for" in would.stdout
    (fired,) = cli("tick", "--json").json
    assert fired["trigger"] == "yearly"
    assert fired["run_id"]
    ended(triggered)
    assert Path(triggered.path("out.txt")).exists()
    again = cli("tick")
    assert (again.exit_code, again.stdout) == (0, "")
    assert "trigger yearly fired" in cli("events").stdout


def test_a_tick_without_triggers_makes_nothing(project: Path, cli: Callable[..., Any]) -> None:
    assert cli("tick", "--json").json == []
    assert os.listdir(project) == []


def test_the_triggers_are_listed_with_their_next_and_last_times(triggered: Project, cli: Callable[..., Any]) -> None:
    cli("tick")
    ended(triggered)
    listed = {one["trigger"]: one for one in cli("schedule", "list", "--json").json}
    assert list(listed) == ["yearly", "data", "retrain"]
    assert listed["yearly"]["next_at"] > time.time()
    assert listed["yearly"]["fired_at"] <= time.time()
    assert listed["yearly"]["reason"].startswith("scheduled for")
    assert listed["data"] == {
        **listed["data"],
        "enabled": False,
        "targets": ["copy"],
        "next_at": None,
        "fired_at": None,
    }
    assert listed["retrain"]["cooldown_s"] == 3600
    shown = cli("schedule", "list").stdout
    assert "warning alert of production" in shown
    assert "never" in shown


def test_listing_makes_no_store(project: Path, cli: Callable[..., Any]) -> None:
    (project / "mlops.toml").write_text(CONFIG)
    assert cli("schedule", "list").exit_code == 0
    assert os.listdir(project) == ["mlops.toml"]


def test_a_check_that_raises_an_alert_starts_the_retraining(triggered: Project, cli: Callable[..., Any]) -> None:
    Path(triggered.path("mlops.toml")).write_text(CONFIG.replace("@yearly", "0 0 29 2 *"))
    cli("tick")
    root = Path(triggered.root)
    (root / "production").mkdir()
    rows = [f"{number % 17},{number % 23}" for number in range(400)]
    (root / "reference.csv").write_text("\n".join(["a,b", *rows]) + "\n")
    (root / "production" / "1.csv").write_text(
        "\n".join(["a,b", *(f"{number + 500},9" for number in range(400))]) + "\n"
    )
    done = cli("drift", "check", "--json")
    assert done.json[0]["status"] == "drift"
    assert "retrain: started" in done.stderr
    ended(triggered)
    with Store(triggered.store_path) as store:
        assert triggers_store.states(store.read())["retrain"].run_id
    assert "retrain" not in cli("drift", "check", "--json").stderr


def test_an_alert_of_before_the_trigger_is_answered_by_the_next_tick(
    triggered: Project, cli: Callable[..., Any]
) -> None:
    report = MonitorReport(0, "production", "b.csv", "b.csv", "0" * 64, "drift", time.time(), row_count=9)
    with Store(triggered.store_path) as store, store.write() as db:
        keep(db, report, [drift.NewAlert("data_drift", Severity.WARNING, "all moved")])
    reasons = {one["trigger"]: one["reason"] for one in cli("tick", "--json").json}
    assert reasons["retrain"] == "alert 1: all moved"
    ended(triggered)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("schedule = '0 3 * *'", "five fields"),
        ("schedule = '0 25 * * *'", "bad hour"),
        ("change = ['../x']", "leaves the project"),
        ("change = []", "at least one glob"),
        ("drift = 'nobody'", "names no monitor"),
        ("schedule = '@daily'\nchange = ['x']", "exactly one"),
        ("targets = ['copy']", "exactly one"),
        ("schedule = '@daily'\nseverity = 'warning'", "only belongs to"),
        ("schedule = '@daily'\ncooldown = 'long'", "length of time"),
        ("schedule = '@daily'\nforce = 'yes'", "true or false"),
        ("schedule = '@daily'\ntarget = ['train']", "targets"),
        ("schedul = '@daily'", "is not a key"),
        ("drift = 'production'\nseverity = 'grave'", "cannot be 'grave'"),
    ],
)
def test_a_trigger_that_is_not_understood_is_refused_with_its_line(
    project: Path, cli: Callable[..., Any], table: str, message: str
) -> None:
    text = f"[monitors.production]\nwatch = ['p/*.csv']\n[triggers.one]\n{table}\n"
    (project / "mlops.toml").write_text(text)
    done = cli("tick")
    assert done.exit_code == 2
    assert message in done.stderr
    assert "mlops.toml:" in done.stderr


# what calls it


def awkward(tmp_path: Path) -> Path:
    root = tmp_path / 'it\'s 100% "mine" $HOME'
    root.mkdir()
    (root / "mlops.toml").write_text("[triggers.a]\nchange = 'x'\n")
    return root


def test_a_crontab_line_calls_tick_in_this_project(tmp_path: Path) -> None:
    root = awkward(tmp_path)
    _, line = timers.crontab(str(root))
    fields = line.split(" ", 5)
    assert fields[:5] == ["*"] * 5
    assert "%" not in fields[5].replace("\\%", "")
    command = fields[5].replace("\\%", "%")  # as cron hands it to the shell
    assert shlex.split(command)[-3:] == ["--project", str(root), "tick"]
    done = subprocess.run(["/bin/sh", "-c", command], env={}, cwd="/", capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (root / ".mlops" / "store.db").exists()


def test_the_export_names_this_project(triggered: Project, cli: Callable[..., Any]) -> None:
    assert f"--project {triggered.root} tick" in cli("schedule", "export").stdout
    units = cli("schedule", "export", "--systemd").stdout
    assert "KillMode=process" in units
    assert "Persistent=true" in units


@pytest.mark.needs("systemd-analyze")
def test_the_units_are_what_systemd_understands(tmp_path: Path) -> None:
    root = awkward(tmp_path)
    files: dict[str, list[str]] = {}
    for line in timers.systemd_units(str(root)):
        if line.startswith("# ~/"):
            files[line.rpartition("/")[2]] = []
        elif files:
            next(reversed(files.values())).append(line)
    for name, lines in files.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    (timer,) = (name for name in files if name.endswith(".timer"))
    words = ["systemd-analyze", "verify", "--man=no", str(tmp_path / timer)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    ours = [line for line in (done.stdout + done.stderr).splitlines() if timer.removesuffix(".timer") in line]
    assert ours == []
    name = timer.removesuffix(".timer") + ".service"
    (command,) = (line for line in files[name] if line.startswith("ExecStart="))
    assert command.startswith(f"ExecStart={os.path.abspath(sys.executable)}")
    assert 'it\'s 100%% \\"mine\\" $$HOME' in command


def test_a_path_that_no_crontab_can_name_is_refused(tmp_path: Path, cli: Callable[..., Any]) -> None:
    root = tmp_path / "two\nlines"
    root.mkdir()
    done = cli("-C", str(root), "schedule", "export")
    assert done.exit_code == 1
    assert "rename" in done.stderr
