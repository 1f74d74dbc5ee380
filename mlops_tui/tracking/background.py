"""The one background thread of a logging process: captures the surroundings once, folds journals now and then.

Its work is kept away from the script: it begins some time after the start, captures once a process, folds rarely and
only when no other process does, and takes at most two hundredths of the time.
"""

from __future__ import annotations

import os
import sys
import time
from _thread import allocate_lock

from mlops_tui.tracking import journal, remarks, session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlops_tui.tracking.run import ActiveRun

_FIRST_FOLD_S = 2.0
_FOLD_EVERY_S = 10.0
_FOLD_BUDGET_S = 0.25
_EXIT_BUDGET_S = 2.0
#: Longest wait at the end of a run for a capture that is still going on (a large repository on a slow disk).
_CAPTURE_WAIT_S = 5.0

_wake = allocate_lock()
_working = allocate_lock()
_capturing = allocate_lock()
_is_stopping = False


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

    for store_path, journals_dir in list(session.roots.items()):
        try:
            with Store(store_path, busy_timeout_s=busy_timeout_s) as store:
                fold_journals(store, journals_dir, wait_s=wait_s, budget_s=budget_s)
        except StoreBusy:
            continue  # another process is writing: it or a reader folds
        except (StoreError, OSError) as error:
            remarks.once(f"fold {store_path}", f"{error}; what was logged stays in {journals_dir} until it is stored")


def stop() -> None:
    """At the end of the process: a last fold, within a bounded time."""
    _end()
    import gc

    gc.disable()  # nothing that is thrown away now is needed again, and a search of the script's objects takes long
    if _working.acquire(timeout=_EXIT_BUDGET_S):
        fold(0.0, _EXIT_BUDGET_S)


def _end() -> None:
    """Has the background thread return at its next turn."""
    global _is_stopping
    _is_stopping = True
    if _wake.locked():
        _wake.release()


def work() -> None:
    """Runs in the background thread until ``stop``."""
    # Whoever imports threading first is its main thread, and the interpreter waits for that one before it calls what
    # atexit keeps: without this, a script that never imported it would wait for us for ever.
    import threading

    try:
        threading._register_atexit(_end)  # type: ignore[attr-defined]
    except RuntimeError:
        return  # the process is ending already
    _wake.acquire(blocking=False)
    _capture_live()
    pause, written = _FIRST_FOLD_S, 0
    while not _is_stopping:
        _wake.acquire(timeout=pause)
        if _is_stopping:
            return
        pause = _FOLD_EVERY_S
        _capture_live()
        if journal.written() != written and not _is_folded_by_others():
            begun = time.monotonic()
            with _working:
                fold(0.0, _FOLD_BUDGET_S)
            pause = max(pause, 50 * (time.monotonic() - begun))
            written = journal.written()
        journal.rotate()


def _capture_live() -> None:
    for run in session.live[:]:
        if run.needs_capture and run.pid == os.getpid() and not run.has_ended:
            with _capturing:
                _write_capture(run)


def _write_capture(run: ActiveRun) -> None:
    from mlops_tui.tracking import capture

    if not run.needs_capture:
        return
    found = capture.record(run.project.root, run.project.store_path)
    run.needs_capture = False
    if run.is_owner and not hasattr(sys, "ps1"):
        run.journal.introduce(found["attributes"], found["texts"])
        for other in session.live:
            if other.is_owner and other.project == run.project:
                other.needs_capture = False
    else:
        run.journal.record({"t": "capture" if run.is_owner else "adopt", **found})


def _is_folded_by_others() -> bool:
    """Whether someone has folded moments ago: with many processes at work, one in a while is enough."""
    for store_path in session.roots:
        try:
            age = time.time() - os.stat(os.path.join(os.path.dirname(store_path), "fold.lock")).st_mtime
        except OSError:
            return False
        if not 0 <= age < _FOLD_EVERY_S / 2:
            return False
    return True


def _after_fork() -> None:
    # the child has no such thread, and locks that it held stay locked
    global _is_stopping, _wake, _working, _capturing
    _is_stopping = False
    _wake, _working, _capturing = allocate_lock(), allocate_lock(), allocate_lock()


os.register_at_fork(after_in_child=_after_fork)
