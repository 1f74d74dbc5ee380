"""``mlops-tui loop``: from an alert over a retraining to a promoted version, in the order in which it happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlops_store.errors import UsageError
from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import NUMBER, Noun, json_option, limit_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.registry.loops import Loop


@click.group(cls=Noun)
def command() -> None:
    """Follow alerts to the retraining, candidate, gates, approval and promotion that they led to, and back."""


@command.command("list")
@limit_option
@json_option
@click.pass_obj
def list_(workspace: Workspace, limit: int, as_json: bool) -> None:
    """List what triggers started, newest first, and how far each got."""
    from mlops_tui.registry import loops

    store = workspace.find()
    found = [] if store is None else loops.newest(store.read(), workspace.config, limit=limit)
    if as_json:
        output.write_json_lines(_shape(loop) for loop in found)
        return
    if not found:
        output.remark("no trigger has fired yet; [triggers.NAME] in mlops.toml with drift = MONITOR answers alerts")
        return
    rows = [
        (
            str(loop.firing.id),
            loop.stage,
            loop.firing.trigger,
            ", ".join(f"{model}/{version}" for model, version in loop.firing.versions) or "-",
            text.moment(loop.firing.at),
            loop.firing.reason,
        )
        for loop in found
    ]
    write_table(("loop", "got to", "trigger", "version", "fired", "why"), rows, right=("loop",))


@command.command()
@click.argument("loop", type=NUMBER, required=False)
@click.option("--incident", type=NUMBER, help="The loop that answered this incident.")
@click.option("--alert", type=NUMBER, help="The loop that answered this alert.")
@click.option("--run", metavar="RUN", help="The loop that started this pipeline run.")
@click.option("--version", metavar="MODEL/NUMBER", help="The loop that led to this version.")
@json_option
@click.pass_obj
def show(
    workspace: Workspace,
    loop: int | None,
    incident: int | None,
    alert: int | None,
    run: str | None,
    version: str | None,
    as_json: bool,
) -> None:
    """Show the steps of LOOP, or of the one that something belongs to."""
    from mlops_store import runs
    from mlops_tui.registry import loops

    given = {"loop": loop, "incident": incident, "alert": alert, "run": run, "model": version}
    named = [(kind, value) for kind, value in given.items() if value is not None]
    if len(named) != 1:
        raise UsageError("name one loop, incident, alert, run or version", "mlops-tui loop list shows the loops")
    db = workspace.store().read()
    kind, value = named[0]
    found = loops.find(db, workspace.config, f"{kind}:{runs.resolve(db, run) if kind == 'run' and run else value}")
    if as_json:
        output.write_json({**_shape(found), "steps": found.steps})
        return
    output.write_fields([("loop", f"{found.firing.id}: {found.title}"), ("got to", found.stage)])
    if found.firing.note:
        output.write_fields([("what came of it", found.firing.note)])
    output.say()
    rows = [
        (text.moment(step.at) if step.at is not None else "next", step.kind, step.text, step.state, step.by)
        for step in found.steps
    ]
    write_table(("when", "what", "happened", "", "by"), rows)


def _shape(loop: Loop) -> dict[str, object]:
    firing = loop.firing
    return {
        "loop_id": firing.id,
        "stage": loop.stage,
        "trigger": firing.trigger,
        "fired_at": firing.at,
        "reason": firing.reason,
        "alert_id": firing.alert_id,
        "run_ids": firing.run_ids,
        "proposed_for": firing.stage or None,
        "versions": [{"model": model, "version": version} for model, version in firing.versions],
        "note": firing.note,
    }
