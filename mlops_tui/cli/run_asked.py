"""Which runs a command is about: a filter, an order, a saved view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from mlops_store.errors import MlopsError, NotFound, UsageError, nearest
from mlops_tui.cli import output, text
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_store.run_conditions import Condition
    from mlops_tui.compare.run_query import RunQuery

_POINTED = 200
_SORT_HELP = (
    "started_at, name, status, duration, experiment, metrics.KEY, params.KEY, tags.KEY, or best, max, min, "
    "mean, step or count of a metric as in best(auc); -KEY is descending; may be repeated. [default: -started_at]"
)


def _views(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from mlops_store import run_views

    try:
        store = Workspace(context.find_root().params.get("directory")).find()
        names = [] if store is None else [one.name for one in run_views.every(store.read())]
    except MlopsError:
        return []  # a prompt is no place for errors
    return [CompletionItem(name) for name in names if name.startswith(incomplete) and "," not in name]


filter_option = click.option(
    "-f", "--filter", "expression", default="", help="As in: \"metrics.auc > 0.9 AND params.depth = '3'\"."
)
sort_option = click.option("-s", "--sort", "sorts", multiple=True, metavar="KEY", help=_SORT_HELP)
by_option = click.option(
    "-b", "--by", multiple=True, metavar="KEY", help="Group by params.KEY, tags.KEY, user …; may be repeated."
)
experiment_option = click.option("-e", "--experiment", metavar="NAME", help="Only runs of this experiment.")
view_option = click.option("--view", metavar="NAME", shell_complete=_views, help="What this saved view shows.")

view_argument = click.argument("name", shell_complete=_views)


def asked(
    workspace: Workspace,
    *,
    view: str | None = None,
    expression: str = "",
    sorts: Sequence[str] = (),
    by: Sequence[str] = (),
    experiment: str | None = None,
    status: str | None = None,
    kinds: Sequence[str] = (),
    archived: bool = False,
    deleted: bool = False,
) -> RunQuery:
    """What the options of a command ask for.

    Raises:
        UsageError: A filter or a column is not understood.
        NotFound: No such view or experiment.
    """
    from dataclasses import replace

    from mlops_tui.compare.run_query import RunQuery
    from mlops_tui.compare.views import RunsView, check

    goal = workspace.config.goal
    shown = RunsView(kinds="all")
    if view is not None:
        from mlops_tui.compare import saved_views

        shown = saved_views.get(workspace.store().read(), view, goal)
    shown = replace(shown, sort=tuple(sorts) or shown.sort, group_by=tuple(by) or shown.group_by)
    check(shown, goal)
    _remark_unknown(workspace, [*sorts, *by])
    return RunQuery(
        shown,
        goal,
        also=_condition(workspace, expression, experiment, status, kinds),
        include_archived=archived,
        include_deleted=deleted,
    )


def _remark_unknown(workspace: Workspace, names: Sequence[str]) -> None:
    """Says on stderr which keys no run has: a list by them is in no order, a table of groups a single group."""
    from mlops_store import runs
    from mlops_store.run_columns import TABLES
    from mlops_tui.compare import columns

    for name in names:
        column = columns.column(name.removeprefix("-"), workspace.config.goal)
        if column.table in TABLES and column.key not in (known := runs.keys(workspace.store().read(), column.table)):
            near = nearest(column.key, known)
            output.remark(f"no run has {text.clean(name, 60)!r}{near and f'; {near}'}")


def _typed(workspace: Workspace, expression: str) -> Condition:
    """The condition that a filter stands for; an error shows the place in it."""
    from mlops_tui.compare.condition import condition
    from mlops_tui.compare.tokens import FilterError

    try:
        return condition(expression, goal=workspace.config.goal)
    except FilterError as error:
        place = ""
        if expression.isprintable() and len(expression) < _POINTED:
            place = f"{expression}\n{' ' * error.position}{'^' * max(1, error.length)}\n"
        raise UsageError(f"the filter is not understood: {error.message}", place + error.hint) from error


def _condition(
    workspace: Workspace, expression: str, experiment: str | None, status: str | None, kinds: Sequence[str]
) -> Condition:
    """The condition for the options given."""
    from mlops_store import runs
    from mlops_store.run_conditions import every, plain

    pieces = [_typed(workspace, expression)]
    if experiment is not None:
        known = [found.name for found in runs.experiments(workspace.store().read())]
        if experiment not in known:
            raise NotFound(f"no experiment {experiment!r}", nearest(experiment, known))
        pieces.append(plain("r.experiment_id = (SELECT id FROM experiments WHERE name = ?)", experiment))
    if status is not None:
        pieces.append(plain("r.status = ?", status))
    if kinds:
        pieces.append(plain(f"r.kind IN ({', '.join('?' * len(kinds))})", *kinds))
    return every(pieces)


__all__ = ["asked", "by_option", "experiment_option", "filter_option", "sort_option", "view_argument", "view_option"]
