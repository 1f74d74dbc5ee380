"""``model-versions/…``: made, described, moved between stages, tagged, deleted and searched."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from mlops_store import logged_models, model_facts, registry_lists
from mlops_store.registry_lists import DESCRIBED_AT
from mlops_tui.compare.grammars import VERSIONS
from mlops_tui.compare.listing_filter import Listing
from mlops_tui.compare.terms import Entity
from mlops_tui.registry import holdings, labels, stages
from mlops_tui.registry import versions as registering
from mlops_tui.serve.tracking import paging, registry_answers, stage_words, version_sources
from mlops_tui.serve.tracking.experiments import Tag
from mlops_tui.serve.tracking.problems import invalid
from mlops_tui.serve.tracking.registry_answers import PROMPT_TAG, named, numbered
from mlops_tui.serve.tracking.registry_search import order, without_prompts
from mlops_tui.serve.tracking.routes import Call, Context

_NOTHING: Mapping[str, Any] = {}
_LARGEST = 200_000
_VERSIONS_TAG = "mlflow.modelVersions"
_LISTING = Listing(
    VERSIONS,
    {
        "name": "m.name",
        "version_number": "v.version",
        "run_id": "coalesce(r.run_id, "
        "CASE WHEN json_valid(v.lineage) THEN json_extract(v.lineage, '$.mlflow.run_id') END, '')",
        "source_path": "v.source",
    },
    {Entity.TAG: "SELECT value FROM model_tags WHERE model_id = v.model_id AND version = v.version AND key = ?"},
)
_PROMPTS = (
    f"v.model_id IN (SELECT model_id FROM model_tags WHERE version <> 0 AND key = '{PROMPT_TAG}' AND value = 'true')"
)
_CHANGED = f"round(max(coalesce(v.updated_at, v.created_at), coalesce({DESCRIBED_AT}, 0)) * 1000)"
_ORDERS = {
    "name": "m.name",
    "version_number": "v.version",
    "creation_timestamp": "v.created_at",
    "last_updated_timestamp": _CHANGED,
}
_DEFAULT_ORDER = ("last_updated_timestamp DESC", "name ASC", "version_number DESC")


class Create(NamedTuple):
    """CreateModelVersion."""

    name: str
    source: str
    run_id: str | None = None
    tags: tuple[Tag, ...] = ()
    run_link: str = ""
    description: str = ""
    model_id: str | None = None


class ByNumber(NamedTuple):
    """GetModelVersion, DeleteModelVersion and GetModelVersionDownloadUri."""

    name: str
    version: str


class Update(NamedTuple):
    """UpdateModelVersion."""

    name: str
    version: str
    description: str = ""


class Transition(NamedTuple):
    """TransitionModelVersionStage."""

    name: str
    version: str
    stage: str
    archive_existing_versions: bool = False


class SetTag(NamedTuple):
    """SetModelVersionTag."""

    name: str
    version: str
    key: str
    value: str = ""


class DeleteTag(NamedTuple):
    """DeleteModelVersionTag."""

    name: str
    version: str
    key: str


class Search(NamedTuple):
    """SearchModelVersions."""

    filter: str = ""
    max_results: int = 10_000
    order_by: tuple[str, ...] = ()
    page_token: str = ""


def create(context: Context, asked: Create) -> Mapping[str, Any]:
    """Makes the next version of a model of what its source names, in the first stage."""
    registry_answers.require_name(asked.name)
    tags = registry_answers.tags(asked.tags)
    config = context.config()
    said = version_sources.Asked(
        asked.source, asked.run_id, asked.model_id, asked.run_link, registry_answers.is_prompt(tags)
    )
    with context.store.write() as db:
        named(db, asked.name)
        content, model_id = version_sources.content(context.store, db, config.registry, said)
        made = registering.add(
            context.store,
            config,
            asked.name,
            content,
            description=asked.description,
            tags=tags,
            is_allowed_later=True,
        )
        if model_id:
            _link(db, model_id, made.model, made.version)
        return {"model_version": _shown(db, context, made.model, made.version)}


def get(context: Context, asked: ByNumber) -> Mapping[str, Any]:
    """A version by its number."""
    with context.store.snapshot() as db:
        return {"model_version": _shown(db, context, asked.name, registry_answers.whole(asked.version))}


def download_uri(context: Context, asked: ByNumber) -> Mapping[str, Any]:
    """Where the files of a version are."""
    with context.store.snapshot() as db:
        return {"artifact_uri": version_sources.download_uri(db, numbered(db, asked.name, asked.version))}


def update(context: Context, asked: Update) -> Mapping[str, Any]:
    """Describes a version."""
    with context.store.write() as db:
        found = numbered(db, asked.name, asked.version)
        labels.put_description(db, found.model, found.version, asked.description)
        return {"model_version": _shown(db, context, found.model, found.version)}


def delete(context: Context, asked: ByNumber) -> Mapping[str, Any]:
    """Hides a version."""
    registry = context.config().registry
    with context.store.write() as db:
        found = numbered(db, asked.name, asked.version)
        holdings.delete_version(db, registry, found.model, found.version)
    return _NOTHING


def transition(context: Context, asked: Transition) -> Mapping[str, Any]:
    """Moves a version to another stage, where gates, approvals and signatures of that stage let it."""
    config = context.config()
    stage = stage_words.stage(config.registry, asked.stage)
    is_alone = asked.archive_existing_versions
    if is_alone and stage in (config.registry.first, config.registry.archive):
        raise invalid(
            "Model version transition cannot archive existing model versions because "
            f"'{asked.stage}' is not an Active stage. Valid stages are {list(stage_words.ACTIVE)}"
        )
    with context.store.snapshot() as db:
        found = numbered(db, asked.name, asked.version)
        others = [number for number in model_facts.stages(db, found.model, stage) if number != found.version]
    if found.stage != stage:
        stages.promote(context.store, config, found.model, found.version, stage, is_alone=is_alone)
    elif is_alone:
        for number in others:
            stages.archive(context.store, config, found.model, number)
    with context.store.snapshot() as db:
        return {"model_version": _shown(db, context, found.model, found.version)}


def set_tag(context: Context, asked: SetTag) -> Mapping[str, Any]:
    """Sets a tag of a version."""
    tags = registry_answers.tags((Tag(asked.key, asked.value),))
    with context.store.write() as db:
        found = numbered(db, asked.name, asked.version)
        labels.put_tags(db, found.model, found.version, tags)
    return _NOTHING


def delete_tag(context: Context, asked: DeleteTag) -> Mapping[str, Any]:
    """Removes a tag of a version, if it has it."""
    registry_answers.tags((Tag(asked.key),))
    with context.store.write() as db:
        found = numbered(db, asked.name, asked.version)
        labels.put_tags(db, found.model, found.version, {asked.key: None})
    return _NOTHING


def search(context: Context, asked: Search) -> Mapping[str, Any]:
    """A page of the versions that a filter lets through; those of prompts only where it asks for them."""
    paging.require_size(asked.max_results, _LARGEST)
    offset = paging.start(asked.page_token)
    where, values = without_prompts(_LISTING, asked.filter, _PROMPTS)
    by = order(asked.order_by or _DEFAULT_ORDER, _ORDERS, {"m.name": "ASC", "v.version": "DESC"}, "attribute")
    registry = context.config().registry
    with context.store.snapshot() as db:
        found = registry_lists.versions(db, where, values, by, f"LIMIT {asked.max_results + 1} OFFSET {offset}")
        chosen, rest = paging.page(found, offset, asked.max_results)
        shown = registry_answers.versions(db, chosen, registry)
    return {**({"model_versions": shown} if shown else {}), **rest}


def _shown(db: sqlite3.Connection, context: Context, name: str, number: int) -> dict[str, Any]:
    [shown] = registry_answers.versions(db, [numbered(db, name, str(number))], context.config().registry)
    return shown


def _link(db: sqlite3.Connection, model_id: str, name: str, number: int) -> None:
    """Says on a logged model which versions were made of it."""
    found = logged_models.get(db, model_id)
    try:
        known = json.loads(found.tags.get(_VERSIONS_TAG, "[]"))
    except ValueError:
        known = []
    new = {"name": name, "version": number}
    kept = [*known, new] if isinstance(known, list) else [new]
    logged_models.set_texts(db, "tags", found.number, {_VERSIONS_TAG: json.dumps(kept)})


ENDPOINTS = (
    Call("POST", "model-versions/create", Create, create),
    Call("GET", "model-versions/get", ByNumber, get),
    Call("GET", "model-versions/get-download-uri", ByNumber, download_uri),
    Call("PATCH", "model-versions/update", Update, update),
    Call("DELETE", "model-versions/delete", ByNumber, delete),
    Call("POST", "model-versions/transition-stage", Transition, transition),
    Call("POST", "model-versions/set-tag", SetTag, set_tag),
    Call("DELETE", "model-versions/delete-tag", DeleteTag, delete_tag),
    Call("GET", "model-versions/search", Search, search),
)
