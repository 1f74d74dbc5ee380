"""Models that scripts log and register."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from tracked import detail, opened, remarks

import mlops_tui as mlops
from mlops_store import audit, models, profiles
from mlops_store.artifacts import object_path
from mlops_store.errors import MlopsError
from mlops_tui.cli import shapes
from mlops_tui.config import Config
from mlops_tui.registry import formats, stages


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MLOPS_PROJECT", str(tmp_path))
    yield tmp_path
    while mlops.active_run():
        mlops.end_run()


FRAME = pd.DataFrame({"a": np.linspace(0, 1, 50), "b": np.linspace(1, 0, 50) ** 2})
TARGET = np.array([0] * 25 + [1] * 25)


def fitted() -> LogisticRegression:
    return LogisticRegression().fit(FRAME, TARGET)


def test_a_model_is_stored_with_its_run_and_loads_again(project: Path, tmp_path: Path) -> None:
    model = fitted()
    with mlops.start_run() as run:
        info = mlops.log_model(model, "classifier", input_example=FRAME.head())
    assert (info.error, info.model_uri) == ("", f"runs:/{run.run_id}/classifier")
    found = detail(project)
    (logged,) = found.models
    assert (logged.model_id, logged.name, logged.digest) == (info.model_id, "classifier", info.digest)
    assert [artifact.path for artifact in found.artifacts] == [
        "classifier/MLmodel",
        "classifier/input_example.json",
        "classifier/mlops.json",
        "classifier/model.skops",
        "classifier/python_env.yaml",
        "classifier/requirements.txt",
        "classifier/serving_input_example.json",
    ]
    (tmp_path / "copy").mkdir()
    with opened(project) as store:
        for artifact in found.artifacts:
            source = Path(object_path(store.objects_dir, artifact.digest))
            (tmp_path / "copy" / Path(artifact.path).name).write_bytes(source.read_bytes())
    again = formats.load(str(tmp_path / "copy"))
    assert (again.predict(FRAME) == model.predict(FRAME)).all()


def test_the_data_that_a_model_was_trained_on_becomes_its_profile(project: Path) -> None:
    model = fitted()
    with mlops.start_run(run_name="train"):
        mlops.log_model(model, reference=FRAME, predictions=model.predict(FRAME))
    (logged,) = detail(project).models
    with opened(project) as store:
        assert logged.profile_id is not None
        profile = profiles.get(store.read(), logged.profile_id)
    assert profile.row_count == 50
    assert set(profile.summary["columns"]) == {"a", "b", "prediction"}
    assert profile.name == "train/model"


def test_reference_data_that_cannot_be_used_is_reported_and_the_model_kept(project: Path) -> None:
    with mlops.start_run():
        info = mlops.log_model(fitted(), reference=pd.DataFrame())
    assert info.error == ""
    assert len(detail(project).models) == 1
    assert "reference data" in remarks(project)[0]


def test_a_model_of_a_kind_that_cannot_be_stored_is_reported_and_does_not_raise(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with mlops.start_run():
        info = mlops.log_model(object())
        mlops.log_metric("a", 1)
    assert "cannot be logged" in info.error
    assert "cannot be logged" in capsys.readouterr().err
    assert detail(project).models == ()


def above(frame: pd.DataFrame) -> np.ndarray:
    return (frame["a"] > 0.5).to_numpy()


class Constant:
    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return np.ones(len(frame))


def test_a_function_and_named_tensors_are_logged_like_any_model(project: Path) -> None:
    with mlops.start_run():
        function = mlops.log_model(above, "above", input_example=FRAME)
        tensors = mlops.log_model({"w": np.zeros((2, 3))}, "weights")
    assert (function.error, function.flavor, tensors.error, tensors.flavor) == ("", "function", "", "safetensors")
    version = mlops.register_model(function.model_uri, "rule")
    with opened(project) as store:
        np.testing.assert_array_equal(formats.load_version(store, version).predict(FRAME), above(FRAME))
    assert version.lineage["environment"]["packages"]["numpy"] == np.__version__


def test_a_pickle_is_logged_and_registered_only_when_that_is_said_and_stays_marked(project: Path) -> None:
    with mlops.start_run():
        assert "cannot be logged" in mlops.log_model(Constant()).error
        info = mlops.log_model(Constant(), allow_pickle=True, registered_model_name="odd", input_example=FRAME)
    assert (info.flavor, info.registered_model_version) == ("pickle", 1)
    with pytest.raises(MlopsError, match="is a pickle"):
        mlops.register_model(info.model_uri, "odd")
    with opened(project) as store:
        version = models.version(store.read(), "odd", 1)
        assert version.lineage["allowed"] == ["pickle"]
        assert audit.newest(store.read(), 1, "model:odd")[0].after["allowed"] == ["pickle"]
        assert shapes.model_version(version, None)["runs"] == "pickle"
        assert formats.load_version(store, version).predict(FRAME).sum() == len(FRAME)
        preview = stages.preview(store.read(), Config(), "odd", 1)
        assert "version 1 is a pickle: runs its author's code when it is loaded" in preview.warnings


def test_a_model_is_registered_from_within_its_run(project: Path) -> None:
    with mlops.start_run() as run:
        mlops.log_metric("auc", 0.9)
        info = mlops.log_model(fitted(), registered_model_name="churn")
        second = mlops.register_model(info.model_uri, "churn", tags={"a": 1}, aliases=("best",))
    assert (info.registered_model_version, second.version) == (1, 2)
    with opened(project) as store:
        version = models.resolve(store.read(), "churn@best")
    assert (version.version, version.run_id, version.stage) == (2, run.run_id, "dev")
    assert version.lineage["metrics"] == {"auc": 0.9}
    assert version.lineage["packages_digest"]


def test_a_model_is_registered_after_its_run_by_the_run_alone(project: Path) -> None:
    with mlops.start_run() as run:
        mlops.log_model(fitted())
    assert mlops.register_model(run.run_id, "churn").version == 1
    assert mlops.register_model(f"runs:/{run.run_id}/model", "churn").version == 2


@pytest.mark.parametrize("uri", ["runs:/nope/model", "models:/churn/1", "nope"])
def test_registering_what_does_not_exist_is_an_error(project: Path, uri: str) -> None:
    with mlops.start_run(), pytest.raises(MlopsError):
        mlops.register_model(uri, "churn")
