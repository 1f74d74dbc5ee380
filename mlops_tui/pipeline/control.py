"""Starting, stopping, awaiting and recovering pipeline runs, from any process.

A run belongs to its supervisor, which holds a lock on ``.mlops/pipeline.lock`` for as long as it lives; the system
lets go of it however the supervisor ends. So "a supervisor is alive" is one question to the system, without pids. The
lock is taken before the supervisor exists and handed to it, so that two starts cannot both believe to be first.

A supervisor that was killed leaves its stages running. ``recover`` starts another one for such a run, which follows
them to their end, takes their exit codes from the files where their shells left them, and goes on. After a restart of
the machine it marks what was cut off, and starts nothing more.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from mlops_store import ids, pipelines, processes, runs
from mlops_store.errors import Refused
from mlops_store.records import PipelineRun, PipelineState, StageRun, StageState
from mlops_store.store import Store
from mlops_store.texts import storable
from mlops_tui.pipeline import verdicts
from mlops_tui.project import Project

if TYPE_CHECKING:
    import sqlite3

    from mlops_tui.pipeline import plan, spec

_LOCK = "pipeline.lock"
#: How long a supervisor that has recorded its end may take to be gone.
_EXIT_S = 10.0
_POLL_S = 0.02
_POLLS_TO_LOOK = 50

#: Supervisors started by this process, kept until they are reaped.
_children: list[subprocess.Popen[bytes]] = []


def start(
    project: Project,
    *,
    targets: Iterable[str] = (),
    force: bool = False,
    jobs: int = 1,
    keep_going: bool = False,
    name: str = "",
) -> str:
    """Starts the stale stages in a process of their own and returns at once.

    When nothing is stale, the run is recorded as finished, with every stage 'cached', and nothing is started.

    Args:
        project: The project.
        targets: Stages to bring up to date together with what they need; all by default.
        force: Run them even if they are up to date.
        jobs: How many stages may run at once.
        keep_going: After a failure run what does not depend on it; else nothing more is started.
        name: What the run is called; made up by default.

    Returns:
        The id of the pipeline run.

    Raises:
        Refused: A pipeline run of this project is going on, or there is no pipeline.
        SpecError: ``dvc.yaml``, ``dvc.lock`` or a params file is not understood.
        NotFound: A target is not a stage.
        StoreError: The store cannot be written.
    """
    wanted = list(targets)
    request = {"targets": wanted, "force": force, "jobs": jobs, "keep_going": keep_going}
    with Store(project.store_path) as store, _lock_for_start(project, store) as lock:
        verdict = None if force or wanted else verdicts.find(project)
        if verdict is not None:
            return _record_idle(store, project, verdict.stages, request, name)
        return _start(store, project, lock, wanted, request, name)


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
        if not _signal(run) or not _is_held(project):
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
        version = -1
        polls = 0
        while True:
            if version != (version := store.data_version()):
                run = pipelines.get(store.read(), run_id)
                if on_event is not None:
                    _tell(run, seen, on_event)
                if not run.state.is_live:
                    _await_release(project)
                    if on_event is not None:
                        on_event(run)
                    return run
            _pause(project, store, run, polls)
            polls += 1


def recover(project: Project, store: Store) -> list[str]:
    """Starts a supervisor for each pipeline run whose own is gone.

    Cheap when there is none: one query, and no lock is taken.

    Args:
        project: The project.
        store: Its store.

    Returns:
        The runs that are supervised again.
    """
    _reap()
    here = os.uname().nodename
    # on a shared disk a run of another machine is not ours to judge
    if store.is_read_only or not (left := [run for run in pipelines.live(store.read()) if run.host in ("", here)]):
        return []
    recovered = []
    for run in left:
        lock = _try_lock(project)
        if lock is None:
            break  # its supervisor lives, or another process is recovering
        try:
            if pipelines.get(store.read(), run.run_id).state.is_live:
                _spawn(project, run.run_id, lock)
                recovered.append(run.run_id)
        finally:
            os.close(lock)
    return recovered


def _start(store: Store, project: Project, lock: int, targets: list[str], request: dict[str, Any], name: str) -> str:
    """Judges the stages, and starts a supervisor for what is stale."""
    from mlops_tui.pipeline import graph, plan, spec, state

    before = verdicts.stamps(project)
    pipeline = spec.load(project)
    if not pipeline.stages:
        raise Refused(f"{project.root} has no pipeline", f"describe its stages in {spec.FILE}")
    order = graph.order(pipeline, targets)
    inputs = state.Inputs(project)
    judged = state.judge(inputs, pipeline, order)
    inputs.fingerprints.flush()
    if not request["force"] and not any(status.is_stale for status in judged):
        if not targets:
            verdicts.keep(project, pipeline, order, inputs, before)
        return _record_idle(store, project, [(status.stage, status.command) for status in judged], request, name)
    the_plan = _plan(project, pipeline, order, request)
    plan.save(project, the_plan)
    stages = [
        StageRun(
            stage=status.stage,
            position=position,
            state=StageState.WAITING if status.is_stale or the_plan.force else StageState.CACHED,
            reasons=status.reasons or (("forced",) if the_plan.force else ()),
            command=storable(status.command),
            log_path=plan.stage_file(project, the_plan.run_id, status.stage, "log"),
        )
        for position, status in enumerate(judged)
    ]
    with store.write() as db:
        _create_run(db, project, the_plan.run_id, name, the_plan.experiment, code=the_plan.code)
        pipelines.create(db, the_plan.run_id, stages=stages, jobs=the_plan.jobs, request=request)
    _spawn(project, the_plan.run_id, lock)
    return the_plan.run_id


def _plan(project: Project, pipeline: spec.Pipeline, order: list[str], request: dict[str, Any]) -> plan.Plan:
    from mlops_tui.pipeline import graph, plan
    from mlops_tui.tracking import git

    chosen = set(order)
    needs = graph.active(pipeline)
    return plan.Plan(
        run_id=ids.new_id(),
        stages=tuple(pipeline.stages[name] for name in order),
        needs={name: tuple(need for need in needs[name] if need in chosen) for name in order},
        experiment=_experiment(project),
        jobs=max(1, min(request["jobs"], len(order))),
        force=request["force"],
        keep_going=request["keep_going"],
        code=git.head(project.root),
    )


def _record_idle(
    store: Store, project: Project, stages: Iterable[tuple[str, str]], request: dict[str, Any], name: str
) -> str:
    """Records a run that had nothing to do."""
    run_id = ids.new_id()
    cached = [
        StageRun(stage=stage, position=position, state=StageState.CACHED, command=storable(command))
        for position, (stage, command) in enumerate(stages)
    ]
    with store.write() as db:
        _create_run(db, project, run_id, name, _experiment(project), has_ended=True)
        state = PipelineState.FINISHED
        pipelines.create(db, run_id, stages=cached, jobs=request["jobs"], request=request, state=state)
    return run_id


def _create_run(
    db: sqlite3.Connection,
    project: Project,
    run_id: str,
    name: str,
    experiment: str,
    *,
    code: Mapping[str, str] | None = None,
    has_ended: bool = False,
) -> None:
    now = time.time()
    if not name:
        name = f"pipeline-{db.execute('SELECT count(*) FROM pipeline_runs').fetchone()[0] + 1}"
    runs.create(
        db,
        run_id=run_id,
        name=storable(name),
        experiment=experiment,
        kind="pipeline",
        status="FINISHED" if has_ended else "RUNNING",
        started_at=now,
        ended_at=now if has_ended else None,
        user=os.environ.get("USER", ""),
        host=os.uname().nodename,
        cwd=storable(project.root),
        **(code or {}),
    )


def _experiment(project: Project) -> str:
    if not os.path.exists(project.config_path):
        return "default"
    from mlops_tui import config

    return config.load(project).experiment


def _spawn(project: Project, run_id: str, lock: int) -> None:
    """Starts a supervisor with the lock; it has a session of its own, so that no terminal can take it along."""
    directory = os.path.join(project.logs_dir, run_id)
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, "supervisor.log"), "ab") as log:
        _children.append(
            subprocess.Popen(
                # -P: the project's directory may hold modules with the names of ours or of the standard library
                [sys.executable, "-P", "-m", "mlops_tui.pipeline.supervisor", project.root, run_id, str(lock)],
                cwd=project.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                start_new_session=True,
            )
        )
    _reap()


def _reap() -> None:
    _children[:] = [child for child in _children if child.poll() is None]


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
def _lock_for_start(project: Project, store: Store) -> Iterator[int]:
    """The pipeline lock, taken for a new run.

    Raises:
        Refused: A run is going on.
    """
    deadline = time.monotonic() + _EXIT_S
    while (lock := _try_lock(project)) is None:
        live = pipelines.live(store.read())
        if live or time.monotonic() > deadline:
            raise _busy(live)
        time.sleep(_POLL_S)  # the last supervisor has recorded its end and is about to be gone
    try:
        here = os.uname().nodename
        if left := [run for run in pipelines.live(store.read()) if run.host in ("", here)]:
            _spawn(project, left[0].run_id, lock)
            raise _busy(left)
        yield lock
    finally:
        os.close(lock)


def _busy(live: list[PipelineRun]) -> Refused:
    if not live:
        return Refused("another pipeline run is being started", "try again")
    running = ", ".join(stage.stage for stage in live[0].stages if stage.state is StageState.RUNNING)
    what = f" (at {running})" if running else ""
    return Refused(
        f"pipeline run {live[0].name} is going on{what}", f"wait for it, or stop it: mlops-tui stop {live[0].run_id}"
    )


def _try_lock(project: Project) -> int | None:
    """A descriptor that holds the pipeline lock; None when another process holds it."""
    descriptor = os.open(os.path.join(project.state_dir, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _is_held(project: Project) -> bool:
    lock = _try_lock(project)
    if lock is None:
        return True
    os.close(lock)
    return False


def _await_release(project: Project) -> None:
    """Waits until the supervisor of a run that has ended is gone, so that the next start is not in its way."""
    deadline = time.monotonic() + _EXIT_S
    while _is_held(project) and time.monotonic() < deadline:
        time.sleep(0.001)
    _reap()


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
        gone, _, _ = select.select([descriptor], [], [], _POLL_S)
    finally:
        os.close(descriptor)
    if gone:
        _replace(project, store, run.run_id)


def _replace(project: Project, store: Store, run_id: str) -> None:
    with suppress(Refused):
        if pipelines.get(store.read(), run_id).state.is_live:
            recover(project, store)


def _tell(run: PipelineRun, seen: dict[str, StageState], on_event: Callable[[StageRun | PipelineRun], None]) -> None:
    for stage in run.stages:
        if seen.get(stage.stage, StageState.WAITING) is not stage.state:
            seen[stage.stage] = stage.state
            on_event(stage)
