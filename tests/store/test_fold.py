"""Folding: everything once, by anyone, whatever was cut, damaged or killed."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_store import events, fold, journals, metrics, processes, runs
from mlops_store.errors import StoreBusy
from mlops_store.ids import new_id
from mlops_store.records import RunStatus
from mlops_store.store import Store

DEAD = {"host": os.uname().nodename, "boot_id": "earlier", "pid": 1, "ticks": 1}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / "store.db"), busy_timeout_s=5) as store:
        yield store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "journals").mkdir()
    return tmp_path / "journals"


def writer(*, is_owner: bool = True, is_dead: bool = False) -> bytes:
    return journals.record({"t": "writer", "is_owner": is_owner, **(DEAD if is_dead else processes.identity())})


def start(name: str = "train", **content: object) -> bytes:
    values = {"name": name, "experiment": "default", "at": 1.0, "attributes": {}}
    return journals.record({"t": "start", **values, **content})


def end(status: str = "FINISHED", at: float = 5.0) -> bytes:
    return journals.record({"t": "end", "status": status, "at": at})


def point(values: Mapping[str, float], step: int, keyset: int = 0) -> bytes:
    pack = journals.metrics_packer(len(values)).pack
    length = journals.metrics_length(len(values))
    return pack(journals.METRICS, length, keyset, step, step / 10, *values.values())


def curve(count: int, first: int = 0) -> bytes:
    return b"".join(point({"loss": float(step)}, step) for step in range(first, first + count))


def put(folder: Path, *parts: bytes, run_id: str = "") -> Path:
    path = folder / journals.file_name(run_id or new_id())
    path.write_bytes(b"".join(parts))
    return path


def logged(store: Store, path: Path) -> list[float]:
    run_id, _ = journals.split_name(path.name)
    return [point.value for point in metrics.history(store.read(), run_id, "loss")]


def test_a_finished_run_is_stored_and_its_journal_removed(store: Store, folder: Path) -> None:
    path = put(folder, writer(), start("a", params={"lr": "0.1"}), journals.key_set(["loss"]), curve(3), end())
    assert fold.fold(store, str(folder)) == 7
    (run,) = runs.by_ids(store.read(), runs.ids(store.read()))
    assert (run.name, run.status, run.started_at, run.ended_at) == ("a", RunStatus.FINISHED, 1.0, 5.0)
    assert (run.params, run.metrics) == ({"lr": "0.1"}, {"loss": 2.0})
    assert logged(store, path) == [0.0, 1.0, 2.0]
    assert list(folder.iterdir()) == []


def test_nothing_to_fold_touches_nothing(store: Store, folder: Path, tmp_path: Path) -> None:
    before = store.data_version()
    with Store(store.path) as other:
        assert fold.fold(other, str(folder)) == 0
        assert fold.fold(other, str(tmp_path / "missing")) == 0
    assert store.data_version() == before


def test_a_run_that_goes_on_is_folded_piece_by_piece(store: Store, folder: Path) -> None:
    path = put(folder, writer(), start(), journals.key_set(["loss"]))
    expected: list[float] = []
    for first in range(0, 2000, 400):
        with path.open("ab") as file:
            file.write(curve(400, first))
        assert fold.fold(store, str(folder)) >= 400
        expected += [float(step) for step in range(first, first + 400)]
        assert logged(store, path) == expected
    assert path.exists()
    with path.open("ab") as file:
        file.write(end())
    fold.fold(store, str(folder))
    assert not path.exists()


@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_journal_that_grows_by_any_bytes_is_folded_exactly_once(
    store: Store, folder: Path, data: st.DataObject
) -> None:
    whole = b"".join([writer(), start(), journals.key_set(["loss"]), curve(20), start("ignored"), curve(5, 20), end()])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=6)))
    path = put(folder)
    for low, high in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        with path.open("ab") as file:
            file.write(whole[low:high])
        fold.fold(store, str(folder))
    assert logged(store, path) == [float(step) for step in range(25)]
    assert not path.exists()


def test_the_row_of_a_journal_goes_after_its_file(store: Store, folder: Path) -> None:
    put(folder, writer(), start(), end())
    fold.fold(store, str(folder))
    put(folder, writer(), start(), end())
    fold.fold(store, str(folder))
    assert store.read().execute("SELECT count(*) FROM journals").fetchone()[0] == 1


def test_a_folder_that_died_before_it_removed_the_file_is_made_up_for(store: Store, folder: Path) -> None:
    path = put(folder, writer(is_dead=True), start(), journals.key_set(["loss"]), curve(3), end())
    content = path.read_bytes()
    fold.fold(store, str(folder))
    path.write_bytes(content)
    assert fold.fold(store, str(folder)) == 0
    assert logged(store, path) == [0.0, 1.0, 2.0]
    assert not path.exists()


def test_many_folders_at_once_store_everything_once(store: Store, folder: Path) -> None:
    paths = [put(folder, writer(), start(str(n)), journals.key_set(["loss"]), curve(200), end()) for n in range(40)]
    code = (
        "import sys\nfrom mlops_store.store import Store\nfrom mlops_store.fold import fold\n"
        "sys.stdin.read()\nprint(fold(Store(sys.argv[1]), sys.argv[2]))"
    )
    folders = [
        subprocess.Popen(
            [sys.executable, "-c", code, store.path, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    for process in folders:
        assert process.stdin is not None
        process.stdin.close()
    counts = [int(process.stdout.read()) for process in folders if process.stdout]
    assert [process.wait() for process in folders] == [0] * 8
    assert sum(counts) == 40 * 204
    assert all(logged(store, path) == [float(step) for step in range(200)] for path in paths)


def test_without_file_locks_transactions_alone_keep_the_result_right(store: Store, folder: Path) -> None:
    path = put(folder, writer(), start(), journals.key_set(["loss"]), curve(50))
    name, run_id = path.name, journals.split_name(path.name)[0]
    batch = [(name, 0, path.read_bytes())]
    for _ in range(2):  # two folders that have read the same bytes
        with store.write() as db:
            fold.store_batch(db, str(folder), batch)
    assert len(metrics.history(store.read(), run_id, "loss")) == 50


def test_a_reader_waits_for_another_folder_and_background_work_does_not(store: Store, folder: Path) -> None:
    put(folder, writer(), start(), end())
    with open(Path(store.path).parent / "fold.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert fold.fold(store, str(folder), wait_s=0) == 0
        assert fold.fold(store, str(folder), wait_s=0.02) == 0
        assert runs.count(store.read()) == 0
    assert fold.fold(store, str(folder), wait_s=0) == 3


def test_a_locked_store_is_reported_and_nothing_is_lost(store: Store, folder: Path) -> None:
    put(folder, writer(), start(), end())
    with Store(store.path, busy_timeout_s=0.05) as other, store.write(), pytest.raises(StoreBusy):
        fold.fold(other, str(folder))
    fold.fold(store, str(folder))
    assert runs.count(store.read()) == 1


@pytest.mark.parametrize(
    "junk", [b"\0" * 64, b"Q\x01\0\0\0x", b"J\xff\xff\xff\xff", b"M\x04\0\0\0abcd", b"K\x02\0\0\0{]"]
)
def test_damage_ends_the_journal_there_and_is_an_event(store: Store, folder: Path, junk: bytes) -> None:
    path = put(folder, writer(), start(), journals.key_set(["loss"]), curve(5), junk, curve(5, 5))
    other = put(folder, writer(), start("other"), end())
    fold.fold(store, str(folder))
    fold.fold(store, str(folder))
    assert logged(store, path) == [float(step) for step in range(5)]
    assert not path.exists()
    assert path.with_name(path.name + ".damaged").exists()
    found = [event for event in events.newest(store.read()) if event.kind == "journal.damaged"]
    assert len(found) == 1
    assert not other.exists()


@pytest.mark.parametrize(
    "record",
    [
        {"t": "params", "params": 3},
        {"t": "artifact", "files": [[1]], "at": 1.0},
        {"t": "capture", "attributes": {"nonsense": 1}},
        {"t": "end", "status": "FINISHED"},
        {"t": "model", "model": {}},
        {"t": "tags", "tags": {"a": {"b": 1}}},
        {"t": "later", "from": "a newer program"},
        {"nothing": 1},
        [],
    ],
    ids=str,
)
def test_a_record_that_makes_no_sense_does_not_keep_out_the_others(store: Store, folder: Path, record: object) -> None:
    body = json.dumps(record).encode()
    frame = journals.HEADER.pack(journals.RECORD, len(body)) + body
    path = put(folder, writer(), start(), frame, journals.key_set(["loss"]), curve(3), end())
    fold.fold(store, str(folder))
    assert logged(store, path) == [0.0, 1.0, 2.0]
    assert runs.get(store.read(), path.name[:32]).status is RunStatus.FINISHED


def test_a_frame_longer_than_a_batch_is_folded(store: Store, folder: Path) -> None:
    text = "x" * 3_000_000
    path = put(folder, writer(), start(tags={"big": text}), journals.key_set(["loss"]), curve(3), end())
    fold.fold(store, str(folder))
    assert runs.get(store.read(), path.name[:32]).tags["big"] == text
    assert logged(store, path) == [0.0, 1.0, 2.0]


def test_a_journal_longer_than_a_batch_is_folded_in_several_transactions(store: Store, folder: Path) -> None:
    count = 60_000
    path = put(folder, writer(), start(), journals.key_set(["loss"]), curve(count), end())
    assert path.stat().st_size > 1 << 20
    assert fold.fold(store, str(folder)) == count + 4
    assert logged(store, path) == [float(step) for step in range(count)]


def test_a_child_that_comes_before_its_parent_in_name_finds_it(store: Store, folder: Path) -> None:
    put(folder, writer(), start("parent"), run_id="f" * 32)
    put(folder, writer(), start("child", parent="f" * 32), run_id="0" * 32)
    fold.fold(store, str(folder))
    assert runs.get(store.read(), "0" * 32).parent_run_id == "f" * 32


def test_a_child_of_an_unknown_parent_is_kept_and_that_is_an_event(store: Store, folder: Path) -> None:
    put(folder, writer(), start("child", parent="f" * 32), run_id="0" * 32)
    fold.fold(store, str(folder))
    assert runs.get(store.read(), "0" * 32).parent_run_id is None
    assert events.newest(store.read())[0].kind == "run.orphan"


def test_what_is_logged_to_a_run_without_a_row_is_kept_under_its_id(store: Store, folder: Path) -> None:
    path = put(folder, writer(), journals.key_set(["loss"]), curve(3))
    fold.fold(store, str(folder))
    assert logged(store, path) == [0.0, 1.0, 2.0]


def test_two_processes_that_log_different_values_of_a_param_keep_the_first_and_an_event(
    store: Store, folder: Path
) -> None:
    run_id = new_id()
    put(folder, writer(), start(params={"lr": "0.1"}), run_id=run_id)
    put(folder, writer(is_owner=False), journals.record({"t": "params", "params": {"lr": "0.2"}}), run_id=run_id)
    fold.fold(store, str(folder))
    assert runs.get(store.read(), run_id).params == {"lr": "0.1"}
    assert events.newest(store.read())[0].kind == "param.conflict"


def test_a_run_whose_process_is_gone_is_killed(store: Store, folder: Path) -> None:
    path = put(
        folder, writer(is_dead=True), start(), journals.key_set(["loss"]), curve(3), point({"loss": 9.0}, 9)[:-4]
    )
    os.utime(path, (77.0, 77.0))
    fold.fold(store, str(folder))
    run = runs.get(store.read(), path.name[:32])
    assert (run.status, run.ended_at) == (RunStatus.KILLED, 77.0)
    assert logged(store, path) == [0.0, 1.0, 2.0]
    assert not path.exists()
    assert events.newest(store.read())[0].kind == "run.killed"


def test_a_run_whose_process_is_gone_stays_while_a_process_that_it_forked_logs(store: Store, folder: Path) -> None:
    run_id = new_id()
    put(folder, writer(is_dead=True), start(), run_id=run_id)
    child = put(folder, writer(is_owner=False), run_id=run_id)
    fold.fold(store, str(folder))
    assert runs.get(store.read(), run_id).status is RunStatus.RUNNING
    child.write_bytes(writer(is_owner=False, is_dead=True))
    until_settled(store, folder)
    assert runs.get(store.read(), run_id).status is RunStatus.KILLED


def until_settled(store: Store, folder: Path) -> None:
    """Folds until no journal is left; a process that was seen alive is not looked at again for a second."""
    deadline = time.monotonic() + 20
    while any(folder.iterdir()):
        assert time.monotonic() < deadline
        fold.fold(store, str(folder))
        time.sleep(0.05)


def test_a_forked_process_that_is_gone_does_not_end_the_run(store: Store, folder: Path) -> None:
    run_id = new_id()
    owner = put(folder, writer(), start(), run_id=run_id)
    child = put(folder, writer(is_owner=False, is_dead=True), run_id=run_id)
    fold.fold(store, str(folder))
    assert runs.get(store.read(), run_id).status is RunStatus.RUNNING
    assert (owner.exists(), child.exists()) == (True, False)


def test_the_run_of_a_stage_is_ended_by_the_pipeline_only(store: Store, folder: Path) -> None:
    run_id = new_id()
    with store.write() as db:
        runs.create(db, run_id=run_id, name="train", experiment="default", kind="stage", started_at=1.0, user="ann")
    adopt = journals.record({"t": "adopt", "at": 2.0, "attributes": {"user": "bob", "host": "box"}, "tags": {"a": "b"}})
    put(folder, writer(is_owner=False, is_dead=True), adopt, run_id=run_id)
    fold.fold(store, str(folder))
    run = runs.get(store.read(), run_id)
    assert (run.status, run.user, run.host, run.tags) == (RunStatus.RUNNING, "ann", "box", {"a": "b"})
    assert list(folder.iterdir()) == []


def test_a_resumed_run_is_running_again_and_keeps_what_it_had(store: Store, folder: Path) -> None:
    run_id = new_id()
    put(folder, writer(), start(), journals.key_set(["loss"]), curve(20), end("FAILED"), run_id=run_id)
    fold.fold(store, str(folder))
    again = put(folder, writer(), journals.record({"t": "resume", "at": 9.0}), run_id=run_id)
    fold.fold(store, str(folder))
    assert runs.get(store.read(), run_id).status is RunStatus.RUNNING
    with again.open("ab") as file:
        file.write(journals.key_set(["loss"]) + curve(20, 20) + end())
    fold.fold(store, str(folder))
    run = runs.get(store.read(), run_id)
    assert (run.status, run.ended_at) == (RunStatus.FINISHED, 5.0)
    assert logged(store, again) == [float(step) for step in range(40)]


def test_a_budget_ends_a_fold_and_the_next_goes_on(store: Store, folder: Path) -> None:
    path = put(folder, writer(), start(), journals.key_set(["loss"]), curve(60_000), end())
    first = fold.fold(store, str(folder), budget_s=0.0001)
    assert 0 < first < 60_004
    assert path.exists()
    assert fold.fold(store, str(folder)) == 60_004 - first
    assert not path.exists()


def test_a_store_that_cannot_be_written_is_read_without_folding(store: Store, folder: Path) -> None:
    put(folder, writer(), start(), end())
    store.is_read_only = True
    assert fold.fold(store, str(folder)) == 0
