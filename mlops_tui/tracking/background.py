"""The one background thread of a logging process: captures the surroundings once, has large journals folded.

It imports nothing but modules of this package and single C modules: imports of packages in two threads at once can
fail in either (a submodule is complete before its parent knows it), and the script may be importing anything. So it
folds in a process of its own, and only what would keep a reader waiting; all else waits for a reader or the end.
"""

from __future__ import annotations

import os
import sys
import time
from _thread import allocate_lock

from mlops_tui.tracking import capture, journal, remarks, session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlops_tui.tracking.run import ActiveRun

_EVERY_S = 10.0

#: From so many new bytes on, about a second of work, journals are folded while the script runs.
_LARGE_BYTES = 8 << 20

#: Longest time for git in the background, and at the end of a run (a large repository on a slow disk).
_PATIENCE_S = 30.0
_LAST_PATIENCE_S = 5.0

_FOLD = (
    "import os, sys; os.nice(10); from mlops_store.fold import fold; from mlops_store.store import Store; "
    "fold(Store(sys.argv[1], busy_timeout_s=5.0), sys.argv[2], wait_s=0.0)"
)

_wake = allocate_lock()
_capturing = allocate_lock()
_is_stopping = False


def work() -> None:
    """Runs in the background thread until ``stop``."""
    _wake.acquire(blocking=False)
    _capture_live()
    folded, child = 0, 0
    while not _is_stopping:
        _wake.acquire(timeout=_EVERY_S)
        if _is_stopping:
            return
        _capture_live()
        child = 0 if child and _has_ended(child) else child
        written = journal.written()
        if written < folded or _is_folded_by_others():
            folded = written
        elif written - folded > _LARGE_BYTES and not child:
            child, folded = _fold(), written
        journal.rotate()


def stop() -> None:
    """Ends the thread's work."""
    global _is_stopping
    _is_stopping = True
    if _wake.locked():
        _wake.release()


def finish_capture(run: ActiveRun) -> None:
    """Captures for a run that ends before the thread came to it; gives up after some seconds."""
    if not _capturing.acquire(timeout=_LAST_PATIENCE_S):
        remarks.once("capture", "git took too long: the run has no diff")
        return
    try:
        _write_capture(run, _LAST_PATIENCE_S)
    finally:
        _capturing.release()


def _capture_live() -> None:
    for run in session.live[:]:
        if run.needs_capture and run.pid == os.getpid() and not run.has_ended:
            with _capturing:
                _write_capture(run, _PATIENCE_S)


def _write_capture(run: ActiveRun, patience_s: float) -> None:
    if not run.needs_capture:
        return
    found = capture.surroundings(run.project.root, patience_s)
    run.needs_capture = False
    if run.is_owner and not hasattr(sys, "ps1"):
        run.journal.introduce(found)
        for other in session.live:
            if other.is_owner and other.project == run.project:
                other.needs_capture = False
    else:
        run.journal.record({"t": "capture" if run.is_owner else "adopt", "attributes": found})


def _is_folded_by_others() -> bool:
    """Whether someone has folded since the last look: a dashboard, or another of many processes."""
    for store_path in list(session.roots):
        try:
            lock = os.stat(os.path.join(os.path.dirname(store_path), "fold.lock"))
        except OSError:
            return False
        if not 0 <= time.time() - lock.st_mtime < _EVERY_S:
            return False
    return True


def _fold() -> int:
    """Folds in a process of its own; returns its number, or 0 where none can be started."""
    for store_path, journals_dir in list(session.roots.items()):
        command = (sys.executable, "-c", _FOLD, store_path, journals_dir)
        nothing = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
        try:
            return os.posix_spawn(sys.executable, command, os.environ, file_actions=nothing)
        except (OSError, ValueError):
            return 0  # no interpreter of its own (an embedded one), or no room for a process: a reader folds
    return 0


def _has_ended(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG)[0] != 0
    except ChildProcessError:  # the script waits for children itself
        return True


def _after_fork() -> None:
    # the child has no such thread, and locks that it held stay locked
    global _is_stopping, _wake, _capturing
    _is_stopping = False
    _wake, _capturing = allocate_lock(), allocate_lock()


os.register_at_fork(after_in_child=_after_fork)
