"""Taking runs over into the store: once, again, and after the source went on."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_store import artifacts, metrics, notes, runs
from mlops_store.errors import UsageError
from mlops_store.records import Run
from mlops_store.store import Store
from mlops_tui.interop import kinds
from mlops_tui.interop.importing import ORIGIN_TAG, Report
from mlops_tui.interop.source import Problems

Make = Callable[..., Path]
Take = Callable[..., Report]


def named(store: Store, name: str) -> Run:
    """The run of that name, deleted or not."""
    (number,) = store.read().execute("SELECT id FROM runs WHERE name = ?", (name,)).fetchone()
    return runs.by_ids(store.read(), [number])[0]


def test_what_was_taken_over_reads_back_unchanged(store: Store, database: Make, folder: Make, take_over: Take) -> None:
    path = database("mlflow-3.17")
    folder("mlflow-3.17-files")
    report = take_over(path)
    assert (report.runs_added, report.runs_changed, report.runs_unchanged) == (7, 0, 0)
    parent, db = named(store, "parent"), store.read()
    with sqlite3.connect(path) as source:
        rows = source.execute(
            "SELECT step, timestamp, value FROM metrics WHERE run_uuid = ? AND key = 'loss'", (parent.run_id,)
        ).fetchall()
    assert metrics.points(db, parent.run_id, "loss") == rows
    assert parent.params == {"lr": "0.1", "depth": "4"}
    assert parent.tags[ORIGIN_TAG] == f"mlflow:{path}"
    assert named(store, "child").parent_run_id == parent.run_id
    assert [note.body for note in notes.of(db, f"run:{parent.run_id}")] == ["a *note*"]
    (artifact,) = artifacts.of_run(db, parent.run_id)
    with artifacts.open_object(store.objects_dir, artifact.digest) as file:
        assert (artifact.path, file.read()) == ("docs/note.txt", b"hello")


def test_deleted_runs_and_experiments_stay_deleted(store: Store, database: Make, take_over: Take) -> None:
    take_over(database("mlflow-3.17"))
    assert named(store, "gone").deleted_at is not None
    assert [experiment.name for experiment in runs.experiments(store.read())] == ["Default", "churn"]
    assert runs.count(store.read()) == 5


def test_a_second_time_changes_nothing(store: Store, database: Make, folder: Make, take_over: Take) -> None:
    path = database("mlflow-3.17")
    folder("mlflow-3.17-files")
    take_over(path)
    before = list(store.read().iterdump())
    report = take_over(path)
    assert (report.runs_added, report.runs_changed, report.values, report.files) == (0, 0, 0, 0)
    assert [line for line in store.read().iterdump() if line not in before] == []


def test_what_the_source_has_gained_is_added(store: Store, database: Make, take_over: Take) -> None:
    path = database("mlflow-3.17")
    take_over(path)
    live = named(store, "live")
    with sqlite3.connect(path) as source:
        # one of them lies before the point that is there
        source.executemany(
            "INSERT INTO metrics(key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)",
            [("loss", 0.5, 1, live.run_id, -1, 0), ("loss", 0, 2, live.run_id, 5, 1), ("new", 1, 3, live.run_id, 0, 0)],
        )
        source.execute("UPDATE runs SET status = 'FINISHED', end_time = 9000 WHERE run_uuid = ?", (live.run_id,))
        source.execute("INSERT INTO tags(key, value, run_uuid) VALUES ('team', 'b', ?)", (live.run_id,))
        source.execute("UPDATE tags SET value = 'c' WHERE key = 'team' AND value = 'a'")
        source.execute("UPDATE tags SET value = 'other' WHERE key = 'mlflow.note.content'")
    report = take_over(path)
    assert (report.runs_changed, report.runs_unchanged) == (2, 5)
    after, parent = named(store, "live"), named(store, "parent")
    assert (after.status, after.ended_at, after.tags["team"]) == ("FINISHED", 9.0, "b")
    points = metrics.points(store.read(), live.run_id, "loss")
    assert [step for step, _, _ in points] == [0, -1, 5]
    assert points[2][2] != points[2][2]
    assert metrics.points(store.read(), live.run_id, "new") == [(0, 3, 1.0)]
    assert parent.tags["team"] == "c"
    assert [note.body for note in notes.of(store.read(), f"run:{parent.run_id}")] == ["other"]
    assert take_over(path).values == 0


def test_what_was_done_to_a_run_here_stays(store: Store, database: Make, take_over: Take) -> None:
    path = database("mlflow-3.17")
    take_over(path)
    parent = named(store, "parent")
    with store.write() as db:
        runs.delete(db, [parent.run_id])
        runs.set_tags(db, parent.run_id, {"mine": "yes"})
    take_over(path)
    after = named(store, "parent")
    assert after.deleted_at is not None
    assert after.tags["mine"] == "yes"


def test_a_trial_changes_nothing_and_tells_the_same(
    store: Store, database: Make, folder: Make, take_over: Take
) -> None:
    path = database("mlflow-3.17")
    folder("mlflow-3.17-files")
    before = list(store.read().iterdump())
    trial = take_over(path, is_dry_run=True)
    assert list(store.read().iterdump()) == before
    done = take_over(path)
    for name in ("runs_added", "values", "files", "files_bytes", "experiments", "problem_count"):
        assert getattr(trial, name) == getattr(done, name)


def test_all_runs_go_into_the_experiment_that_was_asked_for(store: Store, database: Make, take_over: Take) -> None:
    take_over(database("mlflow-3.17"), experiment="mine")
    assert [experiment.name for experiment in runs.experiments(store.read())] == ["mine"]


def test_files_larger_than_wanted_are_listed(store: Store, folder: Make, take_over: Take) -> None:
    report = take_over(folder("mlruns"), max_file_bytes=4)
    assert report.files == 0
    assert any("5 bytes are not copied" in problem.message for problem in report.problems)


def test_a_directory_with_one_source_stands_for_it(tmp_path: Path, database: Make, folder: Make) -> None:
    database("mlflow-3.17", "mlflow.db")
    assert kinds.open_source(str(tmp_path), Problems()).kind == "mlflow"
    shutil.copytree(folder("mlruns"), tmp_path / "other" / "mlruns")
    with pytest.raises(UsageError, match="several") as caught:
        kinds.open_source(str(tmp_path), Problems())
    assert "mlruns" in caught.value.hint
    with pytest.raises(UsageError, match="no store of another tool"):
        kinds.open_source(__file__, Problems())
