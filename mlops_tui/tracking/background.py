"""The one background thread of a logging process: captures the surroundings once, folds journals now and then.

Its work is kept away from the script: it begins some time after the start, captures once a process, folds rarely and
only when no other process does, and takes at most two hundredths of the time.
"""

from __future__ import annotations

import os
import time
from _thread import allocate_lock, start_new_thread

from mlops_tui.tracking import remarks, session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlops_tui.tracking.run import ActiveRun

#: Seconds after the first start at which the surroundings are captured: the script's own imports go first.
_CAPTURE_AFTER_S = 0.05
_FIRST_FOLD_S = 2.0
_FOLD_EVERY_S = 10.0
_FOLD_BUDGET_S = 0.25
_EXIT_BUDGET_S = 2.0
#: Longest wait at the end of a run for a capture that is still going on (a large repository on a slow disk).
_CAPTURE_WAIT_S = 5.0

_wake = allocate_lock()
_working = allocate_lock()
_capturing = allocate_lock()
_pid = 0
_is_stopping = False
_roots: dict[str, str] = {}


def start(run: ActiveRun) -> None:
    """Lets the thread take care of a new run; starts it for the first one of a process."""
    global _pid, _is_stopping
    _roots[run.project.store_path] = run.project.journals_dir
    from mlops_tui.tracking import capture

    if capture.is_done(run.project.root):
        _write_capture(run)
    if _pid != os.getpid():
        _pid = os.getpid()
        _is_stopping = False
        _wake.acquire(blocking=False)
        start_new_thread(_loop, ())


def finish_capture(run: ActiveRun) -> None:
    """Captures for a run that ends before the thread came to it; gives up after some seconds."""
    if not _capturing.acquire(timeout=_CAPTURE_WAIT_S):
        remarks.once("capture", "git took too long: the run has no diff")
        return
    try:
        _write_capture(run)
    finally:
        _capturing.release()


def fold(wait_s: float, budget_s: float, busy_timeout_s: float = 0.2) -> None:
    """Folds the journals of the projects that this process has logged to; a store that cannot be written is left."""
    from mlops_store.errors import StoreBusy, StoreError
    from mlops_store.fold import fold as fold_journals
    from mlops_store.store import Store

    for store_path, journals_dir in list(_roots.items()):
        try:
            with Store(store_path, busy_timeout_s=busy_timeout_s) as store:
                fold_journals(store, journals_dir, wait_s=wait_s, budget_s=budget_s)
        except StoreBusy:
            continue  # another process is writing: it or a reader folds
        except (StoreError, OSError) as error:
            remarks.once(f"fold {store_path}", f"{error}; what was logged stays in {journals_dir} until it is stored")


def stop() -> None:
    """At the end of the process: a last fold, within a bounded time."""
    global _is_stopping
    if _pid != os.getpid():
        return
    _is_stopping = True
    if _wake.locked():
        _wake.release()
    if _working.acquire(timeout=_EXIT_BUDGET_S):
        fold(0.0, _EXIT_BUDGET_S)


def _loop() -> None:
    _pause(_CAPTURE_AFTER_S)
    pause = _FIRST_FOLD_S
    written: dict[str, int] = {}
    _capture_live()
    while not _is_stopping:
        _pause(pause)
        pause = _FOLD_EVERY_S
        if _is_stopping:
            return
        _capture_live()
        now = {run.run_id: run.journal.size_bytes() for run in session.live}
        if now != written and not _is_folded_by_others():
            begun = time.monotonic()
            with _working:
                fold(0.0, _FOLD_BUDGET_S)
            pause = max(pause, 50 * (time.monotonic() - begun))
            written = now
        for run in session.live[:]:
            run.journal.rotate()


def _pause(seconds: float) -> None:
    if not _is_stopping:
        _wake.acquire(timeout=seconds)


def _capture_live() -> None:
    for run in session.live[:]:
        if run.needs_capture and run.pid == os.getpid() and not run.has_ended:
            with _capturing:
                _write_capture(run)


def _write_capture(run: ActiveRun) -> None:
    from mlops_tui.tracking import capture

    if run.needs_capture:
        content = capture.record(run.project.root, run.project.store_path)
        run.needs_capture = False
        run.journal.record({"t": "capture" if run.is_owner else "adopt", **content})


def _is_folded_by_others() -> bool:
    """Whether someone has folded moments ago: with many processes at work, one in a while is enough."""
    for store_path in _roots:
        try:
            age = time.time() - os.stat(os.path.join(os.path.dirname(store_path), "fold.lock")).st_mtime
        except OSError:
            return False
        if not 0 <= age < _FOLD_EVERY_S / 2:
            return False
    return True


def _after_fork() -> None:
    # the child has no such thread, and locks that it held stay locked
    global _wake, _working, _capturing
    _wake, _working, _capturing = allocate_lock(), allocate_lock(), allocate_lock()


os.register_at_fork(after_in_child=_after_fork)
