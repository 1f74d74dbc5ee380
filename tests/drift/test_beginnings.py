"""When a series changed its level."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_tui.drift.beginnings import Level, chance, levels


def around(mean: float, count: int, seed: int = 1) -> list[float]:
    noise = random.Random(seed)
    return [mean + noise.gauss(0, 0.02) for _ in range(count)]


def test_a_step_is_found_where_it_is() -> None:
    found = levels(around(0.05, 40) + around(0.3, 20, 2))
    assert [(level.start, level.end) for level in found] == [(0, 40), (40, 60)]
    assert [level.mean for level in found] == pytest.approx([0.05, 0.3], abs=0.02)


def test_a_step_up_and_down_again_are_three_levels_even_of_one_window() -> None:
    found = levels(around(0.05, 20) + around(0.4, 5) + around(0.05, 30, 3) + [0.6] + around(0.05, 10, 4))
    assert [level.start for level in found] == [0, 20, 25, 55, 56]


@pytest.mark.parametrize("seed", range(30))
def test_noise_alone_is_one_level(seed: int) -> None:
    assert len(levels(around(0.05, 100, seed))) == 1


def test_windows_without_a_figure_belong_to_the_level_around_them() -> None:
    found = levels([None, 0.05, None, 0.06, 0.05, 0.05, None, 0.5, 0.51, None])
    assert [(level.start, level.end) for level in found] == [(0, 7), (7, 10)]
    assert levels([None, None]) == ()


def test_what_stays_within_the_least_noise_does_not_change() -> None:
    assert levels([0.01] * 10 + [0.012] * 10) == (Level(0, 20, pytest.approx(0.011)),)


def test_of_three_windows_the_last_can_be_another_level_by_the_size_of_their_samples() -> None:
    assert [level.start for level in levels([0.15, 0.2, 0.67], least_noise=chance(455, 26))] == [0, 2]
    assert len(levels([0.15, 0.2, 0.22], least_noise=chance(455, 26))) == 1
    assert chance(0, 0) == chance(10**9, 10**9) == 0.01


def brute_force(values: list[float], penalty: float) -> float:
    best = [-penalty]
    for end in range(1, len(values) + 1):
        costs = []
        for start in range(end):
            part = values[start:end]
            mean = sum(part) / len(part)
            costs.append(best[start] + sum((value - mean) ** 2 for value in part) + penalty)
        best.append(min(costs))
    return best[-1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0.001, 0.5))
def test_the_segmentation_is_the_best_there_is(values: list[float], penalty: float) -> None:
    from mlops_tui.drift.beginnings import _changes

    starts = _changes(values, penalty)
    cost = -penalty
    for start, end in zip(starts, [*starts[1:], len(values)], strict=True):
        mean = sum(values[start:end]) / (end - start)
        cost += sum((value - mean) ** 2 for value in values[start:end]) + penalty
    assert cost == pytest.approx(brute_force(values, penalty), abs=1e-9)
