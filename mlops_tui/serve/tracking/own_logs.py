"""Takes in what scripts log here by other means, so that clients read it, too."""

from __future__ import annotations

import logging
import os
import threading
import time

from mlops_store.errors import StoreError
from mlops_store.store import Store

#: Seconds between two looks at the journals.
_EVERY_S = 1.0
_log = logging.getLogger("mlops_tui.serve")


class OwnLogs:
    """The journals beside a store.

    Args:
        store: Where they go.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._directory = os.path.join(os.path.dirname(store.path), "journals")
        self._looked_at = float("-inf")
        self._at_work = threading.Lock()

    def is_due(self) -> bool:
        """Whether there may be something to take in; asked with every request, and true once a second."""
        now = time.monotonic()
        if now - self._looked_at < _EVERY_S or self._at_work.locked():
            return False
        self._looked_at = now
        try:
            return bool(os.listdir(self._directory))
        except OSError:
            return False

    def take_in(self) -> None:
        """Stores what stands in the journals; takes a while."""
        from mlops_store import fold

        if not self._at_work.acquire(blocking=False):
            return
        try:
            fold.fold(self._store, self._directory, wait_s=0.0)
        except StoreError as error:  # the journals stay, and what is stored can be read
            _log.warning("what scripts have logged was not taken in: %s", error)
        finally:
            self._at_work.release()
