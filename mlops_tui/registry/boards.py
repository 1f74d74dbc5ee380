"""The registry as a board: a column for each stage, the versions in it, and how far each is on its way to the next.

Reads only. Which versions stand where is known at once; what is written on a card is read for those in sight.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_store import boards
from mlops_tui.config import Config, RegistryConfig
from mlops_tui.registry import approvals, key_metrics
from mlops_tui.registry.moves import stage_after


@dataclass(frozen=True, slots=True)
class Column:
    """A stage with the numbers of its versions, the newest arrival first.

    Attributes:
        stage: The stage.
        numbers: The store's own numbers of the versions in it.
        is_known: Whether the configuration (still) has the stage.
    """

    stage: str
    numbers: array[int]
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class BoardCard:
    """A version on the board.

    Attributes:
        number: The store's own number of the version.
        model: The model's name.
        version: Its version.
        stage: Where it stands.
        since: When it came there, Unix seconds.
        created_at: When it was registered, Unix seconds.
        created_by: Who registered it.
        flavor: What kind of model it is.
        aliases: The aliases that name it.
        metric: The key of the metric that tells versions apart best; "" where it has none.
        value: The metric's value.
        next_stage: Where it would go next; "" where no stage follows.
        gates_passed: How many gates of the next stage have let it pass.
        gates_failed: How many have not.
        gates_open: How many have not looked yet.
        approval: Where the approval for the next stage stands: 'waiting', 'approved', 'rejected', 'expired', or "".
    """

    number: int
    model: str
    version: int
    stage: str
    since: float
    created_at: float
    created_by: str
    flavor: str
    aliases: tuple[str, ...]
    metric: str
    value: float | None
    next_stage: str
    gates_passed: int
    gates_failed: int
    gates_open: int
    approval: str


def columns(db: sqlite3.Connection, config: Config, words: Sequence[str] = ()) -> tuple[Column, ...]:
    """A column for each stage in its order, then those of stages that are no longer configured but occupied.

    Args:
        db: A connection.
        config: Names the stages.
        words: Only versions whose model's name or alias has each of these in it, in lower case.
    """
    found = boards.by_stage(db, words)
    known = config.registry.stages
    return (
        *(Column(stage, found.get(stage, array("q"))) for stage in known),
        *(Column(stage, found[stage], is_known=False) for stage in sorted(found.keys() - {*known}) if found[stage]),
    )


def read(db: sqlite3.Connection, config: Config, numbers: Sequence[int]) -> list[BoardCard]:
    """The cards of these numbers in the given order; versions that are gone are left out."""
    found = boards.read(db, numbers)
    keys: dict[str, str] = {}
    for model in {card.model for card in found}:
        of_model = [card.metrics for card in found if card.model == model]
        keys[model] = next(iter(key_metrics.choose(of_model, config, 1)), "")
    return [_card(db, config, card, keys[card.model]) for card in found]


def neighbour(registry: RegistryConfig, stage: str, by: int) -> str:
    """The stage whose column stands right (1) or left (-1) of another's; "" at the end."""
    if stage not in registry.stages:
        return registry.stages[-1] if by < 0 else ""
    place = registry.stages.index(stage) + by
    return registry.stages[place] if 0 <= place < len(registry.stages) else ""


def _card(db: sqlite3.Connection, config: Config, card: boards.Card, key: str) -> BoardCard:
    following = stage_after(config.registry, card.stage)
    gates = config.gates_of(following) if following else ()
    passed, failed = card.gates.get(following, (0, 0)) if gates else (0, 0)
    value = card.metrics.get(key)
    return BoardCard(
        number=card.number,
        model=card.model,
        version=card.version,
        stage=card.stage,
        since=card.since,
        created_at=card.created_at,
        created_by=card.created_by,
        flavor=card.flavor,
        aliases=card.aliases,
        metric=key if value is not None else "",
        value=float(value) if isinstance(value, int | float) else None,
        next_stage=following,
        gates_passed=passed,
        gates_failed=failed,
        gates_open=max(0, len(gates) - passed - failed),
        approval=_approval(db, config, card, following),
    )


def _approval(db: sqlite3.Connection, config: Config, card: boards.Card, stage: str) -> str:
    if not stage or not card.has_requests:
        return ""
    state = approvals.standing(db, approvals.rules(config, stage), card, stage).state
    return state if state in ("waiting", "approved", "rejected", "expired") else ""
