"""Tables that scripts log: as MLflow writes them, added to, and read back from many runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tracked import all_runs, detail, opened, remarks, script

import mlops_tui as mlops
from mlops_store import artifacts
from mlops_store.errors import NotFound, UsageError

ANSWERS = {"question": ["what?", "why?"], "score": [0.5, 1.0]}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MLOPS_PROJECT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    while mlops.active_run():
        mlops.end_run()


def stored(project: Path, path: str) -> bytes:
    (digest,) = [one.digest for one in detail(project).artifacts if one.path == path]
    with opened(project) as store, artifacts.open_object(store.objects_dir, digest) as file:
        return file.read()


def test_a_table_is_json_as_mlflow_writes_it(project: Path) -> None:
    with mlops.start_run():
        mlops.log_table(ANSWERS, "eval/answers.json")
    assert json.loads(stored(project, "eval/answers.json")) == {
        "columns": ["question", "score"],
        "data": [["what?", 0.5], ["why?", 1.0]],
    }
    assert json.loads(detail(project).run.tags["mlflow.loggedArtifacts"]) == [
        {"path": "eval/answers.json", "type": "table"}
    ]


@pytest.mark.parametrize("ending", ["json", "parquet"])
def test_rows_for_a_table_that_is_there_are_added_to_it(ending: str) -> None:
    with mlops.start_run() as run:
        mlops.log_table(ANSWERS, f"answers.{ending}")
        mlops.log_table(pd.DataFrame({"question": ["who?"], "score": [0.0]}), f"answers.{ending}")
        mlops.log_table({"question": "where?", "score": 0.25}, f"answers.{ending}")
        mlops.log_table([{"question": "when?", "score": 0.75}], f"answers.{ending}")
    with mlops.start_run(run_id=run.run_id):
        mlops.log_table({"question": ["how?"]}, f"answers.{ending}")
    found = mlops.load_table(f"answers.{ending}", [run.run_id])
    assert found["question"].tolist() == ["what?", "why?", "who?", "where?", "when?", "how?"]
    assert found["score"].tolist()[:5] == [0.5, 1.0, 0.0, 0.25, 0.75]
    assert found["score"].isna().tolist() == [False] * 5 + [True]


def test_a_process_that_resumes_a_run_adds_to_its_tables(project: Path) -> None:
    script(
        project,
        f"with mlops.start_run(): mlops.log_table({ANSWERS!r}, 'a.json'); mlops.log_table({{'b': [1]}}, 'b.json')",
    )
    (run,) = all_runs(project)
    script(project, f"with mlops.start_run(run_id={run.run_id!r}): mlops.log_table({ANSWERS!r}, 'a.json')")
    assert len(mlops.load_table("a.json", [run.run_id])) == 4
    assert len(json.loads(detail(project).run.tags["mlflow.loggedArtifacts"])) == 2


def test_the_tables_of_an_experiments_runs_are_read_together(project: Path) -> None:
    mlops.set_experiment("qa")
    for lr in (0.1, 0.2):
        with mlops.start_run(run_name=f"lr {lr}", params={"lr": lr}):
            mlops.log_table(ANSWERS, "answers.json")
    with mlops.start_run():
        mlops.log_metric("loss", 1.0)
    with mlops.start_run(experiment="another"):
        mlops.log_table(ANSWERS, "answers.json")
    found = mlops.load_table("answers.json", extra_columns=["name", "params.lr"])
    assert found["name"].tolist() == ["lr 0.1"] * 2 + ["lr 0.2"] * 2
    assert found["params.lr"].tolist() == ["0.1"] * 2 + ["0.2"] * 2
    mlops.set_experiment("")


def test_a_column_of_the_run_does_not_hide_one_of_the_table() -> None:
    with mlops.start_run(run_name="a") as run:
        mlops.log_table({"name": ["x"]}, "t.json")
    found = mlops.load_table("t.json", [run.run_id], ["name"])
    assert (found["name"].tolist(), found["name_"].tolist()) == (["x"], ["a"])


def test_a_table_that_no_run_has_is_said_to_be_missing() -> None:
    with mlops.start_run() as run:
        mlops.log_table(ANSWERS, "t.json")
    with pytest.raises(NotFound, match="no run has a table 'other"):
        mlops.load_table("other.json")
    with pytest.raises(UsageError, match="runs have no 'nmae'"):
        mlops.load_table("t.json", [run.run_id], ["nmae"])


def test_images_in_a_column_are_stored_beside_the_table(project: Path) -> None:
    image = pytest.importorskip("PIL.Image").new("RGB", (2, 2))
    frame = pd.DataFrame({"prompt": ["a cat"], "picture": [image]})
    with mlops.start_run():
        mlops.log_table(frame, "made.json")
    ((_, picture),) = json.loads(stored(project, "made.json"))["data"]
    assert picture["type"] == "image"
    assert picture["filepath"].startswith("table_images/made/")
    assert stored(project, picture["filepath"]).startswith(b"\x89PNG")
    assert frame["picture"][0] is image


@pytest.mark.parametrize(
    ("data", "path", "reason"),
    [
        (ANSWERS, "answers.txt", "ends in .json or .parquet"),
        (ANSWERS, "../answers.json", "not a path within the run"),
        ("text", "a.json", "str is no table"),
        (None, "a.json", "NoneType is no table"),
        ({"a": [1, object()]}, "a.parquet", ""),
    ],
)
def test_what_is_no_table_is_reported_and_nothing_is_stored(project: Path, data: Any, path: str, reason: str) -> None:
    with mlops.start_run():
        mlops.log_table(data, path)
    assert detail(project).artifacts == ()
    assert reason in remarks(project)[0]
