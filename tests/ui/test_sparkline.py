import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.ui.widgets.sparkline import sparkline


def test_heights_follow_the_values():
    assert sparkline(range(8), 8) == "▁▂▃▄▅▆▇█"


def test_few_values_make_a_short_line_and_none_an_empty_one():
    assert sparkline([1, 2], 8) == "▁█"
    assert sparkline([], 8) == ""


def test_a_flat_line_is_neither_high_nor_low():
    assert sparkline([5, 5, 5], 3) == "▄▄▄"


def test_a_spike_survives_when_values_share_a_place():
    assert "█" in sparkline([0.0] * 50 + [9.0] + [0.0] * 49, 10)


@pytest.mark.parametrize(("value", "mark"), [(math.nan, "×"), (math.inf, "↑"), (-math.inf, "↓")])
def test_what_is_not_finite_is_marked(value, mark):
    assert sparkline([0, value, 1], 3) == f"▁{mark}█"


def test_ascii_stays_ascii():
    assert sparkline([0, math.nan, math.inf, -math.inf, 1], 5, is_ascii=True).isascii()


@given(st.lists(st.floats(), max_size=60), st.integers(0, 30))
def test_the_line_is_never_longer_than_asked_for(values, width):
    assert len(sparkline(values, width)) == min(width, len(values))
