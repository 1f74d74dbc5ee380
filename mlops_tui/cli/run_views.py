"""``runs views``: saved views of the list of runs."""

from __future__ import annotations

import json
from typing import Any

import click

from mlops_store.errors import Refused, UsageError
from mlops_store.run_views import SavedView
from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import Noun, dry_run_option, json_option
from mlops_tui.cli.run_asked import by_option, filter_option, sort_option, view_argument
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

_KINDS = click.Choice(["useful", "all", "scripts", "archived"])


@click.group("views", cls=Noun)
def command() -> None:
    """List, show, save and delete views: a filter, an order, columns and groups by name, for all users of the store."""


def _shape(saved: SavedView) -> dict[str, Any]:
    return {"name": saved.name, "author": saved.author, "saved_at": saved.saved_at, **json.loads(saved.body)}


@command.command("list")
@json_option
@click.pass_obj
def list_(workspace: Workspace, as_json: bool) -> None:
    """List the saved views."""
    from mlops_store import run_views

    store = workspace.find()
    found = [] if store is None else run_views.every(store.read())
    if as_json:
        output.write_json_lines(map(_shape, found))
        return
    rows = [
        (one["name"], one["filter"], " ".join(one["group_by"]), " ".join(one["sort"]), one["author"], text.moment(at))
        for one, at in ((_shape(saved), saved.saved_at) for saved in found)
    ]
    if rows:
        write_table(("view", "filter", "by", "sort", "author", "saved"), rows)
    else:
        output.remark("no views; 'runs views save NAME' saves one, as W does in the dashboard")


@command.command()
@view_argument
@json_option
@click.pass_obj
def show(workspace: Workspace, name: str, as_json: bool) -> None:
    """Show what a view is made of."""
    from mlops_store import run_views

    shape = _shape(run_views.get(workspace.store().read(), name))
    if as_json:
        output.write_json(shape)
        return
    columns = [
        one["name"] + f":{one['width']}" * bool(one["width"]) + ":pinned" * one["pinned"] for one in shape["columns"]
    ]
    output.write_fields(
        [
            ("view", shape["name"]),
            ("filter", shape["filter"]),
            ("kinds", shape["kinds"]),
            ("sort", " ".join(shape["sort"])),
            ("group by", " ".join(shape["group_by"])),
            ("columns", " ".join(columns) or "chosen by themselves"),
            ("author", shape["author"]),
            ("saved", text.moment(shape["saved_at"])),
        ]
    )


@command.command()
@view_argument
@filter_option
@sort_option
@by_option
@click.option(
    "-c", "--column", "columns", multiple=True, metavar="KEY", help="A column: KEY, KEY:WIDTH or KEY:WIDTH:pinned."
)
@click.option("--kinds", type=_KINDS, default="useful", show_default=True, help="Which kinds of runs.")
@click.option("--force", is_flag=True, help="In the place of a view of that name.")
@dry_run_option
@json_option
@click.pass_obj
def save(
    workspace: Workspace,
    name: str,
    expression: str,
    sorts: tuple[str, ...],
    by: tuple[str, ...],
    columns: tuple[str, ...],
    kinds: str,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Save a view as NAME."""
    from mlops_store import processes, run_views
    from mlops_tui.compare import saved_views
    from mlops_tui.compare.views import RunsView, check, shape

    goal = workspace.config.goal
    view = RunsView(expression, sorts or RunsView().sort, tuple(map(_column, columns)), by, kinds)
    check(view, goal)
    if wrong := saved_views.problem(name):
        raise UsageError(wrong)
    store = workspace.create()
    before = run_views.find(store.read(), name)
    if before is not None and not force:
        raise Refused(f"{before.author or 'somebody'} has saved a view {name!r}", "--force saves this one in its place")
    if not dry_run:
        with store.write() as db:
            saved_views.save(db, name, view, processes.user(), goal)
    if as_json:
        output.write_json({"name": name, **shape(view), "dry_run": dry_run})
    else:
        output.say(f"view {text.clean(name)} {'would be saved' if dry_run else 'saved'}")


def _column(written: str) -> Any:
    from mlops_tui.compare.views import WIDEST, ViewColumn

    is_pinned = written.endswith(":pinned")
    name, colon, width = written.removesuffix(":pinned").rpartition(":")
    if not colon or not width.isdecimal():
        return ViewColumn(written.removesuffix(":pinned"), is_pinned=is_pinned)
    if int(width) > WIDEST:
        raise UsageError(f"a column {width} cells wide", f"a width is at most {WIDEST} cells")
    return ViewColumn(name, int(width), is_pinned)


@command.command()
@view_argument
@dry_run_option
@json_option
@click.pass_obj
def delete(workspace: Workspace, name: str, dry_run: bool, as_json: bool) -> None:
    """Delete a view."""
    from mlops_store import run_views

    store = workspace.store()
    run_views.get(store.read(), name)
    if not dry_run:
        with store.write() as db:
            run_views.delete(db, name)
    if as_json:
        output.write_json({"name": name, "deleted": not dry_run, "dry_run": dry_run})
    else:
        output.say(f"view {text.clean(name)} {'would be deleted' if dry_run else 'deleted'}")
