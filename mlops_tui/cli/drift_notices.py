"""``mlops-tui drift notices``: what monitors told whom, and trying it."""

from __future__ import annotations

import click

from mlops_store.errors import NotFound, UsageError, nearest
from mlops_store.records import Delivery
from mlops_tui.cli import output, text
from mlops_tui.cli.parameters import Noun, json_option, limit_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace


@click.group("notices", cls=Noun)
def command() -> None:
    """List what monitors told by command, webhook or Apprise; send a test."""


@command.command("list")
@click.option("-m", "--monitor", metavar="NAME", default="", help="Only this monitor's.")
@limit_option
@json_option
@click.pass_obj
def list_(workspace: Workspace, monitor: str, limit: int, as_json: bool) -> None:
    """List what was told, the newest first; what failed is tried again by 'mlops-tui tick' and the dashboard."""
    from mlops_store import deliveries

    store = workspace.find()
    found = [] if store is None else deliveries.newest(store.read(), monitor=monitor, limit=limit)
    if as_json:
        output.write_json_lines(found)
    elif found:
        write(found)
    else:
        output.remark("nothing was told")


@command.command()
@click.argument("monitor")
@json_option
@click.pass_obj
def test(workspace: Workspace, monitor: str, as_json: bool) -> int:
    """Send a message that says it is a test by every way of MONITOR; exits 1 when one does not take it."""
    from mlops_tui.drift import actions

    found = workspace.config.monitors.get(monitor)
    if found is None:
        raise NotFound(f"no monitor {monitor!r}", nearest(monitor, workspace.config.monitors))
    if not found.actions.channels:
        raise UsageError(
            f"monitors.{monitor} tells nobody",
            f'add [monitors.{monitor}.actions] with notify = ["env:ALERT_URL"], webhook = "…" or command = ["…"]',
        )
    outcomes = actions.test(workspace.project, found)
    if as_json:
        output.write_json_lines({"channel": channel, "error": error or None} for channel, error in outcomes)
    for channel, error in () if as_json else outcomes:
        output.say(f"{channel}: {text.clean(error) if error else 'taken'}")
    return int(any(error for _, error in outcomes))


def send(workspace: Workspace) -> list[Delivery]:
    """Sends what is due."""
    if not any(monitor.actions.channels for monitor in workspace.config.monitors.values()):
        return []
    from mlops_tui.drift import actions

    return actions.send(workspace.project, workspace.create(), workspace.config)


def told(delivery: Delivery) -> str:
    """One line about what was sent or failed."""
    what = "told" if delivery.state == "sent" else f"{delivery.state}: {delivery.error}"
    return text.clean(f"{delivery.monitor}: {what} by {delivery.channel} (report {delivery.report_id})", 500)


def write(found: list[Delivery]) -> None:
    """Prints deliveries."""
    rows = [
        (
            text.moment(each.at),
            each.monitor,
            each.channel,
            str(each.report_id),
            ", ".join(map(str, each.alert_ids)),
            each.state,
            str(each.attempts),
            text.moment(each.next_at) if each.next_at is not None else "",
            each.error,
        )
        for each in found
    ]
    titles = ("at", "monitor", "by", "report", "alerts", "state", "tries", "again", "why")
    write_table(titles, rows, right=("report", "tries"))
