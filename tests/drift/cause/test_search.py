"""The slice that explains a drift: found where there is one, and not where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_tui.drift.cause.affected import as_before
from mlops_tui.drift.cause.slices import search
from mlops_tui.drift.performance.intervals import wilson


def rows(count: int, seed: int) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "region": chance.choice(["north", "south", "east", "west"], count),
            "plan": chance.choice(["free", "basic", "pro"], count, p=[0.5, 0.3, 0.2]),
            "age": chance.integers(18, 80, count),
            "amount": chance.gamma(3, 40, count),
            "colour": chance.choice(["red", "blue"], count),
            "noise": chance.normal(size=count),
        }
    )


def conditions(found: Any) -> set[str]:
    return set(map(str, found.slice.conditions)) if found.slice is not None else set()


@pytest.fixture(scope="module")
def reference() -> pd.DataFrame:
    return rows(6000, 1)


def test_a_slice_of_two_conditions_is_found_with_what_it_explains(reference: pd.DataFrame) -> None:
    current = rows(6000, 2)
    current.loc[(current.region == "north") & (current.plan != "free"), "amount"] *= 3
    found = search(reference, current, "amount")
    assert conditions(found) == {"region = north", "plan != free"}
    assert found.slice is not None
    assert found.slice.explained > 0.8
    assert found.slice.low <= found.slice.explained <= found.slice.high
    assert found.slice.current_share == pytest.approx(0.125, abs=0.02)
    assert found.slice.inside > 0.4 > 0.1 > found.slice.outside
    assert (found.searched, found.tested) == (3000, 3000)


def test_a_numerical_bound_is_found_to_its_decile(reference: pd.DataFrame) -> None:
    current = rows(6000, 3)
    current.loc[current.age > 67, "amount"] += 200
    found = search(reference, current, "amount")
    assert found.slice is not None
    (condition,) = found.slice.conditions
    assert (condition.column, condition.relation) == ("age", ">")
    assert 60 <= float(condition.value) <= 70


def test_of_labels_too_and_where_values_went_missing(reference: pd.DataFrame) -> None:
    current = rows(6000, 4)
    current.loc[current.plan == "pro", "colour"] = "red"
    assert conditions(search(reference, current, "colour")) == {"plan = pro"}
    gaps = rows(6000, 5)
    gaps.loc[gaps.index % 5 == 0, "region"] = None
    gaps.loc[gaps.index % 5 == 0, "amount"] = 1.0
    assert conditions(search(reference, gaps, "amount")) == {"region is missing"}


def test_a_drift_of_all_rows_has_no_slice(reference: pd.DataFrame) -> None:
    current = rows(6000, 6)
    current["amount"] *= 1.5
    found = search(reference, current, "amount")
    assert found.slice is None
    assert "alike everywhere" in found.why


@pytest.mark.parametrize("seed", range(10, 16))
def test_without_drift_nothing_is_found_by_chance(reference: pd.DataFrame, seed: int) -> None:
    found = search(reference, rows(2000, seed), "amount")
    assert found.slice is None
    assert found.why


def test_what_cannot_be_divided_is_said(reference: pd.DataFrame) -> None:
    assert "no other column" in search(reference[["amount"]], rows(100, 1)[["amount"]], "amount").why
    assert "too few rows" in search(reference, rows(20, 1), "amount").why
    empty = rows(200, 1).assign(amount=np.nan)
    assert "too few rows" in search(reference, empty, "amount").why


def test_values_as_before_have_the_distribution_of_the_reference(reference: pd.DataFrame) -> None:
    current = rows(3000, 7)
    current["amount"] = current["amount"] * 2 + 5
    current.loc[:99, "amount"] = np.nan
    current.loc[current.index % 2 == 0, "plan"] = "pro"
    chance = np.random.default_rng(1)
    amounts = as_before(reference["amount"], current["amount"], chance)
    assert amounts.isna().sum() == 100
    assert amounts.dropna().quantile([0.1, 0.5, 0.9]).tolist() == pytest.approx(
        reference["amount"].quantile([0.1, 0.5, 0.9]).tolist(), rel=0.01
    )
    kept = current["amount"].dropna().index
    assert amounts[kept].rank().equals(current["amount"][kept].rank())
    plans = as_before(reference["plan"], current["plan"], chance)
    shares = plans.value_counts(normalize=True)
    assert shares.to_dict() == pytest.approx(reference["plan"].value_counts(normalize=True).to_dict(), abs=0.002)
    assert ((plans != current["plan"]) & (current["plan"] != "pro")).sum() == 0


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ([1.0, np.inf, -np.inf, 2.0], [np.inf, 3.0, None, 4.0]),
        (["a", "b", "a", None], [1, 2, 3, 4]),
        ([1, 2, 3, 4], ["a", "b", None, "a"]),
        ([None, None, None, None], [1.0, 2.0, 3.0, 4.0]),
        ([True, False, True, None], [False, False, None, True]),
    ],
)
def test_values_of_any_kind_can_be_as_before(before: list[object], now: list[object]) -> None:
    current = pd.Series(now, name="x")
    found = as_before(pd.Series(before), current, np.random.default_rng(1))
    assert len(found) == len(current)
    assert found.isna().tolist() == current.isna().tolist()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 500), st.integers(0, 500))
def test_an_interval_of_a_share_holds_the_share(hits: int, misses: int) -> None:
    from scipy.stats import binomtest

    count = hits + misses
    low, high = wilson(hits / count if count else 0.0, count)
    if not count:
        assert (low, high) == (0.0, 1.0)
        return
    known = binomtest(hits, count).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((known.low, known.high), abs=1e-9)
