import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.drift.pairs import LabelPair, NumberPair, sturges
from mlops_tui.drift.samples import Labels, labels, numbers


def as_dict(sample: Labels) -> dict[str, int]:
    return dict(zip(sample.names, sample.counts.tolist(), strict=True))


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([3.0, np.nan, 1.0, np.inf, 2.0, -np.inf]),
        pd.Series([3, None, 1, "inf", "2", float("-inf")], dtype=object),
        pd.Series(["3", None, "1", "inf", "2", "-inf"]),
    ],
    ids=["floats", "objects", "text"],
)
def test_missing_and_infinite_values_are_counted_and_left_out(column: pd.Series) -> None:
    sample = numbers(column)
    assert sample.values.tolist() == [1.0, 2.0, 3.0]
    assert (sample.missing, sample.infinite, sample.unparsable, sample.row_count) == (1, 2, 0, 6)


@pytest.mark.parametrize("dtype", ["int8", "uint64", "Int64", "float32", "Float64", "bool", "boolean"])
def test_every_type_of_number_becomes_a_double(dtype: str) -> None:
    assert numbers(pd.Series([1, 0, 1], dtype=dtype)).values.tolist() == [0.0, 1.0, 1.0]


def test_nullable_numbers_with_gaps_are_read() -> None:
    sample = numbers(pd.Series([2, None, 1], dtype="Int64"))
    assert (sample.values.tolist(), sample.missing, sample.is_integer) == ([1.0, 2.0], 1, False)


def test_text_that_is_no_number_is_counted() -> None:
    sample = numbers(pd.Series(["1", "two", None, "3"]))
    assert (sample.values.tolist(), sample.missing, sample.unparsable) == ([1.0, 3.0], 1, 1)


def test_dates_are_not_taken_for_numbers() -> None:
    sample = numbers(pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02"])))
    assert (sample.count, sample.unparsable) == (0, 2)


def test_whole_numbers_of_any_size_are_numbers() -> None:
    sample = numbers(pd.Series([10**30, -(10**25), 2**64 - 1], dtype=object))
    assert sample.values.tolist() == [-1e25, float(2**64 - 1), 1e30]


def test_decimals_are_numbers() -> None:
    assert numbers(pd.Series([Decimal("1.5"), Decimal("0.5")], dtype=object)).values.tolist() == [0.5, 1.5]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series(["b", "a", "b", None]), {"a": 1, "b": 2}),
        (pd.Series([1, 2, 2]), {"1": 1, "2": 2}),
        (pd.Series([1.0, 2.5, np.nan, np.inf]), {"1": 1, "2.5": 1}),
        (pd.Series([10, 9, 10]), {"9": 1, "10": 2}),
        (pd.Series([True, False, True]), {"False": 1, "True": 2}),
        (pd.Series([True, None, False], dtype=object), {"False": 1, "True": 1}),
        (pd.Series(["x", "y", "x"], dtype="category"), {"x": 2, "y": 1}),
        (pd.Series([1, "1", 1.0, None, "b"], dtype=object), {"1": 3, "b": 1}),
        (pd.Series([[1], [1], [2]]), {"[1]": 2, "[2]": 1}),
        (pd.Series([b"a", b"\xff"], dtype=object), {"a": 1, "\\xff": 1}),
        (pd.Series([datetime.date(2024, 1, 1), pd.NaT], dtype=object), {"2024-01-01": 1}),
    ],
    ids=["text", "whole", "float", "order", "boolean", "objects", "category", "mixed", "lists", "bytes", "dates"],
)
def test_labels_are_counted_whatever_they_are(column: pd.Series, expected: dict[str, int]) -> None:
    sample = labels(column)
    assert as_dict(sample) == expected
    assert sample.row_count == len(column)


def test_labels_are_in_the_order_of_their_numbers() -> None:
    assert labels(pd.Series(["10", "9", "-1", "2.5"])).names == ("-1", "2.5", "9", "10")


def test_labels_that_are_no_numbers_by_value_have_one_order_whatever_comes_first() -> None:
    for values in (["10", "nan", "9"], ["nan", "9", "10"], ["9", "10", "nan"]):
        assert labels(pd.Series(values, dtype=object)).names == ("10", "9", "nan")


def test_unused_categories_do_not_count() -> None:
    column = pd.Series(["x", "y"], dtype="category").iloc[:1]
    assert as_dict(labels(column)) == {"x": 1}


values = st.lists(st.integers(-30, 30).map(float), min_size=1, max_size=60).map(lambda v: np.sort(np.array(v)))


@given(values, values)
def test_counts_by_value_are_pandas_counts(reference: Any, current: Any) -> None:
    pair = NumberPair(numbers(pd.Series(reference)), numbers(pd.Series(current)))
    assert pair.distinct == len({*reference, *current})
    for side, counted in zip((reference, current), pair.counts, strict=True):
        known = pd.Series(side).value_counts()
        assert counted.tolist() == [known.get(value, 0) for value in pair.values]


@given(
    st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=100), st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=100)
)
def test_bins_are_numpys_sturges_bins(reference: list[float], current: list[float]) -> None:
    expected = np.histogram_bin_edges(np.array(reference + current), bins="sturges")
    both = reference + current
    found = sturges(min(both), max(both), len(both))
    assert found == pytest.approx(expected, rel=1e-12)


@given(st.lists(st.integers(0, 40), min_size=2, max_size=100), st.lists(st.integers(0, 40), min_size=1, max_size=100))
def test_bins_of_whole_numbers_are_numpys(reference: list[int], current: list[int]) -> None:
    expected = np.histogram_bin_edges(np.array(reference + current), bins="sturges")
    both = reference + current
    found = sturges(min(both), max(both), len(both), is_integer=True)
    assert found == pytest.approx(expected, rel=1e-12)


def test_labels_of_both_sides_are_aligned() -> None:
    pair = LabelPair(labels(pd.Series(["a", "b", "b"])), labels(pd.Series(["c", "b"])))
    assert pair.names == ("a", "b", "c")
    assert [side.tolist() for side in pair.counts] == [[1, 2, 0], [0, 1, 1]]
