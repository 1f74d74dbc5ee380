"""Versions of data: when each was the newest, which runs used it, and that no list looks at every run."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from mlops_store import datasets, ids, runs, schema
from mlops_store.errors import NotFound
from mlops_store.records import Dataset
from mlops_store.store import Store

OLD, NEW = "a" * 32, "b" * 32


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store.db"))


def used(
    store: Store, digest: str, at: float, *, path: str = "d.csv", name: str = "", context: str = "input", **run: str
) -> str:
    """The id of a new run that used some data."""
    run_id = ids.new_id()
    with store.write() as db:
        runs.create(db, run_id=run_id, experiment="e", started_at=at, **{"name": "train", "kind": "stage", **run})
        datasets.use(db, run_id, Dataset(name or path, digest, path, 10, created_at=at), context)
    return run_id


def test_the_newest_version_and_its_last_run_stand_for_the_data(store: Store) -> None:
    used(store, OLD, 1.0)
    run_id = used(store, NEW, 2.0, user="ada")
    (summary,) = datasets.summaries(store.read())
    assert (summary.path, summary.version_count, summary.digest, summary.used_at) == ("d.csv", 2, NEW, 2.0)
    assert (summary.run_id, summary.run_name, summary.user) == (run_id, "train", "ada")


def test_a_version_that_comes_back_is_the_newest_since_then(store: Store) -> None:
    for digest, at in ((OLD, 1.0), (OLD, 2.0), (NEW, 3.0), (OLD, 4.0), (OLD, 5.0)):
        used(store, digest, at)
    first, second = datasets.versions(store.read(), "d.csv")
    assert (first.digest, first.first_at, first.since_at, first.used_at) == (OLD, 1.0, 4.0, 5.0)
    assert (second.digest, second.first_at, second.since_at, second.used_at) == (NEW, 3.0, 3.0, 3.0)


def test_what_is_recorded_late_does_not_become_the_newest(store: Store) -> None:
    last = used(store, NEW, 5.0)
    used(store, OLD, 2.0)
    used(store, NEW, 3.0)
    (summary,) = datasets.summaries(store.read())
    assert (summary.digest, summary.since_at, summary.used_at, summary.run_id) == (NEW, 5.0, 5.0, last)


def test_a_stage_is_named_rather_than_the_pipeline_run_around_it(store: Store) -> None:
    stage = used(store, OLD, 1.0)
    used(store, OLD, 2.0, kind="pipeline")
    assert datasets.summaries(store.read())[0].run_id == stage


def test_reads_and_writes_are_counted_by_run(store: Store) -> None:
    run_id = used(store, OLD, 1.0, context="output")
    used(store, OLD, 2.0)
    again = used(store, OLD, 3.0)
    with store.write() as db:
        datasets.use(db, again, Dataset("d.csv", OLD, "d.csv"), "training")
    (version,) = datasets.versions(store.read(), "d.csv")
    assert (version.written_count, version.read_count) == (1, 2)
    found = datasets.uses(store.read(), "d.csv", OLD)
    assert [(use.run_id, use.contexts) for use in found][::2] == [(again, ("input", "training")), (run_id, ("output",))]


def test_one_content_of_a_path_is_one_version_under_whatever_names(store: Store) -> None:
    used(store, OLD, 1.0, name="training data")
    used(store, OLD, 2.0)
    (version,) = datasets.versions(store.read(), "d.csv")
    assert (version.read_count, version.first_at, version.used_at) == (2, 1.0, 2.0)
    assert len(datasets.uses(store.read(), "d.csv", OLD)) == 2


def test_data_without_a_path_goes_by_its_name(store: Store) -> None:
    used(store, OLD, 1.0, path="", name="frame")
    assert datasets.versions(store.read(), "frame")[0].digest == OLD
    assert datasets.sizes(store.read()) == {("frame", OLD): 10}


def test_deleted_runs_are_left_out(store: Store) -> None:
    gone, kept = used(store, OLD, 1.0), used(store, OLD, 2.0)
    with store.write() as db:
        runs.delete(db, [gone])
    assert [use.run_id for use in datasets.uses(store.read(), "d.csv", OLD)] == [kept]


def test_a_run_names_the_version_that_it_wrote_before_one_that_it_read(store: Store) -> None:
    run_id = used(store, OLD, 1.0)
    with store.write() as db:
        datasets.use(db, run_id, Dataset("d.csv", NEW, "d.csv", created_at=0.5), "output")
    assert datasets.of_run_at(store.read(), run_id, "d.csv") == NEW
    with pytest.raises(NotFound, match=r"did not use other\.csv"):
        datasets.of_run_at(store.read(), run_id, "other.csv")


def test_a_beginning_finds_the_versions_that_have_it(store: Store) -> None:
    used(store, OLD, 1.0)
    used(store, "a" + "c" * 31, 2.0)
    assert datasets.matching(store.read(), "d.csv", "a") == ("a" + "c" * 31, OLD)
    assert datasets.matching(store.read(), "d.csv", "aa") == (OLD,)
    assert datasets.matching(store.read(), "d.csv", "%") == ()


def test_no_list_scans_the_runs_or_their_uses(store: Store) -> None:
    used(store, OLD, 1.0)
    said: list[str] = []
    db = store.read()
    db.set_trace_callback(said.append)
    datasets.summaries(db)
    datasets.versions(db, "d.csv")
    datasets.uses(db, "d.csv", OLD)
    datasets.matching(db, "d.csv", "a")
    db.set_trace_callback(None)
    plans = [row[3] for sql in said for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert plans
    scanned = {plan for plan in plans if plan.startswith("SCAN")}
    assert all("COVERING INDEX" in plan or plan.startswith(("SCAN s", "SCAN d")) for plan in scanned), scanned
    assert not any(word in plan for plan in scanned for word in ("SCAN u", "SCAN r", "run_datasets"))


def test_a_store_of_before_knows_when_its_versions_were_last_used(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path, isolation_level=None)
    database = Database(connection)
    pending = [migration.name for migration in schema.migrations.pending(database)]
    schema.migrations.apply(database, stop_before="m007_data_versions")
    connection.execute(f"PRAGMA user_version = {pending.index('m007_data_versions')}")
    connection.execute("INSERT INTO experiments(id, name, created_at) VALUES (1, 'e', 1.0)")
    connection.execute(
        "INSERT INTO runs(id, run_id, experiment_id, name, kind, status, started_at, updated_at) "
        "VALUES (7, 'r', 1, 'train', 'stage', 'FINISHED', 9.0, 9.0)"
    )
    connection.execute("INSERT INTO datasets(id, name, digest, path, created_at) VALUES (3, 'd', 'x', 'd.csv', 4.0)")
    connection.execute("INSERT INTO run_datasets VALUES (7, 3, 'input')")
    connection.close()
    with Store(str(path), create=False) as store:
        (summary,) = datasets.summaries(store.read())
    assert (summary.path, summary.run_name, summary.since_at, summary.used_at) == ("d.csv", "train", 4.0, 9.0)
