"""Smoothed curves."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.ui.widgets.smoothing import smoothed


def points(*values: float) -> list[tuple[float, float, float, float]]:
    return [(float(x), value, value, value) for x, value in enumerate(values)]


def reference(values: list[float], weight: float, length: float) -> list[float]:
    """As Weights & Biases publishes it."""
    decay, last, debias, found = min(math.sqrt(weight), 0.999), 0.0, 0.0, []
    for x, value in enumerate(values):
        share = decay ** ((1 if x else 0) / length * 1000)
        last, debias = last * share + value, debias * share + 1
        found.append(last / debias)
    return found


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.floats(0, 0.999), st.floats(10, 1e5))
def test_a_smoothed_curve_is_that_of_the_published_formula(values, weight, length):
    found = [last for _, _, _, last in smoothed(points(*values), weight, length)]
    assert found == pytest.approx(reference(values, weight, length), rel=1e-6, abs=1e-3)


def test_the_picture_does_not_depend_on_how_many_points_stand_for_a_curve():
    many = [(x / 100, y, y, y) for x in range(10_001) for y in [float(x > 5000)]]
    few = many[::50]
    at_60 = [last for curve in (many, few) for x, _, _, last in smoothed(curve, 0.9, 100.0) if x == 60.0]
    assert at_60[0] == pytest.approx(at_60[1], abs=0.05)


def test_values_that_are_not_finite_are_left_out():
    assert [x for x, *_ in smoothed(points(1, math.nan, math.inf, 3), 0.5, 3.0)] == [0, 3]


@given(st.lists(st.floats(), max_size=30), st.floats(0, 0.999))
def test_a_smoothed_value_lies_between_those_that_it_was_made_from(values, weight):
    finite = [value for value in values if abs(value) < 1e300]
    for _, _, _, value in smoothed(points(*values), weight, 30.0):
        assert min(finite) - 1e-6 * abs(min(finite)) <= value <= max(finite) + 1e-6 * abs(max(finite))
