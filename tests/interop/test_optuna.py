"""A storage that Optuna 5 wrote."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_store import runs
from mlops_store.records import RunStatus
from mlops_store.store import Store
from mlops_tui.interop import kinds
from mlops_tui.interop.importing import Report
from mlops_tui.interop.source import Problems

Make = Callable[..., Path]


def of(path: Path, study: str) -> dict:
    runs = [found.run for found in kinds.open_source(str(path), Problems()).runs()]
    return {run.tags["optuna.trial"]: run for run in runs if run.experiment == study}


def test_a_trial_is_a_run_with_its_params_as_the_objective_saw_them(database: Make) -> None:
    path = database("optuna-5")
    run = of(path, "churn")["0"]
    with sqlite3.connect(path) as db:
        stored = dict(db.execute("SELECT param_name, param_value FROM trial_params WHERE trial_id = 1").fetchall())
    assert run.params == {
        "x": str(stored["x"]),
        "kind": ("a", "b", "None")[int(stored["kind"])],
        "n": str(int(stored["n"])),
    }
    assert run.series["value"][0][2] == pytest.approx(stored["x"] ** 2)
    assert [(step, value) for step, _, value in run.series["intermediate_value"]] == [
        (step, pytest.approx(stored["x"] + step)) for step in range(3)
    ]
    assert (run.tags["optuna.study.team"], run.tags["who"]) == ("a", '{"a": 1}')
    assert run.ended_at is not None
    assert 0 <= run.ended_at - run.started_at < 60


def test_states_are_told_in_our_words(database: Make) -> None:
    trials = of(database("optuna-5"), "churn")
    assert [trials[str(number)].status for number in range(6)] == [
        RunStatus.FINISHED,
        RunStatus.FINISHED,
        RunStatus.KILLED,
        RunStatus.FAILED,
        RunStatus.FINISHED,
        RunStatus.SCHEDULED,
    ]
    assert trials["2"].tags["optuna.state"] == "PRUNED"


def test_several_objectives_are_several_metrics(database: Make) -> None:
    run = of(database("optuna-5"), "two")["0"]
    assert 0 <= run.series["values_0"][0][2] <= 1
    assert run.series["values_1"][0][2] == math.inf
    assert run.tags["optuna.directions"] == "minimize, maximize"


def test_a_trial_that_waited_gets_its_start_when_it_has_one(
    store: Store, database: Make, take_over: Callable[..., Report]
) -> None:
    path = database("optuna-5")
    take_over(path)
    with sqlite3.connect(path) as db:
        db.execute(
            "UPDATE trials SET state = 'RUNNING', datetime_start = '2030-01-01 00:00:00' WHERE state = 'WAITING'"
        )
    assert take_over(path).runs_changed == 1
    (number,) = store.read().execute("SELECT id FROM runs WHERE status = 'RUNNING'").fetchone()
    assert runs.by_ids(store.read(), [number])[0].started_at > 1.8e9


def test_a_storage_of_optuna_1_is_read(tmp_path: Path, runs_of: Callable) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as db:
        db.executescript(
            "CREATE TABLE studies (study_id INTEGER PRIMARY KEY, study_name TEXT, direction TEXT);"
            "CREATE TABLE trials (trial_id INTEGER PRIMARY KEY, study_id INT, state TEXT, value FLOAT,"
            " datetime_start TEXT, datetime_complete TEXT);"
            "CREATE TABLE trial_params (param_id INTEGER PRIMARY KEY, trial_id INT, param_name TEXT, param_value FLOAT,"
            " distribution_json TEXT);"
            "CREATE TABLE trial_values (trial_value_id INTEGER PRIMARY KEY, trial_id INT, step INT, value FLOAT);"
            "INSERT INTO studies VALUES (1, 'old', 'MAXIMIZE');"
            "INSERT INTO trials VALUES (1, 1, 'COMPLETE', 0.5, '2020-01-01 00:00:00', '2020-01-01 00:00:09');"
            "INSERT INTO trial_params VALUES (1, 1, 'n', 3,"
            """ '{"name": "IntUniformDistribution", "attributes": {}}');"""
            "INSERT INTO trial_values VALUES (1, 1, 7, 0.25);"
        )
    run = runs_of(path)["trial 0"]
    assert run.params == {"n": "3"}
    assert run.series["value"][0][2] == 0.5
    assert [(step, value) for step, _, value in run.series["intermediate_value"]] == [(7, 0.25)]
    assert run.tags["optuna.directions"] == "maximize"


def test_what_makes_no_sense_is_kept_as_it_stands(database: Make) -> None:
    path = database("optuna-5")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE trial_params SET distribution_json = '{' WHERE param_name = 'kind'")
        db.execute("UPDATE trials SET datetime_start = 'soon', state = 'ODD' WHERE trial_id = 1")
        db.execute("UPDATE trial_user_attributes SET value_json = '{'")
    run = of(path, "churn")["0"]
    assert run.params["kind"] in ("0.0", "1.0", "2.0")
    assert run.status is RunStatus.KILLED
    assert run.tags["who"] == "{"


# the journal


def journal(directory: Path) -> Path:
    path = directory / "journal.log"
    path.write_bytes((Path(__file__).parent / "sources" / "optuna-5.log").read_bytes())
    return path


def test_a_journal_tells_the_same_as_a_database(database: Make, tmp_path: Path) -> None:
    path, other_path = journal(tmp_path), database("optuna-5")
    for study in ("churn", "two"):
        of_journal, of_database = of(path, study), of(other_path, study)
        assert list(of_journal) == list(of_database)
        for number, run in of_journal.items():
            other = of_database[number]
            assert (run.params, run.tags, run.status) == (other.params, other.tags, other.status)
            assert {name: [(step, value) for step, _, value in points] for name, points in run.series.items()} == {
                name: [(step, pytest.approx(value)) for step, _, value in points]
                for name, points in other.series.items()
            }
            assert run.status is RunStatus.SCHEDULED or run.started_at > 1.7e9


def test_a_journal_that_was_cut_anywhere_tells_what_stands_before(tmp_path: Path) -> None:
    path = journal(tmp_path)
    whole = path.read_bytes()
    for end in range(1, len(whole), 211):
        path.write_bytes(whole[:end])
        problems = Problems()
        if kinds.kind_of(str(path)):
            assert len(list(kinds.open_source(str(path), problems).runs())) <= 8
        assert not problems.count


def test_lines_that_are_no_operations_are_listed_and_the_others_read(tmp_path: Path) -> None:
    path = journal(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    wrong = [b"\n", b"[]\n", b"{}\n", b'{"op_code":"x"}\n', b"\xff\xfe\n"]
    path.write_bytes(b"".join([lines[0], *wrong, *lines[1:]]))
    problems = Problems()
    found = list(kinds.open_source(str(path), problems).runs())
    assert len(found) == 8
    assert problems.count == len(wrong)


def test_a_deleted_study_and_what_comes_after_an_end_count_for_nothing(tmp_path: Path) -> None:
    path = journal(tmp_path)
    more = (
        '{"op_code":6,"worker_id":"w","trial_id":0,"state":3,"values":null,"datetime_complete":null}\n'
        '{"op_code":1,"worker_id":"w","study_id":1}\n'
    )
    path.write_text(path.read_text() + more)
    assert of(path, "churn")["0"].status is RunStatus.FINISHED
    assert of(path, "two") == {}
