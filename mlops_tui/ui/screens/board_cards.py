"""A version as a card of the board. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_tui.registry.boards import BoardCard
from mlops_tui.ui import shown
from mlops_tui.ui.screens import model_rows
from mlops_tui.ui.signs import state_sign
from mlops_tui.ui.text import Cell, clean
from mlops_tui.ui.theme import sign
from mlops_tui.ui.widgets.rows import Row

#: Where an approval stands -> what a card says, and its tone.
_APPROVALS = {
    "waiting": ("asked", "warning"),
    "approved": ("approved", "good"),
    "rejected": ("rejected", "bad"),
    "expired": ("expired", "dim"),
}


def row(card: BoardCard, now: float, *, is_single: bool) -> Row:
    """A card; its key is the store's own number of the version."""
    name = (
        Cell(clean(card.model, 60), "strong"),
        Cell(f" v{card.version}", "good" if is_single else "accent"),
        *model_rows.mark(card.flavor, " "),
    )
    marks, facts = tuple(_marks(card)), tuple(_facts(card, now))
    aliases = tuple(Cell(f" @{clean(alias, 24)}", "accent") for alias in card.aliases)
    # both do not fit beside the name
    lines = ((*name, *marks), (*facts, *aliases)) if marks else ((*name, *aliases), facts)
    return Row(card.number, lines)


def _marks(card: BoardCard) -> Iterator[Cell]:
    """What gates and people have said of the way to the next stage: ``✓2 ✗1 asked``."""
    if card.gates_passed and not card.gates_failed and not card.gates_open:
        yield Cell(f" {state_sign('ok').text}{card.gates_passed}", "good")
    elif card.gates_passed:
        yield Cell(f" {state_sign('ok').text}{card.gates_passed}", "dim")
    if card.gates_failed:
        yield Cell(f" {state_sign('error').text}{card.gates_failed}", "bad")
    if card.approval:
        word, tone = _APPROVALS[card.approval]
        yield Cell(f" {word}", tone)


def _facts(card: BoardCard, now: float) -> Iterator[Cell]:
    if card.metric:
        yield Cell(f"{clean(card.metric, 20)} ", "dim")
        yield Cell(shown.number(card.value))
        yield Cell(f" {sign('dot')} ", "faint")
    yield Cell(age(now - card.since), "dim")


def age(seconds: float) -> str:
    """How long ago in at most four characters: ``now``, ``5m``, ``3h``, ``12d``."""
    minutes = max(0, int(seconds)) // 60
    if minutes < 60:
        return f"{minutes}m" if minutes else "now"
    if minutes < 2880:
        return f"{minutes // 60}h"
    return f"{minutes // 1440}d" if minutes < 1440 * 1000 else f"{minutes // 525600}y"
