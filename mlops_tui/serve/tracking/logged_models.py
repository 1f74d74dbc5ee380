"""``logged-models/…``: made, filled, finished, tagged and deleted; ``logged_model_search`` finds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from mlops_store import ids, logged_models
from mlops_store.logged_models import Entry
from mlops_tui.registry import logged
from mlops_tui.serve.tracking import experiments, names, places
from mlops_tui.serve.tracking.experiments import Tag
from mlops_tui.serve.tracking.problems import absent, invalid, wrong_value
from mlops_tui.serve.tracking.routes import Call, Context
from mlops_tui.serve.tracking.wire import number
from mlops_tui.tracking.names import made_up

_NOTHING: Mapping[str, Any] = {}
_FORBIDDEN = ("/", ":", ".", "%", '"', "'")
_STATUS = {
    logged_models.PENDING: "LOGGED_MODEL_PENDING",
    logged_models.READY: "LOGGED_MODEL_READY",
    logged_models.FAILED: "LOGGED_MODEL_UPLOAD_FAILED",
}
_WORDS = {word: status for status, word in _STATUS.items()}


class Create(NamedTuple):
    """CreateLoggedModel."""

    experiment_id: str
    name: str = ""
    model_type: str = ""
    source_run_id: str = ""
    params: tuple[Tag, ...] = ()
    tags: tuple[Tag, ...] = ()


class ById(NamedTuple):
    """GetLoggedModel and DeleteLoggedModel."""

    model_id: str
    allow_deleted: bool = False


class Finalize(NamedTuple):
    """FinalizeLoggedModel."""

    model_id: str
    status: Literal["LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"]


class LogParams(NamedTuple):
    """LogLoggedModelParamsRequest."""

    model_id: str
    params: tuple[Tag, ...] = ()


class SetTags(NamedTuple):
    """SetLoggedModelTags."""

    model_id: str
    tags: tuple[Tag, ...] = ()


class DeleteTag(NamedTuple):
    """DeleteLoggedModelTag."""

    model_id: str
    tag_key: str


def create(context: Context, asked: Create) -> Mapping[str, Any]:
    """Makes a model whose files are still to come."""
    _require_name(asked.name)
    with context.store.write() as db:
        experiment = experiments.active(db, asked.experiment_id)
        model_id = f"m-{ids.new_id()}"
        made = logged_models.create(
            db,
            model_id,
            experiment=experiment.number,
            name=asked.name or made_up(),
            run_id=asked.source_run_id,
            model_type=asked.model_type,
            location=places.model_root(experiment, model_id),
            params=_params(asked.params),
            tags=_tags(asked.tags),
        )
    return {"model": shown(made)}


def get(context: Context, asked: ById) -> Mapping[str, Any]:
    """A model by its id."""
    with context.store.snapshot() as db:
        return {"model": shown(logged_models.get(db, asked.model_id, with_deleted=asked.allow_deleted))}


def finalize(context: Context, asked: Finalize) -> Mapping[str, Any]:
    """Says that a model's files are all there, or will never be."""
    with context.store.write() as db:
        found = logged_models.get(db, asked.model_id)
        status = _WORDS[asked.status]
        if status == logged_models.READY and found.has_own_files:
            logged.finish(context.store.objects_dir, db, found.number)
        logged_models.set_status(db, found.model_id, status)
        return {"model": shown(logged_models.get(db, found.model_id))}


def log_params(context: Context, asked: LogParams) -> Mapping[str, Any]:
    """Adds params to a model; one that it has keeps its value."""
    params = _params(asked.params)
    with context.store.write() as db:
        found = logged_models.get(db, asked.model_id)
        for key, value in params.items():
            if found.params.get(key, value) != value:
                raise invalid(
                    f"Changing param values is not allowed. Param with key='{key}' was already logged with "
                    f"value='{found.params[key]}' for model ID='{found.model_id}'. "
                    f"Attempted logging new value '{value}'."
                )
        logged_models.set_texts(db, "params", found.number, params)
    return _NOTHING


def set_tags(context: Context, asked: SetTags) -> Mapping[str, Any]:
    """Sets tags of a model."""
    tags = _tags(asked.tags)
    with context.store.write() as db:
        logged_models.set_texts(db, "tags", logged_models.get(db, asked.model_id).number, tags)
    return _NOTHING


def delete_tag(context: Context, asked: DeleteTag) -> Mapping[str, Any]:
    """Removes a tag of a model."""
    with context.store.write() as db:
        found = logged_models.get(db, asked.model_id)
        if not logged_models.delete_tag(db, found.number, asked.tag_key):
            raise absent(f"No tag with key {asked.tag_key!r} found for model with ID {asked.model_id!r}.")
    return _NOTHING


def delete(context: Context, asked: ById) -> Mapping[str, Any]:
    """Hides a model."""
    with context.store.write() as db:
        logged_models.delete(db, logged_models.get(db, asked.model_id).number)
    return _NOTHING


def shown(found: Entry) -> dict[str, Any]:
    """A logged model as clients read it."""
    info: dict[str, Any] = {
        "model_id": found.model_id,
        "experiment_id": str(found.experiment),
        "name": found.name,
        "creation_timestamp_ms": round(found.created_at * 1000),
        "last_updated_timestamp_ms": round(found.updated_at * 1000),
        "artifact_uri": found.location,
        "status": _STATUS[found.status],
        "model_type": found.model_type,
        "source_run_id": found.run_id,
    }
    if found.tags:
        info["tags"] = [{"key": key, "value": value} for key, value in found.tags.items()]
    data: dict[str, Any] = {}
    if found.params:
        data["params"] = [{"key": key, "value": value} for key, value in found.params.items()]
    if found.metrics:
        data["metrics"] = [_metric(found.model_id, one) for one in found.metrics]
    return {"info": info, "data": data}


def _metric(model_id: str, one: logged_models.Measured) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "key": one.key,
        "value": number(one.value),
        "timestamp": one.ms,
        "step": one.step,
        "model_id": model_id,
        "run_id": one.run_id,
    }
    if one.dataset_name:
        answer["dataset_name"] = one.dataset_name
    if one.dataset_digest:
        answer["dataset_digest"] = one.dataset_digest
    return answer


def _require_name(name: str) -> None:
    if any(character in name for character in _FORBIDDEN):
        raise invalid(
            f"Invalid model name ({name!r}) provided. Model name must be a non-empty string and cannot contain the "
            f"following characters: {_FORBIDDEN}"
        )
    names.require_length("name", name, names.EXPERIMENT_CHARACTERS)


def _params(given: tuple[Tag, ...]) -> dict[str, str]:
    for one in given:
        if not one.key:
            raise invalid(f"{wrong_value('params', one.key)}.")
        names.require_length("key", one.key, 255)
    return {one.key: one.value for one in given}


def _tags(given: tuple[Tag, ...]) -> dict[str, str]:
    for one in given:
        names.require_length("key", one.key, 255)
    return {one.key: one.value for one in given}


ENDPOINTS = (
    Call("POST", "logged-models", Create, create, is_quick=True),
    Call("GET", "logged-models/{model_id}", ById, get, is_quick=True),
    Call("PATCH", "logged-models/{model_id}", Finalize, finalize),
    Call("DELETE", "logged-models/{model_id}", ById, delete, is_quick=True),
    Call("POST", "logged-models/{model_id}/params", LogParams, log_params, is_quick=True),
    Call("PATCH", "logged-models/{model_id}/tags", SetTags, set_tags, is_quick=True),
    Call("DELETE", "logged-models/{model_id}/tags/{tag_key}", DeleteTag, delete_tag, is_quick=True),
)
