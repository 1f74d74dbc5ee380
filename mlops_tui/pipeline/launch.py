"""Beginning a pipeline run: judging what is stale, recording the run, starting its supervisor."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlops_store import events, ids, pipelines, processes, queue, runs
from mlops_store.errors import Refused, SpecError
from mlops_store.records import PipelineState, StageRun, StageState
from mlops_store.store import Store
from mlops_store.texts import storable
from mlops_tui.pipeline import verdicts
from mlops_tui.project import Project

if TYPE_CHECKING:
    import sqlite3
    import subprocess

    from mlops_tui import config
    from mlops_tui.pipeline import forking, plan, spec, state
    from mlops_tui.pipeline.request import Request

#: Tells which params an experiment has changed.
CHANGES_TAG = "mlops.set"
_DEFAULT_EXPERIMENT = "default"
#: Supervisors started by this process, kept until they are reaped.
_children: list[subprocess.Popen[bytes] | forking.Child] = []


@dataclass(frozen=True, slots=True)
class _NewRun:
    """A run that is to be recorded; see ``record``."""

    project: Project
    request: Request
    name: str
    run_id: str
    was_waiting: bool
    claim: Callable[[sqlite3.Connection, str], None] | None = None


def begin(
    store: Store,
    project: Project,
    lock: int,
    request: Request,
    name: str,
    claim: Callable[[sqlite3.Connection, str], None] | None = None,
    *,
    may_fork: bool = False,
) -> str:
    """Records a new run and starts its supervisor; a run with nothing to do is recorded as finished.

    Args:
        store: The project's store, which is closed.
        project: The project.
        lock: The descriptor that holds the pipeline lock; the supervisor gets a copy.
        request: What is asked for.
        name: What the run is called; '' for a made-up name.
        claim: Called with the run's id in the transaction that makes the run.
        may_fork: See ``supervise``.

    Returns:
        The run's id.

    Raises:
        Refused: There is no pipeline, or a stage needs more than this machine has.
        SpecError: The pipeline, the lock or a params file is not understood.
        NotFound: A target is not a stage.
        OSError: The plan cannot be written, or a file cannot be read.
    """
    run_id = ids.new_id()
    has_work = record(store, project, request, name, run_id, claim=claim)
    store.close()  # a process with open connections cannot be copied
    if has_work:
        supervise(project, run_id, lock, may_fork=may_fork)
    return run_id


def record(
    store: Store,
    project: Project,
    request: Request,
    name: str,
    run_id: str,
    *,
    was_waiting: bool = False,
    claim: Callable[[sqlite3.Connection, str], None] | None = None,
) -> bool:
    """Records a new run; see ``begin``.

    Args:
        store: The project's store.
        project: The project, or the copy of it in which the run works.
        request: What is asked for.
        name: What the run is called; '' for a made-up name.
        run_id: Its id.
        was_waiting: It leaves the queue in the same moment, and is refused if it has left already.
        claim: Called with the run's id in the transaction that makes the run.

    Returns:
        Whether it has anything to do; else it is recorded as finished.
    """
    new = _NewRun(project, request, name, run_id, was_waiting, claim)
    verdict = None if request.force or request.targets else verdicts.find(project)
    if verdict is None:
        return _judge(store, new)
    _record_idle(store, new, verdict.stages)
    return False


def record_failure(store: Store, project: Project, request: Request, name: str, run_id: str, reason: str) -> None:
    """Records a run that was waiting and cannot be started."""
    new = _NewRun(project, request, name, run_id, was_waiting=True)
    with store.write() as db:
        _create_run(db, new, _DEFAULT_EXPERIMENT, status="FAILED", error=reason)
        pipelines.create(
            db, run_id, stages=[], jobs=request.jobs, request=request.as_json(), state=PipelineState.FAILED
        )
        events.add(db, "pipeline.failed", f"run:{run_id}", storable(reason))


def _judge(store: Store, new: _NewRun) -> bool:
    """Judges the stages, and makes a plan when any is stale."""
    from mlops_tui.pipeline import plan, selection, spec, state

    project, request, run_id = new.project, new.request, new.run_id

    pipeline = spec.load(project)
    if not pipeline.stages:
        raise Refused(f"{project.root} has no pipeline", f"describe its stages in {spec.FILE}")
    before = verdicts.locks(project, pipeline)
    order = selection.choose(pipeline, request)
    inputs = state.Inputs(project)
    judged = state.judge(inputs, pipeline, order)
    inputs.fingerprints.flush()
    unsaved: tuple[str, ...] = ()
    if pipeline.sources:
        from mlops_tui.pipeline import sources

        unsaved = sources.to_save(inputs, pipeline, order)
    to_run = [status.stage for status in judged if status.is_stale or request.force]
    the_plan = replace(_plan(project, pipeline, order, to_run, request, run_id), sources=unsaved)
    if not request.force and not unsaved and not any(status.is_stale for status in judged):
        if not request.targets:
            verdicts.keep(project, pipeline, order, inputs, before)
        _record_idle(store, new, [(one.stage, one.command) for one in judged])
        return False
    plan.save(project, the_plan)
    stages = [
        StageRun(
            stage=status.stage,
            position=position,
            state=StageState.WAITING if status.is_stale or the_plan.force else StageState.CACHED,
            reasons=status.reasons or (("forced",) if the_plan.force else ()),
            command=storable(status.command),
            log_path=plan.stage_file(project, run_id, status.stage, "log"),
        )
        for position, status in enumerate(judged)
    ]
    with store.write() as db:
        _create_run(db, new, the_plan.experiment, code=the_plan.code)
        pipelines.create(db, run_id, stages=stages, jobs=the_plan.jobs, request=request.as_json())
    return True


def preview(project: Project, request: Request) -> list[state.StageStatus]:
    """The stages that a run would bring up to date, and why; nothing is written or started.

    Raises:
        SpecError: The pipeline, a stage's options, the lock or a params file is not understood.
        NotFound: A target is not a stage.
        Refused: A stage needs more than this machine has.
    """
    from mlops_tui.pipeline import selection, spec, state

    pipeline = spec.load(project)
    order = selection.choose(pipeline, request)
    judged = state.judge(state.Inputs(project), pipeline, order)
    planned = [status for status in judged if status.is_stale or request.force]
    _plan(project, pipeline, order, [status.stage for status in planned], request, "")
    return planned


def check(project: Project, request: Request) -> None:
    """Refuses what could not be started, without looking at what is stale and at what the machine has.

    Raises:
        SpecError: See ``preview``.
        NotFound: See ``preview``.
    """
    from mlops_tui.pipeline import selection, spec

    pipeline = spec.load(project)
    _plan(project, pipeline, selection.choose(pipeline, request), (), request, "")


def _plan(
    project: Project,
    pipeline: spec.Pipeline,
    order: list[str],
    to_run: Collection[str],
    request: Request,
    run_id: str,
) -> plan.Plan:
    """The plan of the stages in ``order``; the machine must have what those ``to_run`` need."""
    from mlops_tui.pipeline import capacity, executors, graph, options, plan
    from mlops_tui.tracking import git

    chosen = set(order)
    needs = graph.active(pipeline)
    stages = tuple(pipeline.stages[name] for name in order)
    config = _config(project)
    of_stages = options.read_all(stages)
    for name in to_run:
        _require_command(pipeline.stages[name])
    needed = {name: of_stages[name] for name in to_run}
    found = capacity.find(config.resources, needed)
    capacity.check(found, needed)
    return plan.Plan(
        run_id=run_id,
        stages=stages,
        needs={name: tuple(need for need in needs[name] if need in chosen) for name in order},
        experiment=config.experiment,
        jobs=max(1, min(request.jobs, len(order))),
        force=request.force,
        force_downstream=request.force_downstream,
        run_cache=request.run_cache,
        keep_going=request.keep_going,
        options=of_stages,
        capacity=found,
        executors=executors.find(config, stages, of_stages),
        in_workspace=request.in_workspace,
        code=git.head(project.main_root),
    )


def _require_command(stage: spec.Stage) -> None:
    """Refuses a command that no shell can be given."""
    if "\0" in stage.command:
        raise SpecError(
            f"stage {stage.name!r}: its command holds a NUL character",
            file=stage.file,
            line=stage.line,
            column=stage.column,
            hint="in double quotes, YAML takes \\0 for one",
        )


def _record_idle(store: Store, new: _NewRun, stages: Iterable[tuple[str, str]]) -> None:
    """Records a run that had nothing to do."""
    cached = [
        StageRun(stage=stage, position=position, state=StageState.CACHED, command=storable(command))
        for position, (stage, command) in enumerate(stages)
    ]
    with store.write() as db:
        _create_run(db, new, _experiment(new.project), status="FINISHED")
        pipelines.create(
            db,
            new.run_id,
            stages=cached,
            jobs=new.request.jobs,
            request=new.request.as_json(),
            state=PipelineState.FINISHED,
        )


def _create_run(
    db: sqlite3.Connection,
    new: _NewRun,
    experiment: str,
    *,
    code: Mapping[str, str] | None = None,
    status: str = "RUNNING",
    error: str = "",
) -> None:
    request, run_id, name = new.request, new.run_id, new.name
    if new.was_waiting and not queue.remove(db, run_id):
        raise Refused("it has been taken out of the queue")
    if new.claim is not None:
        new.claim(db, run_id)
    now = time.time()
    if not name:
        kind = "experiment" if request.in_workspace else "pipeline"
        name = f"{kind}-{db.execute('SELECT count(*) FROM pipeline_runs').fetchone()[0] + 1}"
    runs.create(
        db,
        run_id=run_id,
        name=storable(name),
        experiment=experiment,
        kind="pipeline",
        status=status,
        started_at=now,
        ended_at=None if status == "RUNNING" else now,
        error=storable(error),
        user=processes.user(),
        host=os.uname().nodename,
        cwd=storable(new.project.root),
        **(code or {}),
    )
    if request.changes:
        from mlops_tui.pipeline.recording import shown_params

        changed = shown_params(request.changes)
        runs.set_params(db, run_id, changed)
        runs.set_tags(db, run_id, {CHANGES_TAG: ", ".join(f"{key}={value}" for key, value in changed.items())})


def _experiment(project: Project) -> str:
    # a run with nothing to do gets by without reading the configuration where there is none
    return _config(project).experiment if os.path.exists(project.config_path) else _DEFAULT_EXPERIMENT


def _config(project: Project) -> config.Config:
    from mlops_tui import config

    return config.load(project)


def supervise(project: Project, run_id: str, lock: int, *, may_fork: bool = False) -> None:
    """Starts a supervisor for a recorded run; it has a session of its own, so that no terminal can take it along.

    Args:
        project: The project.
        run_id: The pipeline run.
        lock: The descriptor that holds the pipeline lock.
        may_fork: It may be a copy of this process, where that is safe, with all that is loaded: no longer start, but
            more memory than it needs where this process is a large one.

    Raises:
        OSError: It cannot be started.
    """
    directory = os.path.join(project.logs_dir, run_id)
    os.makedirs(directory, exist_ok=True)
    log_path = os.path.join(directory, "supervisor.log")
    copy = _forked(project, run_id, lock, log_path) if may_fork else None
    _children.append(copy or _spawned(project, run_id, lock, log_path))
    reap()


def _forked(project: Project, run_id: str, lock: int, log_path: str) -> forking.Child | None:
    from mlops_tui.pipeline import forking

    if not forking.is_safe():
        return None

    def act() -> int:
        from mlops_tui.pipeline import supervisor

        return supervisor.main([project.main_root, run_id, str(lock)])

    return forking.start(act, directory=project.main_root, log_path=log_path, words=(run_id,))


def _spawned(project: Project, run_id: str, lock: int, log_path: str) -> subprocess.Popen[bytes]:
    import subprocess  # a run with nothing to do gets by without it

    with open(log_path, "ab") as log:
        return subprocess.Popen(
            # -P: the project's directory may hold modules with the names of ours or of the standard library
            [sys.executable, "-P", "-m", "mlops_tui.pipeline.supervisor", project.main_root, run_id, str(lock)],
            cwd=project.main_root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock,),
            start_new_session=True,
        )


def reap() -> None:
    """Takes note of supervisors of ours that have ended, so that none stays a zombie."""
    _children[:] = [child for child in _children if child.poll() is None]
