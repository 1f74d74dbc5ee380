"""Models written as files and read back, without pickle."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from registry_builders import CONFIG, log_directory, make_run, make_store
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from mlops_store import artifacts
from mlops_store.errors import NotFound, Refused
from mlops_tui.registry import formats, versions

X, Y = load_breast_cancer(return_X_y=True, as_frame=True)
SMALL = X.iloc[:, :5]
MIXED = SMALL.assign(size=np.where(SMALL["mean radius"] > 14, "big", "small")).astype({"size": "category"})
COLUMNS = ColumnTransformer(
    [
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), make_column_selector(dtype_include="number")),
        ("categories", OneHotEncoder(handle_unknown="ignore"), ["size"]),
    ]
)

FAMILIES: dict[str, tuple[Any, pd.DataFrame]] = {
    "logistic regression": (make_pipeline(StandardScaler(), LogisticRegression()), X),
    "random forest": (RandomForestClassifier(8, random_state=0), X),
    "gradient boosting": (GradientBoostingClassifier(n_estimators=8), X),
    "histogram gradient boosting": (HistGradientBoostingClassifier(max_iter=8), X),
    "histogram gradient boosting with categories": (HistGradientBoostingClassifier(max_iter=8), MIXED),
    "nearest neighbours by brute force": (make_pipeline(StandardScaler(), KNeighborsClassifier()), X),
    "nearest neighbours by a k-d tree": (KNeighborsClassifier(algorithm="kd_tree"), SMALL),
    "nearest neighbours by a ball tree": (KNeighborsClassifier(algorithm="ball_tree"), SMALL),
    "support vectors": (make_pipeline(StandardScaler(), SVC()), SMALL),
    "a neural network": (make_pipeline(StandardScaler(), MLPClassifier((4,), max_iter=1000, random_state=0)), SMALL),
    "mixed columns into a forest": (make_pipeline(COLUMNS, RandomForestClassifier(5)), MIXED),
    "a calibrated forest": (CalibratedClassifierCV(RandomForestClassifier(5), cv=2), SMALL),
    "a grid search": (GridSearchCV(RandomForestClassifier(3), {"max_depth": [2, 3]}, cv=2, scoring="roc_auc"), SMALL),
    "a stack": (
        StackingClassifier([("a", RandomForestClassifier(3)), ("b", LogisticRegression(max_iter=1000))], cv=2),
        SMALL,
    ),
    "an isolation forest": (IsolationForest(n_estimators=8, random_state=0), SMALL),
    "a pipeline with a numpy function": (make_pipeline(FunctionTransformer(np.log1p), Ridge()), SMALL),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_predicts_the_same_after_a_round_trip(family: str, tmp_path: Path) -> None:
    model, frame = FAMILIES[family]
    model.fit(frame.iloc[:300], Y.iloc[:300])
    info = formats.save(model, str(tmp_path), input_example=frame.iloc[:10])
    assert info.untrusted_types == ()
    again = formats.load(str(tmp_path))
    np.testing.assert_array_equal(again.predict(frame), model.predict(frame))
    for method in ("predict_proba", "decision_function"):
        if hasattr(model, method):
            np.testing.assert_array_equal(getattr(again.native, method)(frame), getattr(model, method)(frame))
    assert again.has_proba == hasattr(model, "predict_proba")


def test_a_regressor_predicts_the_same_after_a_round_trip(tmp_path: Path) -> None:
    data, target = load_diabetes(return_X_y=True)
    model = RandomForestRegressor(5).fit(data, target)
    formats.save(model, str(tmp_path), input_example=data[:3])
    np.testing.assert_array_equal(formats.load(str(tmp_path)).predict(data), model.predict(data))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A model directory."""
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(SMALL, Y)
    formats.save(model, str(tmp_path / "model"), input_example=SMALL)
    return tmp_path / "model"


def test_a_directory_says_what_it_holds(directory: Path) -> None:
    described = json.loads((directory / "mlops.json").read_text())
    assert described["class"] == "sklearn.pipeline.Pipeline"
    assert described["summary"] == "StandardScaler → LogisticRegression"
    assert described["python_version"] == ".".join(map(str, sys.version_info[:3]))
    assert {"scikit-learn", "skops", "numpy", "joblib"} <= set(described["packages"])
    locked = (directory / "requirements.txt").read_text().splitlines()
    assert locked[1:] == [f"{name}=={version}" for name, version in described["packages"].items()]
    assert len(described["input_example"]["dataframe_split"]["data"]) == 5
    assert sorted(path.name for path in directory.iterdir()) == [
        "MLmodel",
        "input_example.json",
        "mlops.json",
        "model.skops",
        "python_env.yaml",
        "requirements.txt",
        "serving_input_example.json",
    ]


def test_the_signature_names_columns_types_and_the_output(directory: Path) -> None:
    signature = formats.describe(str(directory)).signature
    assert [column["name"] for column in signature["inputs"]] == list(SMALL.columns)
    assert {column["type"] for column in signature["inputs"]} == {"double"}
    assert signature["outputs"] == [{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]


def test_the_description_of_a_directory_is_what_saving_returned(tmp_path: Path) -> None:
    model = LogisticRegression(max_iter=5000).fit(SMALL, Y)
    saved = formats.save(model, str(tmp_path), input_example=SMALL)
    assert formats.describe(str(tmp_path)) == saved


def test_a_given_signature_is_kept(tmp_path: Path) -> None:
    signature = {"inputs": [{"name": "a", "type": "double"}]}
    info = formats.save(LogisticRegression(max_iter=5000).fit(SMALL, Y), str(tmp_path), signature=signature)
    assert info.signature == signature


def test_a_model_is_kept_although_it_cannot_predict_its_example(tmp_path: Path) -> None:
    model = LogisticRegression(max_iter=5000).fit(SMALL, Y)
    info = formats.save(model, str(tmp_path), input_example=X)
    assert "cannot predict its input example" in info.warnings[0]
    assert formats.load(str(tmp_path)).native.predict(SMALL).shape == Y.shape
    with pytest.raises(Refused, match="has no column 'mean smoothness'"):
        formats.load(str(tmp_path)).predict(SMALL.drop(columns="mean smoothness"))


class Shouting(ClassifierMixin, BaseEstimator):
    """A model of the user's own, in a module that nobody trusts."""

    def fit(self, frame: pd.DataFrame, target: pd.Series) -> Shouting:
        self.classes_ = np.unique(target)
        return self

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return np.full(len(frame), self.classes_[0])


def test_a_type_of_the_users_own_is_named_and_refused_until_it_is_trusted(tmp_path: Path) -> None:
    info = formats.save(Shouting().fit(SMALL, Y), str(tmp_path))
    (name,) = info.untrusted_types
    assert name.endswith(".Shouting")
    assert name in info.warnings[0]
    with pytest.raises(Refused) as raised:
        formats.load(str(tmp_path))
    assert name in raised.value.message
    assert f'trusted=["{name}"]' in raised.value.hint
    assert formats.load(str(tmp_path), trusted=[name]).predict(SMALL)[0] == 0


@pytest.mark.parametrize("model", [object(), {"a": 1}, {}, lambda frame: frame, LogisticRegression])
def test_what_is_no_model_is_refused_with_what_is_supported(model: Any, tmp_path: Path) -> None:
    with pytest.raises(Refused) as raised:
        formats.save(model, str(tmp_path / "new"))
    assert any(word in raised.value.hint for word in ("scikit-learn", "fit", "def"))
    assert not list((tmp_path / "new").glob("*"))


def test_a_model_with_a_lambda_is_not_loaded_by_itself(tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(lambda frame: frame), LogisticRegression(max_iter=5000)).fit(SMALL, Y)
    try:
        assert formats.save(model, str(tmp_path)).untrusted_types
    except Refused as refusal:
        assert "pickle" in refusal.message
    else:
        with pytest.raises(Refused):
            formats.load(str(tmp_path))


def test_a_changed_model_file_is_refused_by_name(directory: Path) -> None:
    path = directory / "model.skops"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(Refused, match=r"'model\.skops' was changed"):
        formats.load(str(directory))


def test_a_missing_model_file_is_refused_by_name(directory: Path) -> None:
    (directory / "model.skops").unlink()
    with pytest.raises(Refused, match=r"'model\.skops' is missing"):
        formats.load(str(directory))


def test_a_folder_without_a_model_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="holds no model"):
        formats.load(str(tmp_path))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"format": "x"}', '{"format": 99}', "[" * 100_000, '{"format": 1, "flavor": "magic"}',
     '{"format": 1, "flavor": "sklearn", "files": {"model.skops": 7}}', '{"format": 1, "flavor": "sklearn"}'],
)  # fmt: skip
def test_a_broken_description_is_refused(directory: Path, text: str) -> None:
    (directory / "mlops.json").write_text(text)
    with pytest.raises(Refused):
        formats.load(str(directory))


def test_a_registered_version_loads_with_equal_predictions(tmp_path: Path) -> None:
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(SMALL, Y)
    info = formats.save(model, str(tmp_path / "model"), input_example=SMALL)
    store = make_store(tmp_path)
    run_id = make_run(store)
    log_directory(store, run_id, tmp_path / "model")
    version = versions.register(store, CONFIG, "churn", run_id=run_id)
    assert (version.digest, version.size_bytes) == (info.digest, info.size_bytes)
    loaded = formats.load_version(store, version)
    np.testing.assert_array_equal(loaded.predict(SMALL), model.predict(SMALL))
    assert formats.load_version(store, version) is loaded


def test_a_version_whose_object_was_changed_is_not_loaded(tmp_path: Path) -> None:
    formats.save(LogisticRegression(C=0.5, max_iter=5000).fit(SMALL, Y), str(tmp_path / "model"))
    store = make_store(tmp_path)
    run_id = make_run(store)
    log_directory(store, run_id, tmp_path / "model")
    version = versions.register(store, CONFIG, "churn", run_id=run_id)
    path = Path(artifacts.object_path(store.objects_dir, version.lineage["files"]["model.skops"]["digest"]))
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1] + b"x")
    with pytest.raises(Refused, match=r"'model\.skops' of churn/1 was changed"):
        formats.load_version(store, version)


@pytest.mark.parametrize(
    "module", ["formats", "formats.kinds", "versions", "stages", "previews", "files", "trust", "signatures", "aliases"]
)
def test_importing_the_registry_loads_no_library_for_frames(module: str) -> None:
    code = (
        f"import sys, mlops_tui.registry.{module}\n"
        "heavy = {'numpy', 'pandas', 'sklearn', 'skops', 'scipy', 'sqlite_utils', 'textual'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
