"""Registered models and their versions as clients read them, and what names they may have."""

from __future__ import annotations

import posixpath
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mlops_store import models, registry_lists
from mlops_store.errors import NotFound
from mlops_store.records import ModelVersion
from mlops_tui.config import RegistryConfig
from mlops_tui.serve.tracking import names, stage_words
from mlops_tui.serve.tracking.experiments import Tag
from mlops_tui.serve.tracking.problems import absent, invalid, missing, wrong_value

#: What a version keeps of its client's words in its lineage; see ``version_sources``.
WIRE = "mlflow"
TAG_CHARACTERS = 100_000
PROMPT_TAG = "mlflow.prompt.is_prompt"
_ALIAS = re.compile(r"[\w\-]*")
_NUMBERED = re.compile(r"[vV]\d+")


def version(found: ModelVersion, registry: RegistryConfig, changed_at: float | None = None) -> dict[str, Any]:
    """A version; ``changed_at`` is when it was last written about."""
    said = found.lineage.get(WIRE, {})
    answer: dict[str, Any] = {
        "name": found.model,
        "version": str(found.version),
        "creation_timestamp": round(found.created_at * 1000),
        "last_updated_timestamp": round(max(found.updated_at, found.created_at, changed_at or 0.0) * 1000),
        "current_stage": stage_words.words(registry).get(found.stage, found.stage),
        "description": found.description,
        "user_id": found.created_by,
        "source": found.source,
        "run_id": str(said.get("run_id") or found.run_id or ""),
        "run_link": str(said.get("run_link") or ""),
        "status": "READY",
    }
    if found.tags:
        answer["tags"] = _pairs(found.tags)
    if found.aliases:
        answer["aliases"] = list(found.aliases)
    return answer


def model(db: sqlite3.Connection, found: registry_lists.Named, registry: RegistryConfig) -> dict[str, Any]:
    """A registered model with the newest version of each stage."""
    answer: dict[str, Any] = {
        "name": found.name,
        "creation_timestamp": round(found.created_at * 1000),
        "last_updated_timestamp": round(found.updated_at * 1000),
    }
    if found.description:
        answer["description"] = found.description
    newest = registry_lists.newest(db, found.number)
    if newest:
        answer["latest_versions"] = versions(db, newest, registry)
    if found.tags:
        answer["tags"] = _pairs(found.tags)
    if found.aliases:
        answer["aliases"] = [{"alias": alias, "version": str(number)} for alias, number in found.aliases.items()]
    return answer


def versions(db: sqlite3.Connection, found: Sequence[ModelVersion], registry: RegistryConfig) -> list[dict[str, Any]]:
    """Versions, in the same order."""
    changed = registry_lists.described_at(db, found)
    return [version(one, registry, changed.get((one.model, one.version))) for one in found]


def named(db: sqlite3.Connection, name: str) -> registry_lists.Named:
    """The registered model of a name.

    Raises:
        Fault: There is none, or no model can have that name.
    """
    require_name(name)
    found = registry_lists.models(db, "m.name = ?", (name,))
    if not found:
        raise absent(f"Registered Model with name={name} not found")
    return found[0]


def numbered(db: sqlite3.Connection, name: str, number: str) -> ModelVersion:
    """The version of a number.

    Raises:
        Fault: There is none.
    """
    require_name(name)
    wanted = whole(number)
    try:
        return models.version(db, name, wanted)
    except NotFound:
        raise absent(f"Model Version (name={name}, version={wanted}) not found") from None


def whole(number: str) -> int:
    """The number of a version. Fault: it is none."""
    text = number.strip()
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise invalid(f"Parameter 'version' must be an integer, got '{number}'.")
    return int(text)


def require_name(name: str, path: str = "name") -> None:
    """Refuses what no registered model is called. Fault: it is that."""
    if not name.strip():
        raise missing(path)
    if "/" in name or ":" in name:
        raise invalid(f"Invalid model name '{name}'. Names cannot contain '/' or ':'.")
    plain = posixpath.normpath(name)
    if plain != name or plain == "." or plain.startswith(".."):
        raise invalid(
            f"{wrong_value('name', name)}: Names may be treated as files in certain cases, and must not resolve to "
            f"other names when treated as such. This name would resolve to {plain!r}"
        )


def require_alias(alias: str, *, is_new: bool = False) -> None:
    """Refuses what no alias is. Fault: it is that, or is reserved where it is to be set."""
    if not alias:
        raise invalid("Registered model alias name cannot be empty.")
    if not _ALIAS.fullmatch(alias):
        raise invalid(
            f"Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
        )
    names.require_length("Registered model alias name", alias, 255)
    if is_new and alias.lower() == "latest":
        raise invalid("'latest' alias name (case insensitive) is reserved.")
    if is_new and _NUMBERED.fullmatch(alias):
        raise invalid(f"Version alias name '{alias}' is reserved.")


def tags(given: Iterable[Tag]) -> dict[str, str]:
    """Tags of a model or a version. Fault: one is none."""
    found = {}
    for one in given:
        names.require_name(one.key, "key")
        names.require_length("key", one.key, names.KEY_CHARACTERS)
        names.require_length("value", one.value, TAG_CHARACTERS)
        found[one.key] = one.value
    return found


def is_prompt(tags: Mapping[str, str]) -> bool:
    """Whether something with these tags is a prompt and no model."""
    return tags.get(PROMPT_TAG, "false").lower() == "true"


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]
