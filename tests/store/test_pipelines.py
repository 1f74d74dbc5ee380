import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_store import pipelines
from mlops_store.errors import NotFound
from mlops_store.records import PipelineState, StageRun, StageState
from mlops_store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / ".mlops" / "store.db")) as store:
        yield store


def add_run(db: sqlite3.Connection, run_id: str, started_at: float = 1.0) -> None:
    db.execute("INSERT OR IGNORE INTO experiments (name, description, created_at) VALUES ('default', '', 0)")
    db.execute(
        "INSERT INTO runs (run_id, experiment_id, name, kind, status, started_at, updated_at) "
        "VALUES (?, 1, ?, 'pipeline', 'RUNNING', ?, ?)",
        (run_id, f"name of {run_id}", started_at, started_at),
    )


def add_pipeline(store: Store, run_id: str = "p1", names: tuple[str, ...] = ("prepare", "train")) -> None:
    with store.write() as db:
        add_run(db, run_id)
        stages = [
            StageRun(name, position, StageState.WAITING, reasons=("never run",), command=f"make {name}", log_path="/l")
            for position, name in enumerate(names)
        ]
        pipelines.create(db, run_id, stages=stages, jobs=2, request={"targets": ["train"], "force": False})


def test_a_created_pipeline_run_reads_back_with_its_stages_in_order(store: Store) -> None:
    add_pipeline(store)

    run = pipelines.get(store.read(), "p1")

    assert (run.run_id, run.name, run.state, run.jobs) == ("p1", "name of p1", PipelineState.QUEUED, 2)
    assert run.request == {"targets": ["train"], "force": False}
    assert [(s.stage, s.position, s.state) for s in run.stages] == [("prepare", 0, "waiting"), ("train", 1, "waiting")]
    assert run.stages[0].reasons == ("never run",)
    assert run.stages[0].command == "make prepare"


def test_an_unknown_id_is_not_found(store: Store) -> None:
    add_pipeline(store)
    with pytest.raises(NotFound):
        pipelines.get(store.read(), "p2")


def test_newest_lists_the_newest_first_and_leaves_out_deleted_ones(store: Store) -> None:
    for run_id in ("p1", "p2", "p3"):
        add_pipeline(store, run_id)
    with store.write() as db:
        db.execute("UPDATE runs SET deleted_at = 5 WHERE run_id = 'p2'")

    assert [run.run_id for run in pipelines.newest(store.read())] == ["p3", "p1"]
    assert [run.run_id for run in pipelines.newest(store.read(), 1)] == ["p3"]
    latest = pipelines.latest(store.read())
    assert latest is not None
    assert latest.run_id == "p3"


def test_there_is_no_latest_in_an_empty_store(store: Store) -> None:
    assert pipelines.latest(store.read()) is None


def test_a_run_is_live_until_its_state_is_final(store: Store) -> None:
    add_pipeline(store, "p1")
    add_pipeline(store, "p2")
    with store.write() as db:
        pipelines.claim(db, "p2", host="h", pid=42, ticks=75, boot_id="b")
    assert [run.run_id for run in pipelines.live(store.read())] == ["p2", "p1"]
    claimed = pipelines.get(store.read(), "p2")
    assert (claimed.state, claimed.host, claimed.supervisor_pid, claimed.supervisor_ticks, claimed.boot_id) == (
        "running", "h", 42, 75, "b",
    )  # fmt: skip

    with store.write() as db:
        pipelines.set_state(db, "p2", PipelineState.STOPPED)
    assert [run.run_id for run in pipelines.live(store.read())] == ["p1"]


def test_the_first_stop_request_is_kept(store: Store) -> None:
    add_pipeline(store)
    with store.write() as db:
        pipelines.request_stop(db, "p1", by="ann", at=10.0)
        pipelines.request_stop(db, "p1", by="bob", at=20.0)
    assert pipelines.get(store.read(), "p1").stop_requested_at == 10.0


def test_a_stage_takes_its_own_run_and_its_files_even_with_names_that_are_not_utf8(store: Store) -> None:
    add_pipeline(store)
    files = [{"path": b"d\xff.csv".decode("utf-8", "surrogateescape"), "md5": "0" * 32, "size_bytes": 3}]
    with store.write() as db:
        add_run(db, "s1")
        pipelines.update_stage(
            db, "p1", "train", run_id="s1", state=StageState.DONE, inputs=files, outputs=[], exit_code=0
        )

    stage = pipelines.get(store.read(), "p1").stages[1]

    assert (stage.run_id, stage.state, stage.exit_code) == ("s1", StageState.DONE, 0)
    assert stage.inputs == tuple(files)
    assert stage.outputs == ()


def test_an_unknown_column_is_a_programming_error(store: Store) -> None:
    add_pipeline(store)
    with store.write() as db, pytest.raises(TypeError, match="colour"):
        pipelines.update_stage(db, "p1", "train", colour="red")


def test_open_stages_end_together_and_finished_ones_stay(store: Store) -> None:
    add_pipeline(store, names=("a", "b", "c"))
    with store.write() as db:
        pipelines.update_stage(db, "p1", "a", state=StageState.DONE)
        pipelines.end_stages(db, "p1", StageState.WAITING, StageState.SKIPPED, "a needed stage failed")
    stages = pipelines.get(store.read(), "p1").stages
    assert [stage.state for stage in stages] == ["done", "skipped", "skipped"]
    assert [stage.error for stage in stages] == ["", "a needed stage failed", "a needed stage failed"]


def test_processes_are_those_of_running_stages_only(store: Store) -> None:
    add_pipeline(store, names=("a", "b", "c"))
    with store.write() as db:
        pipelines.update_stage(db, "p1", "a", state=StageState.DONE, pid=11, process_ticks=1)
        pipelines.update_stage(db, "p1", "b", state=StageState.RUNNING, pid=12, process_ticks=2)
        pipelines.update_stage(db, "p1", "c", state=StageState.RUNNING)
    assert pipelines.processes(store.read(), "p1") == [("b", 12, 2)]


def test_history_holds_only_successful_runs_of_that_stage_newest_first(store: Store) -> None:
    for number, (state, duration_s) in enumerate([("done", 3.0), ("failed", 1.0), ("done", 5.0)]):
        add_pipeline(store, f"p{number}")
        with store.write() as db:
            pipelines.update_stage(
                db, f"p{number}", "train", state=state, started_at=number * 100.0, ended_at=number * 100.0 + duration_s
            )
    assert pipelines.history_s(store.read(), "train") == [5.0, 3.0]
    assert pipelines.history_s(store.read(), "train", 1) == [5.0]
    assert pipelines.history_s(store.read(), "prepare") == []
