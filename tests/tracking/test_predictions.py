"""What ``log_predictions`` stores, and that it never ends a training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tracked import detail, opened, remarks

import mlops_tui as mlops
from mlops_store import artifacts
from mlops_tui.prediction_files import decode


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MLOPS_PROJECT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    while mlops.active_run():
        mlops.end_run()


def test_predictions_are_an_artifact_of_the_run(project: Path) -> None:
    with mlops.start_run():
        mlops.log_predictions([1, 0, 1], [1, 1, 1], ids=["a", "b", "c"], slices={"age": [1, 2, 3]}, name="test")
    (artifact,) = detail(project).artifacts
    assert artifact.path == "predictions/test.parquet"
    with opened(project) as store, artifacts.open_object(store.objects_dir, artifact.digest) as file:
        found = decode(file.read())
    assert found.truth.tolist() == [1, 0, 1]
    assert found.slices["age"].tolist() == [1, 2, 3]


def test_what_cannot_be_stored_is_said_and_the_training_goes_on(project: Path) -> None:
    with mlops.start_run():
        mlops.log_predictions([1, 0], [1])
        mlops.log_predictions([1], [1], name="../out")
        mlops.log_predictions(object(), 3)
        mlops.log_metric("auc", 0.5)
    assert detail(project).artifacts == ()
    said = remarks(project)
    assert any("y_pred has 1 rows, y_true 2" in message for message in said)
    assert any("not a name of predictions" in message for message in said)
    assert detail(project).run.metrics == {"auc": 0.5}
