"""Model directories against the real MLflow: it opens what is written here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_tui.registry import formats, signatures

pytestmark = pytest.mark.slow

ROWS = pd.DataFrame({"a": np.linspace(0, 1, 60), "b": np.linspace(1, 0, 60) ** 2, "k": range(60)})
LABELS = np.array(["no"] * 30 + ["yes"] * 30)


@pytest.mark.parametrize("is_frame", [True, False])
def test_mlflow_opens_a_scikit_learn_model_by_both_of_its_loaders(tmp_path: Path, is_frame: bool) -> None:
    import mlflow

    rows = ROWS if is_frame else ROWS.to_numpy()
    model = make_pipeline(StandardScaler(), RandomForestClassifier(5)).fit(rows, LABELS)
    info = formats.save(model, str(tmp_path), input_example=rows)
    for opened in (mlflow.pyfunc.load_model(str(tmp_path)), mlflow.sklearn.load_model(str(tmp_path))):
        np.testing.assert_array_equal(opened.predict(rows), model.predict(rows))
    metadata = mlflow.models.Model.load(str(tmp_path))
    assert metadata.signature is not None
    assert signatures.given(metadata.signature) == info.signature
    np.testing.assert_array_equal(metadata.load_input_example(str(tmp_path)), rows[:5])
    locked = Path(mlflow.pyfunc.get_model_dependencies(str(tmp_path))).read_text()
    assert f"scikit-learn=={info.packages['scikit-learn']}" in locked
