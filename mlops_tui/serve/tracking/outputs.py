"""``runs/outputs``: the logged models that a run made, and at which step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mlops_store import run_inputs
from mlops_store.run_inputs import ModelUse
from mlops_tui.serve.tracking import names
from mlops_tui.serve.tracking.routes import Call, Context
from mlops_tui.serve.tracking.runs import active


class ModelMade(NamedTuple):
    """A logged model."""

    model_id: str
    step: int = 0


class LogOutputs(NamedTuple):
    """LogOutputs."""

    run_id: str
    models: tuple[ModelMade, ...] = ()


def log_outputs(context: Context, asked: LogOutputs) -> Mapping[str, Any]:
    """Records what a run made."""
    names.require_run_id(asked.run_id)
    with context.store.write() as db:
        number, _ = active(db, asked.run_id)
        run_inputs.add_models(db, number, run_inputs.MADE, [ModelUse(*one) for one in asked.models])
    return {}


ENDPOINTS = (Call("POST", "runs/outputs", LogOutputs, log_outputs, is_quick=True),)
