import math
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.drift import times

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "value",
    [
        NOON,
        int(NOON),
        NOON * 1e3,
        int(NOON * 1e6),
        int(NOON) * 10**9,
        str(int(NOON)),
        "2026-11-26T12:00:00Z",
        "2026-11-26 12:00",
        "2026-11-26T14:00:00+02:00",
        datetime(2026, 11, 26, 12, tzinfo=UTC),
        pd.Timestamp("2026-11-26 12:00"),
    ],
)
def test_every_way_to_write_a_moment_is_the_same_moment(value: object) -> None:
    assert times.seconds(pd.Series([value, value])).tolist() == [NOON, NOON]


def test_dates_alone_are_their_first_moment_and_mixed_zones_are_told_apart() -> None:
    assert times.seconds(pd.Series([date(2026, 11, 26)])).tolist() == [NOON - 43200]
    mixed = times.seconds(pd.Series(["2026-11-26T12:00:00Z", "2026-11-26T12:00:00-05:00", "2026-11-26"]))
    assert mixed.tolist() == [NOON, NOON + 5 * 3600, NOON - 43200]


def test_what_is_no_moment_is_none() -> None:
    found = times.seconds(pd.Series(["2026-11-26T12:00:00Z", None, "soon", "26.11.2026", ""]))
    assert found[0] == NOON
    assert np.isnan(found[1:]).all()
    for column in (pd.Series([True, False]), pd.Series([3.0, math.inf]), pd.Series([None, None]), pd.Series([1, 2026])):
        assert np.isnan(times.seconds(column)).all()


@given(moment=st.floats(1e8, 4e9), length_s=st.sampled_from([1.0, 60.0, 3600.0, 86400.0, 604800.0, 1209600.0, 100.0]))
def test_a_moment_lies_in_its_window(moment: float, length_s: float) -> None:
    start = times.starts(np.array([moment]), length_s)[0]
    assert start <= moment < start + length_s
    assert times.starts(np.array([start]), length_s)[0] == start


def test_weeks_begin_on_a_monday_and_windows_are_named_as_short_as_they_can_be() -> None:
    start = times.starts(np.array([NOON]), 7 * 86400.0)[0]
    assert times.title(start, 7 * 86400.0) == "2026-11-23"
    assert times.title(NOON, 3600.0) == "2026-11-26 12:00"
    assert times.title(NOON, 1.0) == "2026-11-26 12:00:00"
