"""``mlops-tui tick``: fires the triggers that are due, for cron, systemd, or by hand."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mlops_tui.cli import drift_notices, output, text
from mlops_tui.cli.environment import prefer_own_interpreter
from mlops_tui.cli.parameters import dry_run_option, json_option
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_tui.pipeline.firing import Outcome


@click.command()
@dry_run_option
@json_option
@click.pass_obj
def command(workspace: Workspace, dry_run: bool, as_json: bool) -> None:
    """Fire the triggers that are due, send what monitors have to tell, and return at once; runs go on by themselves.

    'mlops-tui schedule export' prints what calls this every minute.
    """
    from mlops_tui.pipeline import firing

    outcomes: list[Outcome] = []
    if workspace.config.triggers:
        prefer_own_interpreter(workspace.project)
        outcomes = firing.tick(workspace.project, workspace.create(), workspace.config, dry_run=dry_run)
    sent = [] if dry_run else drift_notices.send(workspace)
    if as_json:
        output.write_json_lines(outcomes)
        return
    for outcome in outcomes:
        output.say(told(outcome))
    for delivery in sent:
        output.say(drift_notices.told(delivery))
    if not outcomes and not sent and sys.stderr.isatty():  # cron mails whatever is written
        output.remark("nothing is due" if workspace.config.triggers else "mlops.toml has no triggers")


def told(outcome: Outcome) -> str:
    """One line about a trigger that was due."""
    if outcome.run_id:
        what = f"started {outcome.run_id}"
    elif outcome.waits_for:
        what = f"waits: {outcome.waits_for}"
    else:
        what = "would start a run"
    return text.clean(f"{outcome.trigger}: {what} ({outcome.reason})", 2000)
