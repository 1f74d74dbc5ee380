"""How stages ended, written down a few at a time.

Replacing ``dvc.lock`` and committing to the store take longer than a trivial stage. So what has ended within some tens
of milliseconds is written together. Until then the store calls those stages running and their exit codes stand in
files: a supervisor that takes over finds exactly that and concludes them again, so nothing is lost by waiting.
"""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlops_store.records import StageState
from mlops_tui.pipeline.lock import Entry, Locks
from mlops_tui.pipeline.spec import Stage

if TYPE_CHECKING:
    from mlops_tui.pipeline.recording import Recorder

#: How long an ending may wait for others.
DELAY_S = 0.05
_PATIENCE_S = 600.0
_RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Ending:
    """How one stage ended.

    Attributes:
        stage: The stage.
        run_id: Its own run.
        state: 'done', 'failed' or 'stopped'.
        exit_code: Of its commands; None when nobody knows.
        at: When, in Unix seconds.
        outs: What it has made, in the lock's words, by path as written.
        values: The numbers in its metrics files.
        error: What went wrong.
        entry: What ``dvc.lock`` is to say about it; None leaves that alone.
    """

    stage: Stage
    run_id: str
    state: StageState
    exit_code: int | None
    at: float
    outs: Mapping[str, Entry] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    error: str = ""
    entry: Mapping[str, Any] | None = None


class Endings:
    """Collects endings and writes them: first the lock, then the store. Safe to use from several threads.

    Args:
        recorder: Writes to the store.
        locks: The project's.
    """

    def __init__(self, recorder: Recorder, locks: Locks) -> None:
        self._recorder = recorder
        self._locks = locks
        self._mutex = threading.Lock()
        self._writing = threading.Lock()
        self._pending: list[Ending] = []
        self._since = 0.0

    def add(self, ending: Ending) -> None:
        """Takes an ending; it is written at once when it is a bad one or others have waited long enough."""
        with self._mutex:
            if not self._pending:
                self._since = time.monotonic()
            self._pending.append(ending)
        if ending.state is not StageState.DONE:
            self.flush()
        else:
            self.flush_due()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._pending

    def flush_due(self) -> None:
        """Writes what has waited long enough."""
        if self._pending and time.monotonic() - self._since >= DELAY_S:
            self.flush()

    def flush(self) -> None:
        """Writes everything; a full disk is waited out for ten minutes.

        Raises:
            OSError: The lock cannot be written.
            SpecError: Somebody has made the lock something that is not understood.
            StoreError: The store cannot be written.
        """
        with self._writing:
            with self._mutex:
                pending, self._pending = self._pending, []
            if not pending:
                return
            entries = [(ending.stage, ending.entry) for ending in pending if ending.entry is not None]
            if entries:
                self.put(entries)
            self._recorder.finish(pending)

    def put(self, entries: Sequence[tuple[Stage, Entry]]) -> None:
        """Writes entries of the lock; see ``flush``."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self._locks.put(entries)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT) or time.monotonic() > deadline:
                    raise
                time.sleep(_RETRY_S)
            else:
                return
