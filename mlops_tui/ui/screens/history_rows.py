"""What was done to a model as rows of a timeline: the entries of the audit log in words. Pure."""

from __future__ import annotations

from mlops_store.records import AuditEntry
from mlops_tui.registry import acts
from mlops_tui.ui import shown
from mlops_tui.ui.text import Cell
from mlops_tui.ui.theme import sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.window_table import Row

COLUMNS = (
    Column("at", "when", 8, 12),
    Column("act", "act", 6, 10),
    Column("what", "what", 20, 120, grows=True),
    Column("by", "by", 3, 24, 1),
    Column("why", "why", 6, 80, 2, grows=True),
)

_TONES = {"promote": "good", "restore": "good", "rollback": "warning", "demote": "warning", "archive": "dim"}


def row(entry: AuditEntry, now: float) -> Row:
    """An entry; its key is its id."""
    noun, _, verb = entry.action.partition(".")
    act = verb if noun == "model" else noun
    origin = "" if entry.origin in ("", "local") else f" from {entry.origin}"
    return Row(
        entry.id,
        (
            Cell(shown.moment(entry.at, now), "dim"),
            Cell(act or entry.action, _TONES.get(verb, "") if noun == "model" else "accent"),
            sentence(entry),
            (Cell(entry.actor), Cell(origin, "dim")),
            Cell(entry.reason, "dim"),
        ),
    )


def sentence(entry: AuditEntry) -> str:
    """What an entry says was changed: ``v4 staging → production, v3 production → archived``."""
    return acts.sentence(entry, sign("arrow"))
