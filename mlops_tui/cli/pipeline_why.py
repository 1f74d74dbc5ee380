"""``mlops-tui pipeline why``: what makes a stage stale, from what to what, and what runs because of it."""

from __future__ import annotations

import click

from mlops_store.errors import NotFound, nearest
from mlops_tui.cli import output, shapes
from mlops_tui.cli.parameters import json_option, stage_argument
from mlops_tui.cli.text import clean
from mlops_tui.cli.workspace import Workspace


@click.command()
@stage_argument("stage")
@json_option
@click.pass_obj
def why(workspace: Workspace, stage: str, as_json: bool) -> None:
    """Say why STAGE is stale: the very key, file or command, from what to what, and what would run because of it."""
    from mlops_tui.ui import stage_rows, stage_why
    from mlops_tui.ui.session import Session
    from mlops_tui.ui.text import plain

    (stage,) = workspace.addresses([stage])
    pipeline = stage_rows.load(Session(workspace.project, workspace.config, workspace.find()))
    if pipeline.problem is not None:
        raise pipeline.problem
    found = next((one for one in pipeline.stages if one.name == stage), None)
    if found is None:
        raise NotFound(f"no stage {stage!r}", nearest(stage, [one.name for one in pipeline.stages]))
    if as_json:
        output.write_json(
            {
                "stage": found.name,
                "state": found.state,
                "reasons": found.reasons,
                "changes": [shapes.change(change) for change in found.changes],
                "then": stage_why.follow_up(found, pipeline),
                "estimate_s": found.usual_s,
            }
        )
        return
    for line in stage_why.lines(found, pipeline):
        output.say(clean(plain(line), 2000).rstrip())
