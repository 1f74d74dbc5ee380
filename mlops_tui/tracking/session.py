"""What this process has going on: its live runs, the current experiment, the project, and that it ends.

The stack of runs belongs to a thread, as in MLflow; a thread without one logs into the process's newest run.
Imported at the start of a script, as few and light modules as possible are: each costs about a millisecond.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
from _thread import _local, start_new_thread

from mlops_tui.tracking import journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from mlops_tui.project import Project
    from mlops_tui.tracking.run import ActiveRun

#: Seconds from the first start to the background thread's work: the script's own imports go first.
_ATTEND_AFTER_S = 0.05

#: Runs that were started and not ended in this process, oldest first.
live: list[ActiveRun] = []

#: Path of the store -> directory of the journals, of each project that this process has logged to.
roots: dict[str, str] = {}

#: Runs that were started or found in this process, ended ones too.
known: set[str] = set()

#: What sys.exit was called with and how much had been logged by then; None before.
noted_exit: tuple[object, int] | None = None


class _Thread(_local):
    def __init__(self) -> None:
        self.stack: list[ActiveRun] = []


_thread = _Thread()
_experiment = ""
_root = ""
_last: ActiveRun | None = None
_found: tuple[tuple[str, str | None, str], Project] | None = None
_adopted = ""
_attended_pid = 0


def stack() -> list[ActiveRun]:
    """The runs that this thread has started and not ended, outermost first."""
    mine = _thread.stack
    while mine and mine[-1].has_ended:  # by another thread
        mine.pop()
    return mine


def active() -> ActiveRun | None:
    """The run that a log call of this thread means."""
    mine = stack()
    return mine[-1] if mine else (live[-1] if live else None)


def last_active() -> ActiveRun | None:
    """The active run, or the one that ended last in this process."""
    return active() or _last


def push(run: ActiveRun) -> None:
    """Makes a run the active one of this thread."""
    global _last
    _thread.stack.append(run)
    live.append(run)
    known.add(run.run_id)
    _last = run


def remove(run: ActiveRun) -> None:
    """Takes a run out, wherever it is on the stack."""
    global _last
    _last = run
    for runs in (_thread.stack, live):
        if run in runs:
            runs.remove(run)


def experiment() -> str:
    """The name that ``set_experiment`` was given; "" when it was not called."""
    return _experiment


def set_experiment(name: str) -> None:
    """Later runs go into this experiment."""
    global _experiment
    _experiment = name


def project() -> Project:
    """The project that runs are recorded in."""
    global _found
    named = os.environ.get("MLOPS_PROJECT")
    here = (_root, named, "" if _root or named else os.getcwd())
    if _found is None or _found[0] != here:
        from mlops_tui.project import Project, find

        _found = (here, Project(_root) if _root else find())
    return _found[1]


def set_root(root: str) -> None:
    """Later runs are recorded in the project at this directory; "" finds it again."""
    global _root
    _root = root


def adopt() -> str:
    """The id of the run that the pipeline made for this process, the first time; "" afterwards and elsewhere."""
    global _adopted
    run_id = os.environ.get("MLOPS_RUN_ID", "")
    if not run_id or _adopted == run_id:
        return ""
    _adopted = run_id
    return run_id


def parent() -> str:
    """The run that a further run of this process is part of: the stage's, inside a pipeline."""
    return os.environ.get("MLOPS_RUN_ID", "")


def attend(run: ActiveRun) -> None:
    """Sees to it that a run is looked after in the background and ended with the process."""
    global _attended_pid
    roots[run.project.store_path] = run.project.journals_dir
    if _attended_pid != os.getpid():
        if not _attended_pid:
            _wrap_exit()
            atexit.register(_leave)
        _attended_pid = os.getpid()
        start_new_thread(_attend, ())


def _attend() -> None:
    time.sleep(_ATTEND_AFTER_S)
    from mlops_tui.tracking import background, remarks

    try:
        background.work()
    except Exception as error:  # a defect of ours must not fill the script's stderr
        remarks.once("background", f"nothing is captured or folded in the background any more: {error!r}")


def _leave() -> None:
    from mlops_tui.tracking import exits

    exits.leave()


def _wrap_exit() -> None:
    """Learns the code that sys.exit is called with: the interpreter tells it to nobody."""
    original = sys.exit

    def exit(status: object = None, /) -> NoReturn:  # noqa: A001 — it stands for sys.exit
        global noted_exit
        noted_exit = (status, journal.written())
        original(status)  # type: ignore[arg-type]

    exit.__doc__ = original.__doc__
    sys.exit = exit


def _after_fork() -> None:
    # the child has the parent's runs to log into, but owns none of them
    _thread.stack.clear()


os.register_at_fork(after_in_child=_after_fork)
