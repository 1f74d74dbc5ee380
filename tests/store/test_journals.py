"""The journal format: whole frames only, whatever is cut or damaged."""

from __future__ import annotations

import json
import math
import os
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_store import journals, processes

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_records_are_json(value: object) -> None:
    assert json.loads(journals.dumps(value)) == value


def test_records_may_hold_nan_and_infinities_and_lone_surrogates() -> None:
    value = ["\ud800", float("inf"), float("-inf"), float("nan")]
    found = json.loads(journals.dumps(value))
    assert found[:3] == value[:3]
    assert math.isnan(found[3])


def test_what_is_not_json_is_refused_before_anything_is_written() -> None:
    with pytest.raises(TypeError, match="object"):
        journals.record({"t": object()})


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3), max_size=6), st.data())
@settings(max_examples=200)
def test_a_journal_cut_at_any_byte_holds_the_frames_before_it(
    records: list[dict[str, str]], data: st.DataObject
) -> None:
    parts = [journals.record(record) for record in records]
    whole = b"".join(parts)
    cut = data.draw(st.integers(0, len(whole)))
    found = [json.loads(whole[start:end]) for _, start, end in journals.frames(whole[:cut])]
    fitting = sum(1 for n in range(1, len(parts) + 1) if len(b"".join(parts[:n])) <= cut)
    assert found == records[:fitting]


@given(st.lists(st.sampled_from([b"x", b"yy"]) | st.integers(1, 3), max_size=12), st.integers(0, 400))
def test_frames_of_metrics_that_are_equally_long_are_read_together(kinds: list[bytes | int], cut: int) -> None:
    parts = [
        journals.record({"t": kind.decode()})
        if isinstance(kind, bytes)
        else journals.metrics_packer(kind).pack(
            journals.METRICS, journals.metrics_length(kind), 0, 1, 2.0, *[3.0] * kind
        )
        for kind in kinds
    ]
    whole = b"".join(parts)[:cut]
    found = list(journals.stretches(whole))
    assert [whole[at : at + size] for _, start, end, size in found for at in range(start, end, size)] == [
        part for n, part in enumerate(parts, 1) if len(b"".join(parts[:n])) <= cut
    ]
    for before, after in pairwise(found):
        assert before[2] == after[1]
        assert not before[0] == after[0] == journals.METRICS or before[3] != after[3]


@given(st.binary(max_size=300))
def test_any_bytes_are_frames_or_a_value_error(data: bytes) -> None:
    end = 0
    try:
        for kind, start, end in journals.frames(data):
            assert kind in (journals.KEYS, journals.METRICS, journals.RECORD)
            assert 0 < start <= end <= len(data)
    except ValueError as error:
        assert f"byte {end}" in str(error)


def test_names_of_journals_sort_by_time_of_creation() -> None:
    names = []
    for _ in range(3):
        names.append(journals.file_name())
        time.sleep(0.001)
    assert sorted(names) == names
    assert all(name.endswith(journals.SUFFIX) for name in names)


def test_a_process_knows_itself_and_is_not_gone() -> None:
    me = processes.identity()
    assert me["pid"] == os.getpid()
    with open(os.devnull, "rb") as file:
        assert not processes.is_gone(me, file.fileno())


def test_a_process_that_ended_is_gone_and_a_zombie_is_too() -> None:
    pid = os.fork()
    if pid == 0:
        os.read(0, 0)
        os._exit(0)
    ticks = processes.start_ticks(pid)
    writer = {**processes.identity(), "pid": pid, "ticks": ticks}
    with open(os.devnull, "rb") as file:
        while processes.start_ticks(pid) is not None:  # until it is a zombie
            time.sleep(0.001)
        assert processes.is_gone(writer, file.fileno())
        os.waitpid(pid, 0)
        assert processes.is_gone(writer, file.fileno())


def test_another_process_with_the_same_number_is_not_the_one_that_wrote() -> None:
    writer = {**processes.identity(), "ticks": 1}
    with open(os.devnull, "rb") as file:
        assert processes.is_gone(writer, file.fileno())


def test_what_ran_before_the_machine_started_again_is_gone() -> None:
    with open(os.devnull, "rb") as file:
        assert processes.is_gone({**processes.identity(), "boot_id": "earlier"}, file.fileno())


def test_nothing_is_said_of_a_process_on_another_machine() -> None:
    writer = {**processes.identity(), "host": "elsewhere", "boot_id": "other"}
    with open(os.devnull, "rb") as file:
        assert not processes.is_gone(writer, file.fileno())


@pytest.mark.parametrize("is_alive", [True, False])
def test_in_another_container_the_lock_on_the_file_decides(tmp_path_factory: object, is_alive: bool) -> None:
    import fcntl

    path = tmp_path_factory.mktemp("lock") / "x.journal"  # type: ignore[attr-defined]
    path.touch()
    writer = {**processes.identity(), "pid_namespace": "pid:[1]"}
    with open(path, "rb") as mine, open(path, "rb") as theirs:
        if is_alive:
            fcntl.flock(theirs, fcntl.LOCK_SH)
        assert processes.is_gone(writer, mine.fileno()) is not is_alive


def test_the_start_of_a_process_in_unix_time_is_about_right() -> None:
    ticks = processes.start_ticks(os.getpid())
    assert ticks is not None
    assert 0 <= time.time() - processes.started_at(ticks) < 24 * 3600
