"""Windows on logs of any size and any bytes."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_tui.ui.widgets import log_file
from mlops_tui.ui.widgets.log_file import CHUNK_BYTES, LogFile, readable


def indexed(path: Path) -> LogFile:
    file = LogFile(str(path))
    while file.update():
        pass
    return file


@settings(max_examples=60, deadline=None)
@given(lengths=st.lists(st.sampled_from([0, 1, 7, 80, 4000, 70_000, CHUNK_BYTES - 1, CHUNK_BYTES]), max_size=30))
def test_every_window_holds_the_lines_that_reading_the_whole_file_gives(lengths: list[int]) -> None:
    import tempfile

    body = "\n".join(f"{i}:" + "x" * length for i, length in enumerate(lengths))
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "log")
        path.write_text(body)
        file = indexed(path)
        whole = [readable(line) for line in body.encode().split(b"\n")] if body else []
        assert file.line_count == len(whole)
        for start in range(0, len(whole) + 2, 3):
            assert file.lines(start, start + 4) == whole[start : start + 4]


def test_what_is_appended_is_indexed_by_the_next_update(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\ntw")
    file = indexed(path)
    assert file.lines(0, 9) == ["one", "tw"]
    with path.open("a") as log:
        log.write("o\nthree\n")
    file.update()
    assert file.lines(0, 9) == ["one", "two", "three"]


def test_a_file_that_was_cut_or_replaced_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("a\nb\nc\n")
    file = indexed(path)
    path.write_text("z\n")
    file.update()
    assert file.lines(0, 9) == ["z"]
    (tmp_path / "other").write_text("a\nb\nc\nd\n")
    os.replace(tmp_path / "other", path)
    file.update()
    assert file.line_count == 4


def test_a_missing_file_has_no_lines_and_its_lines_come_when_it_is_made(tmp_path: Path) -> None:
    file = LogFile(str(tmp_path / "later"))
    assert not file.update()
    assert file.line_count == 0
    (tmp_path / "later").write_text("now\n")
    file.update()
    assert file.lines(0, 5) == ["now"]


def test_a_line_of_many_megabytes_is_shown_cut_and_the_next_line_is_found(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as log:
        log.write(b"first\n" + b"y" * 20_000_000 + b"\nlast\n")
    file = indexed(path)
    first, middle, last = file.lines(0, 3)
    assert (first, last) == ("first", "last")
    assert middle.startswith("yyy")
    assert len(middle) < 2 * log_file.LINE_BYTES


def test_indexing_goes_in_bounded_steps(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as log:
        log.write(b"line\n" * (log_file.STEP_BYTES // 5 + 10))
    file = LogFile(str(path))
    assert file.update()
    assert not file.update()
    assert file.line_count == log_file.STEP_BYTES // 5 + 10


def test_escape_sequences_are_removed_and_progress_bars_show_their_last_state() -> None:
    assert readable(b"\x1b[31mred\x1b[0m \x1b]0;title\x07done") == "red done"
    assert readable(b" 10%\r 50%\r100%\r") == "100%"
    assert readable(b"\x1b") == ""


@given(data=st.binary(max_size=300))
def test_no_bytes_leave_a_control_character(data: bytes) -> None:
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in readable(data))
