"""Where a model comes from, as plain data that a version keeps: run, code, data, params, metrics, environment."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from mlops_store import datasets, model_facts, pipelines, runs
from mlops_store.errors import NotFound
from mlops_store.records import DatasetUse, Run, RunKind


def of_run(db: sqlite3.Connection, run: Run) -> dict[str, Any]:
    """The lineage of what a run made, as it is known now.

    Returns:
        ``run_id``, ``run_name``, ``experiment``, ``run_status``, ``git_commit``, ``git_branch``, ``git_dirty``,
        ``source``, ``params``, ``metrics``, ``datasets`` (name, digest, path, context), ``python_version``,
        ``packages_digest`` (SHA-256 of the package versions as sorted JSON) and, where a pipeline's stage made it,
        ``pipeline`` (run_id, stage, inputs).
    """
    stage = _stage_run(db, run)
    environment = model_facts.environment(db, run.run_id)
    return {
        "run_id": run.run_id,
        "run_name": run.name,
        "experiment": run.experiment,
        "run_status": str(run.status),
        "git_commit": run.git_commit,
        "git_branch": environment.git_branch,
        "git_dirty": run.git_dirty,
        "source": run.source,
        "params": dict(run.params),
        "metrics": dict(run.metrics),
        "datasets": [_dataset(use) for use in datasets.of_run(db, run.run_id)],
        "python_version": environment.python_version,
        "packages_digest": environment.packages_digest,
        **({"pipeline": _pipeline(db, stage)} if stage is not None else {}),
    }


def _dataset(use: DatasetUse) -> dict[str, Any]:
    dataset = use.dataset
    return {"name": dataset.name, "digest": dataset.digest, "path": dataset.path, "context": use.context}


def _stage_run(db: sqlite3.Connection, run: Run) -> Run | None:
    """The run of the pipeline stage that a run belongs to: itself, or the nearest one above it."""
    while run.kind is not RunKind.STAGE:
        if run.parent_run_id is None:
            return None
        run = runs.get(db, run.parent_run_id)
    return run


def _pipeline(db: sqlite3.Connection, stage_run: Run) -> dict[str, Any]:
    known = {"run_id": stage_run.parent_run_id, "stage": stage_run.name}
    if stage_run.parent_run_id is None:
        return known
    try:
        pipeline = pipelines.get(db, stage_run.parent_run_id)
    except NotFound:  # a stage that was run by something else than the supervisor
        return known
    for stage in pipeline.stages:
        if stage.run_id == stage_run.run_id:
            return {**known, "stage": stage.stage, "inputs": json.loads(json.dumps(stage.inputs, default=str))}
    return known
