"""Asking for approvals and answering them by keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from registry_builders import make_store, make_version
from screens import rendered, settled
from textual.pilot import Pilot

from mlops_store import audit
from mlops_store.store import Store
from mlops_tui import config
from mlops_tui.project import Project
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.screens.base import ProjectScreen

CONFIG = config.parse('[gates.people]\nkind = "approval"\nfour_eyes = false\nstage = ["staging", "production"]\n')


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with make_store(tmp_path) as store:
        make_version(store)
        make_version(store, "fraud")
        yield store


def opened(store: Store, start: str) -> MlopsApp:
    return MlopsApp(Project(str(Path(store.path).parents[1])), CONFIG, start=start)


async def press(pilot: Pilot[int], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_one_key_asks_and_another_approves(store: Store, size: tuple[int, int]) -> None:
    app = opened(store, "models churn/1")
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await press(pilot, "Q", *"please", "enter")
        assert "0 of 1 approved" in rendered(app)
        assert app.session.commands[-1].line == "mlops-tui models request churn 1 --to staging --reason please"
        await press(pilot, ":", *"approvals", "enter")
        assert "1 waiting" in rendered(app)
        assert "churn v1" in rendered(app)
        await press(pilot, "A", "enter")
        assert "approved by" in rendered(app)
        assert app.session.commands[-1].line == "mlops-tui models approve churn 1 --to staging"
        await press(pilot, "enter")
        assert isinstance(app.screen, ProjectScreen)
        assert app.screen.place.name == "models"


async def test_a_rejection_needs_a_reason(store: Store) -> None:
    app = opened(store, "models fraud/1")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "X", "enter")
        assert "a rejection needs a reason" in rendered(app)
        await press(pilot, *"leaks", "enter")
        assert audit.newest(store.read(), 1)[0].reason == "leaks"
        await press(pilot, ":", *"approvals", "enter")
        assert "Nothing waits for an approval." in rendered(app)
        await press(pilot, "o")
        assert "rejected by" in rendered(app)
        assert "leaks" in rendered(app)


async def test_an_empty_queue_says_how_to_ask_and_has_nothing_to_answer(tmp_path: Path) -> None:
    app = MlopsApp(Project(str(tmp_path)), CONFIG, start="approvals")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "A")
        assert "Nothing waits for an approval." in rendered(app)
        assert "no request to answer" in rendered(app)
