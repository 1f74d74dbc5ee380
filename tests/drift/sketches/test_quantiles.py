from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from mlops_tui.drift.sketches.quantiles import KEPT, Gatherer, Quantiles, joined, of_sorted

#: Distributions with ties, long tails and holes, by a seed and a number of rows.
SHAPES: dict[str, Any] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "long tail": lambda rng, n: np.exp(2 * rng.normal(size=n)),
    "longer tail": lambda rng, n: rng.standard_cauchy(n),
    "ties": lambda rng, n: np.round(rng.normal(size=n) * 300),
    "two heaps": lambda rng, n: rng.normal(size=n) + 1e6 * (rng.random(n) < 0.01),
}


def errors(found: Quantiles, values: Any) -> tuple[float, float]:
    """How wrong a profile is: the largest difference of the distribution functions, and the Wasserstein distance."""
    ordered = np.sort(values)
    places = np.concatenate([ordered, found.values])
    reached = np.append(0, np.cumsum(found.weights))
    rank = 0.0
    for side in ("left", "right"):
        true = np.searchsorted(ordered, places, side) / len(ordered)
        rank = max(rank, float(np.abs(true - reached[np.searchsorted(found.values, places, side)] / found.count).max()))
    return rank, float(wasserstein_distance(ordered, found.values, None, found.weights))


@given(st.lists(st.integers(-100, 100), max_size=400))
def test_few_distinct_values_are_kept_with_all_their_rows(values: list[int]) -> None:
    found = of_sorted(np.sort(np.array(values, dtype=np.float64)))
    distinct, counts = np.unique(values, return_counts=True)
    assert (found.values.tolist(), found.weights.tolist()) == (distinct.tolist(), counts.tolist())
    assert (found.is_exact, found.moved) == (True, 0.0)


@settings(max_examples=30)
@given(st.sampled_from(list(SHAPES)), st.integers(300, 6000), st.integers(0, 1000), st.integers(1, 9))
def test_profiles_are_no_more_wrong_than_they_say_however_rows_were_put_together(
    shape: str, rows: int, seed: int, batches: int
) -> None:
    rng = np.random.default_rng(seed)
    values = SHAPES[shape](rng, rows)
    cuts = np.sort(rng.integers(0, rows, batches - 1))
    profiles = [of_sorted(np.sort(part)) for part in np.split(values, cuts)]
    nested = joined([joined(profiles[: batches // 2]), joined(profiles[batches // 2 :])])
    for found in (joined(profiles), nested):
        rank, moved = errors(found, values)
        assert len(found.values) <= KEPT
        assert found.count == rows
        assert rank <= found.rank_error + 1e-12
        assert moved <= found.moved * (1 + 1e-9) + 1e-12


@pytest.mark.parametrize("shape", ["long tail", "ties"])
def test_many_rows_are_known_to_less_than_a_percent_in_four_kilobytes(shape: str) -> None:
    values = SHAPES[shape](np.random.default_rng(1), 200_000)
    gatherer = Gatherer()
    for part in np.split(values, 40):
        gatherer.add(np.sort(part))
    found = gatherer.result()
    assert found.count == len(values)
    assert found.values.nbytes + found.weights.nbytes <= 4096
    assert errors(found, values)[0] <= found.rank_error <= 0.008
    assert found.moved <= 0.01 * values.std()


def test_a_profile_of_nothing_changes_nothing() -> None:
    nothing = of_sorted(np.empty(0))
    some = of_sorted(np.arange(10.0))
    assert joined([nothing, some, nothing]) is some
    assert joined([nothing]).count == 0
