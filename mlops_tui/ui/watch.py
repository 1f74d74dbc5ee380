"""Learns that the store or the project's files changed, and says so; a thread of its own.

The file system only wakes it: ``PRAGMA data_version`` decides whether the store has new commits. It folds what scripts
have logged before it tells of a change, settles pipeline runs whose supervisor is gone, and has new batches checked and
triggers fired.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from textual.message import Message

from mlops_store.errors import MlopsError
from mlops_tui.pipeline.file_events import FileEvents, open_events
from mlops_tui.pipeline.watching import ProjectWatch
from mlops_tui.ui.auto_runs import AutoRuns
from mlops_tui.ui.checks import BatchChecks
from mlops_tui.ui.messages import Failed, Notice, ProjectChanged
from mlops_tui.ui.session import Session
from mlops_tui.ui.store_watch import POLL_S, StoreWatch
from mlops_tui.ui.ticks import Ticks

#: Seconds between two looks at the store: at least, and at most while the share of a core that the program takes is
#: larger than it should be; and between two wakes by nothing but the store meanwhile: a script that logs ten thousand
#: times a second must not have its events read as often.
PACE_S, SLOWEST_S = 0.25, 0.4
SHARE = 0.12
_STORE_WAKES_S = 0.03
#: Seconds in which changes of the project's files are gathered, and how many times as long as judging them takes is
#: waited at least before the next message.
SETTLE_S = 0.03
_PACE_SHARE = 2
#: Files beside the store that say nothing about it.
_NOISE = ("fold.lock", "pipeline.lock", "fingerprints.db", "error.log", "ui.json")


class Watch:
    """Follows one project.

    Args:
        session: Whose store is opened when its file appears.
        tell: Called in the watch's thread with each message.
    """

    def __init__(self, session: Session, tell: Callable[[Message], object]) -> None:
        self._session = session
        self._tell = tell
        self._stopping = threading.Event()
        self._closing = threading.Lock()
        self._events: FileEvents | None = None
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._store = StoreWatch(session, tell)
        self._told_problem = ""
        self._changed_paths: set[str] = set()
        self._project_due_at = 0.0
        self._store_due_at = 0.0
        self._used_s = time.process_time()
        self._is_store_waiting = False
        self._checks = BatchChecks(session)
        self._ticks = Ticks(session)
        self._auto_runs = AutoRuns(session, tell)

    def start(self) -> None:
        """Begins."""
        self._session.wake = self.wake
        self._thread.start()

    def stop(self) -> None:
        """Ends, at the latest after the present look."""
        self._stopping.set()
        self.wake()

    def wake(self) -> None:
        """Has it look at once."""
        with self._closing:  # a closed descriptor may be another file's by now
            if self._events is not None:
                self._events.wake()

    def _run(self) -> None:
        session = self._session
        self._events = open_events()
        try:
            self._tell(ProjectChanged(frozenset()))  # what the first screen left for later
            self._config = session.config
            self._files = ProjectWatch(session.project, session.config, self._events, session.live, self._own())
            self._follow()
            self._look(set())
            while not self._stopping.is_set():
                paths = self._events.wait(self._patience())
                if self._stopping.is_set():
                    break
                telling = {path for path in paths if not os.path.basename(path).startswith(_NOISE)}
                if telling or not paths:
                    self._look(telling)
                if not paths and time.monotonic() > self._project_due_at + POLL_S:
                    session.live.prepare()
        finally:
            self._store.close()
            with self._closing:
                events, self._events = self._events, None
                events.close()

    def _own(self) -> tuple[str, ...]:
        """Where the store and the journals change."""
        return self._session.project.state_dir, self._session.project.journals_dir

    def _patience(self) -> float:
        """Seconds until there is something to do even if nothing happens."""
        waits = [POLL_S]
        if self._changed_paths:
            waits.append(max(0.0, self._project_due_at - time.monotonic()))
        if self._is_store_waiting:
            waits.append(max(0.0, self._store_due_at - time.monotonic()))
        others = (self._checks.wait_s, self._ticks.wait_s, self._auto_runs.wait_s, self._files.wait_s)
        waits += [wait for wait in others if wait is not None]
        return min(waits)

    def _follow(self) -> None:
        """Follows what the configuration and the pipeline name by now."""
        self._config = self._session.config
        self._ticks.ask()
        self._checks.ask(is_new=True)
        self._files.follow(self._config)
        self._say_how()
        self._tell(ProjectChanged(frozenset()))  # what changed before it was followed

    def _say_how(self) -> None:
        note, self._session.watch_note = self._session.watch_note, self._files.note
        if self._files.hint and self._files.note != note:
            self._tell(Notice(f"{self._files.note} — {self._files.hint}", "stale"))

    # looking

    def _look(self, paths: set[str]) -> None:
        if self._config is not self._session.config:
            self._follow()
        self._sort_out(paths)
        try:
            self._look_at_store()
            self._look_at_checks()
            self._ticks.look()
            self._auto_runs.look()
        except MlopsError as error:
            if str(error) != self._told_problem:
                self._told_problem = str(error)
                self._tell(Failed(error))
        self._look_at_project()
        if self._is_store_waiting and not self._changed_paths:
            self._stopping.wait(_STORE_WAKES_S)

    def _look_at_checks(self) -> None:
        before = self._session.check_note
        if (problem := self._checks.look()) is not None:
            self._tell(Failed(problem))
        if self._session.check_note != before:
            self._tell(ProjectChanged(frozenset()))

    def _look_at_store(self) -> None:
        now = time.monotonic()
        self._is_store_waiting = now < self._store_due_at
        if not self._is_store_waiting and self._store.look():
            self._store_due_at = now + self._pace_s()
            self._checks.ask()
            self._ticks.ask()
            self._auto_runs.ask()

    def _pace_s(self) -> float:
        """Seconds from one look at the store to the next: what comes of a look should be no burden to the machine."""
        before, self._used_s = self._used_s, time.process_time()
        return min(max(PACE_S, (self._used_s - before) / SHARE), SLOWEST_S)

    def _sort_out(self, paths: set[str]) -> None:
        """Keeps what concerns the project's files; asks for a check where batches changed."""
        state_dir = self._session.project.state_dir
        if paths & set(self._own()):  # they were made just now
            assert self._events is not None
            self._events.add(self._own())
        ours = self._files.take(path for path in paths if not path.startswith(state_dir + os.sep))
        self._say_how()
        ours.discard(state_dir)
        if ours:
            if not self._changed_paths:
                self._project_due_at = max(time.monotonic() + SETTLE_S, self._project_due_at)
            self._changed_paths |= ours
            self._ticks.ask(is_new=True)
            self._auto_runs.ask()
            batches = self._files.batches
            if any(path.startswith(directory) for path in ours for directory in batches):
                self._checks.ask(is_new=True)

    def _look_at_project(self) -> None:
        now = time.monotonic()
        if self._changed_paths and now >= self._project_due_at:
            self._project_due_at = now + max(SETTLE_S, _PACE_SHARE * self._session.live.took_s)
            paths, self._changed_paths = frozenset(self._changed_paths), set()
            self._tell(ProjectChanged(paths))
