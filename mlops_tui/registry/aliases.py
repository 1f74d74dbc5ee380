"""Aliases: names such as ``champion`` that a person moves from version to version."""

from __future__ import annotations

import sqlite3
import time

from mlops_store import audit, events, model_facts, model_names, model_versions, models
from mlops_store.errors import NotFound, UsageError, nearest
from mlops_store.records import ModelVersion
from mlops_store.store import Store
from mlops_tui.config import RegistryConfig


def check(registry: RegistryConfig, alias: str) -> str:
    """The alias itself when a person may give it.

    Raises:
        UsageError: It is not allowed (MLflow's rules), or is a stage's name: ``churn@production`` would be another
            version than the one in production.
    """
    model_names.check_alias(alias)
    if alias.lower() in map(str.lower, registry.stages):
        raise UsageError(
            f"the alias {alias!r} has the name of a stage: MODEL@{alias} names what is there",
            "for example: champion",
        )
    return alias


def set(store: Store, name: str, alias: str, version: int, *, reason: str = "") -> ModelVersion:  # noqa: A001
    """Lets an alias name a version of a model, taking it from the version that had it; returns the version.

    Raises:
        UsageError: The alias is not allowed (MLflow's rules).
        NotFound: No such model or version.
    """
    with store.write() as db:
        put(db, name, alias, version, reason=reason)
        return models.version(db, name, version)


def put(db: sqlite3.Connection, name: str, alias: str, version: int, *, reason: str = "") -> None:
    """Sets an alias in the caller's transaction; nothing is recorded when it names that version already."""
    before = model_facts.alias(db, name, alias)
    if before == version:
        return
    model_versions.set_alias(db, name, alias, version)
    _record(db, "alias.set", name, alias, before, version, reason)


def remove(store: Store, name: str, alias: str, *, reason: str = "") -> None:
    """Takes an alias away from a model.

    Raises:
        NotFound: No such model, or it has no such alias.
    """
    with store.write() as db:
        before = model_facts.alias(db, name, alias)
        if before is None:
            known = models.get(db, name).aliases
            raise NotFound(f"model {name!r} has no alias {alias!r}", nearest(alias, known))
        model_versions.remove_alias(db, name, alias)
        _record(db, "alias.remove", name, alias, before, None, reason)


def _record(
    db: sqlite3.Connection, action: str, name: str, alias: str, before: int | None, after: int | None, reason: str
) -> None:
    at = time.time()
    subject = f"model:{name}/{after or before}"
    entry = audit.append(
        db,
        action=action,
        subject=subject,
        before={"alias": alias, "version": before},
        after={"alias": alias, "version": after},
        reason=reason,
        at=at,
    )
    what = f"names version {after}" if after else "was removed"
    events.add(db, action, subject, f"{name}: the alias {alias} {what} (by {entry.actor})", at=at)
