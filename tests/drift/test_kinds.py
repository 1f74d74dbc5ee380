import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from mlops_tui.drift.kinds import COMPARABLE, UNCHECKED, family, infer, is_counter, was_counter


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pd.Series([1.0, 2.0]), "numerical"),
        (pd.Series([1.0, np.nan]), "numerical"),
        (pd.Series(range(11)), "numerical"),
        (pd.Series([*range(10)] * 3), "categorical"),
        (pd.Series([1, 2, None], dtype="Int64"), "categorical"),
        (pd.Series([True, False]), "categorical"),
        (pd.Series([True, None], dtype=object), "categorical"),
        (pd.Series(["a", "b"] * 10), "categorical"),
        (pd.Series(["a", "b"] * 10, dtype=object), "categorical"),
        (pd.Series(["a", 1, 2.5, "a"] * 5, dtype=object), "categorical"),
        (pd.Series([f"word {i}" for i in range(20)]), "text"),
        (pd.Series(["a"], dtype="category"), "categorical"),
        (pd.Series(pd.to_datetime(["2024-01-01"])), "datetime"),
        (pd.Series([datetime.date(2024, 1, 1)]), "datetime"),
        (pd.Series(["2024-01-01", "2024-01-02T10:00:00Z"] * 10), "datetime"),
        (pd.Series([pd.Timedelta(seconds=1)]), "datetime"),
        (pd.Series([None, None], dtype=object), "empty"),
        (pd.Series([np.nan]), "empty"),
        (pd.Series([1 + 2j]), "other"),
        (pd.Series([[1], [2]]), "other"),
        (pd.Series([{"a": 1}]), "other"),
        (pd.Series([Decimal("1.5")] * 3, dtype=object), "numerical"),
    ],
)
def test_kinds_follow_type_and_distinct_values(column: pd.Series, kind: str) -> None:
    assert infer(column) == kind
    assert kind in COMPARABLE or kind in UNCHECKED


def test_half_of_the_values_distinct_is_not_yet_text() -> None:
    assert infer(pd.Series(["a", "b", "b", "b"])) == "categorical"
    assert infer(pd.Series(["a", "b", "c", "c"])) == "text"


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series([5, 6, 7, 8]), True),
        (pd.Series([5, 6, 8]), False),
        (pd.Series([3, 2, 1]), False),
        (pd.Series([1.0, 2.0, 3.0]), False),
        (pd.Series([1, 2]), False),
        (pd.Series([1, 2, None], dtype="Int64"), False),
    ],
)
def test_a_counter_goes_up_by_one_each_row(column: pd.Series, expected: bool) -> None:
    assert is_counter(column) is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([*range(100, 200), *range(800, 900)], True),
        ([*range(100), *range(100)], True),
        (sorted({value * 7919 % 5000 for value in range(300)}), True),
        ([value * 7919 % 5000 for value in range(300)], False),
        ([1, 2, 3, 4] * 50, False),
        ([7] * 100, False),
    ],
    ids=["skips", "begins anew", "gaps", "any order", "labels", "constant"],
)
def test_rows_of_several_windows_are_counted_with_gaps_and_from_anew(values: list[int], expected: bool) -> None:
    assert was_counter(pd.Series(values)) is expected


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series([1]), "number"),
        (pd.Series(["a"]), "text"),
        (pd.Series([True]), "boolean"),
        (pd.Series([True, None], dtype=object), "boolean"),
        (pd.Series([1, 2.5], dtype=object), "number"),
        (pd.Series(pd.to_datetime(["2024-01-01"])), "date"),
        (pd.Series([[1]]), "other"),
    ],
)
def test_the_family_says_what_values_are(column: pd.Series, expected: str) -> None:
    assert family(column) == expected
