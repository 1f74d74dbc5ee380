"""The registry as a board of stages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from registry_builders import CONFIG, make_store, make_version

from mlops_store.errors import Refused
from mlops_store.store import Store
from mlops_tui import config
from mlops_tui.registry import aliases, approvals, boards, stages
from mlops_tui.registry.boards import BoardCard

GUARDED = config.parse(
    """
[gates.good]
stage = "staging"
kind = "metric"
metric = "auc"
min = 0.9

[gates.asked]
stage = "staging"
kind = "approval"
"""
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with make_store(tmp_path) as store:
        yield store


def board(store: Store, *words: str, of: config.Config = CONFIG) -> dict[str, list[BoardCard]]:
    """Stage -> its cards."""
    db = store.read()
    return {one.stage: boards.read(db, of, one.numbers) for one in boards.columns(db, of, words)}


def test_every_stage_is_a_column_with_the_newest_arrival_first(store: Store) -> None:
    for _ in range(3):
        make_version(store)
    make_version(store, "price")
    stages.promote(store, CONFIG, "churn", 3, "staging")
    stages.promote(store, CONFIG, "churn", 1, "staging")
    found = board(store)
    assert list(found) == list(CONFIG.registry.stages)
    assert [(card.model, card.version) for card in found["staging"]] == [("churn", 1), ("churn", 3)]
    assert [(card.model, card.version) for card in found["dev"]] == [("price", 1), ("churn", 2)]


def test_a_card_has_the_metric_that_tells_versions_apart_and_its_aliases(store: Store) -> None:
    make_version(store, values={"train/auc": 0.99, "auc": 0.9, "system/cpu": 1.0})
    aliases.set(store, "churn", "champion", 1)
    (card,) = board(store)["dev"]
    assert (card.metric, card.value, card.aliases) == ("auc", 0.9, ("champion",))
    assert (card.next_stage, card.gates_open, card.approval) == ("staging", 0, "")


def test_a_card_says_what_gates_and_people_have_said_of_the_next_stage(store: Store) -> None:
    make_version(store, values={"auc": 0.95})
    (card,) = board(store, of=GUARDED)["dev"]
    assert (card.gates_passed, card.gates_failed, card.gates_open) == (0, 0, 2)
    approvals.act(store, GUARDED, "churn", 1, "staging", "request")
    with pytest.raises(Refused):
        stages.promote(store, GUARDED, "churn", 1, "staging")
    (card,) = board(store, of=GUARDED)["dev"]
    assert (card.gates_passed, card.gates_failed, card.gates_open) == (1, 1, 0)
    assert card.approval == "waiting"


def test_a_board_is_narrowed_by_words_of_models_and_aliases(store: Store) -> None:
    make_version(store), make_version(store, "price")
    aliases.set(store, "price", "Champion", 1)
    assert [card.model for card in board(store, "champ")["dev"]] == ["price"]
    assert [card.model for card in board(store, "chu")["dev"]] == ["churn"]
    assert board(store, "chu", "champ")["dev"] == []


def test_a_stage_that_is_no_longer_configured_keeps_its_column_while_it_is_occupied(store: Store) -> None:
    make_version(store)
    stages.promote(store, CONFIG, "churn", 1, "staging")
    shorter = config.parse('[registry]\nstages = ["dev", "production", "archived"]')
    columns = boards.columns(store.read(), shorter)
    assert [(one.stage, one.is_known) for one in columns][-1] == ("staging", False)
    assert boards.neighbour(shorter.registry, "staging", -1) == "archived"
    assert boards.neighbour(shorter.registry, "dev", -1) == ""


def test_deleted_models_are_not_on_the_board(store: Store) -> None:
    make_version(store), make_version(store, "price")
    with store.write() as db:
        db.execute("UPDATE registered_models SET deleted_at = 1 WHERE name = 'price'")
    assert [card.model for card in board(store)["dev"]] == ["churn"]
