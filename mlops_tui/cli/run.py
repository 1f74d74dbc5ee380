"""``mlops-tui run``: runs the stale stages and shows what they write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mlops_store.errors import Busy, UsageError
from mlops_store.records import PipelineState
from mlops_tui.cli import output
from mlops_tui.cli.environment import prefer_own_interpreter
from mlops_tui.cli.follow import summary
from mlops_tui.cli.parameters import dry_run_option, json_option, stage_argument
from mlops_tui.cli.run_following import counted_interrupts, follow, once, require_pipeline
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.pipeline.request import Request


@click.command()
@stage_argument("targets", nargs=-1)
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Stages at a time.")
@click.option("-s", "--single-item", is_flag=True, help="Only the stages named, not what they need.")
@click.option("--downstream", is_flag=True, help="The stages named and all that need them, instead of what they need.")
@click.option("-p", "--pipeline", "whole_pipeline", is_flag=True, help="All that is connected with the stages named.")
@click.option("-f", "--force", is_flag=True, help="Run the stages even if nothing has changed.")
@click.option("--run-cache/--no-run-cache", default=True, help="Take outputs of the same inputs from the cache.  [yes]")
@click.option("--force-downstream", is_flag=True, help="Run what needs a stage that has run, changed or not.")
@click.option("-k", "--keep-going", is_flag=True, help="After a failure run what does not depend on it.")
@click.option("-d", "--detach", is_flag=True, help="Start the run and return; 'logs --follow' follows it.")
@click.option("-w", "--watch", is_flag=True, help="Run again after each change, until Ctrl+C.")
@click.option("--name", default="", metavar="NAME", help="A name for the run. [made up]")
@click.option("--wait", is_flag=True, help="Wait for a run that is under way instead of being refused.")
@click.option("--queue", "may_queue", is_flag=True, help="Put it into the queue and return, if a run is under way.")
@click.option("--priority", type=int, default=0, metavar="N", help="In the queue, higher goes first. [0]")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE[,VALUE...]",
    help="Run in a copy with this value of params.yaml (or FILE:KEY=...); several values make a run each.",
)
@click.option("--parallel", type=click.IntRange(min=1), metavar="N", help="With --set, runs at a time. [1]")
@dry_run_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    /,
    targets: tuple[str, ...],
    detach: bool,
    watch: bool,
    name: str,
    wait: bool,
    may_queue: bool,
    priority: int,
    settings: tuple[str, ...],
    parallel: int | None,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Run the stale stages of the pipeline, or of the stages named and what they need.

    The run belongs to a process of its own: Ctrl+C stops it, a lost connection does not. --json prints each event as
    one JSON object on a line of its own: run_queued, run_started, stage_started, stage_attempt, stage_finished,
    stage_failed, stage_stopped, stage_restored, stage_cached, stage_skipped, run_finished; the stages' output goes to
    stderr then.

    With --set the project's files stay as they are: each run works in its own copy, and 'queue apply RUN' takes one
    over.
    """
    from mlops_tui.pipeline.request import Request

    workspace: Workspace = context.obj
    if parallel is not None and not settings:
        raise UsageError("--parallel is about experiments", "give --set KEY=VALUE,VALUE, or -j for stages at a time")
    if priority and not (wait or may_queue or settings):
        raise UsageError("--priority is about runs that wait", "give --queue, --wait or --set with it")
    if watch and (dry_run or detach or wait or may_queue or settings or options["force"]):
        raise UsageError(
            "--watch goes with none of --dry-run, --detach, --force, --wait, --queue and --set",
            "it runs here and now what has changed",
        )
    require_pipeline(workspace)
    request = Request(targets=workspace.addresses(targets), parallel=parallel or 1, **options)
    prefer_own_interpreter(workspace.project)
    if settings:
        from mlops_tui.cli import run_experiments

        shown = run_experiments.Shown(as_json=as_json, is_detached=detach or may_queue)
        context.exit(run_experiments.run(workspace, request, settings, name, priority, shown, dry_run=dry_run))
    if dry_run:
        _show_plan(workspace, request, as_json)
        return
    if watch:
        from mlops_tui.cli import run_watch

        say = output.remark if as_json else output.say
        context.exit(run_watch.watch(workspace, request, lambda: once(workspace, request, name, as_json), say))
    with counted_interrupts() as interrupts:
        run_id = _start(workspace, request, name, priority, interrupts, wait=wait, may_queue=may_queue, as_json=as_json)
        if run_id is None:
            return
        if detach and not interrupts:
            _tell_started(workspace, run_id, as_json)
            return
        run = follow(workspace, run_id, as_json, interrupts)
    if not as_json:
        output.say(summary(run))
    context.exit(0 if run.state is PipelineState.FINISHED else 1)


def _start(
    workspace: Workspace,
    request: Request,
    name: str,
    priority: int,
    interrupts: list[int],
    *,
    wait: bool,
    may_queue: bool,
    as_json: bool,
) -> str | None:
    """Starts a run, or lets it wait for its turn where that is asked for; None when it is left waiting."""
    from mlops_store import queue
    from mlops_tui import pipeline

    may_wait = wait or may_queue
    # those that wait already go first
    if not (may_wait and workspace.project.has_store and not queue.is_empty(workspace.create().read())):
        try:
            return pipeline.start(workspace.project, name=name, may_fork=True, **request.as_json())
        except Busy:
            if not may_wait:
                raise
    from mlops_tui.cli import waiting

    run_id = waiting.enqueue(workspace, request, name=name, priority=priority)
    pipeline.recover(workspace.project, workspace.create())  # what was under way may have ended meanwhile
    if waiting.tell(workspace, run_id, as_json=as_json) and not wait:
        return None
    waiting.await_turn(workspace, run_id, interrupts)
    return run_id


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
