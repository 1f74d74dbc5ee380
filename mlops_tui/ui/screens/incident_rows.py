"""Incidents as rows of a list, and their history as lines of text. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_store.records import Incident, IncidentEntry, IncidentState
from mlops_tui.drift.incidents import factors
from mlops_tui.ui import shown
from mlops_tui.ui.text import Cell, CellValue, clean
from mlops_tui.ui.theme import sign, state_cell, state_sign, state_word
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.window_table import Row

COLUMNS = (
    Column("severity", "severity", 10, 10),
    Column("title", "what", 34, 200, grows=True),
    Column("batch", "newest batch", 14, 30, is_cut_within=True),
    Column("windows", "in", 3, 5, 3, right=True),
    Column("state", "state", 4, 18, 2),
    Column("opened", "opened", 8, 12, 4),
    Column("score", "score", 5, 6, 5, right=True),
    Column("assignee", "assigned", 6, 16, 6),
    Column("monitor", "monitor", 6, 16, 7),
)


def columns(incidents: Sequence[Incident]) -> tuple[Column, ...]:
    """The columns of a list; those that would say the same of every incident are left to the titles."""
    needless = {
        "assignee": not any(incident.assignee for incident in incidents),
        "monitor": len({incident.monitor for incident in incidents}) < 2,
    }
    return tuple(column for column in COLUMNS if not needless.get(column.key))


def row(incident: Incident, names: Sequence[str], folder: str, now: float) -> Row:
    """An incident of the inbox; its key is its id.

    Args:
        incident: The incident.
        names: The columns that are shown.
        folder: What is left out of the batch's path.
        now: Unix seconds.
    """
    is_open = incident.state is IncidentState.OPEN
    tone = "" if is_open else "dim"
    severity = state_cell(incident.severity)
    cells = {
        "severity": severity if is_open else Cell(severity.text, "dim"),
        "title": Cell(incident.title, tone),
        "batch": Cell(incident.last_batch.removeprefix(folder), tone),
        "windows": Cell(f"{incident.windows}", tone),
        "state": Cell(state(incident, now), tone),
        "opened": Cell(shown.moment(incident.opened_at, now), "dim"),
        "score": Cell(f"{incident.score:.2g}" if incident.score < 99.5 else f"{incident.score:.0f}", tone),
        "assignee": Cell(incident.assignee, tone),
        "monitor": Cell(incident.monitor, "dim"),
    }
    return Row(incident.id, tuple(cells[name] for name in names))


def overview_row(incident: Incident) -> Row:
    """An incident in a small list."""
    is_open = incident.state is IncidentState.OPEN
    mark = state_sign(incident.severity)
    many = f"{incident.windows} windows" if incident.windows > 1 else ""
    return Row(
        incident.id,
        (
            mark if is_open else Cell(mark.text, "dim"),
            Cell(incident.title, "" if is_open else "dim"),
            Cell(many, "dim"),
            Cell(shown.moment(incident.opened_at), "dim"),
        ),
    )


def state(incident: Incident, now: float) -> str:
    """Where it is, who did that or until when, and whether it flaps."""
    word = state_word(incident.state)
    if incident.is_flapping and incident.state is not IncidentState.RESOLVED:
        word = f"{word}, flaps" if incident.state is not IncidentState.OPEN else "flaps"
    if incident.state is IncidentState.ACKNOWLEDGED:
        return f"{word} {incident.acknowledged_by}".rstrip()
    if incident.state is IncidentState.SNOOZED and incident.snoozed_until is not None:
        return f"{word} to {shown.moment(incident.snoozed_until, now)}"
    if incident.state is IncidentState.RESOLVED:
        return f"{word} {incident.resolved_by or 'by itself'}"
    return word


def texts(incident: Incident) -> tuple[str, ...]:
    """What a filter finds an incident by."""
    return (
        *(incident.severity, incident.title, incident.last_batch, incident.monitor, *incident.kinds),
        *(*incident.columns, incident.state, incident.assignee, incident.acknowledged_by),
        "flapping" if incident.is_flapping else "",
    )


def details(incident: Incident, entries: Sequence[IncidentEntry], now: float) -> list[CellValue]:
    """All that is known of an incident: what it is ranked by, and its history."""
    span = incident.last_batch
    if incident.windows > 1:
        span = f"{incident.windows} windows, {incident.first_batch} {sign('arrow')} {incident.last_batch}"
    facts = [
        ("state", state(incident, now)),
        ("seen in", span),
        ("columns", clean(", ".join(incident.columns), 400)),
        ("kinds", ", ".join(incident.kinds)),
        ("score", f"{incident.score:.3g}: {factors.told(incident.factors)}" if incident.factors else ""),
        ("muted by", clean(incident.muted_by, 200)),
        ("assigned", clean(incident.assignee, 60)),
    ]
    lines: list[CellValue] = [(state_cell(incident.severity), Cell(f"  {clean(incident.title, 300)}", "strong")), ""]
    lines += [(Cell(f"{name:<9}", "dim"), Cell(value)) for name, value in facts if value]
    lines += ["", Cell("History", "title")]
    for entry in entries:
        who = f" {clean(entry.actor, 40)}" if entry.actor else ""
        lines.append(
            (
                Cell(f"{shown.moment(entry.at, now):<12} ", "dim"),
                Cell(f"{entry.kind}{who}", "accent" if entry.kind == "commented" else ""),
                Cell(f"  {clean(entry.message, 400)}", "" if entry.kind == "commented" else "dim"),
            )
        )
    return lines
