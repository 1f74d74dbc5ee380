from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_tui.cli.follow import LogTail


def test_only_whole_lines_are_shown_while_the_file_grows(tmp_path: Path) -> None:
    path = tmp_path / "log"
    tail = LogTail(str(path))
    assert tail.read() == []
    path.write_text("one\ntw")
    assert tail.read() == ["one"]
    with path.open("a") as file:
        file.write("o\nthree")
    assert tail.read() == ["two"]
    assert tail.read(is_ended=True) == ["three"]
    assert tail.is_drained


def test_a_line_without_end_is_cut_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 3_000_000)
    tail, lines = LogTail(str(path)), []
    while not tail.is_drained:
        lines += tail.read(is_ended=True)
    assert sum(map(len, lines)) == 3_000_000


@settings(max_examples=200)
@given(
    st.lists(st.text(st.characters(blacklist_characters="\n", blacklist_categories=("Cs",)), max_size=5), max_size=12),
    st.booleans(),
    st.integers(0, 14),
)
def test_the_last_lines_are_where_reading_begins(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], is_ended: bool, count: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "tail.log"
    text = "\n".join(lines) + ("\n" if is_ended and lines else "")
    path.write_text(text, encoding="utf-8", newline="")
    tail = LogTail(str(path), count)
    read: list[str] = []
    while not tail.is_drained:
        read += tail.read(is_ended=True)
    whole = text.split("\n")
    if not whole[-1]:
        whole.pop()
    assert read == (whole[-count:] if count else [])
