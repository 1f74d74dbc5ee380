"""``mlops-tui pipeline graph``: the stages drawn as a graph."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING

import click

from mlops_store.errors import NotFound, nearest
from mlops_tui.cli import output
from mlops_tui.cli.parameters import json_option, stage_argument
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.ui.stage_rows import PipelineShown

#: Rows that a drawing with frames may take; the paper is endless, but what is lower is easier to take in.
_ROWS = 40


@click.command()
@stage_argument("stage", required=False)
@click.option("-l", "--levels", type=click.IntRange(min=1), default=2, show_default=True, help="How far around STAGE.")
@click.option("-a", "--all", "is_whole", is_flag=True, help="Fold nothing, however wide it gets.")
@json_option
@click.pass_obj
def graph(workspace: Workspace, stage: str | None, levels: int, is_whole: bool, as_json: bool) -> None:
    """Draw the stages and what needs what, with their states; with STAGE, only what is near it.

    What does not fit in the terminal is folded (+12 more). --json prints the stages with what they need.
    """
    from mlops_tui.ui import stage_graph, stage_rows
    from mlops_tui.ui.session import Session
    from mlops_tui.ui.widgets import dag_drawing, dag_folding

    pipeline = stage_rows.load(Session(workspace.project, workspace.config, workspace.find()))
    if pipeline.problem is not None:
        raise pipeline.problem
    needs = stage_graph.needs(pipeline)
    if stage is not None:
        if stage not in needs:
            raise NotFound(f"no stage {stage!r}", nearest(stage, needs))
        needs = dag_folding.neighbourhood(needs, stage, levels)
    if as_json:
        _write_json(pipeline, needs)
        return
    nodes = {node.name: node for node in stage_graph.nodes(pipeline, time.time())}
    columns = shutil.get_terminal_size((120, 24)).columns if sys.stdout.isatty() else 120
    opened = None if is_whole else ()
    folded, drawn = dag_drawing.fitted(nodes, needs, (columns, _ROWS), alone=stage or "", opened=opened)
    for line in drawn.lines(nodes, folded):
        output.say("".join(piece.text for piece in line).rstrip())
    if not needs:
        output.say("no stages")


def _write_json(pipeline: PipelineShown, needs: dict[str, tuple[str, ...]]) -> None:
    now = time.time()
    output.write_json_lines(
        {
            "stage": stage.name,
            "state": stage.state,
            "needs": needs[stage.name],
            "usual_s": stage.usual_s,
            "duration_s": stage.run.duration_s(now) if stage.run is not None else None,
            "attempt": stage.run.attempt if stage.run is not None else None,
        }
        for stage in pipeline.stages
        if stage.name in needs
    )
