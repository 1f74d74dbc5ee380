"""Changing ``import mlflow`` to ``import mlops_tui as mlflow`` is most of a port: names and arguments are the same."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from tracked import environment, only_run

import mlops_tui

mlflow = pytest.importorskip("mlflow")

SHARED = [
    "active_run",
    "delete_tag",
    "end_run",
    "get_artifact_uri",
    "get_run",
    "last_active_run",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_input",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_text",
    "register_model",
    "set_experiment",
    "set_tag",
    "set_tags",
    "start_run",
]

#: Arguments of MLflow's that mean nothing without its server.
LEFT_OUT = {"set_experiment": {"trace_location", "trace_archival_location"}, "register_model": {"env_pack"}}


@pytest.mark.parametrize("name", SHARED)
def test_mlflow_s_arguments_are_accepted_in_its_order(name: str) -> None:
    theirs = inspect.signature(getattr(mlflow, name)).parameters
    ours = inspect.signature(getattr(mlops_tui, name)).parameters
    wanted = [argument for argument in theirs if argument not in LEFT_OUT.get(name, set())]
    assert set(wanted) <= set(ours)
    positional = [argument for argument in wanted if theirs[argument].kind is not inspect.Parameter.KEYWORD_ONLY]
    assert list(ours)[: len(positional)] == positional
    for argument in wanted:
        ours_default, theirs_default = ours[argument].default, theirs[argument].default
        assert (ours_default is inspect.Parameter.empty) == (theirs_default is inspect.Parameter.empty)


def test_the_public_names_are_sorted_and_all_there() -> None:
    assert mlops_tui.__all__ == sorted(mlops_tui.__all__)
    assert all(getattr(mlops_tui, name) for name in mlops_tui.__all__)
    assert set(mlops_tui.__all__) <= set(dir(mlops_tui))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="log_metrik"):
        mlops_tui.log_metrik  # noqa: B018


def test_a_script_written_for_mlflow_runs_with_the_import_changed(tmp_path: Path) -> None:
    code = """
import mlops_tui as mlflow

mlflow.set_experiment("iris")
with mlflow.start_run(run_name="tree", description="first try") as run:
    mlflow.log_param("max_depth", 3)
    mlflow.log_params({"criterion": "gini"})
    for epoch in range(3):
        mlflow.log_metric("loss", 1 / (epoch + 1), step=epoch)
    mlflow.log_metrics({"auc": 0.9, "acc": 0.8}, step=2, synchronous=False)
    mlflow.set_tags({"team": "a"})
    mlflow.log_text("hello", "notes.txt")
    mlflow.log_dict({"a": 1}, "config.json")
    print(run.info.run_id, mlflow.active_run().info.run_id == run.info.run_id)
finished = mlflow.get_run(run.info.run_id)
print(finished.info.status, finished.data.params["max_depth"], finished.data.metrics["auc"])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[0].endswith("True")
    assert done.stdout.splitlines()[1] == "FINISHED 3 0.9"
    assert only_run(tmp_path).experiment == "iris"
