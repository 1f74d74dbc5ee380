"""``mlops-tui drift incidents``: what monitors want a person to see to, and what is done about it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from mlops_store.errors import UsageError
from mlops_store.incident_records import UNRESOLVED
from mlops_store.records import Incident, IncidentState, MonitorReport
from mlops_tui.cli import output, shapes, text
from mlops_tui.cli.parameters import NUMBER, REMARK, Noun, Remark, dry_run_option, json_option
from mlops_tui.cli.table import write_table
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_store.store import Store

#: An act on one incident: by whom, and what is to be said of it.
Act = Callable[[sqlite3.Connection, int, str], Incident]

_numbers = click.argument("numbers", metavar="INCIDENT...", type=NUMBER, nargs=-1, required=True)


@click.group("incidents", cls=Noun, invoke_without_command=True)
@click.option("-a", "--all", "everything", is_flag=True, help="Pending, muted and resolved ones as well.")
@click.option("-m", "--monitor", metavar="NAME", help="Only this monitor's.")
@json_option
@click.pass_context
def command(context: click.Context, everything: bool, monitor: str | None, as_json: bool) -> None:
    """List incidents, or see to them: alerts of one cause in one window or in several.

    Open ones stand first, then those that matter most: by the importance of their columns, by how much these moved,
    and by what that costs.
    """
    if context.invoked_subcommand is not None:
        return
    from mlops_store import incidents

    workspace: Workspace = context.obj
    states = tuple(IncidentState) if everything else UNRESOLVED
    store = workspace.find()
    found = [] if store is None else incidents.ranked(store.read(), states, monitor=monitor)
    if as_json:
        output.write_json_lines(map(shapes.incident, found))
        return
    if not found:
        output.remark("no incidents")
        return
    rows = [
        (
            str(each.id),
            each.severity,
            _state(each),
            each.title,
            text.number(each.score),
            str(each.windows),
            each.last_batch,
            text.moment(each.opened_at),
            each.assignee,
            each.monitor,
        )
        for each in found
    ]
    titles = ("incident", "severity", "state", "what", "score", "windows", "last", "opened", "assigned", "monitor")
    write_table(titles, rows, right=("incident", "score", "windows"))


def told(store: Store, reports: Sequence[MonitorReport]) -> list[str]:
    """One line for each incident that checks opened, opened again or worsened."""
    from mlops_store import incidents

    db = store.read()
    lines = {
        incident.id: f"incident {incident.id} {change}: {text.clean(incident.title)}"
        for report in reports
        for change, incident in incidents.changed_by(db, report.id)
    }
    return list(lines.values())


def _state(incident: Incident) -> str:
    state = str(incident.state)
    if incident.state is IncidentState.SNOOZED:
        state += f" until {text.moment(incident.snoozed_until)}"
    return f"{state}, flapping" if incident.is_flapping else state


@command.command()
@click.argument("number", metavar="INCIDENT", type=NUMBER)
@json_option
@click.pass_obj
def show(workspace: Workspace, number: int, as_json: bool) -> None:
    """Show an incident: what it is ranked by, its alerts, and its history."""
    from mlops_store import alerts, incidents

    db = workspace.store().read()
    found = incidents.get(db, number)
    history = incidents.entries(db, number)
    raised = alerts.alerts(db, tuple(IncidentState), incident=number)
    if as_json:
        shape = shapes.incident(found)
        shape |= {"alerts": list(map(shapes.alert, raised)), "history": list(map(shapes.incident_entry, history))}
        output.write_json(shape)
        return
    output.write_fields(_fields(found))
    output.say()
    rows = [(str(each.id), each.batch, each.kind, each.severity, each.title) for each in raised]
    write_table(("alert", "batch", "kind", "severity", "what"), rows, right=("alert",))
    output.say()
    told = [(text.moment(each.at), each.kind, each.actor, each.message) for each in history]
    write_table(("when", "what", "by", "more"), told)


def _fields(found: Incident) -> list[tuple[str, str]]:
    from mlops_tui.drift.incidents import factors

    span = found.first_batch if found.windows == 1 else f"{found.windows}, {found.first_batch} to {found.last_batch}"
    resolved = f"{text.moment(found.resolved_at)} by {found.resolved_by or 'itself'}" if found.resolved_at else ""
    return [
        ("incident", f"{found.id}: {found.title}"),
        ("monitor", found.monitor),
        ("severity", found.severity),
        ("state", _state(found) + (f" by {found.acknowledged_by}" if found.acknowledged_by else "")),
        ("muted by", found.muted_by),
        ("assigned to", found.assignee),
        ("windows", span),
        ("columns", ", ".join(found.columns)),
        ("score", f"{text.number(found.score)}: {factors.told(found.factors)}" if found.factors else ""),
        ("resolved", resolved),
    ]


def _do(workspace: Workspace, numbers: tuple[int, ...], act: Act, word: str, dry_run: bool, as_json: bool) -> None:
    """Does one act on all incidents or on none, and says what became of each."""
    from mlops_store import processes

    store = workspace.store()
    with store.trial() if dry_run else store.write() as db:
        done = [act(db, number, processes.user()) for number in numbers]
    _say(done, word, dry_run, as_json)


def _say(done: list[Incident], word: str, dry_run: bool, as_json: bool) -> None:
    if as_json:
        output.write_json_lines(map(shapes.incident, done))
        return
    for incident in done:
        output.say(f"incident {incident.id} {'would be ' if dry_run else ''}{word}: {text.clean(incident.title)}")
    if not done:
        output.remark("no open incidents")


@command.command()
@click.argument("numbers", metavar="INCIDENT...", type=NUMBER, nargs=-1)
@click.option("-a", "--all", "every", is_flag=True, help="Every open incident.")
@dry_run_option
@json_option
@click.pass_obj
def ack(workspace: Workspace, numbers: tuple[int, ...], every: bool, dry_run: bool, as_json: bool) -> None:
    """Acknowledge incidents: somebody has seen them."""
    from mlops_store import incidents

    if bool(numbers) == every:
        raise UsageError("name incidents, or --all", "'mlops-tui drift incidents' shows them")
    if every:
        numbers = tuple(each.id for each in incidents.ranked(workspace.store().read(), (IncidentState.OPEN,)))
    _do(workspace, numbers, incidents.acknowledge, "acknowledged", dry_run, as_json)


@command.command()
@_numbers
@click.option("--until", "-u", "until", required=True, metavar="TIME", help="2026-12-01, or for how long: 2h, 3d.")
@dry_run_option
@json_option
@click.pass_obj
def snooze(workspace: Workspace, numbers: tuple[int, ...], until: str, dry_run: bool, as_json: bool) -> None:
    """Put incidents off: they are open again at that time, or when they get worse."""
    from mlops_store import incidents
    from mlops_tui import moments

    try:
        at = moments.ahead(until)
    except ValueError as error:
        raise UsageError(str(error)) from error
    word = f"snoozed until {time.strftime('%Y-%m-%d %H:%M', time.localtime(at))}"
    _do(workspace, numbers, lambda db, number, by: incidents.snooze(db, number, at, by), word, dry_run, as_json)


@command.command()
@click.argument("number", metavar="INCIDENT", type=NUMBER)
@click.option("--kind", default="", metavar="KIND", help="Only alerts of this kind.")
@click.option("--column", default="", metavar="PATTERN", help="Only these columns; * and ? stand for any.")
@dry_run_option
@json_option
@click.pass_obj
def mute(workspace: Workspace, number: int, kind: str, column: str, dry_run: bool, as_json: bool) -> None:
    """Mute an incident by a rule in mlops.toml, by default one for each of its columns."""
    from mlops_store import incidents, processes
    from mlops_tui.drift.incidents import muting

    store = workspace.store()
    rules = muting.rules_for(incidents.get(store.read(), number), kind, column)
    word = f"muted by the rule {', '.join(map(str, rules))}"
    if dry_run:
        with store.trial() as db:
            done = incidents.mute(db, number, ", ".join(map(str, rules)), processes.user())
    else:
        muting.mute(workspace.project, store, number, rules, processes.user())
        done = incidents.get(store.read(), number)
    _say([done], word, dry_run, as_json)


@command.command()
@click.argument("number", metavar="INCIDENT", type=NUMBER)
@dry_run_option
@json_option
@click.pass_obj
def unmute(workspace: Workspace, number: int, dry_run: bool, as_json: bool) -> None:
    """Remove the rules that mute an incident from mlops.toml, and open it again."""
    from mlops_store import incidents, processes
    from mlops_tui.drift.incidents import muting

    store = workspace.store()
    if dry_run:
        with store.trial() as db:
            done = incidents.unmute(db, number, processes.user())
    else:
        muting.unmute(workspace.project, store, number, processes.user())
        done = incidents.get(store.read(), number)
    _say([done], "opened again", dry_run, as_json)


@command.command()
@_numbers
@click.option("--to", "to", default=None, metavar="NAME", help="Who; '' for nobody. [you]")
@dry_run_option
@json_option
@click.pass_obj
def assign(workspace: Workspace, numbers: tuple[int, ...], to: str | None, dry_run: bool, as_json: bool) -> None:
    """Say who sees to incidents."""
    from mlops_store import incidents, processes

    who = processes.user() if to is None else to
    word = f"assigned to {text.clean(who) or 'nobody'}"
    _do(workspace, numbers, lambda db, number, by: incidents.assign(db, number, who, by), word, dry_run, as_json)


@command.command(cls=Remark)
@click.argument("number", metavar="INCIDENT", type=NUMBER)
@click.argument("remark", metavar="REMARK", type=REMARK)
@dry_run_option
@json_option
@click.pass_obj
def comment(workspace: Workspace, number: int, remark: str, dry_run: bool, as_json: bool) -> None:
    """Add a remark to an incident's history."""
    from mlops_store import incidents

    def act(db: sqlite3.Connection, incident_id: int, by: str) -> Incident:
        incidents.comment(db, incident_id, remark, by)
        return incidents.get(db, incident_id)

    _do(workspace, (number,), act, "commented", dry_run, as_json)


@command.command()
@_numbers
@click.option("--reason", default="", metavar="TEXT", help="Why it is over, for its history.")
@dry_run_option
@json_option
@click.pass_obj
def resolve(workspace: Workspace, numbers: tuple[int, ...], reason: str, dry_run: bool, as_json: bool) -> None:
    """Say that incidents are over; the next window that has the cause opens them again."""
    from mlops_store import incidents

    _do(workspace, numbers, lambda db, n, by: incidents.resolve(db, n, by, reason), "resolved", dry_run, as_json)


@command.command()
@_numbers
@dry_run_option
@json_option
@click.pass_obj
def reopen(workspace: Workspace, numbers: tuple[int, ...], dry_run: bool, as_json: bool) -> None:
    """Take an acknowledgement, a snooze or a resolution back."""
    from mlops_store import incidents

    _do(workspace, numbers, incidents.reopen, "opened again", dry_run, as_json)
