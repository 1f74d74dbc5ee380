"""``runs show``: everything about one run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mlops_store.records import RunDetail
from mlops_tui.cli import output, shapes, text
from mlops_tui.cli.parameters import json_option, run_argument
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace
from mlops_tui.registry.formats import kinds

if TYPE_CHECKING:
    from mlops_store.run_links import VersionLink

#: Characters of a metric's name beside its numbers.
_KEY = 60


@click.command()
@run_argument()
@json_option
@click.pass_obj
def show(workspace: Workspace, run: str, as_json: bool) -> None:
    """Show everything about a run but the histories of its metrics, its artifacts' bytes and its uncommitted lines.

    With --json: what 'runs list --json' has of a run, and command, cwd, pid, python_version, git_branch, git_remote,
    git_diff, packages, error, metric_summaries (last, min, max, mean, count … by metric), artifacts, datasets, models,
    versions (model, version, stage), notes, child_run_ids, log_path.
    """
    from mlops_store import run_links, runs

    db = workspace.store().read()
    detail = runs.detail(db, runs.resolve(db, run))
    versions = run_links.versions(db, detail.run.run_id)
    log_path = run_links.log_path(db, detail.run.run_id)
    if as_json:
        shape = shapes.run_detail(detail, time.time())
        output.write_json({**shape, "versions": versions, "log_path": log_path})
    else:
        _write(detail, versions, log_path)


def _write(detail: RunDetail, versions: Sequence[VersionLink], log_path: str) -> None:
    run = detail.run
    commit = run.git_commit[:12] + (" with uncommitted changes" if run.git_dirty else "")
    exit_code = "" if run.exit_code is None else str(run.exit_code)
    output.write_fields(
        [
            ("run", run.run_id),
            ("name", run.name),
            ("experiment", run.experiment),
            ("kind", run.kind),
            ("status", run.status.lower() + (f", exit code {exit_code}" if exit_code not in ("", "0") else "")),
            ("started", f"{text.moment(run.started_at)}, {text.duration(run.duration_s(time.time()))}"),
            ("parent", run.parent_run_id or ""),
            ("by", "@".join(part for part in (run.user, run.host) if part)),
            ("command", " ".join(detail.command)),
            ("directory", detail.cwd),
            ("python", detail.python_version),
            ("machine", ", ".join(detail.hardware.values())),
            ("commit", commit),
            ("branch", detail.git_branch),
            ("log", log_path),
            ("deleted", "" if run.deleted_at is None else text.moment(run.deleted_at)),
        ]
    )
    _section("params", sorted(run.params.items()))
    if detail.summaries:
        output.say()
        columns = ("metric", "last", "min", "max", "mean", "values")
        rows = [
            (
                text.clean(summary.key, _KEY),
                *map(text.number, (summary.last, summary.min, summary.max, summary.mean)),
                str(summary.count),
            )
            for summary in detail.summaries
        ]
        write_table(columns, rows, right=columns[1:])
    _section("tags", sorted(run.tags.items()))
    _section(
        "models",
        [
            (model.name, f"{model.flavor}{' (!)' if kinds.runs(model.flavor) else ''}, {text.size(model.size_bytes)}")
            for model in detail.models
        ],
    )
    _section("versions", [(f"{one.model} {one.version}", one.stage) for one in versions])
    _section("artifacts", [(artifact.path, text.size(artifact.size_bytes)) for artifact in detail.artifacts])
    _section("data", [(use.dataset.name, f"{use.context}, {use.dataset.digest[:12]}") for use in detail.datasets])
    _section("notes", [(f"{text.moment(note.created_at)} {note.author}", note.body) for note in detail.notes])
    if detail.error:
        output.say("\nerror")
        for line in detail.error.splitlines():
            output.say(f"  {text.clean_line(line)}")


def _section(title: str, fields: list[tuple[str, str]]) -> None:
    if fields:
        output.say(f"\n{title}")
        output.write_fields(fields, indent="  ")
