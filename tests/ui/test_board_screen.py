"""The board, the timeline and the page of a version, by keys."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from registry_builders import CONFIG, make_store, make_version, stages_of
from screens import rendered, settled
from textual.pilot import Pilot

from mlops_store import audit
from mlops_store.store import Store
from mlops_tui import config
from mlops_tui.config import Config
from mlops_tui.project import Project
from mlops_tui.registry import aliases, approvals, stages
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.screens.board_columns import BoardColumn

GUARDED = config.parse(
    """
[gates.good]
stage = "staging"
kind = "metric"
metric = "auc"
min = 0.9
"""
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Three versions of churn, one of them in production; one of price."""
    with make_store(tmp_path) as store:
        for auc in (0.9, 0.95, 0.8):
            make_version(store, values={"auc": auc}, params={"depth": 3})
        make_version(store, "price", values={"rmse": 3.5})
        stages.promote(store, CONFIG, "churn", 1, "production", reason="the first")
        aliases.set(store, "churn", "champion", 1)
        yield store


def opened(store: Store, place: str, given: Config = CONFIG) -> MlopsApp:
    return MlopsApp(Project(str(Path(store.path).parent.parent)), given, start=place)


async def press(pilot: Pilot[object], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


def folded(app: MlopsApp) -> list[str]:
    return [column.stage for column in app.screen.query(BoardColumn) if column.is_folded]


async def test_the_board_shows_stages_side_by_side_and_folds_those_without_room(store: Store) -> None:
    app = opened(store, "board")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        text = rendered(app)
        assert folded(app) == []
        for said in ("1 dev 3", "3 production 1", "price v1", "auc 0.95", "@champion"):
            assert said in text
        await pilot.resize_terminal(80, 24)
        deadline = time.monotonic() + 20
        while folded(app) != ["archived"]:
            assert time.monotonic() < deadline
            await pilot.pause(0.05)
        await press(pilot, "l", "l", "l")
        assert folded(app) == ["dev"]
        await press(pilot, "1")
        assert folded(app) == ["archived"]


async def test_a_click_goes_to_a_card_and_opens_what_is_folded(store: Store) -> None:
    app = opened(store, "board")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        board = app.screen.board  # type: ignore[attr-defined]
        assert await pilot.click(board.columns[0], offset=(5, 4))
        await settled(pilot)
        assert board.columns[0].cursor == 1
        assert await pilot.click(board.columns[3], offset=(2, 4))
        await settled(pilot)
        assert folded(app) == ["dev"]
        assert board.column.stage == "archived"


async def test_cards_far_down_are_read_when_they_come_in_sight(store: Store) -> None:
    for _ in range(24):
        make_version(store, "late", values={"rmse": 1.25})
    app = opened(store, "board")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "churn v2" not in rendered(app)
        await pilot.press("G")
        deadline = time.monotonic() + 20
        while "churn v2" not in rendered(app) or "auc 0.95" not in rendered(app):
            assert time.monotonic() < deadline
            await pilot.pause(0.05)


async def test_a_key_moves_a_card_to_the_next_stage_and_the_cursor_follows_it(store: Store) -> None:
    app = opened(store, "board churn")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert "price" not in rendered(app)
        await press(pilot, "j", "greater_than_sign")
        assert "dev → staging" in rendered(app)
        await press(pilot, "enter")
        assert stages_of(store)[2] == "staging"
        card = app.screen.board.card  # type: ignore[attr-defined]
        assert (card.version, card.stage) == (2, "staging")
        await press(pilot, "H", "enter")
        assert stages_of(store)[2] == "dev"
        await press(pilot, "less_than_sign")
        assert "no stage is before dev" in rendered(app)


async def test_a_card_that_gates_refuse_stays_and_says_so(store: Store) -> None:
    app = opened(store, "board", GUARDED)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "j", "L", "enter")
        assert "auc 0.8 is under 0.9" in rendered(app)
        await press(pilot, "escape")
        assert stages_of(store)[3] == "dev"


async def test_the_board_follows_what_others_change_and_rests_otherwise(store: Store) -> None:
    app = opened(store, "board")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        with Store(store.path) as other:
            stages.promote(other, CONFIG, "churn", 3, "staging")
        deadline = time.monotonic() + 20
        while "2 staging 1" not in rendered(app):
            assert time.monotonic() < deadline
            await pilot.pause(0.05)


async def test_a_stage_that_is_gone_from_the_configuration_is_shown_while_it_is_occupied(store: Store) -> None:
    app = opened(store, "board", config.parse('[registry]\nstages = ["dev", "staging", "archived"]'))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert "no longer configured" in rendered(app)
        assert "churn v1" in rendered(app)


async def test_an_empty_board_says_how_to_register(tmp_path: Path) -> None:
    app = MlopsApp(Project(str(tmp_path)), CONFIG, start="board")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "No model is registered yet." in rendered(app)
        await press(pilot, "p", "greater_than_sign", "b", "n", "enter", "t", "escape", "y")


# the page of a version


async def test_a_version_is_shown_part_by_part(store: Store) -> None:
    approvals.act(store, GUARDED, "churn", 2, "staging", "request", comment="look\x1b[2J")
    app = opened(store, "version churn/2", GUARDED)
    expected = {
        "1": ("v2 dev", "profile"),
        "2": ("commit", "c0ffee", "depth"),
        "3": ("auc", "0.95", "+0.05", "better", "holder: v1 in production"),
        "4": ("it has no signature",),
        "5": ("good", "has not looked yet"),
        "6": ("waiting", "request", "look"),
        "7": ("model.skops", "16 B"),
        "8": ("asked to go to staging", "registered in dev"),
    }
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        for key, said in expected.items():
            await press(pilot, key)
            for words in said:
                assert words in rendered(app)
        await press(pilot, "c")
        assert "auc 0.95" in rendered(app)  # the gate has looked


async def test_a_version_that_is_not_there_is_named(store: Store) -> None:
    app = opened(store, "version churn/9")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "model 'churn' has no version 9" in rendered(app)
        await press(pilot, "3", "p", "c", "tab", "y")


# the timeline


async def test_the_timeline_is_walked_and_narrowed_by_keys(store: Store) -> None:
    app = opened(store, "timeline")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        text = rendered(app)
        for said in ("today", "v1 dev → production", "the first", "@champion  none → v1", "v3 registered in dev"):
            assert said in text
        assert "alias.set" in text  # the entry under the cursor in full
        await press(pilot, "f")
        assert "@champion" not in rendered(app).split("Entry")[0]
        await press(pilot, "F", "slash", *"price", "enter")
        assert "churn" not in rendered(app).split("Entry")[0]
        await press(pilot, "enter")
        assert "version price/1" in rendered(app)


async def test_days_are_groups_that_keys_jump_between(store: Store) -> None:
    now, day = time.time(), 86_400.0
    with store.write() as db:
        for number, ago in enumerate((3, 3, 2, 1)):
            audit.append(
                db,
                action="model.promote",
                subject="model:old/1",
                before={"stage": "a"},
                after={"stage": f"s{number}"},
                at=now - ago * day,
            )
    app = opened(store, "timeline old")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        pane = app.screen.query_one("TimelinePane")
        keys = list(pane.table.keys)  # type: ignore[attr-defined]
        places = []
        for key in ("right_curly_bracket",) * 3 + ("left_curly_bracket",) * 3:
            await press(pilot, key)
            places.append(keys.index(pane.table.cursor_key))  # type: ignore[attr-defined]
        assert places == [1, 2, 3, 1, 0, 0]
        shown = [line for line in rendered(app).split("Entry")[0].splitlines() if "v1 a → s" in line]
        named = [
            time.strftime("%a %b %d", time.localtime(now - ago * day)) in line
            for ago, line in zip((1, 2, 3, 3), shown, strict=True)
        ]
        assert named == [True, True, True, False]


async def test_a_long_timeline_reads_only_what_is_in_sight(store: Store) -> None:
    with store.write() as db:
        for number in range(3000):
            audit.append(db, action="model.promote", subject=f"model:m{number}/1", after={"stage": "x"})
    app = opened(store, "timeline")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "3,006" in rendered(app)
        await press(pilot, "G")
        assert "v1 registered in dev" in rendered(app)
