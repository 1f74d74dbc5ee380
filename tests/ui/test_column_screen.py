"""The page of a column: its distribution, since when it has been as it is, and the way to other windows."""

from __future__ import annotations

from pathlib import Path

import pytest
from heat_builders import add, column, opened, press, shows
from hypothesis import given
from hypothesis import strategies as st
from screens import settled

from mlops_store.heat import Line, Window
from mlops_store.records import COLUMN_STATES
from mlops_store.store import Store
from mlops_tui.drift.beginnings import levels
from mlops_tui.ui.screens.column_words import beginning
from mlops_tui.ui.widgets import window_bars
from mlops_tui.ui.widgets.bars import Shapes
from mlops_tui.ui.widgets.window_bars import Bar


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Thirty windows: income moves up in the twentieth, age is lost in the fifth."""
    store = Store(str(tmp_path / ".mlops" / "store.db"))
    for window in range(1, 31):
        add(
            store,
            f"in/{window:02}.csv",
            [column("age", None if window == 5 else 0.01), column("income", 0.43 if window >= 20 else 0.02)],
        )
    return store


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_a_column_tells_since_which_window_it_is_as_it_is(store: Store, size: tuple[int, int]) -> None:
    app = opened(store, "column income")
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await shows(pilot, "since window 20, in/20.csv: 0.02 → 0.43")
        await shows(pilot, "drifted in 11 of 30 windows, first in window 20")
        await shows(pilot, "reference")
        await shows(pilot, "missing")


async def test_keys_go_to_other_windows_and_columns(store: Store) -> None:
    app = opened(store, "column income")
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "in/30.csv")
        await press(pilot, "h")
        await shows(pilot, "in/29.csv")
        for _ in range(10):
            await press(pilot, "N")
        await shows(pilot, "no earlier window in which it drifted")
        await shows(pilot, "in/20.csv")
        await press(pilot, "h")
        await shows(pilot, "since the first window around 0.02, until window 19")
        await press(pilot, "J")
        await shows(pilot, "since the first window around 0.01")
        await press(pilot, "N")
        await shows(pilot, "in/05.csv")
        await press(pilot, "t")
        await shows(pilot, "1 of 2 columns ever drifted")


@pytest.mark.slow
async def test_what_is_behind_a_drift_is_looked_for_by_key(store: Store) -> None:
    app = opened(store, "column income")
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "in/30.csv")
        await press(pilot, "w")
        await shows(pilot, "the rows of in/30.csv are not there any more")
        await press(pilot, "escape")
        await shows(pilot, "since window 20")


_states = st.sampled_from(("", *COLUMN_STATES))


@given(
    st.lists(st.builds(Bar, st.one_of(st.none(), st.floats(0, 1)), _states), min_size=1, max_size=300),
    st.integers(1, 120),
    st.integers(1, 30),
    st.booleans(),
    st.booleans(),
    st.data(),
)
def test_bars_stay_in_their_area_and_show_the_window_that_is_looked_at(
    bars: list[Bar], width: int, height: int, has_eighths: bool, has_colours: bool, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(bars) - 1))
    rows = window_bars.draw(bars, at, [0], width, height, Shapes(has_eighths, has_colours))
    assert len(rows) <= height
    texts = ["".join(piece[0] for piece in row) for row in rows]
    assert all(len(text) <= width for text in texts)
    if rows and width >= 12:
        assert str(at + 1) in texts[-1]


def test_what_was_never_compared_is_said() -> None:
    line = Line("age", "feature", bytes([9]), bytes([255]))
    windows = (Window(1, "a", 0.0, "ok", 0, 0),)
    assert beginning(line, windows, 0, levels([None])) == [("nothing was compared in any window", "dim")]
