"""Logged models made over the wire, as MLflow's clients make them."""

from __future__ import annotations

from typing import Any

from tracking_wire import Wire

ROUTE = "/api/2.0/mlflow-artifacts/artifacts"
PICKLED = """
flavors:
  python_function: {loader_module: mlflow.sklearn, python_version: 3.11.7}
  sklearn: {pickled_model: model.pkl, serialization_format: cloudpickle, sklearn_version: 1.7.0}
signature:
  inputs: '[{"type": "double", "name": "x", "required": true}]'
  outputs: null
  params: null
"""


def create(wire: Wire, **given: Any) -> str:
    """The id of a model that is made."""
    return str(wire.post("logged-models", **{"experiment_id": "0", **given})["model"]["info"]["model_id"])


def fill(wire: Wire, model: str, files: dict[str, bytes], *, status: str = "LOGGED_MODEL_READY") -> Any:
    """Puts the files of a model and finishes it."""
    for path, content in files.items():
        assert wire.send("PUT", f"{ROUTE}/0/models/{model}/artifacts/{path}", content).status == 200
    answer = wire.send("PATCH", f"logged-models/{model}", {"model_id": model, "status": status})
    assert answer.status == 200, answer.content
    return answer.json["model"]
