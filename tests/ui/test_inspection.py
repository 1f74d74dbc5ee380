"""Crosshair, zoom and pan as numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.ui.widgets.inspection import Inspection
from mlops_tui.ui.widgets.scales import Axis

WHOLE = Axis(0.0, 100.0)


def axis(inspection: Inspection, *, is_log: bool = False) -> Axis:
    return Axis(*inspection.window) if inspection.window else WHOLE


def test_the_crosshair_appears_at_the_end_that_it_comes_from_and_moves_by_columns():
    assert Inspection().moved(WHOLE, WHOLE, 101, 1).crosshair == 0
    at_end = Inspection().moved(WHOLE, WHOLE, 101, -1)
    assert at_end.crosshair == 100
    assert at_end.moved(WHOLE, WHOLE, 101, -10).crosshair == pytest.approx(90)


def test_zooming_keeps_what_is_under_the_crosshair_in_its_place_and_back_shows_everything():
    closer = Inspection(crosshair=25.0).zoomed(WHOLE, WHOLE, 2)
    assert closer.window == (12.5, 62.5)
    assert axis(closer).share(25.0) == pytest.approx(0.25)
    assert closer.zoomed(axis(closer), WHOLE, 0.5).window is None


def test_without_a_crosshair_zooming_goes_to_the_middle_and_panning_stays_within_the_curve():
    closer = Inspection().zoomed(WHOLE, WHOLE, 4)
    assert closer.window == (37.5, 62.5)
    assert closer.panned(axis(closer), WHOLE, 10).window == (75.0, 100.0)
    assert closer.panned(axis(closer), WHOLE, -10).window == (0.0, 25.0)
    assert Inspection().panned(WHOLE, WHOLE, 1).window is None


def test_at_the_edge_of_the_window_the_crosshair_takes_it_along():
    there = Inspection((40.0, 60.0), 60.0).moved(Axis(40.0, 60.0), WHOLE, 21, 5)
    assert there.window == pytest.approx((45.0, 65.0))
    assert there.crosshair == pytest.approx(65.0)


def test_windows_of_a_logarithmic_axis_are_in_its_own_unit():
    whole = Axis(0.0, 4.0, is_log=True)
    assert Inspection().zoomed(whole, whole, 2).window == pytest.approx((10.0, 1000.0))


@given(
    st.lists(st.tuples(st.sampled_from(["moved", "zoomed", "panned"]), st.floats(-8, 8)), max_size=40),
    st.floats(-1e6, 1e6),
    st.floats(1e-3, 1e6),
)
def test_whatever_is_done_the_window_stays_within_the_curve(moves, low, length):
    whole, looked = Axis(low, low + length), Inspection()
    for name, by in moves:
        shown = Axis(*looked.window) if looked.window else whole
        if name == "moved":
            looked = looked.moved(shown, whole, 80, round(by * 10))
        elif name == "zoomed":
            looked = looked.zoomed(shown, whole, 2.0**by)
        else:
            looked = looked.panned(shown, whole, by)
        if looked.window is not None:
            slack = length * 1e-6 + abs(low) * 1e-9
            assert whole.low - slack <= looked.window[0] < looked.window[1] <= whole.high + slack
