"""The audit log on the screen, and the registry at another time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from registry_builders import CONFIG, log_model, make_run, make_store
from screens import rendered, settled
from textual.pilot import Pilot

from mlops_store.store import Store
from mlops_tui.project import Project
from mlops_tui.registry import aliases, stages, versions
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.screens.base import ProjectScreen


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with make_store(tmp_path) as store:
        for name in ("churn", "churn", "fraud"):
            run_id = make_run(store)
            log_model(store, run_id)
            versions.register(store, CONFIG, name, run_id=run_id)
        stages.promote(store, CONFIG, "churn", 1, "production", reason="the [first] one")
        stages.promote(store, CONFIG, "churn", 2, "production", reason="better")
        aliases.set(store, "churn", "champion", 2)
        yield store


def opened(store: Store, start: str) -> MlopsApp:
    return MlopsApp(Project(str(Path(store.path).parents[1])), CONFIG, start=start)


async def press(pilot: Pilot[int], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
    await settled(pilot)


def line_of(app: MlopsApp, *words: str) -> str:
    return next((line for line in rendered(app).splitlines() if all(word in line for word in words)), "")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_log_shows_each_act_and_that_it_is_intact(store: Store, size: tuple[int, int]) -> None:
    app = opened(store, "audit")
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        assert line_of(app, "v2 dev → production")
        assert "intact up to entry 6" in rendered(app)


async def test_words_narrow_the_log(store: Store) -> None:
    app = opened(store, "audit")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "/", *"fraud", "enter")
        assert line_of(app, "v1 registered in dev")
        assert not line_of(app, "production")
        await press(pilot, "escape")
        assert line_of(app, "production")


async def test_a_log_that_was_edited_is_named_broken_when_it_is_verified(store: Store) -> None:
    app = opened(store, "audit")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        with sqlite3.connect(store.path) as db:
            db.execute("DROP TRIGGER audit_no_update")
            db.execute("UPDATE audit SET actor = 'mallory' WHERE id = 4")
        db.close()
        await press(pilot, "V")
        assert "BROKEN: entry 4 is not as it was written" in rendered(app)


async def test_an_empty_project_says_what_would_be_there(tmp_path: Path) -> None:
    for start, words in (("audit", "Nothing is recorded yet."), ("past", "Nothing is registered yet.")):
        app = MlopsApp(Project(str(tmp_path)), CONFIG, start=start)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await press(pilot, "comma", "full_stop")
            assert words in rendered(app)


async def test_from_an_entry_one_goes_to_the_model_and_to_that_time(store: Store) -> None:
    app = opened(store, "audit")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "j", "t")
        assert isinstance(app.screen, ProjectScreen)
        assert str(app.screen.place) == "past #5"
        assert line_of(app, "churn", "v2", "production")
        await press(pilot, "escape", "enter")
        assert app.screen.place.name == "models"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_time_is_walked_act_by_act_in_both_directions(store: Store, size: tuple[int, int]) -> None:
    app = opened(store, "past")
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        assert "act 6 of 6" in rendered(app)
        assert line_of(app, "churn", "v2", "production", "@champion")
        await press(pilot, "comma", "comma")
        assert "act 4 of 6" in rendered(app)
        assert line_of(app, "churn", "v1", "production")
        assert line_of(app, "churn", "v2", "dev")
        assert "the [first] one" in rendered(app)
        await press(pilot, "full_stop")
        assert line_of(app, "→", "churn", "v1", "archived")
        await press(pilot, *["comma"] * 9)
        assert "before the first act" in rendered(app)
        await press(pilot, *["full_stop"] * 9)
        assert "act 6 of 6" in rendered(app)


async def test_a_time_can_be_typed_and_a_wrong_one_is_said(store: Store) -> None:
    app = opened(store, "models")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "t", "t", *"yesterdy", "enter")
        assert "is no point in time" in rendered(app)
        await press(pilot, *["backspace"] * 8, *"-1h", "enter")
        assert "before the first act" in rendered(app)
        await press(pilot, "t", *"now", "enter")
        assert "act 6 of 6" in rendered(app)


async def test_a_wrong_time_in_a_jump_is_said_in_the_pane(store: Store) -> None:
    app = opened(store, "past whenever")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "'whenever' is no point in time" in rendered(app)
