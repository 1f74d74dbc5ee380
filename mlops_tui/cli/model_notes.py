"""``models note``: remarks of people on versions."""

from __future__ import annotations

import click

from mlops_store.errors import UsageError
from mlops_tui.cli import output, text
from mlops_tui.cli.model_lists import find_version
from mlops_tui.cli.parameters import REMARK, Remark, json_option, model_argument
from mlops_tui.cli.workspace import Workspace


@click.command(cls=Remark)
@model_argument()
@click.argument("version")
@click.argument("body", metavar="TEXT", type=REMARK)
@json_option
@click.pass_obj
def note(workspace: Workspace, model: str, version: str, body: str, as_json: bool) -> None:
    """Add a note to VERSION of MODEL."""
    from mlops_store import notes, processes

    if not body.strip():
        raise UsageError("the note is empty", "mlops-tui models note MODEL VERSION 'what you found'")
    store = workspace.store()
    found = find_version(store.read(), model, version)
    with store.write() as db:
        added = notes.add(db, f"model:{found.model}/{found.version}", body, processes.user())
    if as_json:
        output.write_json(added)
    else:
        output.say(f"noted on {text.clean(found.model)} version {found.version}")
