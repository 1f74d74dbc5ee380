from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.cli.table import fitted, write_table
from mlops_tui.cli.text import cut, width


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_a_piped_table_is_aligned_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(("name", "auc"), [("forest", "0.9"), ("日本", "10.25")], right=("auc",))
    assert printed(capsys) == "name      auc\nforest    0.9\n日本    10.25\n"


def test_a_hostile_cell_cannot_break_its_row(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(("na\nme",), [("[bold]x[/]\n\x1b[31m",)])
    assert printed(capsys) == "na⏎me\n[bold]x[/]⏎\\x1b[31m\n"


def test_a_column_without_rows_has_its_title(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(("name",), [])
    assert printed(capsys) == "name\n"


def test_a_long_text_is_cut_before_a_column_is_left_out() -> None:
    assert fitted([40, 60, 8], [False, False, True], 80) == [40, 28, 8]


def test_the_last_columns_go_first_and_numbers_are_never_cut() -> None:
    assert fitted([8, 20, 20, 20, 20], [False, True, True, True, True], 60) == [8, 20, 20]


@given(st.lists(st.integers(1, 100), min_size=1, max_size=12), st.data(), st.integers(20, 200))
def test_a_table_of_texts_never_exceeds_the_terminal(widths: list[int], data: st.DataObject, room: int) -> None:
    shown = fitted(widths, [False] * len(widths), room)
    assert len(shown) >= min(2, len(widths))
    assert sum(shown) + 2 * (len(shown) - 1) <= max(room, 22)
    assert all(size <= natural for size, natural in zip(shown, widths, strict=False))


@given(st.text(max_size=30), st.integers(1, 40))
def test_a_cut_text_has_room(text: str, columns: int) -> None:
    assert width(cut(text, columns)) <= columns
