"""Numbers, times and sizes as a person reads them."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.ui import shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (math.nan, "NaN"), (math.inf, "inf"), (-math.inf, "-inf"), (0.0, "0"), (3.0, "3"),
        (0.95333333, "0.9533"), (12.3456, "12.35"), (1234.56, "1235"), (1e-7, "1.000e-07"), (123456789.0, "1.235e+08"),
        (-0.5, "-0.5000"),
    ],
)  # fmt: skip
def test_numbers_have_four_digits(value: float | None, text: str) -> None:
    assert shown.number(value) == text


@given(value=st.floats())
def test_no_number_is_wider_than_eleven_characters(value: float) -> None:
    assert len(shown.number(value)) <= 11


@given(value=st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_a_shown_number_is_near_the_number(value: float) -> None:
    assert float(shown.number(value)) == pytest.approx(value, rel=2e-3, abs=1e-4)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""), (0.0, "0.00s"), (0.994, "0.99s"), (0.996, "1.0s"), (59.9, "59.9s"), (59.96, "1m 00s"),
        (185.0, "3m 05s"), (3599.6, "1h 00m"), (7620.0, "2h 07m"), (356400.0, "4d 03h"),
    ],
)  # fmt: skip
def test_durations_have_the_two_largest_units(seconds: float | None, text: str) -> None:
    assert shown.duration(seconds) == text


def test_a_growing_duration_changes_once_a_second() -> None:
    assert [shown.running(seconds) for seconds in (41.0, 41.9, 42.0, 60.4)] == ["41s", "41s", "42s", "1m 00s"]


def test_a_moment_is_short_and_says_no_more_than_needed() -> None:
    now = time.mktime((2025, 11, 21, 14, 3, 12, 0, 0, -1))
    assert shown.moment(now, now) == "14:03:12"
    assert shown.moment(now - 86400, now) == "Nov 20 14:03"
    assert shown.moment(now - 400 * 86400, now).startswith("2024-")
    assert shown.moment(None) == ""
    assert shown.moment(1e30) == "?"


@pytest.mark.parametrize(
    ("size", "text"),
    [(None, ""), (0, "0 B"), (999, "999 B"), (1400, "1.4 kB"), (23_000_000, "23 MB"), (10**18, "1000 PB")],
)
def test_sizes_are_decimal(size: int | None, text: str) -> None:
    assert shown.size(size) == text


def test_counts_name_what_is_counted() -> None:
    assert shown.count(1, "run") == "1 run"
    assert shown.count(12345, "run") == "12,345 runs"
    assert shown.count(2, "batch", "batches") == "2 batches"


def test_a_path_in_the_home_directory_is_short() -> None:
    assert shown.short_path("/home/ana/churn", "/home/ana") == "~/churn"
    assert shown.short_path("/home/anabel", "/home/ana") == "/home/anabel"
    assert shown.short_path("/home/ana", "/home/ana") == "~"
