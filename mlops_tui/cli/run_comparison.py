"""``runs compare``: what differs between runs, on the terminal or as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops_tui.cli import pages
from mlops_tui.cli.parameters import json_option, run_argument, run_option
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.compare.report import Report

# The parts of ``compare.report``, written out so that completion and help need not load it; a test keeps them equal.
PARTS = (
    *("metrics", "params", "tags", "code", "environment", "data", "hardware"),
    *("lines", "curves", "seeds", "predictions", "scatter", "parallel", "importance"),
)
FORMATS = ("md", "csv", "json", "html")


@click.command()
@run_argument("names", nargs=-1, required=True)
@run_option("--baseline", help="The run that the others are measured against. [the first]")
@click.option(
    *("--part", "parts"),
    multiple=True,
    type=click.Choice((*PARTS, "all")),
    help="Only this part; may be repeated. [the tables; in md and html all that have something to say]",
)
@click.option("--metric", metavar="KEY", help="The metric of curves and importance. [the most telling]")
@click.option("--x", metavar="KEY", help="The lower axis of the scatter plot: metrics.KEY or params.KEY.")
@click.option("--y", metavar="KEY", help="Its left axis.")
@click.option("--axis", "axes", multiple=True, metavar="KEY", help="An axis of the parallel coordinates.")
@click.option(
    "--align", type=click.Choice(("step", "time", "epoch")), default="step", show_default=True, help="How curves lie."
)
@click.option("--predictions", metavar="NAME", help="Which predictions. [those that most runs have]")
@click.option("--format", "kind", type=click.Choice(FORMATS), help="Write a file of this kind instead of a table.")
@click.option("-o", "--output", "path", type=click.Path(dir_okay=False), metavar="FILE", help="Write it there.")
@click.option("--all", "with_equal", is_flag=True, help="What is equal as well; JSON and CSV always have it.")
@json_option
@click.pass_obj
def compare(
    workspace: Workspace,
    names: tuple[str, ...],
    baseline: str | None,
    parts: tuple[str, ...],
    metric: str | None,
    x: str | None,
    y: str | None,
    axes: tuple[str, ...],
    align: str,
    predictions: str | None,
    kind: str | None,
    path: str | None,
    with_equal: bool,
    as_json: bool,
) -> None:
    """Compare 2 to 200 runs side by side, part by part.

    Tables with a row for each key are metrics, params, tags, code, environment, data and hardware. Further parts: lines
    (commits and uncommitted lines that only one run had), curves, seeds (repeated runs as groups: is a difference
    more than noise?), predictions (what mlops.log_predictions stored, row by row), scatter (two keys; of two metrics
    with the Pareto front), parallel (many keys) and importance (which params matter for a metric).
    """
    kind = pages.kind_of(kind, path, as_json, FORMATS)
    from mlops_store import runs
    from mlops_tui.compare import report as reports
    from mlops_tui.compare import runs as comparisons

    chosen = reports.PARTS if "all" in parts else tuple(part for part in reports.PARTS if part in parts)
    is_page = not parts and kind in ("md", "html")
    wanted = reports.Wanted(
        chosen or (reports.PARTS if is_page else reports.TABLES), metric, x, y, axes, align, predictions
    )
    with workspace.store().snapshot() as db:
        run_ids = [runs.resolve(db, name) for name in names]
        base = None if baseline is None else runs.resolve(db, baseline)
        found = comparisons.compare(db, run_ids, workspace.config, base)
        report = reports.build(
            db, found, wanted, root=workspace.project.root, objects_dir=workspace.project.objects_dir
        )
    if is_page:
        report = reports.without_problems(report)
    elif chosen and set(report.problems) == set(chosen):
        raise next(iter(report.problems.values()))
    _give(report, kind, path, with_equal)


def _give(report: Report, kind: str | None, path: str | None, with_equal: bool) -> None:
    if kind is None:
        from mlops_tui.cli import comparison_text

        comparison_text.write(report, with_equal)
        return
    from mlops_tui.compare import export

    content = export.render(report, kind, with_equal=with_equal)
    pages.put(content, path)
