"""``experiments/…``: made, found, listed, renamed, tagged, deleted and restored."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from mlops_store import experiments
from mlops_store.errors import NotFound
from mlops_store.records import Experiment
from mlops_tui.serve.tracking import names
from mlops_tui.serve.tracking.problems import absent, exists, invalid, wrong_state
from mlops_tui.serve.tracking.routes import Call, Context

#: What MLflow calls the experiment with the number 0, and what it is called here.
_DEFAULT, _OWN_DEFAULT = "Default", "default"
_NOTHING: Mapping[str, Any] = {}


class Tag(NamedTuple):
    """A key and a value, of experiments and runs."""

    key: str
    value: str = ""


class Create(NamedTuple):
    """CreateExperiment."""

    name: str
    artifact_location: str = ""
    tags: tuple[Tag, ...] = ()


class ById(NamedTuple):
    """GetExperiment, DeleteExperiment and RestoreExperiment."""

    experiment_id: str


class ByName(NamedTuple):
    """GetExperimentByName."""

    experiment_name: str


class Update(NamedTuple):
    """UpdateExperiment."""

    experiment_id: str
    new_name: str


class SetTag(NamedTuple):
    """SetExperimentTag."""

    experiment_id: str
    key: str
    value: str = ""


class DeleteTag(NamedTuple):
    """DeleteExperimentTag."""

    experiment_id: str
    key: str


def create(context: Context, asked: Create) -> Mapping[str, Any]:
    """Makes an experiment."""
    names.require_experiment_name(asked.name)
    for tag in asked.tags:
        names.require_experiment_tag(tag.key, tag.value)
    location = names.artifact_location(asked.artifact_location)
    with context.store.write() as db:
        if _find(db, asked.name) is not None:
            raise exists(f"Experiment(name={asked.name}) already exists.")
        number = experiments.create(
            db, asked.name, artifact_location=location, tags={tag.key: tag.value for tag in asked.tags}
        )
    return {"experiment_id": str(number)}


def get(context: Context, asked: ById) -> Mapping[str, Any]:
    """An experiment by its id."""
    with context.store.snapshot() as db:
        return {"experiment": shown(of_id(db, asked.experiment_id))}


def get_by_name(context: Context, asked: ByName) -> Mapping[str, Any]:
    """An experiment by its name."""
    with context.store.snapshot() as db:
        found = _find(db, asked.experiment_name)
    if found is None:
        raise absent(f"Could not find experiment with name '{asked.experiment_name}'")
    return {"experiment": shown(found)}


def delete(context: Context, asked: ById) -> Mapping[str, Any]:
    """Hides an experiment and its runs."""
    with context.store.write() as db:
        found = of_id(db, asked.experiment_id)
        if found.deleted_at is not None:
            raise _no_experiment(found.number)
        if found.number == experiments.DEFAULT:  # runs that name no experiment would be lost with it
            raise invalid("Cannot delete the default experiment '0'. This is an internally reserved experiment.")
        experiments.delete(db, found.number)
    return _NOTHING


def restore(context: Context, asked: ById) -> Mapping[str, Any]:
    """Shows a deleted experiment and its runs again."""
    with context.store.write() as db:
        found = of_id(db, asked.experiment_id)
        if found.deleted_at is None:
            raise _no_experiment(found.number)
        experiments.restore(db, found.number)
    return _NOTHING


def update(context: Context, asked: Update) -> Mapping[str, Any]:
    """Gives an experiment another name."""
    names.require_experiment_name(asked.new_name)
    with context.store.write() as db:
        found = of_id(db, asked.experiment_id)
        if found.deleted_at is not None:
            raise wrong_state("Cannot rename a non-active experiment.")
        other = _find(db, asked.new_name)
        if other is not None and other.number != found.number:
            raise exists(f"Experiment(name={asked.new_name}) already exists.")
        experiments.rename(db, found.number, asked.new_name)
    return _NOTHING


def set_tag(context: Context, asked: SetTag) -> Mapping[str, Any]:
    """Sets a tag of an experiment."""
    names.require_experiment_tag(asked.key, asked.value)
    with context.store.write() as db:
        experiments.set_tag(db, active(db, asked.experiment_id).number, asked.key, asked.value)
    return _NOTHING


def delete_tag(context: Context, asked: DeleteTag) -> Mapping[str, Any]:
    """Removes a tag of an experiment."""
    with context.store.write() as db:
        found = active(db, asked.experiment_id)
        if not experiments.delete_tag(db, found.number, asked.key):
            raise absent(f"No tag with name: {asked.key} in experiment with id {asked.experiment_id}")
    return _NOTHING


def of_id(db: sqlite3.Connection, experiment_id: str) -> Experiment:
    """The experiment of an id, deleted ones included; the default one of no id.

    Raises:
        Fault: There is none.
    """
    number = names.experiment_number(experiment_id)
    try:
        return experiments.get(db, number)
    except NotFound as error:
        raise _no_experiment(number) from error


def active(db: sqlite3.Connection, experiment_id: str) -> Experiment:
    """The experiment of an id.

    Raises:
        Fault: There is none, or it is deleted.
    """
    found = of_id(db, experiment_id)
    if found.deleted_at is not None:
        raise invalid(f"The experiment {found.number} must be in the 'active' state. Current state is deleted.")
    return found


def shown(found: Experiment) -> dict[str, Any]:
    """An experiment as clients read it."""
    answer: dict[str, Any] = {
        "experiment_id": str(found.number),
        "name": _DEFAULT if (found.number, found.name) == (experiments.DEFAULT, _OWN_DEFAULT) else found.name,
        "artifact_location": artifact_location(found),
        "lifecycle_stage": "active" if found.deleted_at is None else "deleted",
        "last_update_time": round((found.updated_at or found.created_at) * 1000),
        "creation_time": round(found.created_at * 1000),
    }
    if found.tags:
        answer["tags"] = [{"key": key, "value": value} for key, value in found.tags.items()]
    return answer


def artifact_location(found: Experiment) -> str:
    """Where the artifacts of an experiment's runs and models are put."""
    return found.artifact_location or f"mlflow-artifacts:/{found.number}"


def _find(db: sqlite3.Connection, name: str) -> Experiment | None:
    found = experiments.find(db, name)
    if found is None and name == _DEFAULT:
        default = experiments.find(db, _OWN_DEFAULT)
        return default if default is not None and default.number == experiments.DEFAULT else None
    return found


def _no_experiment(number: int) -> Exception:
    return absent(f"No Experiment with id={number} exists")


ENDPOINTS = (
    Call("POST", "experiments/create", Create, create, is_quick=True),
    Call("GET", "experiments/get", ById, get, is_quick=True),
    Call("GET", "experiments/get-by-name", ByName, get_by_name, is_quick=True),
    Call("POST", "experiments/delete", ById, delete),
    Call("POST", "experiments/restore", ById, restore),
    Call("POST", "experiments/update", Update, update, is_quick=True),
    Call("POST", "experiments/set-experiment-tag", SetTag, set_tag, is_quick=True),
    Call("POST", "experiments/delete-experiment-tag", DeleteTag, delete_tag, is_quick=True),
)
