"""What this process has going on: its live runs, the current experiment, the project.

The stack of runs belongs to a thread, as in MLflow; a thread without one logs into the process's newest run.
"""

from __future__ import annotations

import os
from _thread import _local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlops_tui.project import Project
    from mlops_tui.tracking.run import ActiveRun

#: Runs that were started and not ended in this process, oldest first.
live: list[ActiveRun] = []


class _Thread(_local):
    def __init__(self) -> None:
        self.stack: list[ActiveRun] = []


_thread = _Thread()
_experiment = ""
_root = ""
_last: ActiveRun | None = None
_adopted = ""


def stack() -> list[ActiveRun]:
    """The runs that this thread has started and not ended, outermost first."""
    return _thread.stack


def active() -> ActiveRun | None:
    """The run that a log call of this thread means."""
    return _thread.stack[-1] if _thread.stack else (live[-1] if live else None)


def last_active() -> ActiveRun | None:
    """The active run, or the one that ended last in this process."""
    return active() or _last


def push(run: ActiveRun) -> None:
    """Makes a run the active one of this thread."""
    global _last
    _thread.stack.append(run)
    live.append(run)
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
    from mlops_tui.project import Project, find

    return Project(_root) if _root else find()


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


def _after_fork() -> None:
    # the child has the parent's runs to log into, but owns none of them
    _thread.stack.clear()


os.register_at_fork(after_in_child=_after_fork)
