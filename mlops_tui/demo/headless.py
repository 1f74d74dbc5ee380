"""The whole loop of the demo without a terminal: run, register, promote, deliver, check.

Each step is skipped when its result is there already, so that a second call only tells what is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mlops_store.errors import Refused
from mlops_store.records import Alert, ModelVersion, MonitorReport, PipelineRun, PipelineState, StageRun
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.demo import MODEL, delivery
from mlops_tui.project import Project

_JOBS = 2
_SERVED = "production"


@dataclass(frozen=True, slots=True)
class Summary:
    """What the demo has done."""

    root: str
    pipeline: PipelineRun
    version: ModelVersion
    reports: tuple[MonitorReport, ...]
    alerts: tuple[Alert, ...]
    duration_s: float


def play(project: Project, tell: Callable[[str], None]) -> Summary:
    """Runs every step of the demo.

    Args:
        project: The demo, written.
        tell: Called with one line before and after each step.

    Raises:
        Refused: A step failed; the message says which.
    """
    from mlops_store import alerts, drift
    from mlops_tui import config as configs

    began = time.monotonic()
    config = configs.load(project)
    run = _run_pipeline(project, tell)
    with Store(project.store_path, create=False) as store:
        version = _promote(store, config, tell)
        _check_batches(project, store, config, tell)
        db = store.read()
        return Summary(
            root=project.root,
            pipeline=run,
            version=version,
            reports=tuple(reversed(drift.reports(db))),
            alerts=tuple(alerts.alerts(db)),
            duration_s=time.monotonic() - began,
        )


def _run_pipeline(project: Project, tell: Callable[[str], None]) -> PipelineRun:
    from mlops_tui import pipeline

    def told(event: StageRun | PipelineRun) -> None:
        if isinstance(event, StageRun) and event.state.is_final:
            seconds = event.duration_s(time.time())
            tell(f"  {event.stage}: {event.state}" + (f" in {seconds:.1f} s" if seconds is not None else ""))

    tell("running the pipeline: prepare, train three models, evaluate, register")
    run = pipeline.wait(project, pipeline.start(project, jobs=_JOBS), told)
    if run.state is not PipelineState.FINISHED:
        failed = ", ".join(stage.stage for stage in run.stages if stage.state == "failed") or "no stage"
        raise Refused(f"the pipeline {run.state}: {failed} failed", f"see: mlops-tui -C {project.root} logs")
    return run


def _promote(store: Store, config: Config, tell: Callable[[str], None]) -> ModelVersion:
    from mlops_store import models
    from mlops_tui.registry import stages

    version = models.get(store.read(), MODEL).versions[0]
    while version.stage != _SERVED:
        change = stages.promote(store, config, MODEL, version.version, reason="the demo promotes what it trained")
        tell(f"promoted {MODEL} version {version.version}: {change.from_stage} -> {change.to_stage}")
        version = models.version(store.read(), MODEL, version.version)
        if version.stage == config.registry.archive:
            raise Refused(f"mlops.toml has no stage {_SERVED!r} to promote to", "restore [registry] of the demo")
    return version


def _check_batches(project: Project, store: Store, config: Config, tell: Callable[[str], None]) -> None:
    from mlops_tui.drift import monitors
    from mlops_tui.registry import formats

    while delivery.waiting(project):
        tell(delivery.deliver_next(project))
        for report in monitors.check(project, store, config, open_model=partial(formats.load_version, store)):
            drifted = f"{report.drifted_columns} of {report.checked_columns} columns drifted"
            tell(f"  {report.batch}: {drifted}, {report.status}")
            if report.status == "error":
                raise Refused(f"{report.batch} could not be checked: {report.error}")
