"""``mlops-tui events``: what happened, newest first."""

from __future__ import annotations

import click

from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import json_option, limit_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace


@click.command()
@limit_option
@json_option
@click.pass_obj
def command(workspace: Workspace, limit: int, as_json: bool) -> None:
    """Show what happened, newest first."""
    from mlops_store import events

    store = workspace.find()
    found = [] if store is None else events.newest(store.read(), limit)
    if as_json:
        output.write_json_lines(
            {
                "event_id": event.id,
                "at": event.at,
                "kind": event.kind,
                "subject": event.subject,
                "message": event.message,
                "data": event.data,
            }
            for event in found
        )
    elif found:
        rows = [(text.moment(event.at), event.kind, event.message) for event in found]
        write_table(("time", "kind", "what happened"), rows)
    else:
        output.remark("no events")
