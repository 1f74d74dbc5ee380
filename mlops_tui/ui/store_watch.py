"""Follows the store of a project: its commits, its coming and going, and runs whose supervisor is gone."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable

from textual.message import Message

from mlops_store import database, fold
from mlops_tui.ui.ended_runs import EndedRuns
from mlops_tui.ui.messages import Alerted, Notice, RunEnded, StoreChanged
from mlops_tui.ui.new_alerts import NewAlerts
from mlops_tui.ui.session import Session

#: Seconds between looks when nothing wakes it: for network file systems, killed processes and lost events.
POLL_S = 2.0


class StoreWatch:
    """The store of one project; everything here belongs to one thread.

    Args:
        session: Whose store is opened when its file appears.
        tell: Called with each message.
    """

    def __init__(self, session: Session, tell: Callable[[Message], object]) -> None:
        self._session = session
        self._tell = tell
        self._db: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._version = -1
        self._polled_at = 0.0
        self._ended = EndedRuns()
        self._alerts = NewAlerts()

    def look(self) -> bool:
        """Folds what scripts have logged, and tells of commits; returns whether there were any.

        Raises:
            MlopsError: The store cannot be used.
        """
        if not self._is_open():
            return False
        store = self._session.store
        assert store is not None
        now = time.monotonic()
        if now - self._polled_at >= POLL_S / 2:
            self._polled_at = now
            self._recover()
        fold.fold(store, self._session.project.journals_dir, wait_s=0.0, budget_s=1.0)
        has_moved = self._has_moved()
        if has_moved:
            self._tell(StoreChanged())
            self._tell_of_ended()
            for text in self._alerts.look(self._db, self._session.config.monitors) if self._db is not None else ():
                self._tell(Alerted(text))
        return has_moved

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
                    if identity is None:
                        self._tell(Notice(f"{session.project.store_path} is gone: somebody removed it", "error"))
            self._identity = identity
            self.close()
        if identity is None:
            return False
        if session.store is None:
            before = str(session.problem or "")
            is_open = session.open_store()
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

    def close(self) -> None:
        """Closes its connection."""
        if self._db is not None:
            self._db.close()
            self._db = None
            self._ended = EndedRuns()
            self._alerts = NewAlerts()

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
