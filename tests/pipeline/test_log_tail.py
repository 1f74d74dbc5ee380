import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_builders import make, run, stage

from mlops_tui.pipeline import logs


@given(st.binary(max_size=300), st.integers(0, 12))
def test_the_tail_is_the_last_lines_whatever_the_bytes(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, count: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "log"
    path.write_bytes(data)
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    expected = [line.decode("utf-8", "replace") for line in lines]
    assert logs.tail(str(path), count) == (expected[-count:] if count else [])


def test_the_tail_of_a_large_file_reads_its_end_only(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as file:
        file.truncate(10 << 30)  # sparse: reading all of it would take minutes
        file.seek(0, os.SEEK_END)
        file.write(b"\nlast but one\nlast\n")
    assert logs.tail(str(path), 2) == ["last but one", "last"]


def test_one_endless_line_is_cut_at_its_left(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 5_000_000)
    (line,) = logs.tail(str(path), 3, limit_bytes=1000)
    assert line == "x" * 1000


def test_no_file_has_no_tail(tmp_path: Path) -> None:
    assert logs.tail(str(tmp_path / "none"), 5) == []


def test_output_is_kept_byte_for_byte_in_the_order_written(tmp_path: Path) -> None:
    code = "import os; os.write(1, bytes(range(256))); os.write(2, b'\\xff\\x1b[31m\\x00'); os.write(1, b'end')"
    project = make(tmp_path, f'stages: {{a: {{cmd: "python3 -c \\"{code}\\""}}}}'.replace("\\x", "\\\\x"))
    ended = run(project)
    assert ended.state == "finished", stage(ended, "a").error
    assert Path(stage(ended, "a").log_path).read_bytes() == bytes(range(256)) + b"\xff\x1b[31m\x00end"


def test_a_failing_stage_with_binary_output_has_a_readable_error(tmp_path: Path) -> None:
    project = make(tmp_path, "stages: {a: {cmd: 'head -c 100000 /dev/urandom; exit 1'}}")
    error = stage(run(project), "a").error
    assert error.startswith("exit code 1\n")
    assert len(error) <= 4_100


@pytest.mark.slow
def test_100_mb_of_output_pass_the_supervisor_by(tmp_path: Path) -> None:
    project = make(
        tmp_path,
        """
        stages:
          a:
            cmd:
              - yes 0123456789abcdef | head -c 100000000
              - grep VmHWM /proc/$(cut -d' ' -f4 /proc/$PPID/stat)/status > peak
        """,
    )
    ended = run(project)
    assert os.path.getsize(stage(ended, "a").log_path) == 100_000_000
    assert int((tmp_path / "peak").read_text().split()[1]) < 100_000  # kilobytes of the supervisor, all its life
