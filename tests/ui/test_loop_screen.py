"""The loop by keys: from an alert to the version that it led to, and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from loop_builders import CONFIG, make_loop
from registry_builders import make_store
from screens import rendered, settled
from textual.pilot import Pilot

from mlops_store.store import Store
from mlops_tui.project import Project
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.screens.base import ProjectScreen


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with make_store(tmp_path) as store:
        yield store


def opened(store: Store, start: str) -> MlopsApp:
    return MlopsApp(Project(str(Path(store.path).parents[1])), CONFIG, start=start)


async def press(pilot: Pilot[int], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


def place(app: MlopsApp) -> str:
    assert isinstance(app.screen, ProjectScreen)
    return str(app.screen.place)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_an_alert_leads_to_its_loop_to_the_version_and_back(store: Store, size: tuple[int, int]) -> None:
    make_loop(store)
    app = opened(store, "drift")
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await press(pilot, "L")
        assert place(app).startswith("loop")
        text = rendered(app)
        assert "age (+1.2 sd)" in text
        assert "churn/1 waits for an approval" in text
        await press(pilot, "2", "G", "enter")
        assert place(app).startswith("version churn/1")
        await press(pilot, "L")
        assert "retrain started a run" in rendered(app)
        await press(pilot, "[", "[")
        assert place(app).startswith("loop")


async def test_one_goes_from_loop_to_loop(store: Store) -> None:
    make_loop(store)
    make_loop(store, accuracy=0.1, batch="2026-11-04.csv")
    app = opened(store, "loop")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert "loop 2 · refused" in rendered(app)
        await press(pilot, "{")
        assert "loop 1 · asked" in rendered(app)
        await press(pilot, "{")
        assert "this is the oldest loop" in rendered(app)
        await press(pilot, "}")
        assert "loop 2 · refused" in rendered(app)


async def test_the_cursor_stands_on_the_loop_that_was_asked_for(store: Store) -> None:
    make_loop(store)
    make_loop(store, accuracy=0.1, batch="2026-11-04.csv")
    app = opened(store, "loop alert:1")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert "loop 1 · asked" in rendered(app)
        await press(pilot, "}")
        assert "loop 2 · refused" in rendered(app)


async def test_a_project_without_loops_says_how_there_come_to_be_some(store: Store) -> None:
    app = opened(store, "loop")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "No trigger has fired yet" in rendered(app)
        assert "asks you" in rendered(app)


async def test_what_belongs_to_no_loop_is_said(store: Store) -> None:
    make_loop(store)
    app = opened(store, "loop alert:77")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "no alert 77" in rendered(app)
