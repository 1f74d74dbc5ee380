"""The command line on a real terminal."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import Terminal

from mlops_store import ids, metrics, runs
from mlops_store.store import Store

pytestmark = pytest.mark.terminal


@pytest.fixture
def listed(store: Store) -> None:
    """A run with a hostile name and more metrics than fit."""
    with store.write() as db:
        run_id = ids.new_id()
        runs.create(db, run_id=run_id, name="fo\x1b[31mrest\n日本" + "x" * 100, experiment="e", started_at=1e9)
        metrics.write(db, run_id, [(f"validation_metric_{number}", 0, 1e9, number / 7) for number in range(9)])


def shown(*arguments: str, project: Path, **environment: str) -> Terminal:
    terminal = Terminal([sys.executable, "-m", "mlops_tui", *arguments], (80, 24), cwd=project, env=environment)
    terminal.process.wait(timeout=60)
    return terminal


def test_a_table_keeps_to_the_terminals_width(project: Path, listed: None) -> None:
    terminal = shown("runs", "list", project=project)
    screen = terminal.wait("no room for")
    assert next(line for line in screen.splitlines() if line.strip()).startswith("run ")
    assert sum("日本" in line or "\\x1b" in line for line in screen.splitlines()) == 1
    assert set(re.findall(rb"\x1b\[[0-9;]*[A-Za-z]", bytes(terminal.output))) <= {b"\x1b[1m", b"\x1b[22m"}


def test_no_color_means_no_escape_at_all(project: Path, listed: None) -> None:
    terminal = shown("runs", "list", project=project, NO_COLOR="1")
    terminal.wait("no room for")
    assert b"\x1b" not in terminal.output


def test_a_dumb_terminal_gets_no_escape(project: Path, listed: None) -> None:
    terminal = shown("runs", "list", project=project, TERM="dumb")
    terminal.wait("no room for")
    assert b"\x1b" not in terminal.output


def test_ctrl_c_stops_the_run_and_says_so(project: Path) -> None:
    (project / "dvc.yaml").write_text("stages:\n  slow:\n    cmd: echo started; sleep 60\n")
    terminal = Terminal([sys.executable, "-m", "mlops_tui", "run"], (80, 24), cwd=project)
    terminal.wait("| started")
    terminal.send("ctrl+c")
    terminal.wait("stopped in ")
    assert terminal.process.wait(timeout=30) == 1


def test_a_reader_that_leaves_early_is_no_error(project: Path, store: Store) -> None:
    with store.write() as db:
        for number in range(3000):
            runs.create(db, run_id=ids.new_id(), name=f"run-{number}", experiment="e", started_at=float(number))
    command = f"{sys.executable} -m mlops_tui runs list --json | head -n 1"
    done = subprocess.run(["bash", "-c", command], cwd=project, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert done.stdout.startswith('[{"run_id"')
