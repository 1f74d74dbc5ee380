from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import energy_distance, ks_2samp, wasserstein_distance

from mlops_tui.drift.walks import walk, weighted

values = st.lists(st.integers(-30, 30).map(float), min_size=1, max_size=60).map(lambda v: np.sort(np.array(v)))


def check(reference: Any, current: Any) -> None:
    found = walk(reference, current)
    assert found.area == pytest.approx(wasserstein_distance(reference, current), rel=1e-9, abs=1e-12)
    assert found.energy == pytest.approx(energy_distance(reference, current) ** 2 / 2, rel=1e-9, abs=1e-12)
    assert found.apart == pytest.approx(ks_2samp(reference, current, method="asymp").statistic, abs=1e-12)
    assert found.distinct == len(np.union1d(reference, current))


@given(values, values)
def test_two_samples_are_as_far_apart_as_scipy_says(reference: Any, current: Any) -> None:
    check(reference, current)
    (before, weights), (now, others) = (np.unique(side, return_counts=True) for side in (reference, current))
    known = walk(reference, current)
    found = weighted(before, weights, now, others)
    assert (found.area, found.energy) == (pytest.approx(known.area), pytest.approx(known.energy))
    assert (found.apart, found.distinct) == (pytest.approx(known.apart), known.distinct)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (lambda rng: rng.normal(size=90_000), lambda rng: rng.normal(0.1, 2, 140_000)),
        (lambda rng: rng.normal(size=90_000), lambda rng: rng.normal(1e6, 1, 10)),
        (lambda rng: np.round(rng.normal(size=150_000)), lambda rng: np.round(rng.normal(size=70_000) * 9)),
        (lambda rng: np.zeros(150_000), lambda rng: np.append(np.zeros(140_000), rng.normal(size=50_000))),
        (lambda rng: np.zeros(150_000), lambda rng: np.ones(3)),
    ],
)
def test_samples_of_many_blocks_are_as_far_apart_as_scipy_says(before: Any, now: Any) -> None:
    rng = np.random.default_rng(0)
    check(np.sort(before(rng)), np.sort(now(rng)))
