"""``models request``, ``approve``, ``reject`` and ``approvals``: asking people before a version goes up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mlops_tui.cli import output, text
from mlops_tui.cli.model_lists import find_version
from mlops_tui.cli.model_signatures import ask_passphrase
from mlops_tui.cli.parameters import json_option, model_argument, reason_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.registry.approvals import Round


def _verb(what: str, help_text: str) -> click.Command:
    """The command that does one of ``approvals.ACTS``."""

    @click.command(what, help=help_text)
    @model_argument()
    @click.argument("version")
    @click.option("--to", "to_stage", metavar="STAGE", help="Where it is to go. [the next stage]")
    @click.option(
        "--key",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        default="",
        help="Sign it with this private key of yours, where the gate asks for that. [$MLOPS_SIGNING_KEY]",
    )
    @reason_option
    @json_option
    @click.pass_obj
    def act(
        workspace: Workspace, model: str, version: str, to_stage: str | None, key: str, reason: str, as_json: bool
    ) -> None:
        from mlops_tui.registry import approvals

        store = workspace.store()
        number = find_version(store.read(), model, version).version
        found = approvals.act(
            store, workspace.config, model, number, to_stage, what, comment=reason, key=key, ask=ask_passphrase
        )
        if as_json:
            output.write_json(_shape(found))
        else:
            name, stage = text.clean(found.model), text.clean(found.stage)
            output.say(f"{name} version {found.version} for {stage}: {found.message}")

    return act


request = _verb("request", "Ask for VERSION of MODEL to be approved for a stage.")
approve = _verb(
    "approve",
    "Approve VERSION of MODEL for a stage; not for who asked or registered it, unless the gate says otherwise.",
)
reject = _verb("reject", "Reject VERSION of MODEL for a stage; --reason says why.")


@click.command()
@click.option("-a", "--all", "everything", is_flag=True, help="Also those answered, expired or done.")
@json_option
@click.pass_obj
def approvals(workspace: Workspace, everything: bool, as_json: bool) -> None:
    """List the versions that wait for an approval, the oldest request first."""
    from mlops_tui.registry import approvals as requests

    store = workspace.find()
    found = [] if store is None else requests.queue(store.read(), workspace.config, everything=everything)
    if as_json:
        output.write_json_lines(map(_shape, found))
    elif found:
        rows = [
            (
                one.model,
                str(one.version),
                one.stage,
                one.state,
                one.requested_by,
                text.moment(one.requested_at),
                one.message,
            )
            for one in found
        ]
        columns = ("model", "version", "stage", "state", "asked by", "since", "where it stands")
        write_table(columns, rows, right=("version",))
    else:
        output.remark("nothing waits for an approval")


def _shape(found: Round) -> dict[str, Any]:
    return {
        "model": found.model,
        "version": found.version,
        "stage": found.stage,
        "state": found.state,
        "requested_by": found.requested_by,
        "requested_at": found.requested_at,
        "approved_by": found.approved_by,
        "needed": found.needed,
        "message": found.message,
        "acts": [
            {
                "act": entry.action.partition(".")[2],
                "by": entry.actor,
                "at": entry.at,
                "reason": entry.reason,
                "key": entry.after.get("key"),
                "ignored": found.ignored.get(entry.id),
            }
            for entry in found.acts
        ],
    }
