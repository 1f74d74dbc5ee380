"""``mlops-tui stop``: stops a pipeline run."""

from __future__ import annotations

import time

import click

from mlops_store.errors import NotFound, Refused
from mlops_store.records import RunKind
from mlops_tui.cli import output, shapes, text
from mlops_tui.cli.follow import summary
from mlops_tui.cli.parameters import json_option, run_argument
from mlops_tui.cli.workspace import Workspace


@click.command()
@run_argument(required=False)
@click.option("--wait/--no-wait", default=True, help="Wait until it has ended. [--wait]")
@json_option
@click.pass_obj
def command(workspace: Workspace, run: str | None, wait: bool, as_json: bool) -> None:
    """Stop a pipeline run: its stages get TERM, then KILL. Without RUN, the one that is running."""
    from mlops_store import pipelines, processes
    from mlops_tui import pipeline

    store = workspace.store()
    run_id = _running(workspace) if run is None else _pipeline_of(workspace, run)
    pipeline.stop(workspace.project, run_id, by=processes.user())
    ended = pipeline.wait(workspace.project, run_id) if wait else pipelines.get(store.read(), run_id)
    if as_json:
        output.write_json(shapes.pipeline_run(ended, time.time()))
    elif wait:
        output.say(f"{text.clean(ended.name)} {summary(ended)}")
    else:
        output.say(f"{text.clean(ended.name)} is being stopped")


def _running(workspace: Workspace) -> str:
    from mlops_store import pipelines

    live = pipelines.live(workspace.store().read())
    if not live:
        raise Refused("no pipeline is running", "mlops-tui status shows the last run")
    if len(live) > 1:
        raise Refused("several pipelines are running", "name one: " + ", ".join(run.run_id for run in live))
    return live[0].run_id


def _pipeline_of(workspace: Workspace, name: str) -> str:
    """The pipeline run that is named, or that the named stage run is part of."""
    from mlops_store import runs

    db = workspace.store().read()
    run = runs.get(db, runs.resolve(db, name))
    if run.kind is RunKind.STAGE and run.parent_run_id is not None:
        return run.parent_run_id
    if run.kind is not RunKind.PIPELINE:
        raise NotFound(f"{name!r} is a script's run, not a pipeline's", "stop the script itself, with Ctrl+C")
    return run.run_id
