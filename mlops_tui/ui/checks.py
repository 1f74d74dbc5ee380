"""Starts the check of new batches as a process of its own: the dashboard never loads pandas."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from typing import IO

from mlops_store.errors import MlopsError
from mlops_tui.ui.session import Session

#: Seconds to wait after a file changed: it may still be being written.
SETTLE_S = 1.2


class BatchChecks:
    """At most one check at a time; what a check left unchecked is not tried again until it changes, or time goes on.

    Args:
        session: The project and its monitors.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._due_at: float | None = time.monotonic()
        self._next_at: float | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._tried: tuple[tuple[str, str], ...] = ()

    def ask(self, *, is_new: bool = False) -> None:
        """Asks for a look in a moment. ``is_new``: files have changed, so what failed may be tried again."""
        if is_new:
            self._tried = ()
        self._due_at = time.monotonic() + SETTLE_S

    @property
    def wait_s(self) -> float | None:
        """Seconds until ``look`` has something to do; None when only a request or the end of a check will tell."""
        if self._process is not None:
            return 0.5
        moments = [moment for moment in (self._due_at, self._next_at) if moment is not None]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def look(self) -> MlopsError | None:
        """Starts a check when one is due and batches wait; returns why the last one failed, once."""
        problem = self._ended()
        if self._process is None and self.wait_s == 0:
            self._due_at = self._next_at = None
            self._begin()
        return problem

    def _begin(self) -> None:
        session = self._session
        if session.store is None or session.store.is_read_only or not session.config.monitors:
            return
        from mlops_tui.drift import monitors

        db = session.store.read()
        next_due = monitors.next_due(db, session.config)
        if next_due is not None and next_due > time.time():
            self._next_at = time.monotonic() + next_due - time.time()
        waiting = tuple(monitors.pending(session.project, db, session.config))
        is_tried, self._tried = waiting == self._tried, waiting
        if not waiting or is_tried:
            return
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 — read and closed when the check has ended
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "mlops_tui", "--project", session.project.root, "drift", "check", "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            start_new_session=True,  # a check that has begun ends, whatever becomes of the dashboard
        )
        session.record("mlops-tui drift check")

    def _ended(self) -> MlopsError | None:
        if self._process is None or self._process.poll() is None:
            return None
        code, self._process = self._process.returncode, None
        self._due_at = time.monotonic()
        assert self._errors is not None
        with self._errors as file:
            file.seek(0)
            text = file.read(65536).decode("utf-8", "replace").strip()
        if not code:
            return None
        lines = text.removeprefix("mlops-tui: ").splitlines() or [f"ended with {code}"]
        return MlopsError(f"drift check: {lines[0]}", " ".join(line.strip() for line in lines[1:]))
