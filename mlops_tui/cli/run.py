"""``mlops-tui run``: runs the stale stages and shows what they write."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

import click

from mlops_store.errors import Refused
from mlops_store.records import PipelineRun, PipelineState
from mlops_tui.cli import output
from mlops_tui.cli.environment import prefer_own_interpreter
from mlops_tui.cli.follow import Follower, summary
from mlops_tui.cli.parameters import dry_run_option, json_option, stage_argument
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace, warn

if TYPE_CHECKING:
    from mlops_tui.pipeline.request import Request


@click.command()
@stage_argument("targets", nargs=-1)
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Stages at a time.")
@click.option("-s", "--single-item", is_flag=True, help="Only the stages named, not what they need.")
@click.option("--downstream", is_flag=True, help="The stages named and all that need them, instead of what they need.")
@click.option("-p", "--pipeline", "whole_pipeline", is_flag=True, help="All that is connected with the stages named.")
@click.option("-f", "--force", is_flag=True, help="Run the stages even if nothing has changed.")
@click.option("--force-downstream", is_flag=True, help="Run what needs a stage that has run, changed or not.")
@click.option("-k", "--keep-going", is_flag=True, help="After a failure run what does not depend on it.")
@click.option("-d", "--detach", is_flag=True, help="Start the run and return; 'logs --follow' follows it.")
@click.option("--name", default="", metavar="NAME", help="A name for the run. [made up]")
@dry_run_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    /,
    targets: tuple[str, ...],
    detach: bool,
    name: str,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Run the stale stages of the pipeline, or of the stages named and what they need.

    The run belongs to a process of its own: Ctrl+C stops it, a lost connection does not. --json prints each event as
    one JSON object on a line of its own: run_started, stage_started, stage_attempt, stage_finished, stage_failed,
    stage_stopped, stage_cached, stage_skipped, run_finished; the stages' output goes to stderr then.
    """
    from mlops_tui import pipeline
    from mlops_tui.pipeline.request import Request

    workspace: Workspace = context.obj
    request = Request(targets=targets, **options)
    if dry_run:
        _show_plan(workspace, request, as_json)
        return
    if not os.path.exists(workspace.project.pipeline_path):  # before a store is made for nothing
        raise Refused(
            f"there is no dvc.yaml in {workspace.project.root}",
            "describe the stages of a pipeline there; mlops-tui demo writes an example",
        )
    prefer_own_interpreter(workspace.project)
    with _counted_interrupts() as interrupts:
        run_id = pipeline.start(workspace.project, name=name, **request.as_json())
        if detach and not interrupts:
            _tell_started(workspace, run_id, as_json)
            return
        run = _follow(workspace, run_id, as_json, interrupts)
    if not as_json:
        output.say(summary(run))
    context.exit(0 if run.state is PipelineState.FINISHED else 1)


@contextmanager
def _counted_interrupts() -> Iterator[list[int]]:
    """Collects the first Ctrl+C: amid the start of a run it would leave behind a run that nobody was told of.

    The second one interrupts, as usual.
    """
    seen: list[int] = []

    def count(number: int, _: object) -> None:
        if seen:
            raise KeyboardInterrupt
        seen.append(number)

    before = signal.signal(signal.SIGINT, count)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)


def _follow(workspace: Workspace, run_id: str, as_json: bool, interrupts: list[int]) -> PipelineRun:
    """Shows the run until it has ended. The first Ctrl+C asks it to stop, a second one leaves at once."""
    is_stopping = False
    stream = sys.stderr if as_json else sys.stdout

    def stop_when_interrupted() -> None:
        nonlocal is_stopping
        if interrupts and not is_stopping:
            is_stopping = True
            _stop(workspace, run_id, stream)

    store = workspace.create()
    if not as_json:
        return Follower(workspace.project, store, run_id, stream).follow(stop_when_interrupted)
    from mlops_tui.cli.run_events import Events

    return Follower(workspace.project, store, run_id, stream, observe=Events(store).look).follow(stop_when_interrupted)


def _stop(workspace: Workspace, run_id: str, stream: TextIO) -> None:
    from mlops_store import processes
    from mlops_tui import pipeline

    stream.write("stopping; Ctrl+C again leaves now\n")
    try:
        pipeline.stop(workspace.project, run_id, by=processes.user())
    except Refused as error:  # it has ended meanwhile
        warn(error.message)


def _tell_started(workspace: Workspace, run_id: str, as_json: bool) -> None:
    if as_json:
        from mlops_store import pipelines
        from mlops_tui.cli.run_events import write_start

        write_start(pipelines.get(workspace.create().read(), run_id))
    else:
        output.say(f"started {run_id}; mlops-tui logs --follow shows it, mlops-tui stop stops it")


def _show_plan(workspace: Workspace, request: Request, as_json: bool) -> None:
    """Prints what a run would do."""
    from mlops_tui.pipeline import launch

    planned = launch.preview(workspace.project, request)
    if as_json:
        output.write_json_lines({"stage": stage.stage, "reasons": stage.reasons} for stage in planned)
    elif planned:
        rows = [(stage.stage, "; ".join(stage.reasons) or "forced") for stage in planned]
        write_table(("would run", "why"), rows)
    else:
        output.say("nothing to do")
