"""Starting, stopping, awaiting and recovering pipeline runs, from any process.

A run belongs to its supervisor, which holds a lock on ``.mlops/pipeline.lock`` for as long as it lives; the system
lets go of it however the supervisor ends. So "a supervisor is alive" is one question to the system, without pids. The
lock is taken before the supervisor exists and handed to it, so that two starts cannot both believe to be first.

A supervisor that was killed leaves its stages running. ``recover`` starts another one for such a run, which follows
them to their end, takes their exit codes from the files where their shells left them, and goes on. After a restart of
the machine it marks what was cut off, and starts nothing more.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from mlops_store import pipelines, processes
from mlops_store.errors import Busy, MlopsError, Refused, StoreFull, StoreReadOnly
from mlops_store.records import PipelineRun, StageRun, StageState
from mlops_store.store import Store
from mlops_tui.pipeline import hold, launch, leftovers, turns
from mlops_tui.pipeline.request import Request
from mlops_tui.project import Project

if TYPE_CHECKING:
    import sqlite3

#: How long a supervisor that has recorded its end may take to be gone.
_EXIT_S = 10.0
_POLL_S = 0.005
_POLLS_TO_LOOK = 200


def start(
    project: Project,
    *,
    targets: Iterable[str] = (),
    name: str = "",
    claim: Callable[[sqlite3.Connection, str], None] | None = None,
    may_fork: bool = False,
    **options: Any,
) -> str:
    """Starts the stale stages in a process of their own and returns at once.

    When nothing is stale, the run is recorded as finished, with every stage 'cached', and nothing is started.

    Args:
        project: The project.
        targets: Stages to bring up to date together with what they need; all by default.
        name: What the run is called; made up by default.
        claim: Called with the run's id in the transaction that makes the run; when it raises, there is no run.
        may_fork: That process may be a copy of this one, which is a small program; see ``launch.supervise``.
        **options: The other attributes of ``request.Request``: ``force``, ``jobs``, ``keep_going`` …

    Returns:
        The id of the pipeline run.

    Raises:
        Busy: A pipeline run of this project is going on.
        Refused: There is no pipeline, or a stage needs more than this machine has.
        SpecError: ``dvc.yaml``, ``dvc.lock`` or a params file is not understood.
        NotFound: A target is not a stage.
        StoreError: The store cannot be written.
    """
    if not is_described(project):  # nothing is made in a directory that has no pipeline
        raise Refused(f"{project.root} has no pipeline", "describe its stages in dvc.yaml")
    with Store(project.store_path) as store, _explained(), _lock_for_start(project, store) as lock:
        return launch.begin(store, project, lock, Request(tuple(targets), **options), name, claim, may_fork=may_fork)


def is_described(project: Project) -> bool:
    """Whether the project has a ``dvc.yaml`` at its root, or stages elsewhere.

    Raises:
        SpecError: What describes stages elsewhere is not understood.
    """
    if os.path.exists(project.pipeline_path):
        return True
    from mlops_tui.pipeline import spec

    return bool(spec.load(project).stages)


def stop(project: Project, run_id: str, by: str = "") -> None:
    """Asks a pipeline run to stop and returns at once; ``wait`` tells when it has.

    Its stages get TERM, and KILL five seconds later. When its supervisor is dead, another one is started to do that.

    Args:
        project: The project.
        run_id: The pipeline run.
        by: Who asks.

    Raises:
        NotFound: No such pipeline run.
        Refused: It has ended already.
        StoreError: The store cannot be written.
    """
    with Store(project.store_path, create=False) as store:
        with store.write() as db:
            run = pipelines.get(db, run_id)
            if not run.state.is_live:
                raise Refused(f"pipeline run {run.name} has ended already ({run.state})")
            pipelines.request_stop(db, run_id, by=by, at=time.time())
        if not _signal(run) or not hold.is_held(turns.place(project, run)):
            recover(project, store)


def wait(
    project: Project, run_id: str, on_event: Callable[[StageRun | PipelineRun], None] | None = None
) -> PipelineRun:
    """Waits until a pipeline run has ended, and returns it.

    A supervisor that is killed meanwhile is replaced.

    Args:
        project: The project.
        run_id: The pipeline run.
        on_event: Called with each stage when its state has changed, and at the end with the run. A state that lasts
            for some milliseconds only may be passed over; the final one never is.

    Raises:
        NotFound: No such pipeline run.
    """
    with Store(project.store_path, create=False) as store:
        seen: dict[str, StageState] = {}
        version = polls = 0
        run = pipelines.get(store.read(), run_id)
        while run.state.is_live:
            _pause(project, store, run, polls)
            polls += 1
            if version != (version := store.data_version()) and _is_worth_reading(store, run, on_event is not None):
                run = pipelines.get(store.read(), run_id)
                if on_event is not None:
                    _tell(run, seen, on_event)
        hold.await_release(turns.place(project, run), _EXIT_S)
        launch.reap()
        if on_event is not None:
            _tell(run, seen, on_event)
            on_event(run)
        return run


def recover(project: Project, store: Store) -> list[str]:
    """Starts a supervisor for each pipeline run whose own is gone, and the waiting runs whose turn it is.

    Cheap when there is none: two queries, and no lock is taken.

    Args:
        project: The project.
        store: Its store.

    Returns:
        The runs that are supervised again.
    """
    launch.reap()
    if store.is_read_only:
        return []
    recovered = []
    for run in _left(store):
        place = turns.place(project, run)
        os.makedirs(place.state_dir, exist_ok=True)  # of a copy that somebody has removed: its run fails then
        lock = hold.take(place)
        if lock is None:
            continue  # its supervisor lives, or another process is recovering
        try:
            if pipelines.get(store.read(), run.run_id).state.is_live:
                launch.supervise(place, run.run_id, lock)
                recovered.append(run.run_id)
        finally:
            os.close(lock)
    turns.advance(project, store)
    return recovered


def _left(store: Store) -> list[PipelineRun]:
    """The runs that have not ended; those of another machine on a shared disk are not ours to judge."""
    here = os.uname().nodename
    return [run for run in pipelines.live(store.read()) if run.host in ("", here)]


def _signal(run: PipelineRun) -> bool:
    """Wakes the supervisor of a run; False when it is gone or not of this machine."""
    pid = run.supervisor_pid
    if pid is None or run.host != os.uname().nodename or run.boot_id != processes.identity()["boot_id"]:
        return False
    if processes.start_ticks(pid) != run.supervisor_ticks:
        return False
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def _explained() -> Iterator[None]:
    """Turns a file that cannot be read or written into an error that a person can act on."""
    try:
        yield
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(what, "free some space") from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise StoreReadOnly(what, "check the owner and mode of the file and its directory") from error
        raise MlopsError(what) from error


@contextmanager
def _lock_for_start(project: Project, store: Store) -> Iterator[int]:
    """The pipeline lock, taken for a new run.

    Raises:
        Busy: A run is going on.
    """
    deadline = time.monotonic() + _EXIT_S
    while (lock := hold.take(project)) is None:
        live = [run for run in pipelines.live(store.read()) if not run.request.get("in_workspace")]
        if live or time.monotonic() > deadline:
            raise _busy(live)
        time.sleep(_POLL_S)  # the last supervisor has recorded its end and is about to be gone
    try:
        if left := [run for run in _left(store) if not run.request.get("in_workspace")]:
            launch.supervise(project, left[0].run_id, lock)
            raise _busy(left)
        leftovers.sweep_noted(project)
        yield lock
    finally:
        os.close(lock)


def _busy(live: list[PipelineRun]) -> Busy:
    if not live:
        return Busy("another pipeline run is being started", "try again")
    running = ", ".join(stage.stage for stage in live[0].stages if stage.state is StageState.RUNNING)
    what = f" (at {running})" if running else ""
    return Busy(
        f"pipeline run {live[0].name} is going on{what}",
        f"wait for it (mlops-tui run --wait), queue behind it (--queue), or stop it: mlops-tui stop {live[0].run_id}",
    )


def _pause(project: Project, store: Store, run: PipelineRun, polls: int) -> None:
    """Sleeps for a moment, or until the supervisor is gone, which is then replaced if the run has not ended."""
    if run.supervisor_pid is None or not hasattr(os, "pidfd_open"):
        time.sleep(_POLL_S)
        if polls % _POLLS_TO_LOOK == _POLLS_TO_LOOK - 1:  # it should have begun by now
            _replace(project, store, run.run_id)
        return
    try:
        descriptor = os.pidfd_open(run.supervisor_pid)
    except OSError:
        time.sleep(_POLL_S)
        _replace(project, store, run.run_id)
        return
    try:
        # after its death, and above all after a restart, the number may be that of any process
        is_other = processes.start_ticks(run.supervisor_pid) != run.supervisor_ticks
        gone = select.select([descriptor], [], [], _POLL_S)[0] or is_other
    finally:
        os.close(descriptor)
    if gone:
        _replace(project, store, run.run_id)


def _replace(project: Project, store: Store, run_id: str) -> None:
    with suppress(Refused):
        if pipelines.get(store.read(), run_id).state.is_live:
            recover(project, store)


def _is_worth_reading(store: Store, run: PipelineRun, is_told: bool) -> bool:
    """Whether a commit may concern who waits: the stages are many, and only some want to hear of each."""
    if is_told or run.supervisor_pid is None:
        return True
    return not pipelines.is_live(store.read(), run.run_id)


def _tell(run: PipelineRun, seen: dict[str, StageState], on_event: Callable[[StageRun | PipelineRun], None]) -> None:
    for stage in run.stages:
        if seen.get(stage.stage, StageState.WAITING) is not stage.state:
            seen[stage.stage] = stage.state
            on_event(stage)
