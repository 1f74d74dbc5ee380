"""The pipeline as it is shown: each stage with what it did in a run and whether it is stale now. Knows no widget."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlops_store.errors import MlopsError
from mlops_store.records import PipelineRun, StageRun, StageState
from mlops_tui.ui import shown, triggers
from mlops_tui.ui.session import Session
from mlops_tui.ui.signs import is_unicode, state_sign, state_tone, state_word
from mlops_tui.ui.text import Cell, CellValue

if TYPE_CHECKING:
    from mlops_tui.pipeline.estimates import Estimate
    from mlops_tui.pipeline.reasons import Change
    from mlops_tui.pipeline.state import StageStatus

#: Cells of a bar of progress where there is room.
BAR_WIDTH = 16


@dataclass(frozen=True, slots=True)
class StageShown:
    """A stage on the screen.

    Attributes:
        name: Its name in dvc.yaml.
        state: A word that the theme knows: a state of the run shown, or 'stale', 'fresh', 'frozen'.
        reasons: Why it ran in the run shown, or why it is stale now.
        command: What it runs.
        needs: Stages that come before it.
        usual_s: Median seconds of its past successful runs; None when it never ran.
        run: What it did in the pipeline run shown; None when it was not part of it.
        changes: What makes it stale now, as data.
        usage: What its processes used last, while it runs: CPU in percent of a core, memory in megabytes.
        earlier_log: Where it did not run in the newest pipeline run: the log of when it last ran, and when that began.
    """

    name: str
    state: str
    reasons: tuple[str, ...] = ()
    command: str = ""
    needs: tuple[str, ...] = ()
    usual_s: float | None = None
    run: StageRun | None = None
    changes: tuple[Change, ...] = ()
    usage: tuple[float, float] | None = None
    earlier_log: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True)
class PipelineShown:
    """The pipeline on the screen.

    Attributes:
        run: The pipeline run shown, None when there was none.
        stages: In the order in which they run.
        problem: Why dvc.yaml could not be read, None when it could.
        is_past: Whether an earlier pipeline run than the newest is shown, as it was.
        remark: How changes are found, when that is not as usual; else which trigger comes next.
        estimate: How a run of what is stale would go; None where that is not known.
    """

    run: PipelineRun | None
    stages: tuple[StageShown, ...]
    problem: MlopsError | None = None
    is_past: bool = False
    remark: str = ""
    estimate: Estimate | None = None

    @property
    def is_live(self) -> bool:
        """Whether the pipeline run shown is under way."""
        return self.run is not None and self.run.state.is_live

    def __eq__(self, other: object) -> bool:
        # errors compare by identity, which would repaint the same problem for ever
        return isinstance(other, PipelineShown) and self._compared() == other._compared()

    def _compared(self) -> tuple[object, ...]:
        return self.run, self.stages, str(self.problem), self.is_past, self.estimate, self.remark

    __hash__ = None  # type: ignore[assignment]


def load(session: Session, run_id: str = "") -> PipelineShown:
    """The pipeline as it stands, or as it was in an earlier run. For a thread.

    Args:
        session: The project.
        run_id: An earlier pipeline run to show; "" for the newest, joined with what is stale now.
    """
    from mlops_store import pipelines
    from mlops_tui.pipeline import estimates

    run: PipelineRun | None = None
    usual: Mapping[str, float] = {}
    newest = ""
    if session.store is not None:
        with session.store.snapshot() as db:
            latest = pipelines.latest(db)
            newest = latest.run_id if latest else ""
            run = pipelines.get(db, run_id) if run_id and run_id != newest else latest
    statuses: Sequence[StageStatus] = ()
    problem = None
    is_past = run is not None and run.run_id != newest
    if not is_past:
        try:
            statuses = session.live.statuses()
        except MlopsError as error:
            problem = error
    names = [status.stage for status in statuses] or [stage.stage for stage in run.stages] if run else []
    if session.store is not None:
        db = session.store.read()
        usual = estimates.usual_s(db, names)
    planned = _planned(session, run) if run is not None and not statuses else {}
    stages = merged(run, statuses, usual, planned)
    if run is not None and run.state.is_live:
        stages = tuple(replace(stage, usage=_usage(session, stage)) for stage in stages)
    elif session.store is not None and not is_past:
        stages = _with_earlier_logs(session, stages)
    jobs = session.jobs_after(run)
    estimate = _estimate(session, statuses, jobs) if statuses else None
    remark = session.watch_note or triggers.coming(session, time.time())
    return PipelineShown(run, stages, problem, is_past, remark, estimate)


def _estimate(session: Session, statuses: Sequence[StageStatus], jobs: int) -> Estimate:
    """How a run of what is stale would go."""
    from mlops_tui.pipeline import estimates

    stale = [status.stage for status in statuses if status.is_stale]
    if not stale:
        return estimates.of(statuses, {}, jobs=jobs)
    usual: Mapping[str, float] = {}
    if session.store is not None:
        usual = estimates.usual_s(session.store.read(), stale, with_retries=True)
    known = session.live.pipeline().stages
    shared = estimates.sharing([known[name] for name in stale if name in known], session.config.resources)
    return estimates.of(statuses, usual, jobs=jobs, shared=shared)


def _with_earlier_logs(session: Session, stages: tuple[StageShown, ...]) -> tuple[StageShown, ...]:
    from mlops_store import pipelines

    assert session.store is not None
    idle = [stage.name for stage in stages if stage.run is None or stage.run.started_at is None]
    logs = pipelines.last_logs(session.store.read(), idle)
    return tuple(replace(stage, earlier_log=logs.get(stage.name)) for stage in stages)


def _usage(session: Session, stage: StageShown) -> tuple[float, float] | None:
    """The newest figures of a running stage, None before there are some."""
    if session.store is None or stage.state != "running" or stage.run is None or stage.run.run_id is None:
        return None
    from mlops_store import metrics
    from mlops_tui.pipeline import sampling

    last = {one.key: one.last for one in metrics.summaries(session.store.read(), stage.run.run_id)}
    if sampling.CPU not in last or sampling.MEMORY not in last:
        return None
    return last[sampling.CPU], last[sampling.MEMORY]


def _planned(session: Session, run: PipelineRun) -> Mapping[str, tuple[str, ...]]:
    """What each stage of an earlier run needed; nothing when that is not known any more."""
    from mlops_tui.pipeline import plan

    try:
        return plan.load(session.project, run.run_id).needs
    except (OSError, ValueError):
        return {}


def merged(
    run: PipelineRun | None,
    statuses: Sequence[StageStatus],
    usual: Mapping[str, float],
    planned: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[StageShown, ...]:
    """Joins what a pipeline run did with what is stale now.

    While the run is under way its own states count; afterwards a stage that is stale again, or still, says so, but
    one that failed stays failed until something changes that.

    Args:
        run: The pipeline run shown.
        statuses: Judged now, in order; empty to show the run alone.
        usual: Stage -> seconds that it usually takes.
        planned: Stage -> what it needed, where ``statuses`` does not say it.
    """
    ran = {stage.stage: stage for stage in run.stages} if run else {}

    if not statuses:
        return tuple(
            StageShown(
                s.stage, str(s.state), s.reasons, s.command, (planned or {}).get(s.stage, ()), usual.get(s.stage), s
            )
            for s in sorted(ran.values(), key=lambda stage: stage.position)
        )
    is_live = run is not None and run.state.is_live
    return tuple(
        StageShown(
            name=status.stage,
            state=_state(status, ran.get(status.stage), is_live=is_live),
            reasons=_reasons(status, ran.get(status.stage), is_live=is_live),
            command=_command(status.command),
            needs=tuple(status.needs),
            usual_s=usual.get(status.stage),
            run=ran.get(status.stage),
            changes=tuple(status.changes),
        )
        for status in statuses
    )


def _state(status: StageStatus, ran: StageRun | None, *, is_live: bool) -> str:
    if ran is not None and (is_live or (ran.state is StageState.FAILED and status.is_stale)):
        return str(ran.state)
    if status.is_stale:
        return "stale"
    if ran is not None and ran.state.is_good:
        return str(ran.state)
    return "frozen" if status.is_frozen else "fresh"


def _reasons(status: StageStatus, ran: StageRun | None, *, is_live: bool) -> tuple[str, ...]:
    if is_live and ran is not None:
        return ran.reasons
    return tuple(status.reasons)


def _command(command: str | Sequence[str]) -> str:
    return command if isinstance(command, str) else "\n".join(command)


def time_cell(stage: StageShown, now: float) -> CellValue:
    """How long it took, or has been running of the usual time."""
    if stage.run is None or stage.run.started_at is None:
        return ""
    seconds = stage.run.duration_s(now)
    if stage.state != "running" or seconds is None:
        return Cell(shown.duration(seconds), "dim")
    if stage.usual_s is None:
        return Cell(shown.running(seconds), "running")
    return (Cell(shown.running(seconds), "running"), Cell(f"/{shown.duration(stage.usual_s)}", "dim"))


def note_cell(stage: StageShown, now: float, bar_width: int = BAR_WIDTH) -> CellValue:
    """The most telling remark: progress, the error, the first reason, or when it ended."""
    run = stage.run
    if stage.state == "running" and run is not None and stage.usual_s:
        return (*progress((run.duration_s(now) or 0.0) / stage.usual_s, bar_width), *usage_cells(stage))
    if stage.usage is not None:
        return usage_cells(stage)[1:]
    if stage.state in ("failed", "stopped") and run is not None:
        code = f"exit {run.exit_code}" if run.exit_code is not None else ""
        line = next((line for line in reversed(run.error.splitlines()) if line.strip()), "")
        return Cell("  ".join(part for part in (code, line) if part), "failed")
    if stage.state in ("stale", "running", "waiting") and stage.reasons:
        first, *others = stage.reasons
        return Cell(first + (f"  +{len(others)}" if others else ""), "stale" if stage.state == "stale" else "dim")
    ended_at = run.ended_at if run is not None else None
    return Cell(shown.moment(ended_at, now), "dim")


def usage_cells(stage: StageShown) -> tuple[Cell, ...]:
    """CPU and memory of a running stage; 100 % is one core."""
    if stage.usage is None:
        return ()
    cpu, memory = stage.usage
    return (Cell("  "), Cell(f"cpu {cpu:.0f}%  {shown.size(round(memory * 1e6))}", "dim"))


def progress(share: float, width: int = BAR_WIDTH) -> tuple[Cell, ...]:
    """A bar of the time passed over the usual time; it waits at 99 % when a stage takes longer than usual."""
    full, empty = ("█", "░") if is_unicode() else ("#", ".")
    filled = min(width, int(share * width))
    percent = min(99, int(share * 100))
    return (Cell(full * filled, "running"), Cell(empty * (width - filled), "faint"), Cell(f" {percent}%", "dim"))


def cells(stage: StageShown, now: float, bar_width: int = BAR_WIDTH) -> tuple[CellValue, ...]:
    """Sign, name, state, time and remark: the cells of a list of stages."""
    return (
        state_sign(stage.state),
        stage.name,
        Cell(state_word(stage.state), state_tone(stage.state)),
        time_cell(stage, now),
        note_cell(stage, now, bar_width),
    )


def headline(pipeline: PipelineShown, now: float) -> str:
    """One line on the whole: what runs, or how the last run ended, or how much is stale."""
    run = pipeline.run
    stale = sum(1 for stage in pipeline.stages if stage.state in ("stale", "failed", "stopped"))
    if run is not None and pipeline.is_live:
        done = sum(1 for stage in run.stages if stage.state.is_final)
        return f"running {done} of {len(run.stages)}"
    parts = []
    if pipeline.is_past and run is not None:
        parts.append(f"as of {shown.moment(run.started_at, now)}")
    if run is not None:
        parts.append(f"last run {run.state}" if not pipeline.is_past else str(run.state))
    if not pipeline.is_past and pipeline.stages:
        parts.append(f"{stale} stale{_about(pipeline.estimate)}" if stale else "up to date")
    return ", ".join(parts)


def _about(estimate: Estimate | None) -> str:
    return f", about {shown.duration(estimate.total_s)}" if estimate is not None and estimate.total_s else ""
