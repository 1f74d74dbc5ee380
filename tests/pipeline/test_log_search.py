"""Finding lines in log files: the same lines as a look at the whole file finds, in small steps."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_store.errors import UsageError
from mlops_tui.pipeline import log_search
from mlops_tui.pipeline.log_search import ERRORS, Search, Sought


def found(path: Path, sought: Sought) -> list[int]:
    search = Search(str(path), sought)
    while search.step():
        pass
    return list(search.found)


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.sampled_from(["", "needle", "no", "NEEDLE in hay", "x" * 70_000, "hay\x1b[31m nee\x1b[0mdle"])),
    is_ended=st.booleans(),
)
def test_the_lines_found_are_those_that_hold_the_text(lines: list[str], is_ended: bool) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "log")
        path.write_bytes("\n".join(lines).encode() + (b"\n" if is_ended and lines else b""))
        wanted = [number for number, line in enumerate(lines) if "needle" in line.lower() or "nee\x1b" in line]
        assert found(path, log_search.text("needle")) == wanted


def test_steps_are_small_and_lines_across_their_borders_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_search, "STEP_BYTES", 16)
    path = tmp_path / "log"
    path.write_text("".join(f"a line with number {number}\n" for number in range(50)))
    assert found(path, log_search.text("number 37")) == [37]


def test_what_is_appended_is_found_by_the_next_step_and_an_unfinished_line_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\nneed")
    search = Search(str(path), log_search.text("need"))
    assert not search.step()
    assert list(search.found) == [1]
    with path.open("a") as log:
        log.write("le\nneedle\n")
    assert not search.step()
    assert list(search.found) == [1, 2]


def test_a_file_that_was_cut_is_searched_anew(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("a\nneedle\nneedle\n")
    search = Search(str(path), log_search.text("needle"))
    search.step()
    path.write_text("needle\n")
    search.step()
    assert list(search.found) == [0]


def test_of_a_progress_bar_only_the_last_state_counts(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"loss needle\rloss 2\nloss 1\rneedle\r\n")
    assert found(path, log_search.text("needle")) == [1]


def test_a_line_of_many_megabytes_does_not_stop_the_search(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"y" * 5_000_000 + b"\nneedle\nneedle" + b"y" * 5_000_000)
    assert found(path, log_search.text("needle")) == [1, 2]


@pytest.mark.parametrize(
    "line",
    [
        "Traceback (most recent call last):",
        "ValueError: bad",
        "sklearn.exceptions.NotFittedError: call fit",
        "KeyboardInterrupt",
        "2026-01-01 12:00 ERROR trainer: out of range",
        "src/a.c:3:1: error: expected ';'",
        "fatal: not a git repository",
        "FAILED tests/test_a.py::test_b",
        "thread 'main' panicked: panic: oh",
        "Segmentation fault (core dumped)",
        "RuntimeError: CUDA out of memory",
        "/bin/sh: 1: frob: command not found",
    ],
)
def test_lines_that_tell_of_an_error_are_known(line: str) -> None:
    assert list(ERRORS.lines(f"all is well\n{line}\n")) == [1]


@pytest.mark.parametrize(
    "line", ["val error: 0.12", "0 errors", "ERROR: 0", "mean_error=3", "error rate 0.2", "failed: 0", "Exiting now"]
)
def test_metrics_and_counts_are_no_errors(line: str) -> None:
    assert list(ERRORS.lines(line)) == []


def test_a_broken_expression_is_refused_with_its_place() -> None:
    with pytest.raises(UsageError, match="character 2"):
        log_search.expression("a(")


def test_an_expression_never_reaches_over_two_lines() -> None:
    assert list(log_search.expression(r"a\s+b").lines("a\nb\na b\n")) == [2]


def test_numbers_and_texts_come_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("a\nneedle 1\nb\nneedle 2")
    assert list(log_search.matches(str(path), log_search.text("needle"))) == [(2, "needle 1"), (4, "needle 2")]
    assert list(log_search.matches(str(tmp_path / "none"), log_search.text("needle"))) == []
