"""Learns that the store or the project's files changed, and says so; a thread of its own.

The file system only wakes it: ``PRAGMA data_version`` decides whether the store has new commits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from mlops_store.errors import MlopsError
from mlops_tui.ui.messages import ProjectChanged, StoreChanged
from mlops_tui.ui.session import Session

#: Seconds between two messages at least.
PACE_S = 0.25
#: Seconds between looks when nothing wakes it.
POLL_S = 0.2


class Watch:
    """Follows one project.

    Args:
        session: Whose store is opened when its file appears.
        tell: Called in the watch's thread with each change.
    """

    def __init__(self, session: Session, tell: Callable[[StoreChanged | ProjectChanged], None]) -> None:
        self._session = session
        self._tell = tell
        self._wake = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, at the latest after the present look."""
        self._stopped = True
        self._wake.set()

    def _run(self) -> None:
        version = -1
        while not self._stopped:
            if self._session.open_store():
                self._tell(StoreChanged())
            store = self._session.store
            if store is not None:
                try:
                    now = store.data_version()
                except MlopsError:
                    now = version
                if version not in (-1, now):
                    self._tell(StoreChanged())
                    time.sleep(PACE_S)
                version = now
            self._wake.wait(POLL_S)
            self._wake.clear()
