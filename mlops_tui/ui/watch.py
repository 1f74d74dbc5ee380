"""Learns that the store or the project's files changed, and says so; a thread of its own.

The file system only wakes it: ``PRAGMA data_version`` decides whether the store has new commits. It folds what scripts
have logged before it tells of a change, settles pipeline runs whose supervisor is gone, and has new batches checked.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable

from textual.message import Message

from mlops_store import database, fold
from mlops_store.errors import MlopsError
from mlops_tui.ui import follow
from mlops_tui.ui.checks import BatchChecks
from mlops_tui.ui.ended_runs import EndedRuns
from mlops_tui.ui.file_events import FileEvents, open_events
from mlops_tui.ui.messages import Failed, ProjectChanged, RunEnded, StoreChanged
from mlops_tui.ui.session import Session

#: Seconds between two messages about the store at least, and about the project's files.
PACE_S = 0.25
PROJECT_PACE_S = 0.5
#: Seconds between looks when nothing wakes it: for network file systems, killed processes and lost events.
POLL_S = 2.0
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
        self._db: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._version = -1
        self._told_problem = ""
        self._changed_paths: set[str] = set()
        self._project_due_at = 0.0
        self._polled_at = 0.0
        self._checks = BatchChecks(session)
        self._ended = EndedRuns()

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, at the latest after the present look."""
        self._stopping.set()
        with self._closing:  # a closed descriptor may be another file's by now
            if self._events is not None:
                self._events.wake()

    def _run(self) -> None:
        self._events = open_events()
        try:
            self._tell(ProjectChanged(frozenset()))  # what the first screen left for later
            self._follow()
            self._look(set())
            while not self._stopping.is_set():
                paths = self._events.wait(self._patience())
                if self._stopping.is_set():
                    break
                telling = {path for path in paths if not os.path.basename(path).startswith(_NOISE)}
                if telling or not paths:
                    self._look(telling)
        finally:
            self._close()
            with self._closing:
                events, self._events = self._events, None
                events.close()

    def _patience(self) -> float:
        """Seconds until there is something to do even if nothing happens."""
        waits = [POLL_S]
        if self._changed_paths:
            waits.append(max(0.0, self._project_due_at - time.monotonic()))
        if (check := self._checks.wait_s) is not None:
            waits.append(check)
        return min(waits)

    def _follow(self) -> None:
        assert self._events is not None
        session = self._session
        self._events.follow(follow.of_store(session.project) | follow.of_project(session.project, session.config))

    # looking

    def _look(self, paths: set[str]) -> None:
        self._sort_out(paths)
        try:
            self._look_at_store()
            problem = self._checks.look()
        except MlopsError as error:
            problem = error
        if problem is not None and str(problem) != self._told_problem:
            self._told_problem = str(problem)
            self._tell(Failed(problem))
        self._look_at_project()

    def _sort_out(self, paths: set[str]) -> None:
        """Keeps what concerns the project's files; asks for a check where batches changed."""
        state_dir = self._session.project.state_dir
        ours = {path for path in paths if path != state_dir and not path.startswith(state_dir + os.sep)}
        if state_dir in paths or self._session.project.journals_dir in paths:
            self._follow()  # they were made just now
        if ours:
            if not self._changed_paths:
                self._project_due_at = max(time.monotonic() + 0.05, self._project_due_at)
            self._changed_paths |= ours
            batches = follow.of_batches(self._session.project, self._session.config)
            if any(path.startswith(directory) for path in ours for directory in batches):
                self._checks.ask(is_new=True)

    def _look_at_project(self) -> None:
        now = time.monotonic()
        if self._changed_paths and now >= self._project_due_at:
            self._project_due_at = now + PROJECT_PACE_S
            paths, self._changed_paths = frozenset(self._changed_paths), set()
            self._tell(ProjectChanged(paths))
            self._follow()

    def _look_at_store(self) -> None:
        if not self._is_open():
            return
        store = self._session.store
        assert store is not None
        now = time.monotonic()
        if now - self._polled_at >= POLL_S / 2:
            self._polled_at = now
            self._recover()
        fold.fold(store, self._session.project.journals_dir, wait_s=0.0, budget_s=1.0)
        if self._has_moved():
            self._tell(StoreChanged())
            self._tell_of_ended()
            self._checks.ask()
            self._stopping.wait(PACE_S)

    def _tell_of_ended(self) -> None:
        assert self._db is not None
        with database.explained(self._session.project.store_path):
            ended = self._ended.look(self._db)
        patience_s = self._session.config.ui.notify_after_s
        for run in ended:
            if 0 < patience_s <= run.duration_s:
                self._tell(RunEnded(run))

    def _is_open(self) -> bool:
        """Opens the store when it appears, and again when it was replaced; tells of both."""
        session = self._session
        identity = self._present()
        if identity is None and session.store is None and session.open_store():
            identity = self._present()  # made just now for what scripts have logged
            self._tell(StoreChanged())
        if identity != self._identity:
            if self._identity is not None or identity is None:
                had_store = session.store is not None
                session.close_store()
                if had_store:
                    self._tell(StoreChanged())
            self._identity = identity
            self._close()
        if identity is None:
            return False
        if session.store is None:
            before = str(session.problem or "")
            is_open = session.open_store()
            self._follow()
            if is_open or str(session.problem or "") != before:
                self._tell(StoreChanged())
            if not is_open:
                return False
        if self._db is None:
            # a connection of its own: a commit moves data_version for all connections but the one that made it
            self._db = database.connect(session.project.store_path)
            self._version = -1  # commits between the first load of a screen and now are told of, too
        return True

    def _present(self) -> tuple[int, int] | None:
        """Which file the store is, None when there is none."""
        try:
            status = os.stat(self._session.project.store_path)
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
            self._ended = EndedRuns()

    def _data_version(self) -> int:
        assert self._db is not None
        with database.explained(self._session.project.store_path):
            value: int = self._db.execute("PRAGMA data_version").fetchone()[0]
            return value

    def _has_moved(self) -> bool:
        before, self._version = self._version, self._data_version()
        return before != self._version

    def _recover(self) -> None:
        """Has a pipeline run whose supervisor was killed supervised again."""
        store = self._session.store
        assert store is not None
        live = store.read().execute("SELECT 1 FROM pipeline_runs WHERE state IN ('queued', 'running') LIMIT 1")
        if live.fetchone() is not None:
            from mlops_tui.pipeline import recover

            recover(self._session.project, store)
