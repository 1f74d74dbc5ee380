"""Runs as a DataFrame, and MLflow's ``search_runs`` over them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

import mlops_tui as mlops
from mlops_store import runs
from mlops_store.errors import NotFound, UsageError
from mlops_store.store import Store
from mlops_tui.project import Project
from mlops_tui.tracking import session


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MLOPS_PROJECT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    session.set_experiment("")


@pytest.fixture
def logged(project: Path) -> list[str]:
    """The ids of three runs, oldest first; the last is of another experiment."""
    ids = []
    for name, model, auc, experiment in (
        ("a", "forest", 0.9, None),
        ("b", "linear", math.nan, None),
        ("c", None, None, "other"),
    ):
        with mlops.start_run(run_name=name, experiment=experiment, tags={"team": name}) as run:
            if model:
                mlops.log_params({"model": model, "depth": 3})
            if auc is not None:
                mlops.log_metric("auc", 0.5, step=0)
                mlops.log_metric("auc", auc, step=1)
        ids.append(run.info.run_id)
    return ids


def test_a_frame_has_a_row_a_run_and_mlflows_columns(logged: list[str]) -> None:
    frame = mlops.runs_frame()
    assert list(frame["run_id"]) == logged[::-1]
    assert list(frame.columns[:6]) == ["run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time"]
    assert list(frame.columns[-4:]) == ["metrics.auc", "params.depth", "params.model", "tags.team"]
    assert list(frame["run_name"]) == ["c", "b", "a"]
    assert str(frame["start_time"].dt.tz) == "UTC"
    assert frame["metrics.auc"].isna().tolist() == [True, True, False]
    assert frame["params.model"].tolist() == [None, "linear", "forest"]
    assert frame["artifact_uri"][2].endswith(f"/{logged[0]}/artifacts")


def test_a_frame_is_filtered_ordered_and_cut(logged: list[str]) -> None:
    assert list(mlops.runs_frame("params.model IN ('forest', 'linear')", order_by="run_name")["run_name"]) == ["a", "b"]
    assert list(mlops.runs_frame("best(auc) >= 0.5", order_by=["best(auc)"], limit=1)["run_name"]) == ["a"]
    assert list(mlops.runs_frame(experiment="other")["run_name"]) == ["c"]
    assert list(mlops.runs_frame(experiment=["other", "default"])["run_name"]) == ["c", "b", "a"]


def test_a_frame_has_only_the_columns_that_are_asked_for(logged: list[str]) -> None:
    frame = mlops.runs_frame(keys=["max(auc)", "params.model", "metrics.none"])
    assert list(frame.columns[-3:]) == ["max(auc)", "params.model", "metrics.none"]
    assert frame["max(auc)"].tolist()[1:] == [0.5, 0.9]


def test_where_nothing_was_logged_a_frame_is_empty_and_makes_nothing(project: Path) -> None:
    assert len(mlops.runs_frame(keys=["metrics.auc"])) == len(mlops.search_runs()) == 0
    assert mlops.search_runs(output_format="list") == []
    assert list(project.iterdir()) == []


def test_search_runs_looks_in_the_experiment_that_is_set(logged: list[str]) -> None:
    assert list(mlops.search_runs()["run_name"]) == ["b", "a"]
    assert list(mlops.search_runs(search_all_experiments=True)["run_name"]) == ["c", "b", "a"]
    assert list(mlops.search_runs(experiment_names=["other"])["run_name"]) == ["c"]
    number = mlops.get_run(logged[2]).info.experiment_id
    assert list(mlops.search_runs([number])["run_name"]) == ["c"]
    mlops.set_experiment("other")
    found = mlops.search_runs(output_format="list", order_by=["start_time DESC"])
    assert [run.info.run_id for run in found] == logged[2:]


def test_search_runs_takes_mlflows_view_types(logged: list[str], project: Path) -> None:
    assert len(mlops.search_runs()) == 2
    with Store(Project(str(project)).store_path) as store, store.write() as db:
        runs.delete(db, [logged[0]])
    assert list(mlops.search_runs(run_view_type=1)["run_name"]) == ["b"]
    assert list(mlops.search_runs(run_view_type=2)["run_name"]) == ["a"]
    assert list(mlops.search_runs(run_view_type=3)["run_name"]) == ["b", "a"]


def test_what_is_not_understood_is_refused(logged: list[str]) -> None:
    for wrong in ("auc > 1", "metrics.auc >"):
        with pytest.raises(UsageError):
            mlops.runs_frame(wrong)
    with pytest.raises(UsageError):
        mlops.runs_frame(order_by="nothing")
    with pytest.raises(UsageError):
        mlops.runs_frame(keys=["nothing"])
    with pytest.raises(UsageError, match="output format"):
        mlops.search_runs(output_format="xml")  # type: ignore[call-overload]
    with pytest.raises(UsageError, match="twice"):
        mlops.search_runs(["1"], experiment_names=["a"])
    with pytest.raises(NotFound, match="no experiment"):
        mlops.runs_frame(experiment="nope")
    with pytest.raises(NotFound, match="no experiment"):
        mlops.search_runs(["77"])
