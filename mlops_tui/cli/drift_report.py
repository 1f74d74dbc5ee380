"""``mlops-tui drift report``: the check of a window as a page to keep or to send."""

from __future__ import annotations

import click

from mlops_store.errors import NotFound
from mlops_tui.cli import pages, shapes
from mlops_tui.cli.parameters import NUMBER, json_option
from mlops_tui.cli.workspace import Workspace


@click.command()
@click.argument("report", type=NUMBER, required=False)
@click.option("-m", "--monitor", metavar="NAME", help="The newest of this monitor's, where no REPORT is named.")
@click.option("--all", "with_unmoved", is_flag=True, help="The columns that have not drifted as well; JSON has them.")
@pages.format_option
@pages.output_option
@json_option
@click.pass_obj
def report(
    workspace: Workspace,
    report: int | None,
    monitor: str | None,
    with_unmoved: bool,
    kind: str | None,
    path: str | None,
    as_json: bool,
) -> None:
    """Show the check numbered REPORT, the newest by default, as a page: alerts, columns, measures, distributions.

    With -o FILE it is written as Markdown, JSON, or one HTML file that needs nothing else and runs nothing.
    """
    kind = pages.kind_of(kind, path, as_json)
    from mlops_store import alerts, drift
    from mlops_tui.drift import report_page

    db = workspace.store().read()
    if report is None:
        newest = drift.reports(db, monitor, 1)
        if not newest:
            raise NotFound("no reports" + (f" of the monitor {monitor!r}" if monitor else ""), "mlops-tui drift check")
        report = newest[0].id
    found = drift.report(db, report)
    page = report_page.of_report(found, alerts.alerts_of(db, report), with_unmoved=with_unmoved)
    pages.give(page, shapes.report(found, with_columns=True), kind, path)
