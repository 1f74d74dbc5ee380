"""The heat table: a line a column, a cell a window; its cursor, its orders, and the page of a column."""

from __future__ import annotations

from pathlib import Path

import pytest
from heat_builders import add, column, opened, press, shows
from screens import rendered, settled

from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.project import Project
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.screens.heat import HeatScreen
from mlops_tui.ui.widgets.heat_table import HeatTable

SIZES = [(80, 24), (120, 40), (200, 60), (40, 12)]
HOSTILE = "[bold]x[/]\x1b]0;title\x07\n表情" * 9


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Twelve windows: income drifts from the eighth on, age is lost in the fifth, a column with a hostile name."""
    store = Store(str(tmp_path / ".mlops" / "store.db"))
    for window in range(1, 13):
        income = column("income", 0.43 if window >= 8 else 0.02)
        age = column("age", None if window == 5 else 0.01)
        add(store, f"in/{window:02}.csv", [age, column(HOSTILE, 0.0), income])
    return store


def lines(app: MlopsApp) -> list[str]:
    return [line.strip("│┃ ") for line in rendered(app).splitlines()]


@pytest.mark.parametrize("size", SIZES)
async def test_the_column_that_drifted_most_stands_first_with_the_cell_in_words(
    store: Store, size: tuple[int, int]
) -> None:
    app = opened(store)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await shows(pilot, "income")
        assert "\x1b" not in rendered(app)
        names = [line.split()[0] for line in lines(app) if line.startswith(("income", "age"))]
        assert names[0] == "income"
        if size[1] >= 24:
            await shows(pilot, "drifted  mean 0.7000 → 1.300 (+1.2 sd)")
            await shows(pilot, "drifted in 5 of 12 windows, first in window 8 (in/08.csv)")


async def test_keys_walk_over_windows_and_to_those_that_drifted(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "income")
        table = app.screen.query_one(HeatTable)
        assert table.window == 11
        await press(pilot, "N", "N")
        assert table.window == 9
        await press(pilot, "home", "n")
        assert table.window == 7
        await press(pilot, "j", "home", "n")
        assert (table.line.column if table.line else "", table.window) == ("age", 4)
        await shows(pilot, "missing")
        await press(pilot, "/", *"inc", "enter")
        assert table.line is not None
        assert table.line.column == "income"
        await press(pilot, "escape", "s", "s", "s")
        assert isinstance(app.screen, HeatScreen)
        await shows(pilot, "by name")


async def test_without_colours_letters_say_what_the_tints_say(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = opened(store)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "income")
        await press(pilot, "-", "-")
        income, age = (next(line for line in lines(app) if line.startswith(name)) for name in ("income", "age"))
        assert income.split()[1] == ".......44444"
        assert age.split()[1] == "....x......."
        await press(pilot, "+", "+")
        await shows(pilot, "43 43 43")


async def test_enter_opens_the_column_in_that_window(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "in/12.csv")
        await press(pilot, "enter")
        await shows(pilot, "column 12 income")
        await shows(pilot, "mean 0.7000 → 1.300")
        await shows(pilot, "reference")


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("heat other", "no monitor 'other' has checked"),
        ("column incme", "no batch that was checked has a column"),
        ("column 999 income", "no drift report 999"),
        ("column 3 incme", "report 3 has no column 'incme'"),
    ],
)
async def test_what_is_not_there_is_said_with_what_is_near(store: Store, start: str, said: str) -> None:
    app = opened(store, start)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await shows(pilot, said)


async def test_another_monitor_is_one_key_away(store: Store) -> None:
    add(store, "x.csv", [column("weight", 0.3)], "second")
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await shows(pilot, "second")
        await press(pilot, "m")
        await shows(pilot, "production")
        await shows(pilot, "income")


async def test_before_any_check_it_says_so(tmp_path: Path) -> None:
    app = MlopsApp(Project(str(tmp_path)), Config(), start="heat")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await shows(pilot, "No batch has been checked yet.")
