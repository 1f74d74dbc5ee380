"""Model directories against the real MLflow: it opens what is written here, and what it writes is opened here."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registry_builders import CONFIG, make_store
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_store.errors import Refused
from mlops_tui.registry import formats, incoming, signatures, versions
from mlops_tui.registry.formats import mlmodel
from mlops_tui.registry.incoming import Terms

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


def by_rule(frame: pd.DataFrame) -> np.ndarray:
    return np.where(frame["a"] > 0.5, "yes", "no")


def written() -> dict[str, Callable[[], Any]]:
    """Name -> a model that is written here and predicts as MLflow does."""
    import lightgbm
    import xgboost
    from onnx_models import linear

    numbers = ROWS.astype(float)
    options: dict[str, Any] = {"n_estimators": 2, "min_child_samples": 2, "verbose": -1}
    matrix = xgboost.DMatrix(numbers, LABELS == "yes")
    return {
        "xgboost booster": lambda: xgboost.train({"objective": "binary:logistic"}, matrix, 2),
        "xgboost classifier": lambda: xgboost.XGBClassifier(n_estimators=2).fit(numbers, LABELS == "yes"),
        "lightgbm booster": lambda: lightgbm.LGBMRegressor(**options).fit(numbers, numbers["a"]).booster_,
        "lightgbm classifier": lambda: lightgbm.LGBMClassifier(**options).fit(numbers, LABELS),
        "onnx": lambda: linear([1, 2, 3]),
        "function": lambda: by_rule,
        "pickle": lambda: ByRule(),
    }


class ByRule:
    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return by_rule(frame)


@pytest.mark.parametrize("name", ["xgboost booster", "xgboost classifier", "lightgbm booster", "lightgbm classifier",
                                  "onnx", "function", "pickle"])  # fmt: skip
def test_mlflow_opens_every_format_with_the_same_predictions(tmp_path: Path, name: str) -> None:
    import mlflow

    rows = ROWS.astype(float)
    info = formats.save(written()[name](), str(tmp_path), input_example=rows, allow_pickle=True)
    assert info.warnings == ()
    ours = formats.load(str(tmp_path), allow_pickle=True, allow_source=True)
    theirs = mlflow.pyfunc.load_model(str(tmp_path)).predict(rows)
    theirs = theirs.to_numpy()[:, 0] if isinstance(theirs, pd.DataFrame) else theirs
    np.testing.assert_array_equal(ours.predict(rows), theirs)
    flavor = name.split()[0]
    if flavor in ("xgboost", "lightgbm", "onnx"):
        assert getattr(mlflow, flavor).load_model(str(tmp_path)) is not None
    (tmp_path / "mlops.json").unlink()  # as somebody else would hand it on
    if flavor != "function" and name != "lightgbm classifier":
        np.testing.assert_array_equal(formats.load(str(tmp_path), allow_pickle=True).predict(rows), theirs)


MODEL_FROM_CODE = """
import mlflow


class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input["a"] * 2


mlflow.models.set_model(Model())
"""


def by_mlflow(directory: Path) -> Iterator[tuple[str, Path, Any, str]]:
    """Name, directory, what the model predicts, and the flavor that it must be given, of models that MLflow writes."""
    import lightgbm
    import mlflow
    import xgboost
    from onnx_models import linear

    numbers = ROWS.astype(float)
    pinned: dict[str, Any] = {"pip_requirements": ["numpy==2.1.0"]}  # or MLflow starts a process to find them
    signature = mlflow.models.infer_signature(numbers, LABELS)
    forest = RandomForestClassifier(3).fit(numbers, LABELS)
    for serialization in ("skops", "cloudpickle", "pickle"):
        path = directory / serialization
        trusted = {"skops_trusted_types": ["sklearn.tree._tree.Tree"]} if serialization == "skops" else {}
        mlflow.sklearn.save_model(
            forest,
            path,
            serialization_format=serialization,
            signature=signature,
            input_example=numbers.head(2),
            **trusted,
            **pinned,
        )
        yield serialization, path, forest.predict(numbers), "sklearn" if serialization == "skops" else "pickle"
    options: dict[str, Any] = {"n_estimators": 2, "min_child_samples": 2, "verbose": -1}
    classifier = lightgbm.LGBMClassifier(**options).fit(numbers, LABELS)
    mlflow.lightgbm.save_model(classifier, directory / "lgb", serialization_format="skops", **pinned)
    yield "lgb", directory / "lgb", classifier.predict(numbers), "lightgbm"
    mlflow.lightgbm.save_model(classifier.booster_, directory / "lgb booster", **pinned)
    yield "lgb booster", directory / "lgb booster", classifier.booster_.predict(numbers), "lightgbm"
    boosted = xgboost.XGBClassifier(n_estimators=2).fit(numbers, LABELS == "yes")
    for form in ("ubj", "json"):
        mlflow.xgboost.save_model(boosted, directory / form, model_format=form, **pinned)
        yield form, directory / form, boosted.predict(numbers), "xgboost"
    mlflow.onnx.save_model(linear([1, 2, 3]), directory / "onnx", **pinned)
    yield "onnx", directory / "onnx", (numbers @ np.array([1, 2, 3])).to_numpy(np.float32), "onnx"
    (directory / "from_code.py").write_text(MODEL_FROM_CODE)
    mlflow.pyfunc.save_model(directory / "code", python_model=str(directory / "from_code.py"), **pinned)
    yield "code", directory / "code", numbers["a"] * 2, "pyfunc-source"


def test_what_mlflow_wrote_is_registered_and_predicts_the_same(tmp_path: Path) -> None:
    store, rows = make_store(tmp_path), ROWS.astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, path, wanted, flavor in by_mlflow(tmp_path):
            what = {"pickle": "pickle", "pyfunc-source": "source"}.get(flavor)
            if what:
                with pytest.raises(Refused, match=what):
                    incoming.of_mlflow(store, str(path), Terms())
            allowed = {what} if what else set()
            content = incoming.of_mlflow(store, str(path), Terms(allowed=allowed))
            version = versions.add(store, CONFIG, "churn", content, allowed=allowed)
            assert version.flavor == flavor, name
            assert version.lineage["environment"]["packages"]["numpy"] == "2.1.0", name
            loaded = formats.load_version(store, version)
            found = loaded.predict(rows)
            if flavor == "onnx":
                np.testing.assert_allclose(found, wanted, rtol=1e-6)
            else:
                np.testing.assert_array_equal(found, wanted, err_msg=name)
            if flavor == "sklearn":
                assert [column["name"] for column in loaded.signature["inputs"]] == list(rows)
                np.testing.assert_array_equal(loaded.example(), rows.head(2))


VALUES = {
    "bool": st.booleans(),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**53), 2**53),
    "float32": st.floats(width=32, allow_nan=True),
    "float64": st.floats(),
    "object": st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    "datetime64[us]": st.datetimes(),
}


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    names = draw(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=1, max_size=4, unique=True))
    count = draw(st.integers(1, 4))
    columns = {}
    for name in names:
        kind = draw(st.sampled_from(sorted(VALUES)))
        columns[name] = pd.Series(draw(st.lists(VALUES[kind], min_size=count, max_size=count))).astype(kind)
    return pd.DataFrame(columns)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames())
def test_a_signature_and_an_example_survive_the_way_through_mlflow(tmp_path: Path, frame: pd.DataFrame) -> None:
    import mlflow

    signature = {"inputs": signatures.schema(frame), "outputs": signatures.schema(frame.iloc[:, 0])}
    example = signatures.example(frame)
    mlmodel.write(str(tmp_path), {"python_function": {"loader_module": "none"}}, signature, example)
    metadata = mlflow.models.Model.load(str(tmp_path))
    assert signatures.given(metadata.signature) == signature
    ours = formats.describe(str(tmp_path))
    assert ours.signature == signature
    assert ours.input_example == example
    rows = signatures.rows(example, signature)
    assert list(rows) == list(frame)
    for name in frame:
        if frame[name].dtype.kind in "bif":
            expected = frame[name].replace([np.inf, -np.inf], np.nan).to_numpy(float)
            np.testing.assert_array_equal(rows[name].to_numpy(float), expected)
