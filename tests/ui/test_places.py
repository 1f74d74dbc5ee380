"""Jumps are understood, and history goes back and forward."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_store.errors import NotFound, UsageError
from mlops_tui.ui import places
from mlops_tui.ui.places import History, Place
from mlops_tui.ui.screens.base import ProjectScreen


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("runs", Place("runs")),
        (" runs /auc > 0.9 ", Place("runs", "auc > 0.9")),
        ("runs auc", Place("runs", "auc")),
        ("runs/auc", Place("runs", "auc")),
        ("model churn", Place("models", "churn")),
        ("experiments", Place("runs")),
        ("run 01a1fd58", Place("run", "01a1fd58")),
        ("stage train", Place("pipeline", "train")),
    ],
)
def test_a_jump_names_a_screen_and_what_to_show_on_it(text: str, place: Place) -> None:
    assert places.parse(text) == place


def test_an_unknown_screen_names_the_nearest() -> None:
    with pytest.raises(NotFound, match="'rums'") as failure:
        places.parse("rums")
    assert "runs" in failure.value.hint


@pytest.mark.parametrize("text", ["run", "compare", "overview here"])
def test_a_missing_or_needless_argument_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        places.parse(text)


@pytest.mark.parametrize("name", places.DESTINATIONS)
def test_every_destination_has_its_screen(name: str) -> None:
    argument = "x" if places.DESTINATIONS[name].needs_argument else ""
    screen = places.make(Place(name, argument))
    assert isinstance(screen, ProjectScreen)
    assert name == screen.NAME


def test_a_place_reads_as_it_is_typed() -> None:
    for text in ("runs /auc > 0.9", "run 01a1", "overview"):
        assert str(places.parse(text)) == text


@given(steps=st.lists(st.one_of(st.integers(0, 5), st.sampled_from(["back", "forward"])), max_size=40))
def test_history_goes_back_and_forward_as_a_browser_does(steps: list[int | str]) -> None:
    history: History[object] = History(Place("overview"), object())
    past, future, now = [], [], Place("overview")
    for step in steps:
        if isinstance(step, int):
            past.append(now)
            now, future = Place("run", str(step)), []
            history.visit(now)
            history.now.screen = object()
        elif step == "back" and past:
            future.append(now)
            now = past.pop()
            history.step(-1)
        elif step == "forward" and future:
            past.append(now)
            now = future.pop()
            history.step(1)
        assert history.now.place == now
        assert (history.can_go_back, history.can_go_forward) == (bool(past), bool(future))


def test_only_the_nearest_screens_are_kept() -> None:
    history: History[int] = History(Place("overview"), 0)
    for number in range(1, 6):
        history.visit(Place("run", str(number)))
        history.now.screen = number
    assert history.surplus(keep=3) == [2, 1, 0]
    assert history.now.screen == 5


def test_a_new_place_forgets_those_that_were_ahead() -> None:
    history: History[str] = History(Place("overview"), "o")
    history.visit(Place("runs"))
    history.now.screen = "r"
    history.step(-1)
    assert history.visit(Place("models")) == ["r"]
