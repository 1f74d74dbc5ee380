"""``mlops-tui logs``: what the stages of a pipeline run wrote."""

from __future__ import annotations

import os
import sqlite3

import click

from mlops_store.errors import NotFound, UsageError, nearest
from mlops_store.records import PipelineRun, RunKind, StageRun
from mlops_tui.cli import log_matches, output
from mlops_tui.cli.follow import Follower, ending
from mlops_tui.cli.parameters import json_option, run_argument, stage_argument
from mlops_tui.cli.text import clean, clean_line
from mlops_tui.cli.workspace import Workspace
from mlops_tui.pipeline import log_search, logs

_JSON_LINES = 1_000
_TAIL_BYTES = 256 << 20
#: Runs among which the newest one that ran anything is looked for.
_LOOKED_AT = 100


@click.command()
@run_argument(required=False)
@stage_argument("stage", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended; Ctrl+C leaves it running.")
@click.option("-n", "--tail", type=click.IntRange(min=0), metavar="N", help="Only the last N lines of each stage.")
@click.option("-g", "--grep", metavar="PATTERN", help="Only lines that this regular expression finds.")
@click.option("-i", "--ignore-case", is_flag=True, help="Let --grep not tell upper and lower case apart.")
@click.option("-e", "--first-error", is_flag=True, help="Only the first line that tells of an error, and what follows.")
@json_option
@click.pass_context
def command(
    context: click.Context,
    run: str | None,
    stage: str | None,
    follow: bool,
    tail: int | None,
    grep: str | None,
    ignore_case: bool,
    first_error: bool,
    as_json: bool,
) -> None:
    """Show what the stages of a pipeline run wrote; RUN may be a stage's run, or its name.

    Without RUN, the newest one that had something to do.

    Colours and other terminal sequences are taken out; the files themselves, which --json names, have them. --json
    prints the last 1,000 lines of each stage unless --tail says how many. --grep and --first-error exit with 1 when
    they find nothing.
    """
    workspace: Workspace = context.obj
    if sum((grep is not None, first_error, follow)) > 1 or (tail is not None and (grep is not None or first_error)):
        raise UsageError("--grep, --first-error, --follow and --tail each show something else", "give one of them")
    sought = log_search.expression(grep, ignore_case=ignore_case) if grep is not None else None
    store = workspace.store()
    found, only = _find(store.read(), run, stage)
    if sought is not None or first_error:
        stages = [one for one in found.stages if only in (None, one.stage) and one.log_path]
        if sought is not None:
            has_some = log_matches.write(stages, sought, as_json=as_json)
        else:
            has_some = log_matches.write_first_errors(stages, as_json=as_json)
        context.exit(0 if has_some else 1)
    if as_json:
        shown = [one for one in found.stages if only in (None, one.stage) and one.log_path]
        count = _JSON_LINES if tail is None else tail
        output.write_json_lines(_shape(one, count) for one in shown)
    elif follow:
        try:
            Follower(workspace.project, store, found.run_id, only=only, last=tail).follow()
        except KeyboardInterrupt:
            output.remark("")
    else:
        _write(found, only, tail)


def _find(db: sqlite3.Connection, name: str | None, stage: str | None) -> tuple[PipelineRun, str | None]:
    """The pipeline run, and the stage when only one is meant."""
    from mlops_store import pipelines, runs

    if name is None:
        newest = pipelines.newest(db, _LOOKED_AT)
        if not newest:
            raise NotFound("no pipeline has run here yet", "mlops-tui run runs it")
        # one that had nothing to do has written nothing, and hides nothing
        return next((run for run in newest if run.state.is_live or _has_run(run)), newest[0]), None
    run = runs.get(db, runs.resolve(db, name))
    if run.kind is RunKind.STAGE and run.parent_run_id is not None:
        parent = pipelines.get(db, run.parent_run_id)
        mine = [one.stage for one in parent.stages if one.run_id == run.run_id]
        return parent, stage or (mine[0] if mine else None)
    if run.kind is not RunKind.PIPELINE:
        raise NotFound(f"{name!r} is a script's run, whose output is not kept", "run it as a stage to keep its output")
    found = pipelines.get(db, run.run_id)
    known = [one.stage for one in found.stages]
    if stage is not None and stage not in known:
        raise NotFound(f"that run has no stage {stage!r}", nearest(stage, known))
    return found, stage


def _shape(stage: StageRun, count: int) -> dict[str, object]:
    lines = logs.tail(stage.log_path, count, limit_bytes=_TAIL_BYTES)
    return {"stage": stage.stage, "run_id": stage.run_id, "log_path": stage.log_path, "lines": lines}


def _write(run: PipelineRun, only: str | None, tail: int | None) -> None:
    shown = [stage for stage in run.stages if only in (None, stage.stage) and _has_written(stage)]
    for stage in shown:
        if len(shown) > 1:
            output.say(f"==> {clean(stage.stage)} <==")
        log = logs.Follower(stage.log_path, tail)
        while not log.is_drained:
            for line in log.read(is_ended=True):
                output.say(clean_line(line))
    silent = [stage for stage in run.stages if only in (None, stage.stage) and stage.error and stage not in shown]
    for stage in silent:
        output.remark(f"{clean(stage.stage)}: {ending(stage)}")
    if not shown and not silent:
        output.remark("nothing has been written")


def _has_run(run: PipelineRun) -> bool:
    return any(stage.started_at is not None or stage.error for stage in run.stages)


def _has_written(stage: StageRun) -> bool:
    return bool(stage.log_path) and os.path.exists(stage.log_path) and os.path.getsize(stage.log_path) > 0
