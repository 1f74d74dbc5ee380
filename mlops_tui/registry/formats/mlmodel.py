"""MLflow's ``MLmodel`` beside a model's files, so that ``mlflow.pyfunc.load_model`` opens the directory as it is.

Writes the same bytes for the same model: times and ids are MLflow's to fill in.

Source:
    MLflow's model format, https://mlflow.org/docs/latest/ml/model/ (as ``mlflow.models.Model`` of 3.17 writes it).
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from typing import Any

MLMODEL_FILE = "MLmodel"
EXAMPLE_FILE = "input_example.json"
REQUEST_FILE = "serving_input_example.json"
ENVIRONMENT_FILE = "python_env.yaml"


def write(
    directory: str,
    flavors: Mapping[str, Mapping[str, Any]],
    signature: Mapping[str, Any],
    example: Mapping[str, Any] | None,
) -> None:
    """Writes ``MLmodel``, ``python_env.yaml`` and, with an example, the two files that MLflow keeps of it.

    Args:
        directory: Of the model; ``requirements.txt`` lies there.
        flavors: By name; the environment is added to ``python_function``.
        signature: As ``signatures`` has it.
        example: A few rows as the body of a scoring request.

    Raises:
        OSError: The directory cannot be written.
    """
    import yaml

    known = {name: dict(flavor) for name, flavor in flavors.items()}
    if "python_function" in known:
        known["python_function"] |= {
            "env": {"virtualenv": ENVIRONMENT_FILE},
            "python_version": platform.python_version(),
        }
    described: dict[str, Any] = {"flavors": known}
    if example is not None:
        described["saved_input_example_info"] = _write_example(directory, example)
    if signature:
        described["signature"] = {
            part: json.dumps(signature[part]) if signature.get(part) else None
            for part in ("inputs", "outputs", "params")
        }
    environment = {
        "python": platform.python_version(),
        "build_dependencies": ["pip", "setuptools", "wheel"],
        "dependencies": ["-r requirements.txt"],
    }
    for name, content in ((MLMODEL_FILE, described), (ENVIRONMENT_FILE, environment)):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            yaml.safe_dump(content, file, sort_keys=False, allow_unicode=True)


def _write_example(directory: str, example: Mapping[str, Any]) -> dict[str, Any]:
    split = example.get("dataframe_split")
    for name, content in ((EXAMPLE_FILE, example["inputs"] if split is None else split), (REQUEST_FILE, example)):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            json.dump(content, file, allow_nan=False)
    kind = {"type": "ndarray"} if split is None else {"type": "dataframe", "pandas_orient": "split"}
    return {"artifact_path": EXAMPLE_FILE, "serving_input_path": REQUEST_FILE, **kind}
