"""The watch tells of commits, of files, of a store that comes and goes, and has batches checked."""

from __future__ import annotations

import os
import queue
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from projects import add_runs, project_with_runs
from textual.message import Message

from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.pipeline.file_events import FileEvents, Inotify, Polling, Watchdog, open_events
from mlops_tui.project import Project
from mlops_tui.ui import watch
from mlops_tui.ui.messages import Notice, ProjectChanged, StoreChanged
from mlops_tui.ui.session import Session
from mlops_tui.ui.watch import Watch


class Watched:
    """A session that is watched, and what the watch said."""

    def __init__(self, root: Path, config: Config | None = None) -> None:
        self.session = Session(Project(str(root)), config or Config())
        self.said: queue.Queue[Message] = queue.Queue()
        self.watch = Watch(self.session, self.said.put)
        self.watch.start()

    def hears(self, condition: Callable[[Message], object], timeout_s: float = 20.0) -> Message:
        """The next message that satisfies a condition."""
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            try:
                message = self.said.get(timeout=left)
            except queue.Empty:
                break
            if condition(message):
                return message
        raise AssertionError("the watch never said so")

    def hears_store(self) -> None:
        self.hears(lambda message: isinstance(message, StoreChanged))

    def quiet(self, seconds: float) -> bool:
        """Whether nothing is said for some time, after what is said now."""
        while True:
            try:
                self.said.get(timeout=seconds)
            except queue.Empty:
                return True
            return False


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    made: list[Watched] = []

    def make(config: Config | None = None) -> Watched:
        made.append(Watched(tmp_path, config))
        return made[-1]

    yield make
    for one in made:
        one.watch.stop()
        one.watch._thread.join(10)
        one.session.close_store()


def test_a_commit_of_another_process_is_told(tmp_path: Path, watched: Callable[..., Watched]) -> None:
    project_with_runs(tmp_path)
    watch = watched()
    watch.hears_store()  # what came before it looked
    with Store(str(tmp_path / ".mlops" / "store.db")) as store:
        add_runs(store, ["new"])
        watch.hears_store()


def test_nothing_is_told_while_nothing_happens(tmp_path: Path, watched: Callable[..., Watched]) -> None:
    project_with_runs(tmp_path)
    watch = watched()
    watch.hears_store()
    while not watch.quiet(1.0):
        pass
    assert watch.quiet(5.0)


def test_what_a_script_logs_is_folded_and_told(tmp_path: Path, watched: Callable[..., Watched]) -> None:
    import subprocess
    import sys

    project_with_runs(tmp_path)
    watch = watched()
    watch.hears_store()
    script = "import mlops_tui as m\nwith m.start_run(run_name='scripted'):\n    m.log_metric('auc', 0.5)\n"
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, timeout=60)
    store = watch.session.store
    assert store is not None
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        watch.hears_store()
        if store.read().execute("SELECT 1 FROM runs WHERE name = 'scripted' AND status = 'FINISHED'").fetchone():
            return
    raise AssertionError("what was logged never came into the store")


def test_a_store_that_appears_is_opened_and_told(tmp_path: Path, watched: Callable[..., Watched]) -> None:
    watch = watched()
    project_with_runs(tmp_path)
    watch.hears_store()
    assert watch.session.store is not None


def test_a_store_that_is_removed_is_let_go_and_its_successor_taken(
    tmp_path: Path, watched: Callable[..., Watched]
) -> None:
    project_with_runs(tmp_path)
    watch = watched()
    watch.hears_store()
    shutil.rmtree(tmp_path / ".mlops")
    watch.hears(lambda message: isinstance(message, StoreChanged) and watch.session.store is None)
    watch.hears(lambda message: isinstance(message, Notice) and "store.db is gone" in message.text)
    project_with_runs(tmp_path, ["successor"])
    watch.hears(lambda message: isinstance(message, StoreChanged) and watch.session.store is not None)
    store = watch.session.store
    assert store is not None
    assert store.read().execute("SELECT name FROM runs").fetchall() == [("successor",)]


def test_a_changed_file_of_the_project_is_told_by_its_path(tmp_path: Path, watched: Callable[..., Watched]) -> None:
    (tmp_path / "params.yaml").write_text("a: 1\n")
    watch = watched()
    time.sleep(0.3)  # the watch has no sign of its own that it follows by now
    (tmp_path / "params.yaml").write_text("a: 2\n")
    path = str(tmp_path / "params.yaml")
    watch.hears(lambda message: isinstance(message, ProjectChanged) and path in message.paths)


def test_a_changed_input_in_a_directory_below_is_told(tmp_path: Path, watched: Callable[..., Watched]) -> None:
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "a.csv").write_text("1\n")
    (tmp_path / "dvc.yaml").write_text("stages:\n  a:\n    cmd: 'true'\n    deps: [data]\n")
    watch = watched()
    time.sleep(0.5)
    (tmp_path / "data" / "raw" / "a.csv").write_text("2\n")
    path = str(tmp_path / "data" / "raw" / "a.csv")
    watch.hears(lambda message: isinstance(message, ProjectChanged) and path in message.paths)


@pytest.mark.parametrize(("make", "timeout_s"), [(open_events, 10), (Polling, 0.05), (Watchdog, 10)])
def test_events_name_what_changed(tmp_path: Path, make: Callable[[], FileEvents], timeout_s: float) -> None:
    events = make()
    try:
        events.follow([str(tmp_path), str(tmp_path / "missing")])
        (tmp_path / "file").write_text("x")
        assert events.wait(timeout_s) == {str(tmp_path / "file")}
        assert events.wait(0.05) <= {str(tmp_path / "file")}  # watchdog may tell of making and of writing apart
        events.follow([])
        (tmp_path / "other").write_text("x")
        assert events.wait(0.1) == set()
    finally:
        events.close()


@pytest.mark.parametrize("make", [open_events, Polling, Watchdog])
def test_a_wait_ends_by_a_wake(make: Callable[[], FileEvents]) -> None:
    events = make()
    events.wake()
    before = time.monotonic()
    assert events.wait(30) == set()
    assert time.monotonic() - before < 25
    events.close()


def test_ten_thousand_appends_are_few_events(tmp_path: Path) -> None:
    events = Inotify()
    try:
        events.follow([str(tmp_path)])
        with (tmp_path / "journal").open("ab", buffering=0) as journal:
            for _ in range(10_000):
                journal.write(b"x")
        assert events.wait(10) == {str(tmp_path / "journal")}
        assert events.wait(0.1) == set()
    finally:
        events.close()


def test_a_watch_that_has_ended_leaves_nothing_open(tmp_path: Path) -> None:
    project_with_runs(tmp_path)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        one = Watched(tmp_path)
        one.hears_store()
        one.watch.stop()
        one.watch._thread.join(10)
        one.session.close_store()
    assert len(os.listdir("/proc/self/fd")) <= before + 1


def test_what_a_script_logged_before_there_was_a_store_is_found(
    tmp_path: Path, watched: Callable[..., Watched]
) -> None:
    import subprocess
    import sys

    script = "import os, mlops_tui as m\nm.start_run(run_name='early')\nm.log_metric('auc', 0.5)\nos._exit(1)\n"
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=False, timeout=60)
    shutil.rmtree(tmp_path / ".mlops" / "objects", ignore_errors=True)
    for name in os.listdir(tmp_path / ".mlops"):
        if name.startswith("store.db"):
            os.remove(tmp_path / ".mlops" / name)
    if not os.listdir(tmp_path / ".mlops" / "journals"):
        pytest.skip("the script had folded what it logged")
    watch = watched()
    watch.hears_store()
    store = watch.session.store
    assert store is not None
    deadline = time.monotonic() + 20
    while not store.read().execute("SELECT 1 FROM runs WHERE name = 'early'").fetchone():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_more_a_look_costs_the_rarer_the_next_one_within_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = iter((5.0, 5.001, 5.037, 6.0))
    monkeypatch.setattr(time, "process_time", lambda: next(used))
    followed = Watch(Session(Project(str(tmp_path)), Config()), lambda message: None)
    assert followed._pace_s() == watch.PACE_S
    assert followed._pace_s() == pytest.approx(0.036 / watch.SHARE)
    assert followed._pace_s() == watch.SLOWEST_S
