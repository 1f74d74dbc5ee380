"""Databases that MLflow 2.9 and 3.17 wrote."""

from __future__ import annotations

import math
import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_store.errors import Refused
from mlops_store.records import RunStatus
from mlops_tui.interop import importing, kinds, sqlite
from mlops_tui.interop.source import Problems

VERSIONS = ("mlflow-2.9", "mlflow-3.17")
Make = Callable[..., Path]


@pytest.mark.parametrize("version", VERSIONS)
def test_runs_come_with_params_tags_times_and_whole_histories(version: str, database: Make, runs_of: Callable) -> None:
    runs = runs_of(database(version))
    parent = runs["parent"]
    assert parent.params == {"lr": "0.1", "depth": "4"}
    assert parent.tags["team"] == "a"
    assert [(step, value) for step, _, value in parent.series["loss"]] == [
        (step, pytest.approx(1 / (step + 1))) for step in range(5)
    ]
    assert parent.ended_at is not None
    assert parent.started_at < parent.ended_at < parent.started_at + 60
    assert all(parent.started_at <= ms / 1000 <= parent.ended_at for _, ms, _ in parent.series["loss"])
    assert parent.note == "a *note*"
    assert parent.attributes["user"] == "root"
    assert runs["child"].parent_run_id == parent.run_id


@pytest.mark.parametrize("version", VERSIONS)
def test_nan_and_infinities_are_what_was_logged(version: str, database: Make, runs_of: Callable) -> None:
    values = [value for _, _, value in runs_of(database(version))["parent"].series["odd"]]
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf]


@pytest.mark.parametrize("version", VERSIONS)
def test_states_and_deletions_are_kept(version: str, database: Make, runs_of: Callable) -> None:
    runs = runs_of(database(version))
    assert runs["bad"].status is RunStatus.FAILED
    assert runs["live"].status is RunStatus.RUNNING
    assert runs["live"].ended_at is None
    assert runs["gone"].deleted_at is not None
    assert runs["of old"].deleted_at is not None
    assert runs["parent"].deleted_at is None


@pytest.mark.parametrize("version", VERSIONS)
def test_data_sets_say_what_they_were_for(version: str, database: Make, runs_of: Callable) -> None:
    (use,) = runs_of(database(version))["child"].datasets
    assert (use.dataset.name, use.dataset.row_count, use.context) == ("train", 3, "training")


@pytest.mark.parametrize("version", VERSIONS)
def test_artifacts_are_found_where_the_store_was_moved_to(version: str, database: Make, folder: Make) -> None:
    path = database(version)
    folder(f"{version}-files")
    problems = Problems()
    found = {one.run.name: one for one in kinds.open_source(str(path), problems).runs()}
    assert [file.path for file in found["parent"].files] == ["docs/note.txt"]
    assert "clf/MLmodel" in [file.path for file in found["model"].files]
    assert [problem.place for problem in problems.kept] == ["registered model churn-model"]


def test_artifacts_out_of_the_folder_are_listed_and_not_read(database: Make, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (tmp_path / "inside").mkdir()
    path = database("mlflow-3.17", "inside/mlflow.db")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE runs SET artifact_uri = ?", (str(outside),))
        db.execute("UPDATE runs SET artifact_uri = 's3://bucket/run' WHERE name = 'child'")
    problems = Problems()
    source = kinds.open_source(str(path), problems)
    assert not any(found.files for found in source.runs())
    assert any("lie elsewhere" in problem.message for problem in problems.kept)
    assert any("s3://bucket/run" in problem.message for problem in problems.kept)
    allowed = kinds.open_source(str(path), Problems(), artifact_roots=(str(outside),))
    assert [file.path for file in next(allowed.runs()).files] == ["secret"]


def test_a_source_in_use_is_read_with_its_log_and_not_changed(database: Make, runs_of: Callable) -> None:
    path = database("mlflow-3.17")
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("UPDATE runs SET name = 'renamed' WHERE name = 'live'")
    writer.execute("DELETE FROM tags WHERE key = 'mlflow.runName'")
    before = {entry.name: entry.stat().st_size for entry in os.scandir(path.parent)}
    assert "renamed" in runs_of(path)
    assert {entry.name: entry.stat().st_size for entry in os.scandir(path.parent)} == before
    writer.close()


def test_a_quiet_source_in_wal_mode_gets_no_files_beside_it(database: Make, runs_of: Callable) -> None:
    path = database("mlflow-3.17")
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.close()
    before = path.read_bytes()
    runs_of(path)
    assert [entry.name for entry in os.scandir(path.parent)] == [path.name]
    assert path.read_bytes() == before


def test_an_old_schema_without_the_newer_columns_and_indexes_is_read(tmp_path: Path, runs_of: Callable) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as db:
        db.executescript(
            "CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT, lifecycle_stage TEXT);"
            "CREATE TABLE runs (run_uuid TEXT PRIMARY KEY, name TEXT, status TEXT, start_time INT, end_time INT,"
            " lifecycle_stage TEXT, experiment_id INT, user_id TEXT, source_name TEXT, source_version TEXT);"
            "CREATE TABLE metrics (key TEXT, value FLOAT, timestamp INT, run_uuid TEXT, PRIMARY KEY (key, run_uuid));"
            "CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT, PRIMARY KEY (key, run_uuid));"
            "CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT, PRIMARY KEY (key, run_uuid));"
            "INSERT INTO experiments VALUES (0, 'Default', 'active');"
            "INSERT INTO runs VALUES ('r', 'first', 'FINISHED', 1000, 2000, 'active', 0, 'ann', 'a.py', 'c0ffee');"
            "INSERT INTO metrics VALUES ('auc', 0.5, 1500, 'r');"
            "INSERT INTO params VALUES ('lr', '1', 'r');"
        )
    run = runs_of(path)["first"]
    assert (run.series, run.params) == ({"auc": [(0, 1500, 0.5)]}, {"lr": "1"})
    assert run.attributes == {"user": "ann", "source": "a.py", "git_commit": "c0ffee"}


def test_values_of_the_wrong_type_are_read_as_far_as_they_make_sense(database: Make, runs_of: Callable) -> None:
    path = database("mlflow-3.17")
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.execute("UPDATE runs SET start_time = 'soon', end_time = 1e300, status = 'LOST' WHERE name = 'live'")
        db.execute("UPDATE metrics SET value = 'much', timestamp = 'then', step = x'00ff' WHERE key = 'a/b c'")
        db.execute("UPDATE tags SET value = CAST(x'ff00fe' AS TEXT) WHERE key = 'team'")
    problems = Problems()
    runs = runs_of(path, problems)
    assert (runs["live"].started_at, runs["live"].ended_at, runs["live"].status) == (0.0, None, RunStatus.KILLED)
    assert runs["child"].series["a/b c"] == [(0, 0, 0.0)]
    assert runs["parent"].tags["team"] == "\\xff\x00\\xfe"
    assert any("no start" in problem.message for problem in problems.kept)


def test_names_that_would_lead_out_of_a_run_are_not_followed(database: Make, folder: Make) -> None:
    path = database("mlflow-3.17")
    folder("mlflow-3.17-files")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE logged_models SET name = '../../up'")
        db.execute("UPDATE runs SET run_uuid = '../../' || run_uuid WHERE name = 'bad'")
    problems = Problems()
    source = kinds.open_source(str(path), problems)
    report = importing.take_over(None, source, problems, importing.Options(is_dry_run=True))
    assert any("leads out of the run" in problem.message for problem in report.problems)
    assert all(re.fullmatch(r"[0-9a-f]{32}", found.run.run_id) for found in source.runs())


def test_a_view_in_the_place_of_a_table_is_refused(database: Make) -> None:
    path = database("mlflow-3.17")
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE runs")
        db.execute("CREATE VIEW runs AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT * FROM n")
    with pytest.raises(Refused, match="no table 'runs'"):
        kinds.open_source(str(path), Problems(), "mlflow")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_database_that_was_cut_short_is_refused_in_one_sentence(share: float, database: Make) -> None:
    path = database("mlflow-3.17")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(Refused, match="cannot be read"):
        list(kinds.open_source(str(path), Problems(), "mlflow").runs())


def test_a_file_of_another_kind_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    path.write_text("no")
    assert sqlite.tables(str(path)) == frozenset()
    with pytest.raises(Refused, match="no SQLite database"):
        kinds.open_source(str(path), Problems(), "mlflow")
