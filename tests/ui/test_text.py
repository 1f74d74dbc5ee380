"""Text from outside becomes one bounded line without control characters."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mlops_tui.ui.text import LIMIT, Cell, clean, cut, cut_left, cut_middle, fit, pieces, plain

ANY = st.text(alphabet=st.characters(), max_size=80)


@given(text=ANY)
def test_a_cleaned_text_holds_nothing_that_a_terminal_could_act_on(text: str) -> None:
    for character in clean(text):
        assert (
            unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co") or character == "\ufffd"
        )
        assert unicodedata.bidirectional(character) not in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        )


@given(text=ANY)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(text=ANY, width=st.integers(0, 30), right=st.booleans())
def test_a_fitted_text_is_exactly_as_wide_as_asked(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(clean(text), width, right=right)) == width


@given(text=ANY, width=st.integers(0, 30))
def test_a_cut_text_is_never_wider_than_asked(text: str, width: int) -> None:
    assert cell_len(cut(clean(text), width)) <= width
    assert cell_len(cut_left(clean(text), width)) <= width
    assert cell_len(cut_middle(clean(text), width)) <= width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines", "two⏎lines"),
        ("a\tb", "a b"),
        ("\x1b[31mred", "␛[31mred"),
        ("\x7f", "␡"),
        ("\x9b31m", "·31m"),
        ("right\u202eleft", "right·left"),
        ("🇩🇪", "DE"),
        ("👩\u200d🔬", "👩🔬"),
        ("[bold]x[/]", "[bold]x[/]"),
        ("\ud800", "\ufffd"),
        ("z" + "\u0335" * 9, "z" + "\u0335" * 2),
    ],
)
def test_what_is_odd_stays_visible(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_a_long_text_is_cut_before_anything_else_is_done_with_it() -> None:
    assert clean("x" * 10_000_000) == "x" * (LIMIT - 1) + "…"


def test_a_path_is_cut_at_its_beginning() -> None:
    assert cut_left("/home/ana/projects/churn", 12) == "…jects/churn"


def test_names_that_differ_at_their_end_or_beginning_are_told_apart_when_cut() -> None:
    names = ("validation_auc", "validation_log_loss", "training_auc")
    assert [cut_middle(name, 8) for name in names] == ["val…_auc", "val…loss", "tra…_auc"]


def test_no_mark_is_left_behind_without_what_it_stood_on() -> None:
    assert cut_left("e\u0301" * 9, 4) == "…" + "e\u0301" * 3
    assert cut_left("x" * 9 + "\u0301y", 2) == "…y"


def test_a_cell_value_may_be_text_a_cell_or_several() -> None:
    assert pieces("a\nb") == (Cell("a⏎b"),)
    assert pieces(Cell("x", "dim")) == (Cell("x", "dim"),)
    assert pieces((Cell("x", "dim"), Cell("\x1b"))) == (Cell("x", "dim"), Cell("␛"))
    assert plain((Cell("x"), Cell("y", "dim"))) == "xy"
