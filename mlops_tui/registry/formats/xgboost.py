"""XGBoost models in XGBoost's own UBJSON or JSON, whose indices are checked before XGBoost follows them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from mlops_store.errors import Refused
from mlops_tui.registry.formats import estimator, xgboost_trees
from mlops_tui.registry.formats.description import ModelInfo
from mlops_tui.registry.formats.loaded import Loaded
from mlops_tui.registry.formats.written import Written, full_name, reason

MODEL_FILE = "model.ubj"
BOOSTER = "xgboost.core.Booster"
#: The classes that are made when a file names them: no other is ever looked up.
_ESTIMATORS = {
    f"xgboost.sklearn.{name}": name
    for name in ("XGBClassifier", "XGBRegressor", "XGBRanker", "XGBRFClassifier", "XGBRFRegressor")
}
_DISTRIBUTIONS = ("xgboost", "xgboost-cpu", "pandas", "scikit-learn")


def write(model: Any, directory: str) -> Written:
    """Writes a booster or one of the estimators around it.

    Raises:
        Refused: It is of another class, or not fitted.
    """
    name = full_name(model)
    if name != BOOSTER and name not in _ESTIMATORS:
        raise Refused(
            f"a model of class {name} cannot be logged", f"supported: Booster, {', '.join(_ESTIMATORS.values())}"
        )
    try:
        model.save_model(os.path.join(directory, MODEL_FILE))
    except Exception as error:  # XGBoost and scikit-learn have several kinds of errors for the same
        raise Refused(f"{type(model).__name__} cannot be written ({reason(error)})", "fit it first") from error
    return written(MODEL_FILE, name, _opened(model, None).apply)


def adopt(path: str, directory: str) -> Written:
    """Describes a file that XGBoost wrote and that was copied into a directory.

    Raises:
        Refused: It is damaged or of another kind.
    """
    loaded = _read(path, "")
    return written(os.path.relpath(path, directory), full_name(loaded.native), loaded.apply)


def written(entry: str, name: str, apply: Any) -> Written:
    """What is told of a model's file."""
    native = {
        "data": entry,
        "model_class": name,
        "model_format": entry.rpartition(".")[2],
        "xgb_version": import_module("xgboost").__version__,
        "code": None,
    }
    return Written(
        entry,
        name,
        name.rpartition(".")[2],
        _DISTRIBUTIONS,
        {"xgboost": native, "python_function": {"loader_module": "mlflow.xgboost", "data": entry}},
        apply,
    )


def read(directory: str, info: ModelInfo, trusted: Sequence[str]) -> Loaded:
    """The booster, or the estimator that the description names.

    Raises:
        Refused: The file is damaged or of another kind.
    """
    return _opened(_read(os.path.join(directory, info.entry), info.class_name).native, info)


def _read(path: str, name: str) -> Loaded:
    xgboost = import_module("xgboost")
    try:
        with open(path, "rb") as file:
            content = bytearray(file.read())
        xgboost_trees.check(bytes(content))
        booster = xgboost.Booster()
        booster.load_model(content)
        name = name or _class_of(booster)
        if name == BOOSTER:
            return _opened(booster, None)
        if name not in _ESTIMATORS:
            raise Refused(f"{name} is not a class of XGBoost that is loaded", f"known: {', '.join(_ESTIMATORS)}")
        model = getattr(xgboost, _ESTIMATORS[name])()
        model.load_model(content)
        return _opened(model, None)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, xgboost.core.XGBoostError) as error:
        raise Refused(f"{os.path.basename(path)} is damaged or no model of XGBoost ({reason(error)})") from error


def _class_of(booster: Any) -> str:
    """The estimator that wrote a file, as far as the file says."""
    kind = booster.attr("scikit_learn") or ""
    if '"classifier"' in kind:
        return "xgboost.sklearn.XGBClassifier"
    return "xgboost.sklearn.XGBRegressor" if '"regressor"' in kind else BOOSTER


def _opened(model: Any, info: ModelInfo | None) -> Loaded:
    info = info or ModelInfo("xgboost", "", 0, {})
    is_booster = full_name(model) == BOOSTER
    booster = model if is_booster else model.get_booster()
    columns = tuple(booster.feature_names or ())

    def prepared(rows: Any) -> Any:
        kinds = booster.feature_types or []
        if not hasattr(rows, "astype") or not hasattr(rows, "columns") or "c" not in kinds:
            return rows
        # rows that came as JSON or CSV: the model knows its categories by name (since XGBoost 3.1)
        texts = [
            name
            for name, kind in zip(columns, kinds, strict=False)
            if kind == "c" and name in rows.columns and rows[name].dtype.name in ("object", "str", "string")
        ]
        return rows.astype(dict.fromkeys(texts, "category")) if texts and hasattr(booster, "get_categories") else rows

    if not is_booster:
        found = estimator.of_estimator(info, model)
        proba = found.apply_proba
        return Loaded(
            info,
            model,
            apply=lambda rows: model.predict(prepared(rows)),
            apply_proba=(lambda rows: proba(prepared(rows))) if proba else None,
            classes=found.classes if proba else (),
            columns=columns,
        )

    def apply(rows: Any) -> Any:
        matrix = import_module("xgboost").DMatrix
        names = None if hasattr(rows, "columns") else list(columns) or None
        return booster.predict(matrix(prepared(rows), feature_names=names, enable_categorical=True))

    return Loaded(info, model, apply=apply, columns=columns)
