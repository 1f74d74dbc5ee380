"""MLflow's own client, unmodified, in its usual use: what it logs is there for it and for the dashboard."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tracking_process import Running, tracking_server

from mlops_store import metrics, runs
from mlops_store.store import Store

pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with tracking_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def mlflow(server: Running, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The client, in an experiment of the test's own."""
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")  # else an error of the server is minutes of silence
    import mlflow

    mlflow.set_tracking_uri(server.url)
    mlflow.set_experiment(request.node.name)
    yield mlflow
    while mlflow.active_run():
        mlflow.end_run()


@pytest.fixture
def client(mlflow: Any) -> Any:
    return mlflow.MlflowClient()


def own_runs(mlflow: Any, **options: Any) -> Any:
    return mlflow.search_runs(output_format="list", **options)


@pytest.fixture(scope="module")
def data() -> Any:
    from sklearn.datasets import load_iris

    return load_iris(return_X_y=True, as_frame=True)


def fitted(data: Any) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=300).fit(*data)


def test_autologging_of_scikit_learn_records_params_metrics_data_and_a_model_that_loads(mlflow: Any, data: Any) -> None:
    from sklearn.linear_model import LogisticRegression

    mlflow.sklearn.autolog()
    try:
        model = LogisticRegression(C=0.5, max_iter=300).fit(*data)
    finally:
        mlflow.sklearn.autolog(disable=True)
    (run,) = own_runs(mlflow)
    assert run.info.status == "FINISHED"
    assert run.data.params["C"] == "0.5"
    assert run.data.metrics["training_accuracy_score"] > 0.9
    assert run.data.tags["estimator_name"] == "LogisticRegression"
    assert {tag.value for one in run.inputs.dataset_inputs for tag in one.tags} == {"train"}
    (output,) = run.outputs.model_outputs
    assert mlflow.get_logged_model(output.model_id).metrics
    loaded = mlflow.sklearn.load_model(f"models:/{output.model_id}")
    assert (loaded.predict(data[0]) == model.predict(data[0])).all()


def test_a_search_over_a_grid_is_a_run_with_children(mlflow: Any, data: Any) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    mlflow.sklearn.autolog(log_models=False)
    try:
        GridSearchCV(LogisticRegression(max_iter=300), {"C": [0.1, 1.0]}, cv=2).fit(*data)
    finally:
        mlflow.sklearn.autolog(disable=True)
    found = own_runs(mlflow)
    (parent,) = [run for run in found if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in found if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert {run.data.params["C"] for run in children} == {"0.1", "1.0"}
    assert parent.data.metrics["best_cv_score"] > 0.9


def test_a_registered_model_is_loaded_by_alias_version_and_run(mlflow: Any, client: Any, data: Any) -> None:
    model = fitted(data)
    with mlflow.start_run() as run:
        mlflow.sklearn.log_model(model, name="clf", registered_model_name="iris", input_example=data[0][:3])
    mlflow.sklearn.log_model(fitted(data), name="clf", registered_model_name="iris")
    mlflow.end_run()
    client.set_registered_model_alias("iris", "champion", "1")
    for uri in ("models:/iris@champion", "models:/iris/1", "models:/iris/latest", f"runs:/{run.info.run_id}/clf"):
        loaded = mlflow.pyfunc.load_model(uri)
        assert (loaded.predict(data[0]) == model.predict(data[0])).all(), uri
    version = client.get_model_version_by_alias("iris", "champion")
    assert (version.version, version.run_id, version.status) == ("1", run.info.run_id, "READY")
    client.delete_registered_model_alias("iris", "champion")
    with pytest.raises(mlflow.MlflowException, match="champion"):
        client.get_model_version_by_alias("iris", "champion")


def test_stages_tags_descriptions_and_names_of_a_registered_model_change(mlflow: Any, client: Any) -> None:
    client.create_registered_model("first", tags={"team": "a"}, description="what it is")
    run = client.create_run("0")
    client.set_terminated(run.info.run_id)
    for _ in range(3):
        client.create_model_version("first", f"{run.info.artifact_uri}/model", run.info.run_id)
    client.transition_model_version_stage("first", "1", "Production")
    client.transition_model_version_stage("first", "2", "production", archive_existing_versions=True)
    client.set_model_version_tag("first", "2", "ok", "yes")
    client.update_model_version("first", "2", "the second")
    client.rename_registered_model("first", "second")
    found = {version.version: version for version in client.search_model_versions("name = 'second'")}
    assert {number: version.current_stage for number, version in found.items()} == {
        "1": "Archived",
        "2": "Production",
        "3": "None",
    }
    assert (found["2"].tags, found["2"].description) == ({"ok": "yes"}, "the second")
    assert [one.version for one in client.get_latest_versions("second", ["Production"])] == ["2"]
    client.delete_model_version("second", "3")
    with pytest.raises(mlflow.MlflowException, match="not found") as raised:
        client.get_model_version("second", "3")
    assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert [model.name for model in client.search_registered_models("tags.team = 'a'")] == ["second"]
    with pytest.raises(mlflow.MlflowException, match="production"):
        client.delete_registered_model("second")  # unlike MLflow's: something may use that version
    client.transition_model_version_stage("second", "2", "Archived")
    client.delete_registered_model("second")
    assert client.search_registered_models("name = 'second'") == []


def test_nested_runs_are_children_for_the_client_and_in_the_store(mlflow: Any, server: Running) -> None:
    with mlflow.start_run(run_name="outer") as outer:
        for number in range(2):
            with mlflow.start_run(run_name=f"inner-{number}", nested=True):
                mlflow.log_metric("loss", number)
    inner = own_runs(mlflow, filter_string=f"tags.mlflow.parentRunId = '{outer.info.run_id}'")
    assert {run.info.run_name for run in inner} == {"inner-0", "inner-1"}
    with Store(server.store) as store:
        for run in inner:
            assert runs.get(store.read(), run.info.run_id).parent_run_id == outer.info.run_id


def test_asynchronous_logging_loses_nothing(mlflow: Any, client: Any) -> None:
    with mlflow.start_run() as run:
        for step in range(300):
            mlflow.log_metric("loss", 1 / (step + 1), step=step, synchronous=False)
            mlflow.log_param(f"p{step}", step, synchronous=False)
        mlflow.set_tag("who", "me", synchronous=False)
        mlflow.flush_async_logging()
    found = client.get_run(run.info.run_id)
    assert [point.step for point in client.get_metric_history(run.info.run_id, "loss")] == list(range(300))
    assert len(found.data.params) == 300
    assert found.data.tags["who"] == "me"


def test_system_metrics_are_curves_of_the_run(mlflow: Any, client: Any) -> None:
    mlflow.set_system_metrics_sampling_interval(0.1)
    mlflow.set_system_metrics_samples_before_logging(1)
    try:
        with mlflow.start_run(log_system_metrics=True) as run:
            while "system/cpu_utilization_percentage" not in client.get_run(run.info.run_id).data.metrics:
                pass
    finally:
        mlflow.set_system_metrics_sampling_interval(None)
        mlflow.set_system_metrics_samples_before_logging(None)
    assert client.get_metric_history(run.info.run_id, "system/cpu_utilization_percentage")


def test_data_that_a_run_used_is_found_by_its_name_and_context(mlflow: Any, data: Any) -> None:
    with mlflow.start_run() as run:
        mlflow.log_input(mlflow.data.from_pandas(data[0], name="iris", source="iris.csv"), context="training")
    (found,) = own_runs(mlflow, filter_string="datasets.name = 'iris' AND datasets.context = 'training'")
    assert found.info.run_id == run.info.run_id
    (used,) = found.inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.source_type) == ("iris", "local")
    assert own_runs(mlflow, filter_string="datasets.name = 'other'") == []


def test_files_texts_tables_and_figures_read_back_as_they_were(mlflow: Any, client: Any, tmp_path: Path) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt
    import pandas as pd

    (tmp_path / "folder" / "deep").mkdir(parents=True)
    content = os.urandom(3 << 20)
    (tmp_path / "folder" / "deep" / "big ü.bin").write_bytes(content)
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(tmp_path / "folder"), "files")
        mlflow.log_text("hällo", "note.txt")
        mlflow.log_dict({"a": [1, 2]}, "some/dict.json")
        mlflow.log_table(pd.DataFrame({"x": [1, 2]}), "table.json")
        mlflow.log_table(pd.DataFrame({"x": [3]}), "table.json")
        mlflow.log_figure(figure, "plot.png")
    plt.close(figure)
    run_id = run.info.run_id
    assert {item.path: item.is_dir for item in client.list_artifacts(run_id)} == {
        "files": True,
        "note.txt": False,
        "plot.png": False,
        "some": True,
        "table.json": False,
    }
    assert [(item.path, item.file_size) for item in client.list_artifacts(run_id, "files/deep")] == [
        ("files/deep/big ü.bin", len(content))
    ]
    assert Path(client.download_artifacts(run_id, "files/deep/big ü.bin", str(tmp_path))).read_bytes() == content
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/note.txt") == "hällo"
    assert mlflow.artifacts.load_dict(f"runs:/{run_id}/some/dict.json") == {"a": [1, 2]}
    assert list(mlflow.load_table("table.json", run_ids=[run_id])["x"]) == [1, 2, 3]


def test_a_search_pages_through_all_runs_in_order(mlflow: Any, client: Any) -> None:
    experiment = mlflow.get_experiment_by_name("test_a_search_pages_through_all_runs_in_order").experiment_id
    for number in range(25):
        run = client.create_run(experiment)
        client.log_batch(run.info.run_id, metrics=[mlflow.entities.Metric("auc", number % 10, 0, 0)])
    found, token, pages = [], None, 0
    while pages == 0 or token:
        page = client.search_runs(
            [experiment], "metrics.auc >= 2", max_results=7, order_by=["metrics.auc DESC"], page_token=token
        )
        found, token, pages = [*found, *page], page.token, pages + 1
    values = [run.data.metrics["auc"] for run in found]
    assert values == sorted(values, reverse=True)
    assert (len({run.info.run_id for run in found}), pages) == (19, 3)


def test_values_that_are_no_numbers_keep_their_kind(mlflow: Any, client: Any, server: Running) -> None:
    with mlflow.start_run() as run:
        mlflow.log_metrics({"nan": math.nan, "up": math.inf, "down": -math.inf})
    found = client.get_run(run.info.run_id).data.metrics
    assert math.isnan(found["nan"])
    assert found["up"] > 1e308
    assert found["down"] < -1e308
    with Store(server.store) as store:
        assert math.isnan(metrics.history(store.read(), run.info.run_id, "nan")[0].value)


def test_experiments_are_renamed_deleted_and_restored(mlflow: Any, client: Any) -> None:
    number = client.create_experiment("old", tags={"a": "b"})
    client.rename_experiment(number, "new")
    client.set_experiment_tag(number, "c", "d")
    client.delete_experiment(number)
    assert client.get_experiment(number).lifecycle_stage == "deleted"
    client.restore_experiment(number)
    found = client.get_experiment_by_name("new")
    assert (found.experiment_id, found.tags, found.lifecycle_stage) == (number, {"a": "b", "c": "d"}, "active")
    assert [one.name for one in client.search_experiments(filter_string="name LIKE 'ne%'")] == ["new"]


def test_a_refusal_reaches_the_script_with_mlflows_code(mlflow: Any, client: Any) -> None:
    with mlflow.start_run() as run:
        mlflow.log_param("lr", 1)
        with pytest.raises(mlflow.MlflowException) as raised:
            client.log_batch(run.info.run_id, params=[mlflow.entities.Param("lr", "2")])
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"
    with pytest.raises(mlflow.MlflowException) as raised:
        client.get_run("0" * 32)
    assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_traced_code_runs_though_traces_are_not_kept(mlflow: Any) -> None:
    @mlflow.trace
    def double(x: int) -> int:
        return 2 * x

    assert double(2) == 4
    mlflow.flush_trace_async_logging()
