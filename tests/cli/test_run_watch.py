"""``mlops-tui run --watch``: one run after each settled change, none for what a run leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PIPELINE = """
stages:
  copy:
    cmd: cp in.txt out.txt && echo x >> ran.log
    deps: [in.txt]
    outs: [out.txt]
  check:
    cmd: grep -q good out.txt && touch checked && echo x >> checks.log
    deps: [out.txt]
    outs: [checked]
"""


class Watching:
    """The program, and what it writes."""

    def __init__(self, directory: Path, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mlops_tui", "run", "--watch", *words],
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=dict(os.environ, PYTHONUNBUFFERED="1"),
        )
        self.lines: list[str] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line.rstrip())
                self._changed.notify_all()

    def says(self, part: str, times: int = 1) -> None:
        def has() -> bool:
            return sum(part in line for line in self.lines) >= times

        with self._changed:
            assert self._changed.wait_for(has, 60), self.lines


@pytest.fixture
def watching(project: Path) -> Iterator[Callable[..., Watching]]:
    made: list[Watching] = []

    def start(*words: str) -> Watching:
        made.append(Watching(project, *words))
        return made[-1]

    yield start
    for one in made:
        one.process.kill()
        one.process.wait()


def lines(path: Path) -> int:
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_it_runs_what_is_stale_and_again_after_each_change(project: Path, watching: Callable[..., Watching]) -> None:
    (project / "dvc.yaml").write_text(PIPELINE)
    (project / "in.txt").write_text("good 1\n")
    (project / ".gitignore").write_text("*.log\n")
    one = watching()
    one.says("never run: running copy, check")
    one.says("waiting for a change")
    (project / "in.txt").write_text("good 2\n")
    one.says("in.txt changed: running copy")
    one.says("waiting for a change", 2)
    assert (lines(project / "ran.log"), lines(project / "checks.log")) == (2, 2)
    (project / "in.txt").write_text("bad\n")
    one.says("in.txt changed: running copy", 2)
    one.says("waiting for a change", 3)
    time.sleep(1.5)  # it must not run again what failed
    assert (lines(project / "ran.log"), lines(project / "checks.log")) == (3, 2)
    (project / "in.txt").write_text("good 3\n")
    one.says("waiting for a change", 4)
    assert (lines(project / "ran.log"), lines(project / "checks.log")) == (4, 3)
    one.process.send_signal(signal.SIGINT)
    assert one.process.wait(20) == 0


def test_what_is_broken_is_said_and_mended(project: Path, watching: Callable[..., Watching]) -> None:
    (project / "dvc.yaml").write_text("stages: [")
    one = watching()
    one.says("dvc.yaml:2")
    (project / "in.txt").write_text("good\n")
    (project / "dvc.yaml").write_text(PIPELINE)
    one.says("waiting for a change")
    assert (project / "checked").exists()


def test_only_the_stages_named_are_run(project: Path, watching: Callable[..., Watching]) -> None:
    (project / "dvc.yaml").write_text(PIPELINE)
    (project / "in.txt").write_text("good\n")
    one = watching("copy")
    one.says("waiting for a change")
    assert not (project / "checked").exists()


def test_the_exit_code_is_that_of_the_last_run(project: Path, watching: Callable[..., Watching]) -> None:
    (project / "dvc.yaml").write_text(PIPELINE)
    (project / "in.txt").write_text("bad\n")
    one = watching()
    one.says("waiting for a change")
    one.process.send_signal(signal.SIGINT)
    assert one.process.wait(20) == 1


@pytest.mark.parametrize("option", ["--dry-run", "--detach", "--force"])
def test_options_that_make_no_sense_with_it_are_refused(project: Path, cli: Callable[..., Any], option: str) -> None:
    done = cli("run", "--watch", option)
    assert done.exit_code == 2
    assert "--watch" in done.stderr
