"""``mlops-tui [PATH]``: opens the dashboard. The only place where the command line loads the interface."""

from __future__ import annotations

import os
import sys

import click

from mlops_store.errors import Refused, UsageError
from mlops_tui.cli.environment import prefer_own_interpreter
from mlops_tui.cli.workspace import Workspace


@click.command(hidden=True)
@click.argument("path", required=False, type=click.Path())
@click.pass_obj
def command(workspace: Workspace, path: str | None = None) -> int:
    """Open the dashboard on the project of PATH."""
    if path is not None:
        if not os.path.isdir(path):
            raise UsageError(f"{path!r} is not a directory", "see: mlops-tui --help")
        workspace = Workspace(path)
    return open_on(workspace)


def open_on(workspace: Workspace) -> int:
    """Opens the dashboard on a project and returns its exit code.

    Raises:
        Refused: There is no terminal to draw on.
        SpecError: ``mlops.toml`` cannot be understood.
    """
    require_terminal()
    config = workspace.config
    prefer_own_interpreter(workspace.project)
    from mlops_tui.ui.app import run

    return run(workspace.project, config)


def require_terminal() -> None:
    """Refuses where no dashboard can be shown.

    Raises:
        Refused: stdin or stdout is not a terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused(
            "the dashboard needs a terminal, stdin and stdout are not one",
            "over ssh add -t; every verb works without: mlops-tui status, mlops-tui --help",
        )
