"""``mlops-tui [PATH]``: opens the dashboard. The only place where the command line loads the interface."""

from __future__ import annotations

import os

import click

from mlops_store.errors import UsageError
from mlops_tui.cli.environment import prefer_own_interpreter
from mlops_tui.cli.workspace import Workspace
from mlops_tui.project import Project


@click.command(hidden=True)
@click.argument("path", required=False, type=click.Path())
@click.pass_obj
def command(workspace: Workspace, path: str | None = None) -> int:
    """Open the dashboard on the project of PATH."""
    if path is not None:
        if not os.path.isdir(path):
            raise UsageError(f"{path!r} is not a directory", "see: mlops-tui --help")
        workspace = Workspace(path)
    return open_on(workspace.project)


def open_on(project: Project) -> int:
    """Opens the dashboard on a project and returns its exit code.

    Raises:
        UsageError: There is no terminal to draw on, or the configuration cannot be understood.
    """
    from mlops_tui.ui.app import run

    prefer_own_interpreter(project)
    return run(project)


def require_terminal() -> None:
    """Refuses where no dashboard can be shown, before anything is made for it.

    Raises:
        UsageError: There is no terminal to draw on.
    """
    from mlops_tui.ui.terminal import require

    require()
