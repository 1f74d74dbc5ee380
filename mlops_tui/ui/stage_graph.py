"""The pipeline as a graph shows it: a node for each stage, and what the frame says about the one under the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_tui.ui import shown, stage_rows
from mlops_tui.ui.signs import state_word
from mlops_tui.ui.stage_rows import PipelineShown, StageShown
from mlops_tui.ui.widgets.dag_boxes import Node

#: What is folded last: the state that one wants to see first. Running and failed stages always stand by themselves.
_RANKS = {"running": -2, "failed": -1, "stopped": 1, "stale": 2, "waiting": 3, "queued": 3}


def nodes(pipeline: PipelineShown, now: float) -> list[Node]:
    """A node for each stage, in the order in which they run."""
    return [_node(stage, now) for stage in pipeline.stages]


def _node(stage: StageShown, now: float) -> Node:
    run = stage.run
    seconds = run.duration_s(now) if run is not None and run.started_at is not None else None
    is_running = stage.state == "running" and seconds is not None
    return Node(
        name=stage.name,
        state=stage.state,
        time=shown.running(seconds) if is_running and seconds is not None else shown.duration(seconds),
        share=seconds / stage.usual_s if is_running and seconds is not None and stage.usual_s else None,
        attempt=run.attempt if run is not None else 1,
        rank=_RANKS.get(stage.state, 5),
    )


def needs(pipeline: PipelineShown) -> dict[str, tuple[str, ...]]:
    """For each stage the stages that it needs."""
    return {stage.name: stage.needs for stage in pipeline.stages}


def remark(stages: Sequence[StageShown], now: float) -> str:
    """One line on the stage under the cursor, or on those of a fold."""
    if len(stages) > 1:
        names = ", ".join(stage.name for stage in stages[:6])
        return f"{shown.count(len(stages), 'stage')}: {names}{', …' if len(stages) > 6 else ''}"
    if not stages:
        return ""
    (stage,) = stages
    node = _node(stage, now)
    parts = [stage.name, state_word(stage.state)]
    if node.time:
        parts.append(node.time)
    if stage.state == "running" and stage.usual_s is not None:
        parts.append(f"of usually {shown.duration(stage.usual_s)}")
    if stage.usage is not None:
        parts.append(stage_rows.usage_cells(stage)[1].text)
    if node.attempt > 1:
        parts.append(f"attempt {node.attempt}")
    if stage.state == "stale" and stage.reasons:
        parts.append(f"({stage.reasons[0]})")
    return " ".join(parts)
