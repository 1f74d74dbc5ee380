"""Points in time as people write them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui import moments

NOW = time.mktime((2026, 11, 21, 14, 3, 12, 0, 0, -1))


def local(*parts: int) -> float:
    return time.mktime((*parts, *[0] * (6 - len(parts)), 0, 0, -1))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("now", NOW),
        ("2026-11-03", local(2026, 11, 3)),
        ("2026-11-03 14:05", local(2026, 11, 3, 14, 5)),
        ("2026-11-03T14:05:09", local(2026, 11, 3, 14, 5, 9)),
        ("2026-11-03T14:05:09Z", 1793714709.0),
        ("2026-11-03t14:05:09+01:00", 1793711109.0),
        ("9:30", local(2026, 11, 21, 9, 30)),
        ("09:30:01", local(2026, 11, 21, 9, 30, 1)),
        ("today", local(2026, 11, 21)),
        ("Yesterday", local(2026, 11, 20)),
        ("-7d", NOW - 7 * 86400),
        ("-1h30m", NOW - 5400),
        ("2h ago", NOW - 7200),
        (" 10s ago ", NOW - 10),
    ],
)
def test_a_point_in_time_is_read(written: str, meant: float) -> None:
    assert moments.parse(written, now=NOW) == pytest.approx(meant, abs=1e-6)


@pytest.mark.parametrize("written", ["2026-11-03", "yesterday"])
def test_of_a_day_alone_the_end_can_be_meant(written: str) -> None:
    first, last = moments.parse(written, now=NOW), moments.parse(written, now=NOW, is_end=True)
    assert time.localtime(first)[:3] == time.localtime(last)[:3] != time.localtime(last + 1)[:3]


@pytest.mark.parametrize("written", ["", "soon", "-", "7d", "2026-13-01", "25:00", "-1e9d", "ago", "2026-11-03 ago"])
def test_what_is_none_is_refused_with_how_to_write_one(written: str) -> None:
    with pytest.raises(ValueError, match="write it as 2026-11-03"):
        moments.parse(written, now=NOW)


@given(st.text(max_size=20))
def test_no_text_does_more_than_fail(written: str) -> None:
    try:
        assert isinstance(moments.parse(written, now=NOW), float)
    except ValueError as error:
        assert "is no point in time" in str(error)


@given(st.floats(0, 4e9))
def test_what_is_shown_is_read_back(at: float) -> None:
    assert moments.parse(time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))) == pytest.approx(int(at), abs=3600.1)
