"""``mlops-tui schedule``: the triggers of ``mlops.toml``, and what makes the system look at them."""

from __future__ import annotations

import os
import time

import click

from mlops_tui.cli import output, text, timers
from mlops_tui.cli.parameters import Noun, json_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace


@click.group(cls=Noun)
def command() -> None:
    """List the triggers, export a crontab line or systemd timer."""


@command.command("list")
@json_option
@click.pass_obj
def list_(workspace: Workspace, as_json: bool) -> None:
    """List the triggers: when each fires next, when it fired last and why."""
    from mlops_store import triggers as triggers_store
    from mlops_store.records import TriggerState
    from mlops_tui import cron
    from mlops_tui.pipeline import triggers

    store = workspace.find()
    states = triggers_store.states(store.read()) if store is not None else {}
    now, zone = time.time(), cron.local_zone()
    found = []
    for trigger in workspace.config.triggers.values():
        state = states.get(trigger.name, TriggerState(trigger.name, "", now))
        found.append((trigger, state, triggers.next_time(trigger, states.get(trigger.name), now, zone)))
    if as_json:
        output.write_json_lines(
            {
                "trigger": trigger.name,
                "kind": trigger.kind,
                "schedule": trigger.schedule or None,
                "change": trigger.change,
                "drift": trigger.drift or None,
                "severity": trigger.severity if trigger.drift else None,
                "targets": trigger.targets,
                "force": trigger.force,
                "set": trigger.set,
                "cooldown_s": trigger.cooldown_s,
                "budget": trigger.budget,
                "propose": trigger.propose or None,
                "enabled": trigger.is_enabled,
                "next_at": next_at,
                "fired_at": state.fired_at,
                "run_id": state.run_id or None,
                "reason": state.reason or None,
                "waits_for": state.waits_for or None,
            }
            for trigger, state, next_at in found
        )
        return
    if not found:
        output.remark('mlops.toml has no triggers; for example: [triggers.nightly] with schedule = "0 3 * * *"')
        return
    rows = [
        (
            trigger.name,
            trigger.schedule or ", ".join(trigger.change) or f"{trigger.severity} alert of {trigger.drift}",
            "off" if not trigger.is_enabled else text.moment(next_at) if next_at is not None else "",
            text.moment(state.fired_at) if state.fired_at is not None else "never",
            f"waits: {state.waits_for}" if state.waits_for else state.reason,
        )
        for trigger, state, next_at in found
    ]
    write_table(("trigger", "when", "next", "fired", "why"), rows)


@command.command()
@click.option("--systemd", is_flag=True, help="A service and a timer for systemd instead of a crontab line.")
@click.pass_obj
def export(workspace: Workspace, systemd: bool) -> None:
    """Print what calls 'mlops-tui tick' in this project every minute: a crontab line, or systemd units.

    Nothing is installed, and there is no daemon: 'crontab -e' takes the line.
    """
    root = workspace.project.root
    timers.require_exportable(root)
    for line in timers.systemd_units(root) if systemd else timers.crontab(root):
        output.say(line)
    if not workspace.config.triggers:
        output.remark(
            f"{os.path.basename(workspace.project.config_path)} has no triggers yet: the tick will do nothing"
        )
