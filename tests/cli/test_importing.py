"""``mlops-tui import``."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "interop" / "sources"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "mlflow.db"
    db = sqlite3.connect(path)
    db.executescript((SOURCES / "mlflow-3.17.sql").read_text(encoding="utf-8"))
    db.close()
    return path


def test_import_tells_what_came_and_what_did_not(cli: Callable, project: Path, source: Path) -> None:
    done = cli("import", str(source))
    assert done.exit_code == 0
    assert "7: 7 new, 0 changed, 0 as they were" in done.stdout
    assert "registered model churn-model: 1 version not imported" in done.stderr
    assert "parent" in cli("runs", "list").stdout
    again = cli("import", str(source), "--json").json
    assert (again["runs_added"], again["runs_unchanged"], again["values"]) == (0, 7, 0)
    assert again["problems"][0]["place"] == "registered model churn-model"


def test_a_dry_run_makes_nothing(cli: Callable, project: Path, source: Path) -> None:
    done = cli("import", str(source), "--dry-run", "--experiment", "mine")
    assert done.exit_code == 0
    assert "7 would be new" in done.stdout
    assert list(project.iterdir()) == []


def test_what_cannot_be_read_is_refused_in_a_sentence(cli: Callable, project: Path, source: Path) -> None:
    missing = cli("import", "nowhere")
    assert (missing.exit_code, "does not exist" in missing.stderr) == (2, True)
    unknown = cli("import", str(source), "--from", "mlflo")
    assert (unknown.exit_code, "did you mean 'mlflow'?" in unknown.stderr) == (2, True)
    wrong = cli("import", str(source), "--from", "mlruns")
    assert (wrong.exit_code, "no experiments" in wrong.stderr) == (1, True)
    nothing = cli("import", ".")
    assert (nothing.exit_code, "no store of another tool" in nothing.stderr) == (2, True)
