"""From the bytes of a request to what the model takes."""

from __future__ import annotations

from typing import Any

from mlops_tui.serve import bodies, parameters, tables, tensors
from mlops_tui.serve.bodies import INPUTS, INSTANCES
from mlops_tui.serve.schemas import Schema


def take(content: bytes, content_type: str | None, schema: Schema) -> tuple[Any, dict[str, Any]]:
    """The model's input and its parameters.

    Raises:
        Fault: The request is not in MLflow's protocol, or not what the signature asks for.
    """
    body = bodies.read(content, content_type)
    taken = (tensors if body.form in (INSTANCES, INPUTS) else tables).take(body, schema)
    return taken, parameters.take(body.params, schema)
