"""``registered-models/…``: made, renamed, described, tagged, deleted, searched; their aliases and newest versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from mlops_store import model_facts, registry_lists
from mlops_tui.compare.grammars import REGISTERED_MODELS
from mlops_tui.compare.listing_filter import Listing
from mlops_tui.compare.terms import Entity
from mlops_tui.registry import aliases, holdings, labels, stages
from mlops_tui.serve.tracking import paging, registry_answers, stage_words
from mlops_tui.serve.tracking.experiments import Tag
from mlops_tui.serve.tracking.problems import absent, exists, invalid, wrong_state
from mlops_tui.serve.tracking.registry_answers import PROMPT_TAG, named, numbered
from mlops_tui.serve.tracking.registry_search import order, without_prompts
from mlops_tui.serve.tracking.routes import Call, Context

_NOTHING: Mapping[str, Any] = {}
_LARGEST = 1_000
_LISTING = Listing(
    REGISTERED_MODELS,
    {"name": "m.name"},
    {Entity.TAG: "SELECT value FROM model_tags WHERE model_id = m.id AND version = 0 AND key = ?"},
)
_PROMPTS = f"m.id IN (SELECT model_id FROM model_tags WHERE version = 0 AND key = '{PROMPT_TAG}' AND value = 'true')"
_ORDERS = {
    "name": "m.name",
    **dict.fromkeys(("timestamp", "last_updated_timestamp"), "m.updated_at"),
}


class Create(NamedTuple):
    """CreateRegisteredModel."""

    name: str
    tags: tuple[Tag, ...] = ()
    description: str = ""


class ByName(NamedTuple):
    """GetRegisteredModel and DeleteRegisteredModel."""

    name: str


class Rename(NamedTuple):
    """RenameRegisteredModel."""

    name: str
    new_name: str


class Update(NamedTuple):
    """UpdateRegisteredModel."""

    name: str
    description: str = ""


class Search(NamedTuple):
    """SearchRegisteredModels."""

    filter: str = ""
    max_results: int = 100
    order_by: tuple[str, ...] = ()
    page_token: str = ""


class Latest(NamedTuple):
    """GetLatestVersions."""

    name: str
    stages: tuple[str, ...] = ()


class SetTag(NamedTuple):
    """SetRegisteredModelTag."""

    name: str
    key: str
    value: str = ""


class DeleteTag(NamedTuple):
    """DeleteRegisteredModelTag."""

    name: str
    key: str


class SetAlias(NamedTuple):
    """SetRegisteredModelAlias."""

    name: str
    alias: str
    version: str


class Alias(NamedTuple):
    """GetModelVersionByAlias and DeleteRegisteredModelAlias."""

    name: str
    alias: str


def create(context: Context, asked: Create) -> Mapping[str, Any]:
    """Makes a model without versions."""
    registry_answers.require_name(asked.name)
    tags = registry_answers.tags(asked.tags)
    with context.store.write() as db:
        there = registry_lists.models(db, "m.name = ?", (asked.name,))
        if there:
            old, new = registry_answers.is_prompt(there[0].tags), registry_answers.is_prompt(tags)
            raise _taken(asked.name, old, new)
        holdings.create(db, asked.name, description=asked.description, tags=tags)
        return {"registered_model": _shown(db, context, asked.name)}


def get(context: Context, asked: ByName) -> Mapping[str, Any]:
    """A model by its name."""
    with context.store.snapshot() as db:
        return {"registered_model": _shown(db, context, asked.name)}


def rename(context: Context, asked: Rename) -> Mapping[str, Any]:
    """Gives a model another name."""
    registry_answers.require_name(asked.new_name, "new_name")
    with context.store.write() as db:
        named(db, asked.name)
        if asked.new_name != asked.name and registry_lists.models(db, "m.name = ?", (asked.new_name,)):
            raise exists(f"Registered Model (name={asked.new_name}) already exists.")
        holdings.rename(db, asked.name, asked.new_name)
        return {"registered_model": _shown(db, context, asked.new_name)}


def update(context: Context, asked: Update) -> Mapping[str, Any]:
    """Describes a model."""
    with context.store.write() as db:
        named(db, asked.name)
        labels.put_description(db, asked.name, None, asked.description)
        return {"registered_model": _shown(db, context, asked.name)}


def delete(context: Context, asked: ByName) -> Mapping[str, Any]:
    """Hides a model with its versions."""
    registry = context.config().registry
    with context.store.write() as db:
        named(db, asked.name)
        holdings.delete(db, registry, asked.name)
    return _NOTHING


def search(context: Context, asked: Search) -> Mapping[str, Any]:
    """A page of the models that a filter lets through; prompts only where it asks for them."""
    paging.require_size(asked.max_results, _LARGEST)
    offset = paging.start(asked.page_token)
    where, values = without_prompts(_LISTING, asked.filter, _PROMPTS)
    by = order(asked.order_by, _ORDERS, {"m.name": "ASC"})
    registry = context.config().registry
    with context.store.snapshot() as db:
        found = registry_lists.models(db, where, values, by, f"LIMIT {asked.max_results + 1} OFFSET {offset}")
        chosen, rest = paging.page(found, offset, asked.max_results)
        shown = [registry_answers.model(db, one, registry) for one in chosen]
    return {**({"registered_models": shown} if shown else {}), **rest}


def latest(context: Context, asked: Latest) -> Mapping[str, Any]:
    """The newest version of each stage, or of those that are named."""
    registry = context.config().registry
    wanted = {stage_words.stage(registry, word) for word in asked.stages}
    with context.store.snapshot() as db:
        found = registry_lists.newest(db, named(db, asked.name).number)
        chosen = [one for one in found if not wanted or one.stage in wanted]
        return {"model_versions": registry_answers.versions(db, chosen, registry)} if chosen else {}


def set_tag(context: Context, asked: SetTag) -> Mapping[str, Any]:
    """Sets a tag of a model."""
    tags = registry_answers.tags((Tag(asked.key, asked.value),))
    with context.store.write() as db:
        named(db, asked.name)
        labels.put_tags(db, asked.name, None, tags)
    return _NOTHING


def delete_tag(context: Context, asked: DeleteTag) -> Mapping[str, Any]:
    """Removes a tag of a model, if it has it."""
    registry_answers.tags((Tag(asked.key),))
    with context.store.write() as db:
        named(db, asked.name)
        labels.put_tags(db, asked.name, None, {asked.key: None})
    return _NOTHING


def set_alias(context: Context, asked: SetAlias) -> Mapping[str, Any]:
    """Lets an alias name a version; an alias that is called like a stage for one version moves the version there."""
    registry_answers.require_alias(asked.alias, is_new=True)
    config = context.config()
    stage = _stage_called(config.registry.stages, asked.alias)
    with context.store.snapshot() as db:
        found = numbered(db, asked.name, asked.version)
    if stage in config.registry.single:
        if found.stage != stage:
            stages.promote(context.store, config, found.model, found.version, stage)
    elif stage:
        raise invalid(
            f"'{asked.alias}' is the name of a stage of this project, and several versions can be in it. "
            "Move the version there with transition-stage, or give another alias."
        )
    else:
        aliases.set(context.store, found.model, asked.alias, found.version)
    return _NOTHING


def delete_alias(context: Context, asked: Alias) -> Mapping[str, Any]:
    """Takes an alias away from a model, if it has it."""
    registry_answers.require_alias(asked.alias)
    with context.store.snapshot() as db:
        there = asked.alias in named(db, asked.name).aliases
    if not there and _stage_called(context.config().registry.stages, asked.alias):
        raise wrong_state(
            f"'{asked.alias}' is a stage of this project: move its version to another with transition-stage."
        )
    if there:
        aliases.remove(context.store, asked.name, asked.alias)
    return _NOTHING


def by_alias(context: Context, asked: Alias) -> Mapping[str, Any]:
    """The version that an alias names, or that is in the stage for one version which is called so."""
    registry_answers.require_alias(asked.alias)
    registry = context.config().registry
    with context.store.snapshot() as db:
        found = named(db, asked.name)
        number = found.aliases.get(asked.alias)
        if asked.alias.lower() == "latest":
            newest = registry_lists.newest(db, found.number)
            if not newest:
                raise absent(f"Latest version not found for model {asked.name}.")
            number = newest[-1].version
        stage = _stage_called(registry.stages, asked.alias)
        if number is None and stage in registry.single:
            number = next(iter(model_facts.stages(db, found.name, stage)), None)
        if number is None:
            raise invalid(f"Registered model alias {asked.alias} not found.")
        [shown] = registry_answers.versions(db, [numbered(db, found.name, str(number))], registry)
    return {"model_version": shown}


def _shown(db: sqlite3.Connection, context: Context, name: str) -> dict[str, Any]:
    return registry_answers.model(db, named(db, name), context.config().registry)


def _stage_called(known: tuple[str, ...], alias: str) -> str:
    return next((stage for stage in known if stage.lower() == alias.lower()), "")


def _taken(name: str, old_is_prompt: bool, new_is_prompt: bool) -> Exception:
    old = "Prompt" if old_is_prompt else "Registered Model"
    new = "Prompt" if new_is_prompt else "Registered Model"
    if old == new:
        return exists(f"{new} (name={name}) already exists.")
    return exists(
        f"Tried to create a {new.lower()} with name {name!r}, but the name is already taken by a {old.lower()}. "
        "MLflow does not allow creating a model and a prompt with the same name."
    )


ENDPOINTS = (
    Call("POST", "registered-models/create", Create, create),
    Call("GET", "registered-models/get", ByName, get),
    Call("POST", "registered-models/rename", Rename, rename),
    Call("PATCH", "registered-models/update", Update, update),
    Call("DELETE", "registered-models/delete", ByName, delete),
    Call("GET", "registered-models/search", Search, search),
    Call("POST", "registered-models/get-latest-versions", Latest, latest),
    Call("GET", "registered-models/get-latest-versions", Latest, latest),
    Call("POST", "registered-models/set-tag", SetTag, set_tag),
    Call("DELETE", "registered-models/delete-tag", DeleteTag, delete_tag),
    Call("POST", "registered-models/alias", SetAlias, set_alias),
    Call("GET", "registered-models/alias", Alias, by_alias),
    Call("DELETE", "registered-models/alias", Alias, delete_alias),
)
