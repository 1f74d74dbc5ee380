"""Checks that the dashboard starts: what fails is tried again, and nothing that waits is forgotten."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_store import drift
from mlops_store.errors import MlopsError
from mlops_store.store import Store
from mlops_tui import config as configuration
from mlops_tui.project import Project
from mlops_tui.ui import checks
from mlops_tui.ui.checks import BatchChecks
from mlops_tui.ui.session import Session

MONITOR = '[monitors.m]\nwatch = "in/*.csv"\nreference = "train.csv"\n'


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A project with a monitor, a batch that waits, and a store."""
    (tmp_path / "mlops.toml").write_text(MONITOR)
    rows = "".join(f"{number},{number * 7 % 40}\n" for number in range(200))
    (tmp_path / "train.csv").write_text("age,income\n" + rows)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "1.csv").write_text("age,income\n" + rows)
    then = time.time() - 60
    os.utime(tmp_path / "in" / "1.csv", (then, then))
    project = Project(str(tmp_path))
    with Store(project.store_path) as store:
        yield Session(project, configuration.load(project), store)


def until(asked: BatchChecks, condition: Callable[[], object], timeout_s: float = 60.0) -> list[MlopsError]:
    """Looks as the watch does until a condition holds; what was said meanwhile."""
    said, deadline = [], time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        if (problem := asked.look()) is not None:
            said.append(problem)
        time.sleep(min(0.05, 0.05 if asked.wait_s is None else asked.wait_s))
    return said


@pytest.mark.slow
def test_a_check_that_failed_for_a_passing_cause_is_made_later(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "AGAIN_S", 0.2)
    assert session.store is not None
    path = Path(session.project.config_path)
    path.write_text("[monitors.m]\nwatch = ")  # somebody is in the middle of saving it
    asked = BatchChecks(session)
    said = until(asked, lambda: asked._failures == 3)
    assert [error.hint.rpartition("; ")[2] for error in said] == ["tried again in 0 s"], "said once"
    assert session.check_note.startswith("check failed: mlops.toml")
    path.write_text(MONITOR)
    db = session.store.read()
    assert until(asked, lambda: drift.reports(db) and not session.check_note) == []


def test_what_hinders_the_look_itself_is_said_and_tried_again(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = BatchChecks(session)
    monkeypatch.setattr(checks.sys, "executable", session.project.path("gone"))
    (error,) = until(asked, lambda: session.check_note)
    assert "No such file" in error.message
    assert error.hint == "tried again in 5 s"
    assert asked.wait_s is not None
    assert 4 < asked.wait_s <= 5


def test_a_batch_that_is_still_being_written_is_looked_at_again_by_itself(session: Session) -> None:
    os.utime(session.project.path("in/1.csv"))
    asked = BatchChecks(session)
    until(asked, lambda: asked._due_at is None)
    assert asked._process is None
    assert asked.wait_s is not None
    assert asked.wait_s <= 1.0


def test_changes_without_end_do_not_put_off_a_check(session: Session) -> None:
    asked = BatchChecks(session)
    asked._due_at = None
    asked.ask()
    due_at = asked._due_at
    time.sleep(0.01)
    asked.ask()
    asked.ask(is_new=True)
    assert asked._due_at == due_at


def test_the_error_is_told_rather_than_what_was_said_before_it_and_goes_with_its_monitor(
    session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "check"
    script.write_text("#!/bin/sh\necho '1.csv: no alert' >&2; echo 'mlops-tui: gone.db is not there' >&2; exit 2\n")
    script.chmod(0o755)
    monkeypatch.setattr(checks.sys, "executable", str(script))
    asked = BatchChecks(session)
    (error,) = until(asked, lambda: session.check_note)
    assert error.message == "drift check: gone.db is not there"
    session.config = replace(session.config, monitors={})
    asked.ask(is_new=True)
    until(asked, lambda: not session.check_note)
