"""Beginning a pipeline run: judging what is stale, recording the run, starting its supervisor."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlops_store import ids, pipelines, processes, runs
from mlops_store.errors import Refused
from mlops_store.records import PipelineState, StageRun, StageState
from mlops_store.store import Store
from mlops_store.texts import storable
from mlops_tui.pipeline import verdicts
from mlops_tui.project import Project

if TYPE_CHECKING:
    import sqlite3
    import subprocess

    from mlops_tui.pipeline import plan, spec

#: Supervisors started by this process, kept until they are reaped.
_children: list[subprocess.Popen[bytes]] = []


def begin(store: Store, project: Project, lock: int, request: Mapping[str, Any], name: str) -> str:
    """Records a new run and starts its supervisor; a run with nothing to do is recorded as finished.

    Args:
        store: The project's store.
        project: The project.
        lock: The descriptor that holds the pipeline lock; the supervisor gets a copy.
        request: ``targets``, ``force``, ``jobs`` and ``keep_going``.
        name: What the run is called; '' for a made-up name.

    Returns:
        The run's id.

    Raises:
        Refused: There is no pipeline.
        SpecError: The pipeline, the lock or a params file is not understood.
        NotFound: A target is not a stage.
        OSError: The plan cannot be written, or a file cannot be read.
    """
    verdict = None if request["force"] or request["targets"] else verdicts.find(project)
    if verdict is not None:
        return _record_idle(store, project, verdict.stages, request, name)
    return _judge(store, project, lock, request, name)


def _judge(store: Store, project: Project, lock: int, request: Mapping[str, Any], name: str) -> str:
    """Judges the stages, and starts a supervisor for what is stale."""
    from mlops_tui.pipeline import graph, plan, spec, state

    before = verdicts.stamps(project)
    pipeline = spec.load(project)
    if not pipeline.stages:
        raise Refused(f"{project.root} has no pipeline", f"describe its stages in {spec.FILE}")
    order = graph.order(pipeline, request["targets"])
    inputs = state.Inputs(project)
    judged = state.judge(inputs, pipeline, order)
    inputs.fingerprints.flush()
    if not request["force"] and not any(status.is_stale for status in judged):
        if not request["targets"]:
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
    supervise(project, the_plan.run_id, lock)
    return the_plan.run_id


def _plan(project: Project, pipeline: spec.Pipeline, order: list[str], request: Mapping[str, Any]) -> plan.Plan:
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
    store: Store, project: Project, stages: Iterable[tuple[str, str]], request: Mapping[str, Any], name: str
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
        user=processes.user(),
        host=os.uname().nodename,
        cwd=storable(project.root),
        **(code or {}),
    )


def _experiment(project: Project) -> str:
    if not os.path.exists(project.config_path):
        return "default"
    from mlops_tui import config

    return config.load(project).experiment


def supervise(project: Project, run_id: str, lock: int) -> None:
    """Starts a supervisor for a recorded run; it has a session of its own, so that no terminal can take it along.

    Args:
        project: The project.
        run_id: The pipeline run.
        lock: The descriptor that holds the pipeline lock.

    Raises:
        OSError: It cannot be started.
    """
    import subprocess  # a run with nothing to do gets by without it

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
    reap()


def reap() -> None:
    """Takes note of supervisors of ours that have ended, so that none stays a zombie."""
    _children[:] = [child for child in _children if child.poll() is None]
