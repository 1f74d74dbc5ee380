"""``runs/log-inputs`` and ``experiments/search-datasets``: the data sets and models that runs read."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from mlops_store import run_inputs
from mlops_store.run_inputs import DatasetInput, ModelUse
from mlops_tui.interop import mlflow_words
from mlops_tui.serve.tracking import names
from mlops_tui.serve.tracking.experiments import Tag
from mlops_tui.serve.tracking.problems import invalid
from mlops_tui.serve.tracking.routes import Call, Context
from mlops_tui.serve.tracking.runs import active

_LENGTHS = {"name": 500, "digest": 36, "source": 65_535, "schema": 1_048_575, "profile": 16_777_215}
_TAG_KEY, _TAG_VALUE = 255, 500
#: How many experiments a search may name, and how many data sets it is answered with.
_EXPERIMENTS, _SUMMARIES = 20, 1_000


class Dataset(NamedTuple):
    """A data set."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str = ""
    profile: str = ""


class DatasetRead(NamedTuple):
    """A data set and how it was used."""

    dataset: Dataset
    tags: tuple[Tag, ...] = ()


class ModelRead(NamedTuple):
    """A logged model."""

    model_id: str


class LogInputs(NamedTuple):
    """LogInputs."""

    run_id: str
    datasets: tuple[DatasetRead, ...] = ()
    models: tuple[ModelRead, ...] = ()


class SearchDatasets(NamedTuple):
    """SearchDatasets."""

    experiment_ids: tuple[str, ...] = ()


def log_inputs(context: Context, asked: LogInputs) -> Mapping[str, Any]:
    """Records what a run read."""
    names.require_run_id(asked.run_id)
    read = [_checked(one) for one in asked.datasets]
    with context.store.write() as db:
        number, _ = active(db, asked.run_id)
        run_inputs.add_datasets(db, asked.run_id, read, time.time())
        run_inputs.add_models(db, number, run_inputs.READ, [ModelUse(one.model_id) for one in asked.models])
    return {}


def search_datasets(context: Context, asked: SearchDatasets) -> Mapping[str, Any]:
    """The different data sets that runs of some experiments read."""
    if not asked.experiment_ids:
        raise invalid("SearchDatasets request must specify at least one experiment_id.")
    if len(asked.experiment_ids) > _EXPERIMENTS:
        raise invalid(
            f"SearchDatasets request cannot specify more than {_EXPERIMENTS} experiment_ids. "
            f"Received {len(asked.experiment_ids)} experiment_ids."
        )
    numbers = [names.experiment_number(one) for one in asked.experiment_ids]
    found = [
        {"experiment_id": str(number), "name": name, "digest": digest}
        | ({} if use == run_inputs.DEFAULT_CONTEXT else {"context": use})
        for number, name, digest, use in run_inputs.summaries(context.store.read(), numbers, _SUMMARIES)
    ]
    return {"dataset_summaries": found} if found else {}


def _checked(read: DatasetRead) -> DatasetInput:
    for what, limit in _LENGTHS.items():
        names.require_length(what, getattr(read.dataset, what), limit)
    for tag in read.tags:
        names.require_length("key", tag.key, _TAG_KEY)
        names.require_length("value", tag.value, _TAG_VALUE)
    tags = {tag.key: tag.value for tag in read.tags}
    return DatasetInput(*read.dataset, tags, mlflow_words.row_count(read.dataset.profile))


ENDPOINTS = (
    Call("POST", "runs/log-inputs", LogInputs, log_inputs, is_quick=True),
    Call("POST", "experiments/search-datasets", SearchDatasets, search_datasets),
)
