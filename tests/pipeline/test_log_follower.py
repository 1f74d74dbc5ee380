from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_tui.pipeline.logs import Follower


def test_only_whole_lines_are_shown_while_the_file_grows(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = Follower(str(path))
    assert log.read() == []
    path.write_text("one\ntw")
    assert log.read() == ["one"]
    with path.open("a") as file:
        file.write("o\nthree")
    assert log.read() == ["two"]
    assert log.read(is_ended=True) == ["three"]
    assert log.is_drained


def test_a_line_without_end_is_cut_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 3_000_000)
    log, lines = Follower(str(path)), []
    while not log.is_drained:
        lines += log.read(is_ended=True)
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
    log = Follower(str(path), count)
    read: list[str] = []
    while not log.is_drained:
        read += log.read(is_ended=True)
    whole = text.split("\n")
    if not whole[-1]:
        whole.pop()
    assert read == (whole[-count:] if count else [])
