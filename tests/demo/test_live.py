"""The demo as a person starts it: the dashboard opens, and what it started goes on without it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from terminal import Terminal

from mlops_store import pipelines
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.project import Project

pytestmark = pytest.mark.terminal


def test_leaving_the_dashboard_leaves_the_run_alone(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "VIRTUAL_ENV": None}
    command = [sys.executable, "-m", "mlops_tui", "demo", "demo"]
    terminal = Terminal(command, (120, 40), cwd=tmp_path, env=environment)
    project = Project(str(tmp_path / "demo"))
    try:
        terminal.wait("train_forest")
        terminal.send("q")
        assert terminal.process.wait(timeout=30) == 0
        with Store(project.store_path, create=False) as store:
            [run] = pipelines.live(store.read())
        pipeline.stop(project, run.run_id)
        assert pipeline.wait(project, run.run_id).state == "stopped"
    finally:
        terminal.process.kill()
        shutil.rmtree(project.root, ignore_errors=True)  # which also ends the delivery of batches
