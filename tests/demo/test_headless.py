"""The whole demo once, by the command that a person types, in a shell that knows no other Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlops_store import alerts, drift, metrics, runs
from mlops_store.store import Store
from mlops_tui.demo import delivery
from mlops_tui.demo.template import write
from mlops_tui.project import Project


def demo(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return subprocess.run(
        [sys.executable, "-m", "mlops_tui", "demo", str(directory), "--headless", *options],
        env=environment | {"PATH": "/usr/bin:/bin"},
        cwd=directory.parent,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, Any]]:
    """The demo after one headless run, in a DVC repository where dvc is installed, and its summary."""
    directory = tmp_path_factory.mktemp("headless") / "demo"
    project = write(str(directory))
    if shutil.which("dvc", path=os.path.dirname(sys.executable)):
        subprocess.run(
            [sys.executable, "-m", "dvc", "init", "--no-scm", "--quiet"], cwd=directory, check=True, timeout=60
        )
    done = demo(directory, "--json")
    assert done.returncode == 0, done.stderr
    return project, json.loads(done.stdout)


@pytest.fixture
def store(played: tuple[Project, dict[str, Any]]) -> Store:
    return Store(played[0].store_path, create=False)


def test_every_stage_has_run(played: tuple[Project, dict[str, Any]]) -> None:
    pipeline = played[1]["pipeline"]
    assert pipeline["state"] == "finished"
    assert {stage["stage"]: stage["state"] for stage in pipeline["stages"]} == dict.fromkeys(
        ("prepare", "train_logistic", "train_forest", "train_boosting", "evaluate", "register"), "done"
    )


def test_the_best_model_is_in_production_with_its_lineage(played: tuple[Project, dict[str, Any]], store: Store) -> None:
    version = played[1]["version"]
    assert (version["model"], version["version"], version["stage"]) == ("breast-cancer", 1, "production")
    trained = runs.get(store.read(), version["run_id"])
    best = json.loads(Path(played[0].path("best.json")).read_text())
    assert trained.name == f"train_{best['family']}"
    assert trained.params["family"] == best["family"]
    assert trained.metrics["validation_log_loss"] == best["validation_log_loss"]


def test_each_family_has_logged_a_curve_that_learns(store: Store) -> None:
    for family in ("logistic", "forest", "boosting"):
        run_id = runs.resolve(store.read(), f"train_{family}")
        curve = [point.value for point in metrics.history(store.read(), run_id, "validation_log_loss")]
        assert len(curve) >= 50
        assert curve[-1] < curve[0]
        assert runs.get(store.read(), run_id).metrics["validation_auc"] > 0.97


def test_fair_batches_raise_no_alert_and_the_selected_one_does(store: Store) -> None:
    raised = {report.batch: alerts.alerts_of(store.read(), report.id) for report in drift.reports(store.read())}
    assert raised["production/week_1.csv"] == []
    assert raised["production/week_2.csv"] == []
    assert {(alert.kind, alert.severity) for alert in raised["production/week_3.csv"]} == {
        ("data_drift", "critical"),
        ("prediction_drift", "critical"),
    }


def test_what_drifted_is_the_size_that_was_selected(store: Store) -> None:
    [report] = [report for report in drift.reports(store.read()) if report.batch == "production/week_3.csv"]
    columns = sorted(drift.report(store.read(), report.id).columns, key=lambda column: -(column.effect or 0))
    assert {column.column for column in columns[:3]} <= {
        f"{kind}_{measure}" for kind in ("mean", "worst") for measure in ("radius", "area", "perimeter")
    }


def test_the_summary_tells_the_same_as_the_store(played: tuple[Project, dict[str, Any]], store: Store) -> None:
    assert [report["status"] for report in played[1]["reports"]] == ["ok", "ok", "drift"]
    assert {alert["alert_id"] for alert in played[1]["alerts"]} == {alert.id for alert in alerts.alerts(store.read())}


def test_dvc_agrees_that_all_is_up_to_date(played: tuple[Project, dict[str, Any]]) -> None:
    if not Path(played[0].path(".dvc")).exists():
        pytest.skip("dvc is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "status", "--json"],
        cwd=played[0].root,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert json.loads(done.stdout) == {}


def test_a_second_call_does_nothing_and_tells_what_is(played: tuple[Project, dict[str, Any]]) -> None:
    done = demo(Path(played[0].root))
    assert done.returncode == 0
    assert "version 1 in production" in done.stdout
    assert "promoted" not in done.stderr
    assert "delivered" not in done.stderr


def test_batches_arrive_by_themselves_once_a_version_is_in_production(played: tuple[Project, dict[str, Any]]) -> None:
    shutil.rmtree(played[0].path("production"))
    script = Path(played[0].path("deliver.py"))
    # the first call fails, as on a machine that has no memory left for a moment
    once = "import os, sys\nif not os.path.exists('tried'):\n    open('tried', 'w').close()\n    sys.exit(1)\n"
    script.write_text(once + script.read_text())
    assert delivery.deliver_when_served(played[0], gap_s=0.0, patience_s=60.0) == 3
    assert delivery.waiting(played[0]) == []


def test_a_stage_that_fails_ends_with_1_and_is_named(tmp_path: Path) -> None:
    project = write(str(tmp_path / "demo"))
    Path(project.path("src", "prepare.py")).write_text("raise SystemExit('no data today')\n")
    done = demo(Path(project.root))
    assert (done.returncode, done.stdout) == (1, "")
    assert "prepare" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_directory_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("")
    done = demo(tmp_path)
    assert done.returncode == 1
    assert "not empty" in done.stderr
