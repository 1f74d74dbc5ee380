"""The terminal tells of long runs that end while the dashboard is open, each once."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from projects import dashboard
from terminal import Terminal

from mlops_store import ids, runs
from mlops_store.records import RunStatus
from mlops_store.store import Store
from mlops_tui.ui.ended_runs import EndedRun, EndedRuns


def begun(store: Store, name: str, *, ago_s: float = 100.0, **attributes: str) -> str:
    run_id = ids.new_id()
    with store.write() as db:
        at = time.time() - ago_s
        runs.create(db, run_id=run_id, name=name, experiment="e", started_at=at, **attributes)
    return run_id


def ended(store: Store, run_id: str, status: str = "FINISHED") -> None:
    with store.write() as db:
        runs.finish(db, run_id, status, time.time())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / ".mlops" / "store.db"))


def names(found: list[EndedRun]) -> list[str]:
    return [run.name for run in found]


def test_what_had_ended_before_the_first_look_is_not_told_of(store: Store) -> None:
    ended(store, begun(store, "before"))
    follower = EndedRuns()
    assert follower.look(store.read()) == []
    assert follower.look(store.read()) == []


def test_each_run_is_told_of_once_whether_it_ran_already_or_not(store: Store) -> None:
    first = begun(store, "first")
    follower = EndedRuns()
    follower.look(store.read())
    second = begun(store, "second")
    assert follower.look(store.read()) == []
    ended(store, first, "FAILED")
    (run,) = follower.look(store.read())
    assert (run.name, run.status) == ("first", RunStatus.FAILED)
    assert 99 < run.duration_s < 200
    ended(store, second)
    ended(store, begun(store, "at once"))
    assert names(follower.look(store.read())) == ["second", "at once"]
    assert follower.look(store.read()) == []


def test_runs_within_others_are_not_told_of(store: Store) -> None:
    follower = EndedRuns()
    follower.look(store.read())
    parent = begun(store, "pipeline", kind="pipeline")
    ended(store, begun(store, "stage", kind="stage", parent_run_id=parent))
    assert follower.look(store.read()) == []
    ended(store, parent)
    assert names(follower.look(store.read())) == ["pipeline"]


def bells(written: bytes) -> int:
    """How often the bell rings: BEL ends operating system commands, too."""
    return re.sub(rb"\x1b\][^\x07\x1b]*(\x07|\x1b\\)", b"", written).count(b"\x07")


HOSTILE = "evil\x1b]0;title\x07\x9d\n"


def notified(
    tmp_path: Path, store: Store, *, term: str = "xterm-256color", ago_s: float = 100.0, tmux: str = ""
) -> bytes:
    """What the terminal gets when a run ends."""
    run_id = begun(store, HOSTILE, ago_s=ago_s)
    with Terminal(dashboard(tmp_path), env={"TERM": term, "TMUX": tmux}) as terminal:
        terminal.wait("evil")
        begun(store, "followed")
        terminal.wait("followed")
        ended(store, run_id)
        begun(store, "next")
        terminal.wait("next")
        begun(store, "last")
        terminal.wait("last")  # what came before it has been told of
        terminal.send("q")
        terminal.wait_exit()
        return bytes(terminal.output)


@pytest.mark.terminal
def test_the_end_of_a_long_run_rings_and_notifies_once_with_a_clean_text(tmp_path: Path, store: Store) -> None:
    written = notified(tmp_path, store)
    assert written.count(b"\x1b]9;mlops-tui: evil") == 1
    assert bells(written) == 1
    assert b"\x1b]0;" not in written
    text = written.partition(b"\x1b]9;")[2].partition(b"\x1b\\")[0].decode()
    assert "finished after 1m" in text
    assert text.isprintable()


@pytest.mark.terminal
def test_inside_tmux_the_text_is_wrapped_for_the_terminal_around_it(tmp_path: Path, store: Store) -> None:
    written = notified(tmp_path, store, term="tmux-256color", tmux="/tmp/tmux-0/default,1,0")
    assert written.count(b"\x1bPtmux;\x1b\x1b]9;mlops-tui: evil") == 1
    wrapped = written.partition(b"\x1bPtmux;")[2]
    assert b"finished after 1m" in wrapped.partition(b"\x1b\x1b\\\x1b\\")[0]


@pytest.mark.terminal
def test_the_linux_console_only_rings(tmp_path: Path, store: Store) -> None:
    written = notified(tmp_path, store, term="linux")
    assert b"\x1b]9" not in written
    assert bells(written) == 1


@pytest.mark.terminal
def test_a_short_run_and_a_project_that_wants_no_notice_are_silent(tmp_path: Path, store: Store) -> None:
    (tmp_path / "mlops.toml").write_text("[ui]\nnotify_after_s = 0\n")
    assert bells(notified(tmp_path, store)) == 0
    (tmp_path / "mlops.toml").unlink()
    assert bells(notified(tmp_path, store, ago_s=1.0)) == 0
