"""``mlops-tui [PATH]``: opens the dashboard. ``opening`` does it."""

from __future__ import annotations

import os

import click

from mlops_store.errors import UsageError
from mlops_tui.cli.opening import is_view, open_on, require_terminal
from mlops_tui.cli.workspace import Workspace


@click.command(hidden=True)
@click.argument("path", required=False, type=click.Path())
@click.pass_obj
def command(workspace: Workspace, path: str | None = None) -> int:
    """Open the dashboard on the project of PATH, or on what another tool keeps there."""
    if path is not None:
        if is_view(path):
            from mlops_tui.cli.view import show

            return show(path)
        if not os.path.isdir(path):
            raise UsageError(f"{path!r} is neither a directory nor a store of another tool", "see: mlops-tui --help")
        workspace = Workspace(path)
    return open_on(workspace.project)


__all__ = ["command", "open_on", "require_terminal"]
