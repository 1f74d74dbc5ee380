"""Acts on incidents: acknowledge, snooze, mute, assign, comment, resolve, reopen. A command does each as well."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mlops_store import incidents, processes
from mlops_store.records import Incident, IncidentState
from mlops_tui import moments
from mlops_tui.config.alerting import MuteRule
from mlops_tui.ui import shown
from mlops_tui.ui.messages import Did
from mlops_tui.ui.screens.acts import perform, store_of
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell, CellValue, clean
from mlops_tui.ui.widgets.dialog import Ask, Choose, Option

if TYPE_CHECKING:
    from mlops_store.store import Store
    from mlops_tui.config.editing import Edit
    from mlops_tui.project import Project

Act = Callable[[sqlite3.Connection, int, str], object]

#: Incidents named in a question before the rest is counted.
LISTED = 6
_SNOOZES = (
    *(("1h", "one hour"), ("4h", "four hours"), ("tomorrow", "until midnight"), ("3d", "three days")),
    ("7d", "a week"),
)


def acknowledge(screen: ProjectScreen, chosen: Sequence[Incident]) -> None:
    """Marks those that are open or put off as seen."""
    unseen = [each for each in chosen if each.state in (IncidentState.OPEN, IncidentState.SNOOZED)]
    if not unseen:
        screen.remark("acknowledged already" if chosen else "no incident to acknowledge", "dim")
        return
    _perform(screen, unseen, incidents.acknowledge, ("ack",), f"{words(unseen)} acknowledged")


def snooze(screen: ProjectScreen, chosen: Sequence[Incident]) -> None:
    """Asks until when, and puts them off."""
    if not _has_any(screen, chosen):
        return

    def answered(key: str | None) -> None:
        if key == "other":
            hint = "2h, 3d, 17:00, 2026-12-01"
            screen.app.push_screen(Ask(f"Snooze {words(chosen)} until", hint=hint, check=_moment_problem), put_off)
        else:
            put_off(key)

    def put_off(text: str | None) -> None:
        if text:
            until = moments.ahead(text)
            told = f"{words(chosen)} snoozed until {shown.moment(until)}"
            _perform(
                screen, chosen, lambda db, n, by: incidents.snooze(db, n, until, by), ("snooze", "--until", text), told
            )

    options = [Option(key, key, Cell(note, "dim")) for key, note in _SNOOZES]
    options.append(Option("other", "another time …", Cell("is asked for", "dim")))
    screen.app.push_screen(Choose(f"Snooze {words(chosen)}", options, lines=lines(chosen)), answered)


def _moment_problem(text: str) -> str:
    try:
        moments.ahead(text)
    except ValueError as error:
        return clean(str(error), 100)
    return ""


def mute(screen: ProjectScreen, incident: Incident | None) -> None:
    """Asks by which rule, and writes that to ``mlops.toml``; a muted incident is heard again."""
    if incident is None or not _has_any(screen, [incident]):
        return
    if incident.state is IncidentState.MUTED:
        perform(screen, lambda: _unmute(screen.session, incident))
        return
    rules: dict[str, list[MuteRule]] = {}
    if len(incident.columns) > 1:
        rules["all"] = [MuteRule(column=name) for name in incident.columns]
    rules |= {f"column {name}": [MuteRule(column=name)] for name in incident.columns}
    rules |= {f"kind {name}": [MuteRule(kind=name)] for name in incident.kinds}

    def answered(key: str | None) -> None:
        if key is not None:
            perform(screen, lambda: _mute(screen.session, incident, rules[key]))

    options = []
    for key, made in rules.items():
        label = f"its {len(made)} columns" if key == "all" else clean(key, 50)
        note = "whatever is found of it" if made[0].column else "whatever columns it speaks of"
        options.append(Option(key, label, Cell(note, "dim")))
    told = [*lines([incident]), "", Cell("A rule in mlops.toml: nobody is told of it in later windows.", "dim")]
    screen.app.push_screen(Choose("Mute by rule", options, lines=told), answered)


def _mute(session: Session, incident: Incident, rules: Sequence[MuteRule]) -> Did:
    from mlops_tui.drift.incidents import muting

    store = store_of(session)
    edit = muting.mute(session.project, store, incident.id, rules, processes.user())
    options = _options(rules[0]) if len(rules) == 1 else []
    told = f"muted by {clean(', '.join(map(str, rules)), 60)} · u undoes"
    return Did(
        _command("mute", str(incident.id), *options), lambda: _undo(session.project, store, edit, incident), told
    )


def _options(rule: MuteRule) -> list[str]:
    return [*(("--kind", rule.kind) if rule.kind else ()), *(("--column", rule.column) if rule.column else ())]


def _unmute(session: Session, incident: Incident) -> Did:
    from mlops_tui.drift.incidents import muting

    store = store_of(session)
    edit = muting.unmute(session.project, store, incident.id, processes.user())
    told = f"incident {incident.id} is heard again · u undoes"
    return Did(_command("unmute", str(incident.id)), lambda: _undo(session.project, store, edit, incident), told)


def _undo(project: Project, store: Store, edit: Edit, before: Incident) -> None:
    """Brings back both the rules in ``mlops.toml`` and the incident."""
    from mlops_tui.config import editing

    editing.undo(project, edit)
    with store.write() as db:
        incidents.put_back(db, before, processes.user())


def assign(screen: ProjectScreen, chosen: Sequence[Incident]) -> None:
    """Asks who sees to them."""
    if not _has_any(screen, chosen):
        return

    def answered(name: str | None) -> None:
        if name is not None:
            who = name.strip()
            told = f"{words(chosen)} assigned to {clean(who, 40) or 'nobody'}"
            _perform(screen, chosen, lambda db, n, by: incidents.assign(db, n, who, by), ("assign", "--to", who), told)

    begin = chosen[0].assignee or processes.user()
    told = [*lines(chosen), "", Cell("an empty line assigns to nobody", "dim")]
    screen.app.push_screen(Ask(f"Assign {words(chosen)} to", begin, lines=told, hint="a name"), answered)


def comment(screen: ProjectScreen, incident: Incident | None) -> None:
    """Asks for a line and adds it to the history."""
    if incident is None or not _has_any(screen, [incident]):
        return

    def answered(text: str | None) -> None:
        if text and text.strip():
            perform(screen, lambda: _comment(screen.session, incident, text.strip()))

    title = f"Comment on incident {incident.id}"
    screen.app.push_screen(Ask(title, lines=lines([incident]), hint="what you found"), answered)


def _comment(session: Session, incident: Incident, text: str) -> Did:
    store = store_of(session)
    with store.write() as db:
        entry_id = incidents.comment(db, incident.id, text, processes.user())

    def undo() -> None:
        with store.write() as db:
            incidents.delete_entry(db, entry_id)

    return Did(_command("comment", str(incident.id), text), undo, f"noted on incident {incident.id}")


def resolve(screen: ProjectScreen, chosen: Sequence[Incident]) -> None:
    """Says that they are over; those that are so already are opened again."""
    if not _has_any(screen, chosen):
        return
    if all(each.state is IncidentState.RESOLVED for each in chosen):
        _perform(screen, chosen, incidents.reopen, ("reopen",), f"{words(chosen)} opened again")
        return
    unresolved = [each for each in chosen if each.state is not IncidentState.RESOLVED]
    _perform(screen, unresolved, incidents.resolve, ("resolve",), f"{words(unresolved)} resolved · u undoes")


def _has_any(screen: ProjectScreen, chosen: Sequence[Incident]) -> bool:
    if not chosen:
        screen.remark("no incident is chosen", "dim")
    return bool(chosen)


def words(chosen: Sequence[Incident]) -> str:
    """The number of the only one, else how many."""
    return f"incident {chosen[0].id}" if len(chosen) == 1 else shown.count(len(chosen), "incident")


def lines(chosen: Sequence[Incident]) -> list[CellValue]:
    """The first ones, and how many more."""
    told: list[CellValue] = [(Cell(f"{each.id}  ", "dim"), Cell(clean(each.title, 90))) for each in chosen[:LISTED]]
    if len(chosen) > LISTED:
        told.append(Cell(f"and {len(chosen) - LISTED} more", "dim"))
    return told


def _perform(screen: ProjectScreen, chosen: Sequence[Incident], act: Act, command: Sequence[str], notice: str) -> None:
    numbers = [each.id for each in chosen]
    line = _command(command[0], *map(str, numbers), *command[1:])
    perform(screen, lambda: do(screen.session, numbers, act, line, notice))


def do(session: Session, numbers: Sequence[int], act: Act, command: str, notice: str) -> Did:
    """Does an act on all of some incidents or on none; runs in a thread.

    Raises:
        NotFound: One of them does not exist.
        Refused: One of them is in no state for it; then nothing is done.
    """
    store = store_of(session)

    def undo() -> None:
        with store.write() as db:
            for incident in before:
                incidents.put_back(db, incident, processes.user())

    with store.write() as db:
        before = [incidents.get(db, number) for number in numbers]
        for number in numbers:
            act(db, number, processes.user())
    return Did(command, undo, notice)


def _command(*arguments: str) -> str:
    return shlex.join(["mlops-tui", "drift", "incidents", *arguments])
