"""``models gates``: whether a version would pass the gates of a stage."""

from __future__ import annotations

from collections.abc import Sequence

import click

from mlops_store.gate_verdicts import GateVerdict
from mlops_tui.cli import output, text
from mlops_tui.cli.model_lists import find_version
from mlops_tui.cli.parameters import json_option, model_argument
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace


@click.command()
@model_argument()
@click.argument("version")
@click.option("--to", "to_stage", metavar="STAGE", help="The stage whose gates are checked. [the next one]")
@click.option("--fresh", is_flag=True, help="Check all again, also what has not changed since it was checked.")
@json_option
@click.pass_obj
def gates(workspace: Workspace, model: str, version: str, to_stage: str | None, fresh: bool, as_json: bool) -> int:
    """Check whether VERSION of MODEL passes the gates of a stage; exits 1 when it does not.

    Gates are set up in mlops.toml: [gates.NAME] with kind = "metric", "holder", "latency", "command" …
    """
    from mlops_tui.registry import moves
    from mlops_tui.registry.gates import check

    store, config = workspace.store(), workspace.config
    found = find_version(store.read(), model, version)
    registry = config.registry
    stage = moves.known_stage(registry, to_stage or moves.next_stage(registry, found.model, found.version, found.stage))
    verdicts = check.check(store, config, found.model, found.version, stage, is_fresh=fresh)
    if as_json:
        output.write_json_lines(verdict._asdict() for verdict in verdicts)
    elif verdicts:
        write(verdicts)
    else:
        output.remark(f'{stage} has no gates; mlops.toml sets them up: [gates.NAME] kind = "metric" …')
    return int(bool(check.refused(verdicts)))


def write(verdicts: Sequence[GateVerdict]) -> None:
    """Prints what gates found."""
    rows = [
        (
            verdict.gate,
            verdict.kind,
            verdict.state,
            verdict.message,
            text.moment(verdict.at) if verdict.is_recorded else "now",
        )
        for verdict in verdicts
    ]
    write_table(("gate", "kind", "verdict", "what it found", "checked"), rows)
