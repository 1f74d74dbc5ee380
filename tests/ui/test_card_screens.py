"""A card, and the difference of two versions, as pages of the dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from card_builders import make_described
from registry_builders import CONFIG, make_store
from screens import rendered, settled
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from mlops_store import audit, card_texts
from mlops_store.store import Store
from mlops_tui.cards import differences
from mlops_tui.project import Project
from mlops_tui.registry import card_texts as rules
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.loading import reload_all
from mlops_tui.ui.screens.folded_pages import CardPane
from mlops_tui.ui.widgets.folding_text import FoldingText

HOSTILE = "[bold]x[/] [/] \x1b[31mred"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Two versions of churn on different data, everything measured; nothing here writes on the second card but one."""
    with make_store(tmp_path_factory.mktemp("project")) as store:
        make_described(store)
        make_described(store, shift=20.0)
        rules.edit(store, "churn", 1, "limits", f"weak\n{HOSTILE}")
        differences.measure(store, CONFIG, "churn", 1, 2)
        yield store


def opened(store: Store, place: str) -> MlopsApp:
    return MlopsApp(Project(str(Path(store.path).parent.parent)), CONFIG, start=place)


async def press(pilot: Pilot[object], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


async def test_a_card_is_read_part_by_part(measured: Store) -> None:
    app = opened(measured, "card churn/1")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        text = app.screen.query_one(FoldingText)
        assert "▾ Model" in rendered(app)
        await press(pilot, "z")
        shown = rendered(app)
        for title in ("Model", "Limits", "Evaluation", "What its predictions hang on", "Drift baseline", "Energy"):
            assert f"› {title}" in shown
        while text.current != "Limits":
            await press(pilot, "tab")
        await press(pilot, "enter")
        assert "weak [bold]x[/] [/] ␛[31mred" in rendered(app)
        await press(pilot, "z", "z", "G")
        assert "1.5 Wh" in rendered(app)
        assert app.screen.copy_text()[0] == "models:/churn/1"


async def test_a_section_is_written_taken_back_and_reviewed_by_keys(measured: Store) -> None:
    app = opened(measured, "card churn/2")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        pane = app.screen.query_one(CardPane)
        while pane.text.current != "Limits":
            await press(pilot, "tab")
        assert "taken over from version 1" in rendered(app)
        await press(pilot, "e")
        assert app.screen.query_one(TextArea).text.startswith("weak")
        app.screen.query_one(TextArea).text = "strong"
        await press(pilot, "ctrl+s")
        assert card_texts.of_version(measured.read(), "churn", 2)["limits"].body == "strong"
        assert "strong" in rendered(app)
        await press(pilot, "r", "enter")
        app.screen.query_one(Input).value = "read it"
        await press(pilot, "enter")
        assert "reviewed by" in rendered(app)
        assert audit.newest(measured.read(), 1)[0].reason == "read it"
        await press(pilot, "u")
        assert card_texts.of_version(measured.read(), "churn", 2)["limits"].version == 1
        assert "draft, edited since" in rendered(app)
        await press(pilot, "e", "escape", "g", "e")
        assert "Intended use" in rendered(app)
        await press(pilot, "escape", "=")
        assert "v2 against v1" in rendered(app)


async def test_two_versions_are_compared_from_the_models_screen(measured: Store) -> None:
    app = opened(measured, "models churn/2")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "=", "enter")
        shown = rendered(app)
        assert "v2 against v1" in shown
        assert "Columns of the data" in shown
        assert "changed" in shown
        assert "C  " not in shown  # the param is equal
        await press(pilot, "=")
        assert app.screen.query_one(FoldingText).lines
        assert any("C" in str(line) and "1.0" in str(line) for line in app.screen.query_one(FoldingText).lines)
        await press(pilot, "x")
        assert "v1 against v2" in rendered(app)
        await press(pilot, "C")
        assert app.screen.query_one(CardPane).records is not None


@pytest.mark.parametrize("place", ["card nobody", "card churn/9", "diff churn", "diff churn 1 9", "diff churn 1 1"])
async def test_what_is_not_there_is_told(measured: Store, place: str) -> None:
    app = opened(measured, place)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        shown = rendered(app)
        assert any(
            said in shown for said in ("no registered model", "no version 9", "two versions", "differ from itself")
        )
        reload_all(app.screen, store=True, project=False)  # as when something else in the store has changed
        await settled(pilot)
        assert rendered(app) == shown
        await press(pilot, "e", "r", "o", "z", "tab", "enter", "x", "C")
