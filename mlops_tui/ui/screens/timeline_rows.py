"""What was done to models as rows along time, and one act in full. Pure."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_store.records import AuditEntry
from mlops_tui.registry import acts
from mlops_tui.ui.signs import state_sign
from mlops_tui.ui.text import Cell, CellValue, clean
from mlops_tui.ui.theme import sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.window_table import Row

COLUMNS = (
    Column("day", "day", 10, 10),
    Column("time", "time", 8, 8),
    Column("sign", "", 1, 1),
    Column("what", "what", 36, 200, grows=True),
    Column("by", "by", 3, 20, 2),
    Column("why", "why", 8, 100, 3, grows=True),
)

#: Act -> the state whose sign and tone it has.
_STATES: Mapping[str, str] = {
    "model.register": "new",
    "model.promote": "finished",
    "model.restore": "finished",
    "model.rollback": "warning",
    "model.demote": "killed",
    "model.archive": "skipped",
    "approval.request": "waiting",
    "approval.approve": "ok",
    "approval.reject": "failed",
    "gate.refuse": "failed",
    "traffic.pause": "warning",
    "traffic.resume": "finished",
    "traffic.rollback": "warning",
    "traffic.end": "killed",
}


def row(entry: AuditEntry, before: float | None, now: float, *, has_model: bool) -> Row:
    """An entry; its key is its number.

    Args:
        entry: The entry.
        before: When the entry above it was written: the day is said where it changes.
        now: Unix seconds.
        has_model: Whether to name the model, where there are several.
    """
    model, _ = acts.about(entry)
    day = day_of(entry.at)
    named = "" if before is not None and day_of(before) == day else day_name(entry.at, now)
    return Row(
        entry.id,
        (
            Cell(named, "strong"),
            Cell(time.strftime("%H:%M:%S", time.localtime(entry.at)), "dim"),
            mark(entry),
            (*((Cell(f"{clean(model, 60)}  ", "accent"),) if has_model else ()), *sentence(entry)),
            Cell(entry.actor, "dim"),
            Cell(entry.reason, "dim"),
        ),
    )


def mark(entry: AuditEntry) -> Cell:
    """The sign of an act."""
    if entry.after.get("override"):
        return state_sign("warning")
    state = _STATES.get(entry.action)
    if state is not None:
        return state_sign(state)
    return Cell(sign("alias"), "accent") if entry.action.startswith("alias.") else Cell(sign("dot"), "dim")


def sentence(entry: AuditEntry) -> tuple[Cell, ...]:
    """What was done; an override stands out."""
    said = acts.sentence(entry, sign("arrow"))
    if entry.after.get("override"):
        head, _, rest = said.partition("  (gates overridden")
        return Cell(head), Cell(f"  (gates overridden{rest}", "warning")
    tone = {"gate.refuse": "bad", "approval.reject": "bad", "model.rollback": "warning"}.get(entry.action, "")
    return (Cell(said, tone),)


def day_of(at: float) -> tuple[int, int, int]:
    """The local day of a moment."""
    return time.localtime(at)[:3]


def day_name(at: float, now: float) -> str:
    """A day in ten characters: ``today``, ``Thu Nov 26``, ``2024-11-21``."""
    then, today = time.localtime(at), time.localtime(now)
    if then[:3] == today[:3]:
        return "today"
    return time.strftime("%a %b %d" if then.tm_year == today.tm_year else "%Y-%m-%d", then)


def lines(entry: AuditEntry) -> list[CellValue]:
    """All of an entry: who, when, from where, why, before and after, what gates said, and its hash."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.at))
    origin = "" if entry.origin in ("", "local") else f", from {entry.origin}"
    gates = entry.after.get("gates")
    said = [
        _line("act", Cell(f"{entry.action}  "), Cell(f"entry {entry.id:,}", "dim")),
        _line("on", Cell(entry.subject.partition(":")[2])),
        _line("when", Cell(when), Cell(f"  by {entry.actor} on {entry.host}{origin}", "dim")),
        *([_line("why", Cell(entry.reason))] if entry.reason else []),
        *([_line("before", *_states(entry.before))] if entry.before else []),
        _line("after", *_states(entry.after)),
    ]
    if isinstance(gates, Mapping):
        said.append(_line("gates", *_gates(gates)))
    if entry.after.get("override"):
        said.append(_line("override", Cell(str(entry.after["override"]), "warning")))
    return [*said, _line("hash", Cell(entry.hash, "dim"))]


def _states(state: Mapping[str, Any]) -> Sequence[Cell]:
    kept = {key: value for key, value in state.items() if key not in ("gates", "override")}
    words = [f"{key} {value if isinstance(value, str) else json.dumps(value)}" for key, value in kept.items()]
    return [Cell(", ".join(words))]


def _gates(gates: Mapping[str, Any]) -> list[Cell]:
    found = []
    for name, state in gates.items():
        known = state_sign("ok" if state == "passed" else "error")
        found += [known, Cell(f" {name}  ", "" if state == "passed" else "bad")]
    return found


def _line(label: str, *cells: Cell) -> CellValue:
    return (Cell(label.ljust(10), "dim"), *cells)
