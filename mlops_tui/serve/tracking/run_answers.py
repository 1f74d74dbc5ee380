"""Runs as clients read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlops_store.run_facts import RunFacts
from mlops_store.run_inputs import DatasetInput
from mlops_tui.interop.mlflow_words import NAME_TAG, PARENT_TAG, USER_TAG
from mlops_tui.serve.tracking.wire import number


def run(found: RunFacts) -> dict[str, Any]:
    """A run with everything that it has; what it has nothing of is left out."""
    data: dict[str, Any] = {}
    if found.metrics:
        data["metrics"] = [
            {"key": key, "value": number(value), "timestamp": ms, "step": step}
            for key, value, ms, step in found.metrics
        ]
    if found.params:
        data["params"] = _pairs(found.params)
    tags = _tags(found)
    if tags:
        data["tags"] = _pairs(tags.items())
    inputs: dict[str, Any] = {}
    if found.datasets:
        inputs["dataset_inputs"] = [_dataset(one) for one in found.datasets]
    if found.models_read:
        inputs["model_inputs"] = [{"model_id": one.model_id} for one in found.models_read]
    outputs: dict[str, Any] = {}
    if found.models_made:
        outputs["model_outputs"] = [{"model_id": one.model_id, "step": one.step} for one in found.models_made]
    return {"info": info(found), "data": data, "inputs": inputs, "outputs": outputs}


def info(found: RunFacts) -> dict[str, Any]:
    """What stands above a run's data."""
    answer: dict[str, Any] = {
        "run_uuid": found.run_id,
        "run_id": found.run_id,
        "run_name": found.name,
        "experiment_id": str(found.experiment),
        "user_id": found.user,
        "status": found.status,
        "start_time": round(found.started_at * 1000),
        "artifact_uri": found.artifact_uri,
        "lifecycle_stage": "deleted" if found.is_deleted else "active",
    }
    if found.ended_at is not None:
        answer["end_time"] = round(found.ended_at * 1000)
    return answer


def _tags(found: RunFacts) -> Mapping[str, str]:
    """The tags of a run, with those that clients set where the run was logged by other means."""
    if not found.is_own:
        return {**found.tags, NAME_TAG: found.name} if NAME_TAG in found.tags else found.tags
    said = {
        USER_TAG: found.user,
        "mlflow.source.name": found.source,
        "mlflow.source.git.commit": found.git_commit,
        PARENT_TAG: found.parent_run_id or "",
    }
    return {**{key: value for key, value in said.items() if value}, **found.tags, NAME_TAG: found.name}


def _pairs(items: Any) -> Sequence[Mapping[str, str]]:
    return [{"key": key, "value": value} for key, value in items]


def _dataset(read: DatasetInput) -> dict[str, Any]:
    dataset = {"name": read.name, "digest": read.digest, "source_type": read.source_type, "source": read.source}
    if read.schema:
        dataset["schema"] = read.schema
    if read.profile:
        dataset["profile"] = read.profile
    answer: dict[str, Any] = {"dataset": dataset}
    if read.tags:
        answer["tags"] = _pairs(read.tags.items())
    return answer
