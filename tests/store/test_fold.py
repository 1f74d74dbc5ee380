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
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mlops_store import events, fold, journals, metrics, processes, run_rows, runs
from mlops_store.errors import StoreBusy
from mlops_store.ids import new_id
from mlops_store.records import Run, RunStatus
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


class Log:
    """What a process appends to its journal for one run."""

    def __init__(self, run_id: str = "", *, is_dead: bool = False, **content: object) -> None:
        self.run_id = run_id or new_id()
        self.writer = journals.record({"t": "writer", **(DEAD if is_dead else processes.identity()), **content})
        self.keys = journals.key_set(self.run_id, ["loss"])
        self.end = self.record("end", status="FINISHED", at=5.0)
        self.close = journals.record({"t": "close"})

    def record(self, kind: str, **content: object) -> bytes:
        return journals.record({**content, "t": kind, "run": self.run_id})

    def start(self, name: str = "train", **content: object) -> bytes:
        return self.record("start", **{"name": name, "experiment": "default", "at": 1.0, "attributes": {}, **content})

    def begin(self, name: str = "train") -> bytes:
        return self.writer + self.start(name) + self.keys

    def key_set(self) -> bytes:
        return journals.key_set(self.run_id, ["loss"])

    def whole(self, name: str, count: int) -> bytes:
        return self.begin(name) + curve(count) + self.end + self.close


def point(values: Mapping[str, float], step: int, keyset: int = 0) -> bytes:
    pack = journals.metrics_packer(len(values)).pack
    length = journals.metrics_length(len(values))
    return pack(journals.METRICS, length, keyset, step, step / 10, *values.values())


def curve(count: int, first: int = 0) -> bytes:
    return b"".join(point({"loss": float(step)}, step) for step in range(first, first + count))


def put(folder: Path, *parts: bytes) -> Path:
    path = folder / journals.file_name()
    path.write_bytes(b"".join(parts))
    return path


def steps(count: int) -> list[float]:
    return [float(step) for step in range(count)]


def run_of(store: Store, log: Log) -> Run:
    return runs.get(store.read(), log.run_id)


def logged(store: Store, log: Log) -> list[float]:
    return [point.value for point in metrics.history(store.read(), log.run_id, "loss")]


def test_a_finished_run_is_stored_and_its_journal_removed(store: Store, folder: Path) -> None:
    log = Log()
    put(folder, log.writer, log.start("a", params={"lr": "0.1"}), log.keys, curve(3), log.end, log.close)
    assert fold.fold(store, str(folder)) == 8
    run = run_of(store, log)
    assert (run.name, run.status, run.started_at, run.ended_at) == ("a", RunStatus.FINISHED, 1.0, 5.0)
    assert (run.params, run.metrics) == ({"lr": "0.1"}, {"loss": 2.0})
    assert logged(store, log) == steps(3)
    assert list(folder.iterdir()) == []


def test_nothing_to_fold_touches_nothing(store: Store, folder: Path, tmp_path: Path) -> None:
    before = store.data_version()
    with Store(store.path) as other:
        assert fold.fold(other, str(folder)) == 0
        assert fold.fold(other, str(tmp_path / "missing")) == 0
    assert store.data_version() == before


def test_many_runs_of_a_process_share_its_journal(store: Store, folder: Path) -> None:
    logs = [Log() for _ in range(5)]
    parts = [log.start(str(n)) + log.keys + point({"loss": float(n)}, n, keyset=n) for n, log in enumerate(logs)]
    path = put(folder, logs[0].writer, *parts, logs[1].end)
    fold.fold(store, str(folder))
    with path.open("ab") as file:
        file.write(point({"loss": 9.0}, 9, keyset=3) + logs[3].end)
    fold.fold(store, str(folder))
    assert [logged(store, log) for log in logs] == [[0.0], [1.0], [2.0], [3.0, 9.0], [4.0]]
    live = [str(run_of(store, log).status) for log in logs]
    assert live == ["RUNNING", "FINISHED", "RUNNING", "FINISHED", "RUNNING"]
    keysets, known = store.read().execute("SELECT keysets, runs FROM journals").fetchone()
    assert [keys is not None for keys in json.loads(keysets)] == [True, False, True, False, True]
    assert sorted(json.loads(known)) == sorted(logs[n].run_id for n in (0, 2, 4))


def test_a_run_that_goes_on_is_folded_piece_by_piece(store: Store, folder: Path) -> None:
    log = Log()
    path = put(folder, log.begin())
    for first in range(0, 2000, 400):
        with path.open("ab") as file:
            file.write(curve(400, first))
        assert fold.fold(store, str(folder)) >= 400
        assert logged(store, log) == steps(first + 400)
    assert path.exists()
    with path.open("ab") as file:
        file.write(log.end + log.close)
    fold.fold(store, str(folder))
    assert not path.exists()


@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_journal_that_grows_by_any_bytes_is_folded_exactly_once(
    store: Store, folder: Path, data: st.DataObject
) -> None:
    log = Log()
    whole = log.begin() + curve(20) + log.record("tags", tags={"a": "b"}) + curve(5, 20) + log.end + log.close
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=6)))
    path = put(folder)
    for low, high in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        with path.open("ab") as file:
            file.write(whole[low:high])
        fold.fold(store, str(folder))
    assert logged(store, log) == steps(25)
    assert run_of(store, log).tags == {"a": "b"}
    assert not path.exists()


@given(share=st.floats(0, 1))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_journal_that_is_cut_at_any_byte_gives_what_was_whole_and_its_run_does_not_run_for_ever(
    store: Store, folder: Path, share: float
) -> None:
    log = Log(is_dead=True)
    parts = [log.writer, log.start(), log.keys, *(curve(1, step) for step in range(20)), log.end, log.close]
    whole = b"".join(parts)
    cut = round(share * len(whole))
    path = put(folder, whole[:cut])
    assert fold.fold(store, str(folder)) == sum(1 for n in range(1, len(parts) + 1) if len(b"".join(parts[:n])) <= cut)
    if cut < len(b"".join(parts[:2])):
        assert store.read().execute("SELECT count(*) FROM runs WHERE run_id = ?", (log.run_id,)).fetchone() == (0,)
    else:
        is_ended = cut >= len(b"".join(parts[:-1]))
        assert run_of(store, log).status == (RunStatus.FINISHED if is_ended else RunStatus.KILLED)
        kept = logged(store, log) if cut >= len(b"".join(parts[:4])) else []
        assert kept == steps(len(kept))
        assert len(kept) == sum(1 for n in range(4, 24) if len(b"".join(parts[:n])) <= cut)
    assert path.exists() == (cut < len(log.writer))  # nobody knows whose it is


def test_a_run_that_two_processes_log_into_ends_with_the_last_of_them(store: Store, folder: Path) -> None:
    first, second = Log(), Log()
    second.run_id = first.run_id
    one = put(folder, first.begin(), curve(3))
    fold.fold(store, str(folder))
    other = put(folder, second.writer, second.record("resume", at=9.0), second.key_set(), curve(3, 3))
    fold.fold(store, str(folder))
    with one.open("ab") as file:
        file.write(first.record("end", status="FAILED", at=10.0) + first.close)
    fold.fold(store, str(folder))
    assert (run_of(store, first).status, run_of(store, first).ended_at) == (RunStatus.RUNNING, None)
    assert "one of the processes that log into it is done (FAILED)" in [
        event.message.partition(";")[0] for event in events.newest(store.read(), limit=9)
    ]
    with other.open("ab") as file:
        file.write(curve(3, 6) + second.record("end", status="FINISHED", at=11.0) + second.close)
    fold.fold(store, str(folder))
    assert (run_of(store, first).status, run_of(store, first).ended_at) == (RunStatus.FINISHED, 11.0)
    assert logged(store, first) == steps(9)


def test_a_run_that_goes_on_in_another_file_of_its_process_ends_there(store: Store, folder: Path) -> None:
    log = Log()
    put(folder, log.begin(), curve(3), log.close)
    put(folder, log.writer, log.keys, curve(3, 3), log.end, log.close)
    fold.fold(store, str(folder))
    assert run_of(store, log).status == RunStatus.FINISHED
    assert logged(store, log) == steps(6)


def test_a_run_that_is_resumed_after_its_process_was_killed_ends_as_it_says(store: Store, folder: Path) -> None:
    dead, log = Log(is_dead=True), Log()
    log.run_id = dead.run_id
    put(folder, dead.begin(), curve(3))
    fold.fold(store, str(folder))
    again = put(folder, log.writer, log.record("resume", at=9.0))
    fold.fold(store, str(folder))
    assert run_of(store, log).status == RunStatus.RUNNING
    with again.open("ab") as file:
        file.write(log.record("end", status="FINISHED", at=12.0) + log.close)
    fold.fold(store, str(folder))
    assert (run_of(store, log).status, run_of(store, log).ended_at) == (RunStatus.FINISHED, 12.0)


def test_the_row_of_a_journal_goes_after_its_file(store: Store, folder: Path) -> None:
    for _ in range(2):
        put(folder, Log().whole("a", 1))
        fold.fold(store, str(folder))
    assert store.read().execute("SELECT count(*) FROM journals").fetchone()[0] == 1


def test_a_folder_that_died_before_it_removed_the_file_is_made_up_for(store: Store, folder: Path) -> None:
    log = Log(is_dead=True)
    path = put(folder, log.whole("a", 3))
    content = path.read_bytes()
    fold.fold(store, str(folder))
    path.write_bytes(content)
    assert fold.fold(store, str(folder)) == 0
    assert logged(store, log) == steps(3)
    assert not path.exists()


def test_many_folders_at_once_store_everything_once(store: Store, folder: Path) -> None:
    logs = [Log() for _ in range(40)]
    for n, log in enumerate(logs):
        put(folder, log.whole(str(n), 200))
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
    assert sum(counts) == 40 * 205
    assert all(logged(store, log) == steps(200) for log in logs)


def test_without_file_locks_transactions_alone_keep_the_result_right(store: Store, folder: Path) -> None:
    log = Log()
    path = put(folder, log.begin(), curve(50))
    batch = [(path.name, 0, path.read_bytes())]
    for _ in range(2):  # two folders that have read the same bytes
        with store.write() as db:
            fold.store_batch(db, str(folder), batch)
    assert logged(store, log) == steps(50)


def test_a_reader_waits_for_another_folder_and_background_work_does_not(store: Store, folder: Path) -> None:
    put(folder, Log().whole("a", 0))
    with open(Path(store.path).parent / "fold.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert fold.fold(store, str(folder), wait_s=0) == 0
        assert fold.fold(store, str(folder), wait_s=0.02) == 0
        assert runs.count(store.read()) == 0
    assert fold.fold(store, str(folder), wait_s=0) == 5


def test_a_locked_store_is_reported_and_nothing_is_lost(store: Store, folder: Path) -> None:
    put(folder, Log().whole("a", 0))
    with Store(store.path, busy_timeout_s=0.05) as other, store.write(), pytest.raises(StoreBusy):
        fold.fold(other, str(folder))
    fold.fold(store, str(folder))
    assert runs.count(store.read()) == 1


JUNK = [
    b"\0" * 64,
    b"Q\x01\0\0\0x",
    b"J\xff\xff\xff\xff",
    b"M\x04\0\0\0abcd",
    b"K\x02\0\0\0{]",
    point({"a": 1.0, "b": 2.0}, 1),
    point({"loss": 1.0}, 1, keyset=7),
    point({}, 1, keyset=7),
]


@pytest.mark.parametrize("junk", JUNK)
def test_damage_ends_the_journal_there_and_is_an_event(store: Store, folder: Path, junk: bytes) -> None:
    log, other = Log(), Log()
    path = put(folder, log.begin(), curve(5), junk, curve(5, 5))
    other_path = put(folder, other.whole("other", 2))
    fold.fold(store, str(folder))
    fold.fold(store, str(folder))
    assert logged(store, log) == steps(5)
    assert not path.exists()
    assert path.with_name(path.name + ".damaged").exists()
    found = [event for event in events.newest(store.read()) if event.kind == "journal.damaged"]
    assert len(found) == 1
    assert not other_path.exists()
    assert logged(store, other) == steps(2)


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
        {"t": "start"},
        {"nothing": 1},
    ],
    ids=str,
)
def test_a_record_that_makes_no_sense_does_not_keep_out_the_others(
    store: Store, folder: Path, record: dict[str, object]
) -> None:
    log = Log()
    put(folder, log.begin(), journals.record({**record, "run": log.run_id}), curve(3), log.end)
    fold.fold(store, str(folder))
    assert logged(store, log) == steps(3)
    assert run_of(store, log).status is RunStatus.FINISHED


def test_a_record_that_is_no_object_does_not_keep_out_the_others(store: Store, folder: Path) -> None:
    log = Log()
    put(folder, log.begin(), journals.HEADER.pack(journals.RECORD, 2) + b"[]", curve(3), log.end)
    fold.fold(store, str(folder))
    assert logged(store, log) == steps(3)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KINDS = [
    "start",
    "adopt",
    "resume",
    "params",
    "tags",
    "capture",
    "artifact",
    "dataset",
    "model",
    "problem",
    "end",
    "leave",
]
FIELDS = [
    *("t", "run", "at", "name", "experiment", "attributes", "tags", "params", "parent", "status", "exit_code", "error"),
    *("files", "dataset", "context", "model", "profile", "message", "texts", "is_named", "is_placed"),
]
attributes = st.dictionaries(
    st.sampled_from([*run_rows.COLUMNS, "git_diff", "packages", "other"]), anything, max_size=4
)
records = st.tuples(
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(FIELDS), anything, max_size=5),
    attributes,
)


@example([("start", {}, {"name": "n", "kind": ""}), ("start", {}, {"status": "DONE"})])
@given(st.lists(records, max_size=8))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_records_however_strange_keep_out_the_others(
    store: Store, folder: Path, strange: list[tuple[str, dict[str, object], dict[str, object]]]
) -> None:
    log = Log()
    frames = [
        log.record(kind, **{"name": "n", "experiment": "e", "at": 1.0, "attributes": given, **content, "t": kind})
        if "run" not in content
        else journals.record({**content, "t": kind})
        for kind, content, given in strange
    ]
    put(folder, log.writer, *frames, log.start("good"), log.keys, curve(3), log.end, log.close)
    fold.fold(store, str(folder))
    assert logged(store, log) == steps(3)
    assert (run_of(store, log).name, str(run_of(store, log).status)) == ("good", "FINISHED")
    assert list(folder.iterdir()) == []


def test_a_frame_longer_than_a_batch_is_folded(store: Store, folder: Path) -> None:
    log, text = Log(), "x" * 3_000_000
    put(folder, log.begin(), log.record("tags", tags={"big": text}), curve(3), log.end)
    fold.fold(store, str(folder))
    assert run_of(store, log).tags["big"] == text
    assert logged(store, log) == steps(3)


def test_a_journal_longer_than_a_batch_is_folded_in_several_transactions(store: Store, folder: Path) -> None:
    log = Log()
    path = put(folder, log.whole("a", 60_000))
    assert path.stat().st_size > 1 << 20
    assert fold.fold(store, str(folder)) == 60_005
    assert logged(store, log) == steps(60_000)


@pytest.mark.parametrize("is_parent_first", [True, False])
def test_a_child_finds_its_parent_in_whatever_order_they_are_stored(
    store: Store, folder: Path, is_parent_first: bool
) -> None:
    parent, child = Log(), Log()
    parts = [parent.writer + parent.start("parent"), child.writer + child.start("child", parent=parent.run_id)]
    for part in parts if is_parent_first else reversed(parts):
        put(folder, part)
        fold.fold(store, str(folder))
    assert run_of(store, child).parent_run_id == parent.run_id


def test_a_child_of_a_parent_that_never_comes_keeps_its_name_for_it(store: Store, folder: Path) -> None:
    child = Log()
    put(folder, child.writer, child.start("child", parent="f" * 32))
    fold.fold(store, str(folder))
    run = run_of(store, child)
    assert (run.parent_run_id, run.tags) == (None, {"mlflow.parentRunId": "f" * 32})


def test_what_is_logged_to_a_run_before_its_start_is_stored_belongs_to_it(store: Store, folder: Path) -> None:
    log = Log()
    put(folder, log.writer, log.keys, curve(3))
    fold.fold(store, str(folder))
    put(folder, log.writer, log.start("late", at=7.0))
    fold.fold(store, str(folder))
    assert logged(store, log) == steps(3)
    assert (run_of(store, log).name, run_of(store, log).started_at) == ("late", 7.0)


def test_two_processes_that_log_different_values_of_a_param_keep_the_first_and_an_event(
    store: Store, folder: Path
) -> None:
    log = Log()
    put(folder, log.writer, log.start(params={"lr": "0.1"}))
    put(folder, log.writer, log.record("params", params={"lr": "0.2"}))
    fold.fold(store, str(folder))
    assert run_of(store, log).params == {"lr": "0.1"}
    assert events.newest(store.read())[0].kind == "param.conflict"


def test_a_run_whose_process_is_gone_is_killed(store: Store, folder: Path) -> None:
    log, ended = Log(is_dead=True), Log()
    path = put(folder, log.begin(), curve(3), ended.start(), ended.end, point({"loss": 9.0}, 9)[:-4])
    os.utime(path, (77.0, 77.0))
    fold.fold(store, str(folder))
    run = run_of(store, log)
    assert (run.status, run.ended_at) == (RunStatus.KILLED, 77.0)
    assert run_of(store, ended).status is RunStatus.FINISHED
    assert logged(store, log) == steps(3)
    assert not path.exists()
    assert [event.kind for event in events.newest(store.read())] == ["run.killed"]


def test_a_run_whose_process_is_gone_stays_while_a_process_that_it_forked_logs(store: Store, folder: Path) -> None:
    log = Log(is_dead=True)
    put(folder, log.begin())
    child = put(folder, Log().writer, log.keys, curve(1))
    fold.fold(store, str(folder))
    assert run_of(store, log).status is RunStatus.RUNNING
    child.unlink()
    put(folder, Log(is_dead=True).writer, log.keys, curve(1))
    until_settled(store, folder)
    assert run_of(store, log).status is RunStatus.KILLED


@pytest.mark.parametrize("content", [b"", Log().writer[:3], Log().writer[:-1]])
def test_a_journal_that_was_never_begun_is_removed_when_nobody_holds_it(
    store: Store, folder: Path, content: bytes
) -> None:
    young, old, held = (put(folder, content) for _ in range(3))
    for path in (old, held):
        os.utime(path, (77.0, 77.0))
    with held.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert fold.fold(store, str(folder)) == 0
        assert sorted(folder.iterdir()) == sorted([young, held])
    fold.fold(store, str(folder))
    assert list(folder.iterdir()) == [young]


def test_a_journal_without_locks_is_not_taken_for_one_that_was_never_begun_once_it_has_a_record(
    store: Store, folder: Path
) -> None:
    log = Log()
    path = put(folder, log.writer)
    os.utime(path, (77.0, 77.0))
    fold.fold(store, str(folder))
    assert path.exists()


def until_settled(store: Store, folder: Path) -> None:
    """Folds until no journal is left; a process that was seen alive is not looked at again for a second."""
    deadline = time.monotonic() + 20
    while any(folder.iterdir()):
        assert time.monotonic() < deadline
        fold.fold(store, str(folder))
        time.sleep(0.05)


def test_a_forked_process_that_is_gone_does_not_end_the_run(store: Store, folder: Path) -> None:
    log = Log()
    owner = put(folder, log.begin())
    # what was known of the parent when it forked stands in the child's first record, packages and all
    child = put(folder, Log(is_dead=True, attributes={"packages": "x" * 100_000}).writer, log.keys, curve(1))
    fold.fold(store, str(folder))
    assert run_of(store, log).status is RunStatus.RUNNING
    assert (owner.exists(), child.exists()) == (True, False)


def test_the_run_of_a_stage_is_ended_by_the_pipeline_only(store: Store, folder: Path) -> None:
    log = Log(is_dead=True)
    with store.write() as db:
        runs.create(db, run_id=log.run_id, name="train", experiment="default", kind="stage", started_at=1.0, user="ann")
    put(folder, log.writer, log.record("adopt", at=2.0, attributes={"user": "bob", "host": "box"}, tags={"a": "b"}))
    fold.fold(store, str(folder))
    run = run_of(store, log)
    assert (run.status, run.user, run.host, run.tags) == (RunStatus.RUNNING, "ann", "box", {"a": "b"})
    assert list(folder.iterdir()) == []


def test_a_resumed_run_is_running_again_and_keeps_what_it_had(store: Store, folder: Path) -> None:
    log = Log()
    put(folder, log.begin(), curve(20), log.record("end", status="FAILED", at=3.0), log.close)
    fold.fold(store, str(folder))
    again = put(folder, log.writer, log.record("resume", at=9.0))
    fold.fold(store, str(folder))
    assert (run_of(store, log).status, run_of(store, log).ended_at) == (RunStatus.RUNNING, None)
    with again.open("ab") as file:
        file.write(log.keys + curve(20, 20) + log.end)
    fold.fold(store, str(folder))
    assert (run_of(store, log).status, run_of(store, log).ended_at) == (RunStatus.FINISHED, 5.0)
    assert logged(store, log) == steps(40)


def test_a_budget_ends_a_fold_and_the_next_goes_on(store: Store, folder: Path) -> None:
    path = put(folder, Log().whole("a", 60_000))
    first = fold.fold(store, str(folder), budget_s=0.0001)
    assert 0 < first < 60_005
    assert path.exists()
    assert fold.fold(store, str(folder)) == 60_005 - first
    assert not path.exists()


def test_a_store_that_cannot_be_written_is_read_without_folding(store: Store, folder: Path) -> None:
    put(folder, Log().whole("a", 1))
    store.is_read_only = True
    assert fold.fold(store, str(folder)) == 0
