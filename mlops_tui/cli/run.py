"""``mlops-tui run``: runs the stale stages and shows what they write."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import click

from mlops_store.errors import Refused
from mlops_store.records import PipelineRun, PipelineState
from mlops_tui.cli import output, shapes
from mlops_tui.cli.environment import prefer_own_interpreter
from mlops_tui.cli.follow import Follower, summary
from mlops_tui.cli.parameters import dry_run_option, json_option, stage_argument
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace, warn


@click.command()
@stage_argument("targets", nargs=-1)
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Stages at a time.")
@click.option("-f", "--force", is_flag=True, help="Run the stages even if nothing has changed.")
@click.option("-k", "--keep-going", is_flag=True, help="After a failure run what does not depend on it.")
@click.option("-d", "--detach", is_flag=True, help="Start the run and return; 'logs --follow' follows it.")
@click.option("--name", default="", metavar="NAME", help="A name for the run. [made up]")
@dry_run_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    targets: tuple[str, ...],
    jobs: int,
    force: bool,
    keep_going: bool,
    detach: bool,
    name: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run the stale stages of the pipeline, or of the stages named and what they need.

    The run belongs to a process of its own: Ctrl+C stops it, a lost connection does not. With --json the stages' output
    goes to stderr.
    """
    workspace: Workspace = context.obj
    if dry_run:
        _plan(workspace, targets, force, as_json)
        return
    from mlops_tui import pipeline

    if not os.path.exists(workspace.project.pipeline_path):  # before a store is made for nothing
        raise Refused(
            f"there is no dvc.yaml in {workspace.project.root}",
            "describe the stages of a pipeline there; mlops-tui demo writes an example",
        )
    prefer_own_interpreter(workspace.project)
    with _counted_interrupts() as interrupts:
        run_id = pipeline.start(
            workspace.project, targets=targets, force=force, jobs=jobs, keep_going=keep_going, name=name
        )
        if detach and not interrupts:
            _tell_started(run_id, as_json)
            return
        run = _follow(workspace, run_id, sys.stderr if as_json else sys.stdout, interrupts)
    if as_json:
        output.write_json(shapes.pipeline_run(run, time.time()))
    else:
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


def _follow(workspace: Workspace, run_id: str, stream: TextIO, interrupts: list[int]) -> PipelineRun:
    """Shows the run until it has ended. The first Ctrl+C asks it to stop, a second one leaves at once."""
    is_stopping = False

    def stop_when_interrupted() -> None:
        nonlocal is_stopping
        if interrupts and not is_stopping:
            is_stopping = True
            _stop(workspace, run_id, stream)

    return Follower(workspace.project, workspace.create(), run_id, stream).follow(stop_when_interrupted)


def _stop(workspace: Workspace, run_id: str, stream: TextIO) -> None:
    from mlops_store import processes
    from mlops_tui import pipeline

    stream.write("stopping; Ctrl+C again leaves now\n")
    try:
        pipeline.stop(workspace.project, run_id, by=processes.user())
    except Refused as error:  # it has ended meanwhile
        warn(error.message)


def _tell_started(run_id: str, as_json: bool) -> None:
    if as_json:
        output.write_json({"run_id": run_id})
    else:
        output.say(f"started {run_id}; mlops-tui logs --follow shows it, mlops-tui stop stops it")


def _plan(workspace: Workspace, targets: tuple[str, ...], force: bool, as_json: bool) -> None:
    """Prints what a run would do."""
    from mlops_tui.pipeline import graph, spec, state

    pipeline = spec.load(workspace.project)
    chosen = set(graph.order(pipeline, targets or None))
    stages = [stage for stage in state.status(workspace.project, pipeline, workspace.find()) if stage.stage in chosen]
    planned = [stage for stage in stages if stage.is_stale or force]
    if as_json:
        output.write_json_lines({"stage": stage.stage, "reasons": stage.reasons} for stage in planned)
    elif planned:
        rows = [(stage.stage, "; ".join(stage.reasons) or "forced") for stage in planned]
        write_table(("would run", "why"), rows)
    else:
        output.say("nothing to do")
