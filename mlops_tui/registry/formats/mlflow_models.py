"""Reads what MLflow says of a model directory in its ``MLmodel``, without MLflow and without opening the model.

Source:
    The flavors as MLflow 2.9 to 3.18 write them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any

from mlops_store.errors import MlopsError, Refused
from mlops_tui.registry import signatures
from mlops_tui.registry.formats import mlmodel
from mlops_tui.registry.formats.environment import REQUIREMENTS_FILE
from mlops_tui.registry.formats.written import reason

#: What a description and an example have at most.
_MAX_BYTES, _MAX_EXAMPLE_BYTES = 1 << 20, 16 << 20
_PINNED = re.compile(r"^\s*([A-Za-z0-9][\w.\-]*)(?:\[[^\]]*\])?==([^\s;#]+)", re.MULTILINE)
_BOOSTER = "lightgbm.basic.Booster"


def described(directory: str) -> dict[str, Any]:
    """The description of an MLflow model directory in the words of ``mlops.json``.

    Raises:
        Refused: ``MLmodel`` is damaged, or has no flavor that can be loaded.
    """
    path = os.path.join(directory, mlmodel.MLMODEL_FILE)
    found = _mapping_in(path)
    flavors = {str(name): flavor for name, flavor in _mapping(found.get("flavors")).items() if isinstance(flavor, dict)}
    kind, entry, name, options = _flavor(flavors, os.path.basename(os.path.normpath(directory)))
    function = flavors.get("python_function", {})
    try:
        signature = signatures.given(_mapping(found.get("signature")))
    except MlopsError as error:
        raise Refused(f"{path} has a signature that is not one ({error.message})") from error
    origin = {
        key: str(found[key]) for key in ("run_id", "model_uuid", "mlflow_version", "utc_time_created") if found.get(key)
    }
    return {
        "flavor": kind,
        "entry": entry or mlmodel.MLMODEL_FILE,
        "class": name,
        "summary": name.rpartition(".")[2],
        "python_version": str(function.get("python_version") or ""),
        "packages": _packages(directory),
        "signature": signature,
        "input_example": _example(directory, _mapping(found.get("saved_input_example_info"))),
        "options": {**options, "mlflow": origin},
    }


def _flavor(flavors: Mapping[str, Mapping[str, Any]], name: str) -> tuple[str, str, str, dict[str, Any]]:
    """The format, the file, the class and the options of the first flavor that is known, the safest form first."""
    if "sklearn" in flavors:
        flavor = flavors["sklearn"]
        kind = "sklearn" if flavor.get("serialization_format") == "skops" else "pickle"
        return kind, str(flavor.get("pickled_model") or "model.pkl"), "", {}
    if "xgboost" in flavors:
        flavor = flavors["xgboost"]
        entry = str(flavor.get("data") or "")
        return "xgboost", entry, str(flavor.get("model_class") or "xgboost.core.Booster"), {}
    if "lightgbm" in flavors:
        flavor = flavors["lightgbm"]
        name, entry = str(flavor.get("model_class") or _BOOSTER), str(flavor.get("data") or "")
        if name == _BOOSTER:
            return "lightgbm", entry, name, {}
        is_checked = flavor.get("serialization_format") == "skops"
        return ("lightgbm" if is_checked else "pickle"), entry, name, ({"is_skops": True} if is_checked else {})
    if "onnx" in flavors:
        return "onnx", str(flavors["onnx"].get("data") or ""), "onnx.ModelProto", {}
    function = flavors.get("python_function")
    if function is None:
        known = "sklearn, xgboost, lightgbm, onnx, python_function"
        raise Refused(
            f"{name} has no flavor that can be loaded (it has: {', '.join(flavors) or 'none'})", f"known: {known}"
        )
    is_code = str(function.get("loader_module") or "") == "mlflow.pyfunc.loaders.code_model"
    return ("pyfunc-source" if is_code else "pyfunc-pickle"), "", "mlflow.pyfunc.PyFuncModel", {}


def _mapping_in(path: str) -> dict[str, Any]:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with open(path, "rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise ValueError("it is too large")
        text = content.decode("utf-8")
        # a few lines of aliases can stand for more values than there is memory
        if "*" in text and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=loader)):
            raise ValueError("it has aliases")
        found = yaml.load(text, Loader=loader)  # noqa: S506 it is a safe loader
    except (OSError, ValueError, yaml.YAMLError, RecursionError, OverflowError) as error:
        raise Refused(
            f"its {os.path.basename(path)} cannot be read ({reason(error)})", "export the model from MLflow again"
        ) from error
    if not isinstance(found, dict):
        raise Refused(f"its {os.path.basename(path)} does not describe a model", "export the model from MLflow again")
    return found


def _packages(directory: str) -> dict[str, str]:
    """The packages that ``requirements.txt`` pins."""
    try:
        with open(os.path.join(directory, REQUIREMENTS_FILE), encoding="utf-8", errors="replace") as file:
            return dict(_PINNED.findall(file.read(_MAX_BYTES)))
    except OSError:
        return {}


def _example(directory: str, info: Mapping[str, Any]) -> dict[str, Any] | None:
    """The input example where it is a table or one tensor; None else, as it is where there is none."""
    path = os.path.join(directory, str(info.get("artifact_path") or ""))
    root = os.path.realpath(directory)
    if not info or os.path.commonpath((os.path.realpath(path), root)) != root:
        return None
    try:
        with open(path, "rb") as file:
            content = json.loads(file.read(_MAX_EXAMPLE_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    if info.get("type") == "dataframe" and isinstance(content, dict):
        return {"dataframe_split": content} if {"columns", "data"} <= set(content) else None
    if info.get("type") == "ndarray":
        return {"inputs": content["inputs"] if isinstance(content, dict) and "inputs" in content else content}
    return None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
