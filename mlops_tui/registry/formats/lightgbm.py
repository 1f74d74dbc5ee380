"""LightGBM models in LightGBM's own text, whose indices are checked before LightGBM follows them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from mlops_store.errors import Refused
from mlops_tui.registry import trust
from mlops_tui.registry.formats import estimator, lightgbm_text
from mlops_tui.registry.formats.description import ModelInfo
from mlops_tui.registry.formats.loaded import Loaded
from mlops_tui.registry.formats.written import Written, full_name, reason

MODEL_FILE = "model.lgb"
BOOSTER = "lightgbm.basic.Booster"
_CLASSIFIER = "lightgbm.sklearn.LGBMClassifier"
_ESTIMATORS = (_CLASSIFIER, "lightgbm.sklearn.LGBMRegressor", "lightgbm.sklearn.LGBMRanker")
#: The types in MLflow's own files of these estimators: they hold the same text, and numbers.
_OF_MLFLOW = (*_ESTIMATORS, BOOSTER, "collections.OrderedDict", "collections.defaultdict")
_DISTRIBUTIONS = ("lightgbm", "pandas", "scikit-learn")

#: MLflow's own flavor knows boosters only: a classifier brings what turns its probabilities into labels.
_MLFLOW_LOADER = '''"""Loads the booster beside this folder as a classifier, for MLflow."""

CLASSES = {classes!r}


class Classifier:
    def __init__(self, path):
        import lightgbm

        self.booster = lightgbm.Booster(model_file=path)

    def predict(self, data, params=None):
        import numpy as np

        found = np.asarray(self.booster.predict(data))
        return np.asarray(CLASSES)[found.argmax(axis=1) if found.ndim == 2 else (found > 0.5).astype(int)]


def _load_pyfunc(path):
    return Classifier(path)
'''


def write(model: Any, directory: str) -> Written:
    """Writes a booster, or that of one of the estimators around it.

    Raises:
        Refused: It is of another class, or not fitted.
    """
    name = full_name(model)
    if name != BOOSTER and name not in _ESTIMATORS:
        raise Refused(f"a model of class {name} cannot be logged", f"supported: Booster, {', '.join(_ESTIMATORS)}")
    options: dict[str, Any] = {}
    try:
        booster = model if name == BOOSTER else model.booster_
        booster.save_model(os.path.join(directory, MODEL_FILE))
        # with a loss of one's own the booster gives raw scores, and the estimator as well
        if name == _CLASSIFIER and isinstance(model.objective_, str):
            options["classes"] = model.classes_.tolist()
    except Exception as error:  # LightGBM and scikit-learn have several kinds of errors for the same
        raise Refused(f"{type(model).__name__} cannot be written ({reason(error)})", "fit it first") from error
    return _written(booster, MODEL_FILE, name, options, directory)


def adopt(path: str, directory: str) -> Written:
    """Describes a file that LightGBM wrote and that was copied into a directory.

    Raises:
        Refused: It is damaged or of another kind.
    """
    return _written(_read(path), os.path.relpath(path, directory), BOOSTER, {}, directory)


def _written(booster: Any, entry: str, name: str, options: Mapping[str, Any], directory: str) -> Written:
    native = {
        "data": entry,
        "model_class": BOOSTER,
        "lgb_version": import_module("lightgbm").__version__,
        "code": None,
    }
    function = {"loader_module": "mlflow.lightgbm", "data": entry}
    if "classes" in options:
        os.makedirs(os.path.join(directory, "code"), exist_ok=True)
        source = _MLFLOW_LOADER.format(classes=options["classes"])
        # MLflow imports it under its own name: two models in a process need two names
        loader = f"lightgbm_classifier_{hashlib.sha256(source.encode()).hexdigest()[:12]}"
        with open(os.path.join(directory, "code", f"{loader}.py"), "w", encoding="utf-8") as file:
            file.write(source)
        function |= {"loader_module": loader, "code": "code"}
    info = ModelInfo("lightgbm", "", 0, {}, class_name=name, options=options)
    flavors = {"lightgbm": native, "python_function": function}
    apply = _opened(booster, info).apply
    return Written(entry, name, name.rpartition(".")[2], _DISTRIBUTIONS, flavors, apply, options=options)


def read(directory: str, info: ModelInfo, trusted: Sequence[str]) -> Loaded:
    """The booster; of a classifier it gives labels and probabilities.

    Raises:
        Refused: The file is damaged or of another kind.
    """
    path = os.path.join(directory, info.entry)
    if info.options.get("is_skops"):  # as MLflow keeps LightGBM's estimators
        return estimator.of_estimator(info, trust.read(path, (*_OF_MLFLOW, *trusted)))
    return _opened(_read(path), info)


def _read(path: str) -> Any:
    lightgbm = import_module("lightgbm")
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        lightgbm_text.check(text)
        return lightgbm.Booster(model_str=text)
    except (OSError, ValueError, lightgbm.basic.LightGBMError) as error:
        raise Refused(f"{os.path.basename(path)} is damaged or no model of LightGBM ({reason(error)})") from error


def _opened(booster: Any, info: ModelInfo) -> Loaded:
    categories = booster.pandas_categorical or []

    def raw(rows: Any) -> Any:
        return booster.predict(_categorical(rows, categories))

    apply: Callable[[Any], Any] = raw
    proba: Callable[[Any], Any] | None = None
    classes = tuple(info.options.get("classes", ()))
    if classes:
        import numpy as np

        labels = np.asarray(classes)

        def probabilities(rows: Any) -> Any:
            found = np.asarray(raw(rows))
            return found if found.ndim == 2 else np.column_stack([1 - found, found])

        proba = probabilities

        def labelled(rows: Any) -> Any:
            return labels[probabilities(rows).argmax(axis=1)]

        apply = labelled
    return Loaded(info, booster, apply, proba, classes, tuple(booster.feature_name()))


def _categorical(rows: Any, categories: Sequence[list[Any]]) -> Any:
    """Rows that came as JSON or CSV with their texts as the categories that the model was trained with."""
    if not categories or not hasattr(rows, "dtypes") or not hasattr(rows, "columns"):
        return rows
    import pandas as pd

    names = [name for name in rows.columns if rows[name].dtype.name in ("object", "str", "string", "category")]
    if len(names) != len(categories) or all(rows[name].dtype.name == "category" for name in names):
        return rows
    return rows.astype({name: pd.CategoricalDtype(values) for name, values in zip(names, categories, strict=True)})
