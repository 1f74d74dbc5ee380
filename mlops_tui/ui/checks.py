"""Starts the check of new batches as a process of its own: the dashboard never loads pandas."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import IO

from mlops_store.errors import MlopsError
from mlops_tui.ui.session import Session

#: Seconds to wait after something changed: a file may still be being written.
SETTLE_S = 1.2
#: Seconds after which what failed is tried again; twice as many after each failure in a row, up to the second.
AGAIN_S, AGAIN_AT_MOST_S = 5.0, 600.0
#: Looking for batches takes at most one part in so many of a processor, however often something changes.
_LOOK_SHARE = 20


class BatchChecks:
    """At most one check at a time; what fails or stays unchecked is tried again, later each time.

    Args:
        session: The project and its monitors; ``check_note`` says what is wrong meanwhile.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._due_at: float | None = time.monotonic()
        self._next_at: float | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._tried: tuple[tuple[str, str], ...] = ()
        self._failures = 0
        self._again_at = 0.0
        self._told = ""
        self._took_s = 0.0

    def ask(self, *, is_new: bool = False) -> None:
        """Asks for a look in a moment. ``is_new``: files have changed, so what failed is tried again at once."""
        if is_new:
            self._tried, self._failures = (), 0
        # what goes on changing all the time must not put off the look for ever
        soon = time.monotonic() + max(SETTLE_S, _LOOK_SHARE * self._took_s)
        self._due_at = soon if self._due_at is None else min(self._due_at, soon)

    @property
    def wait_s(self) -> float | None:
        """Seconds until ``look`` has something to do; None when only a request or the end of a check will tell."""
        if self._process is not None:
            return 0.5
        moments = [moment for moment in (self._due_at, self._next_at) if moment is not None]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def look(self) -> MlopsError | None:
        """Starts a check when one is due and batches wait; says why one failed, once for each reason."""
        problem = self._ended()
        if self._process is None and self.wait_s == 0:
            self._due_at = self._next_at = None
            try:
                self._begin()
            except MlopsError as error:
                problem = self._failed(error.message, error.hint)
            except OSError as error:  # no memory or no disk for another process
                problem = self._failed(error.strerror or type(error).__name__)
        return problem

    def _begin(self) -> None:
        session = self._session
        if session.store is None or session.store.is_read_only or not session.config.monitors:
            self._passed()  # what failed may have been of a monitor that is gone
            return
        from mlops_tui.drift import monitors

        began = time.monotonic()
        found = monitors.pending(session.project, session.store.read(), session.config)
        self._took_s = time.monotonic() - began
        if found.next_at is not None:
            self._next_at = time.monotonic() + max(0.0, found.next_at - time.time())
        if not found.batches:
            self._passed()
            return
        if found.batches == self._tried and time.monotonic() < self._again_at:
            self._wait_until(self._again_at)
            return
        if found.batches != self._tried:
            self._failures = 0
        self._tried = found.batches
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
            file.seek(max(0, file.seek(0, os.SEEK_END) - 65536))
            text = file.read().decode("utf-8", "replace").strip()
        if not code:
            self._put_off()  # in case that it left something unchecked
            self._told = self._session.check_note = ""
            return None
        # remarks on what was checked before it failed stand before the error
        _, is_ours, told = f"\n{text}".rpartition("\nmlops-tui: ")
        lines = (told.splitlines() if is_ours else text.splitlines()[-1:]) or [f"ended with {code}"]
        return self._failed(lines[0], " ".join(line.strip() for line in lines[1:]))

    def _failed(self, why: str, hint: str = "") -> MlopsError | None:
        """Puts the next try off; the error, unless it was told of already."""
        self._put_off()
        self._wait_until(self._again_at)
        again = f"tried again in {self._again_at - time.monotonic():.0f} s"
        self._session.check_note = f"check failed: {why}; tried again"
        is_told, self._told = self._told == why, why
        return None if is_told else MlopsError(f"drift check: {why}", f"{hint}; {again}" if hint else again)

    def _passed(self) -> None:
        """Nothing is left to check."""
        self._tried, self._failures = (), 0
        self._told = self._session.check_note = ""

    def _put_off(self) -> None:
        self._failures += 1
        self._again_at = time.monotonic() + min(AGAIN_AT_MOST_S, AGAIN_S * 2 ** min(self._failures - 1, 20))

    def _wait_until(self, moment: float) -> None:
        self._next_at = moment if self._next_at is None else min(self._next_at, moment)
