"""What ``mlops-tui status`` shows: what is stale and why, what runs, the models, the incidents.

Knows no click, and with a verdict that still holds loads neither YAML nor the classes of records: then everything is up
to date, which is what most who ask want to hear at once.
"""

from __future__ import annotations

import os
import time

from mlops_store import glance
from mlops_tui.cli import output, text
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace, warn
from mlops_tui.pipeline import verdicts

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from typing import Any

    from mlops_store.records import Incident, ModelSummary, PipelineRun
    from mlops_tui.pipeline.estimates import Estimate
    from mlops_tui.pipeline.spec import Pipeline
    from mlops_tui.pipeline.state import StageStatus

_COLUMNS = ("stage", "state", "why")


class _Recorded:
    """What the store tells."""

    __slots__ = ("incidents", "models", "seen")

    def __init__(
        self,
        seen: glance.Glance,
        models: Sequence[ModelSummary] = (),
        incidents: Sequence[Incident] = (),
    ) -> None:
        self.seen = seen
        self.models = models
        self.incidents = incidents


def show(workspace: Workspace, *, jobs: int | None = None, as_json: bool = False) -> None:
    """Prints it.

    Args:
        workspace: The project.
        jobs: For how many stages at a time a run is estimated; by default as many as the newest run had.
        as_json: Print all of it as JSON.

    Raises:
        SpecError: ``mlops.toml``, the pipeline, its lock or a params file is not understood.
        StoreError: The store cannot be used.
    """
    if os.path.exists(workspace.project.config_path):
        _ = workspace.config  # a mistake in mlops.toml is told here, where one looks first
    if as_json or not _is_all_well(workspace):
        _look(workspace, jobs, as_json=as_json)


def _is_all_well(workspace: Workspace) -> bool:
    """Prints the status if everything is known to be up to date and nothing runs; whether it is so."""
    store = workspace.find()
    verdict = verdicts.find(workspace.project)
    if verdict is None or verdict.has_data:
        return False
    recorded = _Recorded(glance.Glance())
    if store is not None:
        with store.snapshot() as db:
            recorded = _recorded(db)
    newest = recorded.seen.newest
    if newest is not None and newest.state in ("queued", "running"):
        return False
    _write_head(workspace, recorded.seen)
    output.say()
    write_table(_COLUMNS, [(name, "up to date", "") for name, _ in verdict.stages])
    _write_models(recorded.models)
    _write_incidents(recorded.incidents)
    return True


def _look(workspace: Workspace, jobs: int | None, *, as_json: bool) -> None:
    """Judges the stages and prints what was found."""
    from mlops_tui.pipeline import spec

    store = workspace.find()
    pipeline = spec.load(workspace.project)
    _tell_of_options(pipeline)
    _tell_of_mlflow(pipeline)
    stages = _stages(workspace, pipeline)
    data = _changed_data(workspace, pipeline)
    run: PipelineRun | None = None
    recorded = _Recorded(glance.Glance())
    if store is not None:
        from mlops_store import pipelines

        with store.snapshot() as db:
            run = pipelines.latest(db)
            recorded = _recorded(db)
    jobs = jobs or (run.jobs if run is not None else 1)
    estimate, usual = _estimate(workspace, pipeline, stages or (), jobs, as_json=as_json)
    if as_json:
        from mlops_store import alerts as raised
        from mlops_store import model_signatures
        from mlops_store import models as registry
        from mlops_tui.cli import shapes

        signed = {} if store is None else model_signatures.signed(store.read())
        output.write_json(
            {
                "root": workspace.project.root,
                "stages": None if stages is None else [_stage(stage, usual) for stage in stages],
                "would_run": estimate.would_run,
                "estimate_s": estimate.total_s,
                "estimate_jobs": estimate.jobs,
                "changed_data": [{"file": name, "reasons": reasons} for name, reasons in data.items()],
                "latest_pipeline_run": None if run is None else shapes.pipeline_run(run, time.time()),
                "runs": recorded.seen.runs,
                "models": []
                if store is None
                else [shapes.model(model, signed) for model in registry.all(store.read())],
                "incidents": [shapes.incident(incident) for incident in recorded.incidents],
                "alerts": [] if store is None else [shapes.alert(alert) for alert in raised.alerts(store.read())],
            }
        )
        return
    _write_head(workspace, recorded.seen)
    _write_pipeline(stages, run, estimate)
    if data:
        output.say()
        write_table(("tracked data", "why"), [(name, "; ".join(reasons)) for name, reasons in data.items()])
    _write_models(recorded.models)
    _write_incidents(recorded.incidents)


def _tell_of_options(pipeline: Pipeline) -> None:
    """Says on stderr which option under ``meta: mlops:`` is not understood: ``run`` would be refused."""
    from mlops_store.errors import SpecError
    from mlops_tui.pipeline import options

    try:
        options.read_all(pipeline.stages.values())
    except SpecError as error:
        warn("a run would be refused", error)


def _tell_of_mlflow(pipeline: Pipeline) -> None:
    """Says on stderr that stages have no server to log to, where MLflow is installed and the server is not."""
    from importlib.util import find_spec

    from mlops_tui.pipeline import loopback

    if pipeline.stages and find_spec("mlflow") is not None and not loopback.is_installed():
        warn("what stages log with MLflow is not recorded here: pip install 'mlops-tui[serve]'")


def _recorded(db: sqlite3.Connection) -> _Recorded:
    seen = glance.of(db)
    models: Sequence[ModelSummary] = ()
    found: Sequence[Incident] = ()
    if seen.has_models:
        from mlops_store import models as registry

        models = registry.summaries(db)
    if seen.has_alerts:
        from mlops_store import incidents
        from mlops_store.incident_records import UNRESOLVED

        found = incidents.ranked(db, UNRESOLVED)
    return _Recorded(seen, models, found)


def _stages(workspace: Workspace, pipeline: Pipeline) -> list[StageStatus] | None:
    """The stages with what is stale; None when the project has no pipeline."""
    from mlops_tui.pipeline import state

    if not pipeline.stages and not os.path.exists(workspace.project.pipeline_path):
        return None
    return state.status(workspace.project, pipeline, workspace.find())


def _changed_data(workspace: Workspace, pipeline: Pipeline) -> dict[str, list[str]]:
    """The ``.dvc`` files whose data is not what they say, with how it differs."""
    if not pipeline.sources:
        return {}
    from mlops_tui.pipeline import sources, state

    inputs = state.Inputs(workspace.project)
    found = sources.changed(inputs, pipeline)
    inputs.fingerprints.flush()
    return {name: [change.reason for change in changes] for name, changes in found.items()}


def _estimate(
    workspace: Workspace, pipeline: Pipeline, stages: Sequence[StageStatus], jobs: int, *, as_json: bool
) -> tuple[Estimate, dict[str, float]]:
    """How a run would go, and how long stages usually take: all of them for JSON, else those that would run."""
    from mlops_tui.pipeline import estimates

    store = workspace.find()
    wanted = [stage.stage for stage in stages if stage.is_stale or as_json]
    usual = estimates.usual_s(store.read(), wanted, with_retries=True) if store is not None and wanted else {}
    stale = [pipeline.stages[stage.stage] for stage in stages if stage.is_stale]
    shared = estimates.sharing(stale, workspace.config.resources)
    return estimates.of(stages, usual, jobs=jobs, shared=shared), usual


def _stage(stage: StageStatus, usual: Mapping[str, float]) -> dict[str, Any]:
    from mlops_tui.cli import shapes

    return {
        "stage": stage.stage,
        "is_stale": stage.is_stale,
        "reasons": stage.reasons,
        "changes": [shapes.change(change) for change in stage.changes],
        "estimate_s": usual.get(stage.stage),
        "is_frozen": stage.is_frozen,
        "command": stage.command,
        "needs": stage.needs,
    }


def _write_head(workspace: Workspace, seen: glance.Glance) -> None:
    if workspace.project.is_full:
        warn("the disk is full: nothing can be recorded, and what runs waits until there is room")
    output.write_fields(
        [("project", workspace.project.root), ("runs", f"{seen.runs:,}"), ("pipeline", _newest(seen.newest))]
    )


def _newest(run: glance.NewestRun | None) -> str:
    if run is None:
        return ""
    end = run.ended_at if run.ended_at is not None else time.time()
    return f"{run.name} {run.state}, {text.duration(end - run.started_at)}, started {text.moment(run.started_at)}"


def _write_pipeline(stages: list[StageStatus] | None, run: PipelineRun | None, estimate: Estimate) -> None:
    if stages is None:
        output.say("\nno dvc.yaml here")
        return
    from mlops_store.records import StageState

    output.say()
    ran = {stage.stage: stage for stage in run.stages} if run is not None else {}
    is_live = run is not None and run.state.is_live
    rows = []
    for stage in stages:
        state = "stale" if stage.is_stale else "up to date"
        why = list(stage.reasons)
        last = ran.get(stage.stage)
        if last is not None and is_live and not last.state.is_final:
            state = last.state
        elif last is not None and stage.is_stale and last.state is StageState.FAILED:
            state = last.state
            why.insert(0, text.clean(last.error.partition("\n")[0], 200))
        rows.append((stage.stage, state, "; ".join(why)))
    write_table(_COLUMNS, rows)
    if estimate.would_run:
        output.say(f"\nwould run {_outlook(estimate)}")


def _outlook(estimate: Estimate) -> str:
    words = text.count(len(estimate.would_run), "stage")
    if estimate.total_s is not None:
        words += f" in about {text.duration(estimate.total_s)}"
    words += f" with -j {estimate.jobs}" if estimate.jobs > 1 else ""
    if estimate.unknown:
        names = ", ".join(text.clean(name, 60) for name in estimate.unknown[:3])
        words += f"; not known how long: {names}{', …' if len(estimate.unknown) > 3 else ''}"
    return words


def _write_models(models: Sequence[ModelSummary]) -> None:
    if not models:
        return
    output.say()
    rows = []
    for model in models:
        newest = sorted((holders.newest[0][0], stage) for stage, holders in model.stages.items())
        rows.append((model.name, str(model.versions), ", ".join(f"{stage} {version}" for version, stage in newest)))
    write_table(("model", "versions", "newest in each stage"), rows, right=("versions",))


def _write_incidents(incidents: Sequence[Incident]) -> None:
    if not incidents:
        return
    output.say()
    rows = [(str(each.id), each.severity, each.state, each.last_batch, each.title) for each in incidents]
    write_table(("incident", "severity", "state", "batch", "what"), rows, right=("incident",))
