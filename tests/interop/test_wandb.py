"""Runs that W&B 0.31 wrote offline."""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_store.records import RunStatus
from mlops_tui.interop import kinds, wandb, wandb_log, wandb_records
from mlops_tui.interop.source import Problems
from mlops_tui.interop.wandb_records import Log

Make = Callable[..., Path]


def record_file(root: Path, name: str = "") -> Path:
    """The record file of the larger run, or of the other."""
    found = sorted(root.rglob("*.wandb"), key=lambda path: path.stat().st_size)
    return found[0] if name == "failed" else found[-1]


def written(*records: bytes, path: Path) -> Path:
    """A record file, written as W&B does."""
    out = bytearray(b":W&B\xe1\xbe\x00")
    for record in records:
        rest, is_first = record, True
        while is_first or rest:
            room = 32768 - len(out) % 32768
            if room < 7:
                out += bytes(room)
                continue
            part, rest = rest[: room - 7], rest[room - 7 :]
            kind = (1 if not rest else 2) if is_first else (4 if not rest else 3)
            out += struct.pack("<IHB", zlib.crc32(bytes([kind]) + part), len(part), kind) + part
            is_first = False
    path.write_bytes(out)
    return path


def test_a_run_comes_with_config_history_summary_and_system_metrics(folder: Make, runs_of: Callable) -> None:
    run = runs_of(folder("wandb"))["first"]
    assert run.experiment == "churn"
    assert run.params == {"lr": "0.1", "net.depth": "4"}
    assert [(step, value) for step, _, value in run.series["loss"]] == [(step, 1 / (step + 1)) for step in range(5)]
    assert [math.isnan(value) for _, _, value in run.series["bad"]] == [False, False, True, False, False]
    assert run.series["bad"][0][2] == math.inf
    assert run.series["nested.x"][0][0] == 5
    assert run.series["best"][0][2] == 0.9
    assert any(key.startswith("system/") for key in run.series)
    assert not any(key.startswith("_") for key in run.series)
    assert (run.note, run.tags["wandb.group"], run.tags["wandb.tags"]) == ("a note", "g", "a, b")
    assert run.status is RunStatus.FINISHED
    assert run.ended_at is not None
    assert abs(run.started_at - run.series["loss"][0][1] / 1000) < 60
    assert run.attributes["packages"]["wandb"].startswith("0.31")
    assert run.attributes["command"][1:] == ["wandb"]
    assert run.attributes["python_version"][0].isdigit()


def test_parts_of_an_object_are_no_metrics() -> None:
    def item(number: int, parts: list[str], text: bytes) -> bytes:
        inner = b"".join(b"\x12" + bytes([len(part)]) + part.encode() for part in parts)
        inner += b"\x82\x01" + bytes([len(text)]) + text
        return bytes([number << 3 | 2, len(inner)]) + inner

    items = [(["a", "img", "_type"], b'"image-file"'), (["a", "img", "width"], b"8"), (["a", "x"], b"2")]
    log = Log()
    for place, number in ((2, 1), (3, 1)):  # a history, and a summary
        body = b"".join(item(number, parts, text) for parts, text in items)
        log.add(bytes([place << 3 | 2, len(body)]) + body)
    assert list(log.series) == ["a.x"]
    assert list(wandb_records.items(log)) == []
    problems = Problems()
    log.others.list("run", problems)
    assert [problem.message for problem in problems.kept] == ["1 of the kind image-file not imported: a.img"]


def test_a_run_that_exited_with_an_error_has_failed(folder: Make, runs_of: Callable) -> None:
    run = runs_of(folder("wandb"))["failed"]
    assert (run.status, run.attributes["exit_code"]) == (RunStatus.FAILED, 1)


def test_files_are_read_but_not_through_links_that_lead_out(folder: Make) -> None:
    problems = Problems()
    found = {one.run.name: one for one in kinds.open_source(str(folder("wandb")), problems).runs()}["first"]
    assert sorted(file.path for file in found.files) == ["output.log", "requirements.txt"]
    messages = {os.path.basename(problem.place): problem.message for problem in problems.kept}
    assert "leads out" in messages["note.txt"]
    assert any("1 of the kind text not imported: text" in message for message in messages.values())


def test_the_folder_of_a_run_and_its_file_are_the_same_run(folder: Make, runs_of: Callable) -> None:
    root = folder("wandb")
    path = record_file(root)
    (one,) = runs_of(path.parent).values()
    (other,) = runs_of(path).values()
    assert one.run_id == other.run_id == runs_of(root)["first"].run_id


def test_a_run_that_was_resumed_is_one_run(folder: Make) -> None:
    root = folder("wandb")
    first, second = record_file(root), record_file(root, "failed")
    again = root / "offline-run-30000101_000000-x"
    again.mkdir()
    (again / first.name).write_bytes(second.read_bytes())
    runs = [found.run for found in kinds.open_source(str(root), Problems()).runs()]
    (resumed,) = [run for run in runs if len(run.series["loss"]) == 6]
    assert len(runs) == 2
    assert resumed.status is RunStatus.FAILED


def test_a_run_that_did_not_say_that_it_ended_runs_until_it_is_quiet(folder: Make, runs_of: Callable) -> None:
    path = record_file(folder("wandb"))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.6)])
    (run,) = runs_of(path).values()
    assert (run.status, run.ended_at) == (RunStatus.RUNNING, None)
    os.utime(path, (1.7e9, 1.7e9))
    (run,) = runs_of(path).values()
    assert run.status is RunStatus.KILLED
    assert run.ended_at is not None
    assert wandb.QUIET_S == 3600


@given(st.lists(st.binary(max_size=70_000), max_size=6), st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_records_come_back_and_a_cut_costs_only_what_follows(
    tmp_path: Path, records: list[bytes], data: st.DataObject
) -> None:
    path = written(*records, path=tmp_path / "run-a.wandb")
    problems = Problems()
    assert list(wandb_log.records(str(path), problems)) == records
    assert problems.count == 0
    whole = path.read_bytes()
    size = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:size])
    cut = list(wandb_log.records(str(path), problems))
    assert cut == records[: len(cut)]
    if (
        len(cut) < len(records)
        and size > 7
        and not any(written(*records[:n], path=path).stat().st_size == size for n in range(len(records)))
    ):
        assert problems.count


@given(st.data())
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_real_file_cut_or_changed_anywhere_is_survived(folder: Make, runs_of: Callable, data: st.DataObject) -> None:
    path = record_file(folder("wandb"))
    whole = path.read_bytes()
    changed = bytearray(whole)
    if data.draw(st.booleans()):
        changed = changed[: data.draw(st.integers(0, len(whole)))]
    else:
        changed[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(changed)
    problems = Problems()
    (run,) = runs_of(path, problems, "wandb").values()
    path.write_bytes(whole)
    assert len(run.series.get("loss", ())) <= 5


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_a_value_error(data: bytes) -> None:
    for field in (2, 3, 5, 7, 8, 17, 18, 26):
        key = field << 3 | 2
        head = bytes([key]) if key < 0x80 else bytes([key & 0x7F | 0x80, key >> 7])
        size = bytes([len(data)]) if len(data) < 0x80 else bytes([len(data) & 0x7F | 0x80, len(data) >> 7])
        try:
            Log().add(head + size + data)
        except ValueError:
            continue


def test_another_file_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "run-a.wandb"
    path.write_text("no")
    problems = Problems()
    assert list(wandb_log.records(str(path), problems)) == []
    assert "does not begin" in problems.kept[0].message


@pytest.mark.parametrize("value", [b"NaN", b"Infinity", b'"NaN"', b'"Infinity"'])
def test_numbers_that_json_lacks_are_numbers(value: bytes) -> None:
    item = b"\x0a\x01x\x82\x01" + bytes([len(value)]) + value
    history = b"\x0a" + bytes([len(item)]) + item + b"\x12\x02\x08\x07"
    log = Log()
    log.add(b"\x12" + bytes([len(history)]) + history)
    ((step, _, number),) = log.series["x"]
    assert step == 7
    assert math.isnan(number) or math.isinf(number)
