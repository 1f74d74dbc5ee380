from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.cli.text import clean, clean_line, duration, moment, number, pad, size, width


@given(st.text())
def test_cleaned_text_moves_no_cursor_and_can_be_encoded(text: str) -> None:
    cleaned = clean(text)
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in cleaned)
    assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff")
    cleaned.encode("utf-8")


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200))
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_a_name_of_a_million_characters_is_cut() -> None:
    assert clean("x" * 1_000_000, 20) == "x" * 19 + "…"


def test_a_line_break_in_a_name_is_shown_not_obeyed() -> None:
    assert clean("a\nb\x1b[2Jc") == "a⏎b\\x1b[2Jc"


def test_colours_are_taken_out_of_log_lines() -> None:
    assert clean_line("\x1b[31mred\x1b[0m\tdone\x1b]0;title\x07") == "red    done"


def test_of_a_progress_bar_the_last_state_is_shown() -> None:
    assert clean_line("10%\r50%\r100%\r\n") == "100%"


def test_columns_of_wide_and_combining_characters_are_counted() -> None:
    assert width("日本") == 4
    assert width("e\u0301") == 1
    assert pad("日本", 6) == "日本  "
    assert pad("7", 3, right=True) == "  7"


def test_numbers_are_short_and_nan_is_named() -> None:
    assert number(0.123456789) == "0.123457"
    assert number(math.nan) == "NaN"
    assert number(-math.inf) == "-inf"
    assert number(None) == "-"


def test_durations_read_as_people_say_them() -> None:
    assert [duration(seconds) for seconds in (0.04, 12.3, 59.7, 185, 8040, 273600)] == [
        "0.0s",
        "12s",
        "1m 00s",
        "3m 05s",
        "2h 14m",
        "3d 4h",
    ]


def test_a_moment_beyond_the_calendar_is_still_shown() -> None:
    assert moment(1e300) == "1e+300"


def test_sizes_have_decimal_units() -> None:
    assert [size(value) for value in (0, 999, 1000, 3_400, 999_960, 5_000_000_000_000)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "3.4 kB",
        "1.0 MB",
        "5.0 TB",
    ]
