"""``runs export``: runs as a file."""

from __future__ import annotations

import os
import sys
from array import array
from dataclasses import replace

import click

from mlops_store.errors import Refused, UsageError
from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import dry_run_option, json_option, run_argument
from mlops_tui.cli.run_asked import asked, experiment_option, filter_option, sort_option, view_option
from mlops_tui.cli.workspace import Workspace


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@run_argument("names", nargs=-1)
@filter_option
@sort_option
@experiment_option
@view_option
@click.option("-c", "--column", "columns", multiple=True, metavar="KEY", help="Only these; all that runs have without.")
@click.option("--kinds", type=click.Choice(["useful", "all", "scripts", "archived"]), help="[all, or the view's]")
@click.option("--format", "form", type=click.Choice(["csv", "json", "parquet", "md"]), help="[by the file's name]")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@dry_run_option
@json_option
@click.pass_obj
def export(
    workspace: Workspace,
    file: str,
    names: tuple[str, ...],
    expression: str,
    sorts: tuple[str, ...],
    experiment: str | None,
    view: str | None,
    columns: tuple[str, ...],
    kinds: str | None,
    form: str | None,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write runs to FILE as CSV, JSON, Parquet or Markdown; - is the standard output.

    All runs, those that a filter or view shows, or the RUNs named. Times are Unix seconds, durations seconds.
    """
    from mlops_store import runs
    from mlops_tui.compare import run_export

    query = asked(workspace, view=view, expression=expression, sorts=sorts, experiment=experiment)
    if kinds is not None:
        query = replace(query, view=replace(query.view, kinds=kinds))
    form = form or ("csv" if file == "-" else run_export.format_of(file))
    if file == "-" and form == "parquet":
        raise UsageError("Parquet cannot be written to the standard output", "name a file")
    if file != "-" and os.path.exists(file) and not force and not dry_run:
        raise Refused(f"{file} exists", "--force overwrites it")
    with workspace.store().snapshot() as db:
        if names:
            numbers = array("q", dict.fromkeys(runs.number(db, runs.resolve(db, name)) for name in names))
        else:
            numbers = query.ids(db)
        shown = columns or tuple(one.name for one in query.view.columns)
        wanted = run_export.columns(db, shown, query.goal)
        if file == "-" and not dry_run:
            run_export.write_text(db, numbers, wanted, sys.stdout, query.goal, form=form)
            return
        if not dry_run:
            run_export.write(db, numbers, wanted, file, query.goal, form=form)
    if as_json:
        shape = {"file": file, "format": form, "runs": len(numbers), "columns": list(wanted), "dry_run": dry_run}
        output.write_json(shape)
    else:
        done = "would be written" if dry_run else "written"
        output.say(f"{text.count(len(numbers), 'run')} {done} to {text.clean(file)}")
