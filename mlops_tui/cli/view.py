"""``mlops-tui view``: looks at another tool's store without taking it over."""

from __future__ import annotations

import click

from mlops_tui.cli import output, text
from mlops_tui.cli.opening import open_on, require_terminal
from mlops_tui.cli.parameters import import_kind_option


@click.command()
@click.argument("path", type=click.Path())
@import_kind_option
def command(path: str, kind: str) -> int:
    """Look at the runs of another tool in the dashboard.

    PATH is what 'mlops-tui import' takes. Nothing is written to it or to a project: the runs are copied to a cache,
    which follows PATH while the dashboard is open. 'mlops-tui PATH' does the same.
    """
    return show(path, kind)


def show(path: str, kind: str = "") -> int:
    """Opens the dashboard on another tool's store and returns its exit code; see ``command``.

    Raises:
        UsageError: There is no terminal to draw on, or nothing that could be read.
        Refused: It cannot be read.
    """
    require_terminal()
    from mlops_tui.cli.importing import Progress
    from mlops_tui.interop.viewing import View

    view = View(path, kind)
    with Progress(view.count) as progress:
        report = view.fill(progress.show)
    view.follow()
    try:
        return open_on(view.project, "runs")
    finally:
        view.stop()
        if report.problem_count:
            what = text.count(report.problem_count, "thing")
            output.remark(f"{what} could not be shown; mlops-tui import --dry-run {text.clean(path, 200)} lists them")


__all__ = ["command", "show"]
