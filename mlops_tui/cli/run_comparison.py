"""``runs compare``: what differs between runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from mlops_tui.cli import output, shapes, text
from mlops_tui.cli.parameters import json_option, run_argument, run_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.compare.runs import Comparison, MetricRow, Row

_SECTIONS = ("params", "tags", "code", "environment", "data")


@click.command()
@run_argument("names", nargs=-1, required=True)
@run_option("--baseline", help="The run that the others are measured against. [the first]")
@click.option("--all", "with_equal", is_flag=True, help="What is equal as well; JSON always has it.")
@json_option
@click.pass_obj
def compare(
    workspace: Workspace, names: tuple[str, ...], baseline: str | None, with_equal: bool, as_json: bool
) -> None:
    """Compare runs: metrics, params, tags, code, environment and data side by side."""
    from mlops_store import runs
    from mlops_tui.compare import runs as comparisons

    with workspace.store().snapshot() as db:
        chosen = [runs.resolve(db, name) for name in names]
        base = None if baseline is None else runs.resolve(db, baseline)
        found = comparisons.compare(db, chosen, workspace.config, base)
    if as_json:
        output.write_json(_shape(found))
    else:
        _write(found, with_equal)


def _shape(found: Comparison) -> dict[str, Any]:
    now = time.time()
    return {
        "runs": [shapes.run(run, now) for run in found.runs],
        "baseline": found.run_ids[found.baseline],
        "metrics": [
            {
                "key": row.key,
                "goal": row.goal,
                "values": row.values,
                "deltas": row.deltas,
                "best": [found.run_ids[column] for column in sorted(row.best)],
                "is_same": row.is_same,
            }
            for row in found.metrics
        ],
        **{section: getattr(found, section) for section in _SECTIONS},
    }


def _write(found: Comparison, with_equal: bool) -> None:
    titles = [f"{run.name} {text.short(run.run_id)}" for run in found.runs]
    shown = [row for row in found.metrics if with_equal or not row.is_same]
    if shown:
        write_table(("metric", *titles), [_metric_cells(row) for row in shown], right=titles)
    for section in _SECTIONS:
        rows: list[Row] = [row for row in getattr(found, section) if with_equal or not row.is_same]
        if rows:
            output.say()
            cells = [(row.key, *("-" if value is None else value for value in row.values)) for row in rows]
            write_table((section, *titles), cells)
    if not with_equal and not shown and all(row.is_same for section in _SECTIONS for row in getattr(found, section)):
        output.remark("no differences")


def _metric_cells(row: MetricRow) -> tuple[str, ...]:
    """The values, each with its distance from the baseline; the best are starred."""
    cells = []
    for column, value in enumerate(row.values):
        delta = row.deltas[column]
        distance = "" if delta is None else f" ({delta:+.4g})"
        cells.append(f"{text.number(value)}{distance}{' *' if column in row.best else ''}")
    return (row.key, *cells)
