"""Loops and their steps as rows. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_tui.registry.loops import Loop, Step
from mlops_tui.ui import shown
from mlops_tui.ui.signs import state_sign
from mlops_tui.ui.text import Cell
from mlops_tui.ui.theme import sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.window_table import Row

LOOPS = (
    Column("sign", "", 1, 1),
    Column("stage", "got to", 8, 10),
    Column("version", "version", 6, 24, 1),
    Column("at", "fired", 8, 12),
    Column("why", "why", 16, 300, 2, grows=True),
)
STEPS = (
    Column("at", "when", 8, 12),
    Column("sign", "", 1, 1),
    Column("kind", "what", 5, 9, 1),
    Column("text", "happened", 24, 400, grows=True),
    Column("by", "by", 3, 20, 2),
)
#: How far a loop got -> the state whose sign it has.
_STATES = {
    "running": "running",
    "failed": "failed",
    "no version": "skipped",
    "refused": "failed",
    "made": "new",
    "asked": "waiting",
    "rejected": "failed",
    "approved": "ok",
    "promoted": "finished",
}


def loop(found: Loop, now: float) -> Row:
    """A loop; its key is the firing's number."""
    versions = ", ".join(f"{model}/{version}" for model, version in found.firing.versions)
    return Row(
        found.firing.id,
        (
            state_sign(_STATES[found.stage]),
            found.stage,
            Cell(versions or "–", "accent" if versions else "dim"),
            Cell(shown.moment(found.firing.at, now), "dim"),
            found.title,
        ),
    )


def steps(found: Sequence[Step], now: float) -> list[Row]:
    """The steps; keys are their places."""
    return [
        Row(
            place,
            (
                Cell("next", "waiting") if step.at is None else Cell(shown.moment(step.at, now), "dim"),
                state_sign(step.state),
                Cell(step.kind, "dim"),
                Cell(step.text.replace(" -> ", f" {sign('arrow')} "), "strong")
                if step.kind in ("stage", "next")
                else step.text,
                Cell(step.by, "dim"),
            ),
        )
        for place, step in enumerate(found)
    ]
