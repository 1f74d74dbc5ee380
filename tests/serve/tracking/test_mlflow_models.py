"""From a script with MLflow's client to a model that is shown, promoted and served here, and back to the client."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving import ask
from tracking_process import Running, tracking_server

from mlops_store.store import Store
from mlops_tui.registry import formats

pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server over the store of a project."""
    state = tmp_path_factory.mktemp("project") / ".mlops"
    state.mkdir()
    with tracking_server(state) as running:
        yield running


@pytest.fixture
def mlflow(server: Running, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Any]:
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    import mlflow

    mlflow.set_tracking_uri(server.url)
    mlflow.set_experiment(request.node.name)
    yield mlflow
    while mlflow.active_run():
        mlflow.end_run()


def project_of(server: Running) -> str:
    return str(Path(server.store).parent.parent)


def said(server: Running, *words: str, code: int = 0) -> str:
    """What the program says in the project."""
    command = [sys.executable, "-m", "mlops_tui", "-C", project_of(server), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def rows() -> Any:
    import pandas as pd

    return pd.DataFrame({"a": [0.0, 1, 2, 3], "b": [1.0, 0, 1, 0]})


def fitted() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit(rows(), [0, 0, 1, 1])


def logged(mlflow: Any, registered: str, **options: Any) -> Any:
    """A model that a script logs in a run and registers."""
    from mlflow.models import infer_signature

    with mlflow.start_run():
        mlflow.log_metric("auc", 0.9)
        return mlflow.sklearn.log_model(
            fitted(),
            name="clf",
            signature=infer_signature(rows(), [0, 1, 0, 1]),
            registered_model_name=registered,
            pip_requirements=["scikit-learn"],
            **options,
        )


def test_a_model_of_a_script_is_shown_promoted_and_served_here(mlflow: Any, server: Running) -> None:
    info = logged(mlflow, "safe", serialization_format="skops")
    mlflow.MlflowClient().set_registered_model_alias("safe", "champion", info.registered_model_version)
    shown = json.loads(said(server, "models", "show", "safe", "--json"))
    [version] = shown["versions"]
    assert (version["flavor"], version["run_id"], version["stage"]) == ("sklearn", info.run_id, "dev")
    assert "clf" in said(server, "runs", "show", info.run_id)
    said(server, "models", "promote", "safe", "champion", "--to", "production")
    assert mlflow.pyfunc.load_model("models:/safe/Production").predict(rows()).tolist() == [0, 0, 1, 1]
    command = [sys.executable, "-m", "mlops_tui", "-C", project_of(server), "serve", "safe@champion", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r":(\d+)\s*$", process.stdout.readline())
            assert found
            body = {"dataframe_split": rows().to_dict(orient="split")}
            assert ask(int(found[1]), body).json == {"predictions": [0, 0, 1, 1]}
        finally:
            process.terminate()


def test_a_pickle_of_a_script_is_marked_and_loaded_here_only_after_somebody_allowed_it(
    mlflow: Any, server: Running
) -> None:
    logged(mlflow, "pickled", serialization_format="cloudpickle")
    assert "pickle" in said(server, "models", "list")
    assert "models allow pickled 1 pickle" in said(server, "serve", "pickled", "--port", "0", code=1)
    assert mlflow.sklearn.load_model("models:/pickled/1").predict(rows()).tolist() == [0, 0, 1, 1]
    said(server, "models", "allow", "pickled", "1", "pickle", "--reason", "ours")
    with Store(server.store, create=False) as store:
        from mlops_store import models

        loaded = formats.load_version(store, models.version(store.read(), "pickled", 1))
        assert loaded.predict(rows()).tolist() == [0, 0, 1, 1]
    assert "may run its pickle" in said(server, "models", "history", "pickled")


def test_a_model_that_was_logged_without_a_run_and_one_that_is_elsewhere_are_registered(
    mlflow: Any, server: Running
) -> None:
    external = mlflow.create_external_model(name="remote", params={"k": "v"}, tags={"team": "a"})
    assert mlflow.get_logged_model(external.model_id).params == {"k": "v"}
    client = mlflow.MlflowClient()
    client.create_registered_model("remote")
    made = client.create_model_version("remote", f"models:/{external.model_id}", model_id=external.model_id)
    assert made.status == "READY"
    assert [one.name for one in mlflow.search_logged_models(filter_string="tags.team = 'a'", output_format="list")] == [
        "remote"
    ]
    assert client.copy_model_version("models:/remote/1", "copied").version == "1"


def test_a_model_that_was_registered_here_is_loaded_by_the_client(mlflow: Any, server: Running) -> None:
    script = (
        "import mlops_tui as m, pandas as pd\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "x = pd.DataFrame({'a': [0.0, 1, 2, 3], 'b': [1.0, 0, 1, 0]})\n"
        "with m.start_run(): m.log_model(LogisticRegression().fit(x, [0, 0, 1, 1]), 'own', input_example=x,"
        " registered_model_name='own')\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=project_of(server), check=True, timeout=120)
    said(server, "models", "alias", "own", "champion", "1")
    loaded = mlflow.pyfunc.load_model("models:/own@champion")
    assert loaded.predict(rows()).tolist() == [0, 0, 1, 1]
    [found] = mlflow.search_logged_models(experiment_ids=["0"], filter_string="name = 'own'", output_format="list")
    assert mlflow.pyfunc.load_model(found.model_uri).predict(rows()).tolist() == [0, 0, 1, 1]
