"""``runs list`` and ``runs history``."""

from __future__ import annotations

import time
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence

import click

from mlops_store.errors import UsageError, nearest
from mlops_store.records import Run, RunKind, RunStatus
from mlops_tui.cli import output, run_columns, text
from mlops_tui.cli.parameters import json_option, run_argument
from mlops_tui.cli.run_asked import asked, by_option, experiment_option, filter_option, sort_option, view_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace
from mlops_tui.compare import run_shape
from mlops_tui.compare.columns import is_of_machine

_SHOWN = 50
_WINDOW = 500
_METRIC_COLUMNS = 5
_STATES = click.Choice([status.value for status in RunStatus], case_sensitive=False)
_KINDS = click.Choice([kind.value for kind in RunKind])


@click.command("list")
@filter_option
@sort_option
@click.option("-n", "--limit", type=click.IntRange(min=0), help=f"At most so many, 0 for all. [{_SHOWN}; --json: all]")
@experiment_option
@click.option("--status", type=_STATES, help="Only runs in this state.")
@click.option("--kind", "kinds", multiple=True, type=_KINDS, help="Only runs of this kind; may be repeated.")
@click.option("-m", "--metric", "metrics", multiple=True, metavar="KEY", help="Show this metric; may be repeated.")
@by_option
@view_option
@click.option("--archived", is_flag=True, help="Archived runs as well.")
@click.option("--deleted", is_flag=True, help="Deleted runs as well.")
@json_option
@click.pass_obj
def list_(
    workspace: Workspace,
    expression: str,
    sorts: tuple[str, ...],
    limit: int | None,
    experiment: str | None,
    status: str | None,
    kinds: tuple[str, ...],
    metrics: tuple[str, ...],
    by: tuple[str, ...],
    view: str | None,
    archived: bool,
    deleted: bool,
    as_json: bool,
) -> None:
    """List runs, newest first.

    The filter is MLflow's: metrics.x, params.x, tags.x and attributes, compared, joined by AND; also OR, NOT and
    parentheses, IN, params.x > 3, name ~ 'regex', best(auc) > 0.9, start_time > -7d. Bare words are looked for in
    names, experiments and tags.
    """
    limit = limit if limit is not None else 0 if as_json else _SHOWN
    query = asked(
        workspace,
        view=view,
        expression=expression,
        sorts=sorts,
        by=by,
        experiment=experiment,
        status=status,
        kinds=kinds,
        archived=archived,
        deleted=deleted,
    )
    store = workspace.find()
    if query.is_grouped and store is not None:
        from mlops_tui.cli import run_groups

        with store.snapshot() as db:
            run_groups.write(db, query, metrics, limit, as_json=as_json)
        return
    found = array("q") if store is None else query.ids(store.read())
    window = found[:limit] if limit else found
    now = time.time()
    if as_json:
        output.write_json_lines(run_shape.run(run, now) for run in _records(workspace, window))
    elif window:
        if query.view.columns and not metrics:
            run_columns.write(workspace.store().read(), window, query)
        else:
            _write(list(_records(workspace, window)), metrics, now)
    if not as_json and len(window) < len(found):
        output.remark(f"{len(window)} of {text.count(len(found), 'run')}; --limit 0 shows all")
    elif not as_json and not found:
        output.remark("no runs")


def _records(workspace: Workspace, numbers: array[int]) -> Iterator[Run]:
    """The runs, read window by window, so that a list of any length needs little memory."""
    from mlops_store import runs

    for start in range(0, len(numbers), _WINDOW):
        yield from runs.by_ids(workspace.store().read(), numbers[start : start + _WINDOW])


def _write(records: Sequence[Run], chosen: Sequence[str], now: float) -> None:
    metrics = list(chosen) or _usual_metrics(records)
    titles = ("run", "name", "status", "duration", *metrics, "started", "kind", "experiment")
    rows = [
        (
            text.short(run.run_id),
            run.name,
            run.status.lower(),
            text.duration(run.duration_s(now)),
            *(text.number(run.metrics.get(key)) for key in metrics),
            text.moment(run.started_at),
            run.kind,
            run.experiment,
        )
        for run in records
    ]
    write_table(titles, rows, right=("duration", *metrics))


def _usual_metrics(records: Sequence[Run]) -> list[str]:
    counts = Counter(key for run in records for key in run.metrics if not is_of_machine(key))
    return [key for key, _ in counts.most_common(_METRIC_COLUMNS)]


@click.command()
@run_argument()
@click.argument("key")
@json_option
@click.pass_obj
def history(workspace: Workspace, run: str, key: str, as_json: bool) -> None:
    """Show every value of the metric KEY of a run, by step."""
    from mlops_store import metrics, runs

    with workspace.store().snapshot() as db:
        run_id = runs.resolve(db, run)
        points = metrics.history(db, run_id, key)
        if not points:
            known = runs.get(db, run_id).metrics
            raise UsageError(f"run {run!r} has no metric {key!r}", nearest(key, known) or "it has logged no metrics")
    if as_json:
        output.write_json_lines(point._asdict() for point in points)
    else:
        rows = [(str(point.step), text.moment(point.timestamp), text.number(point.value)) for point in points]
        write_table(("step", "time", key), rows, right=("step", key))
