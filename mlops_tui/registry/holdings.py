"""What the registry holds: models made, renamed and deleted, versions deleted, each with its entry in the audit log.

What is deleted is hidden: its record, its files and what the log says of it stay.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping

from mlops_store import audit, events, model_facts, model_versions, models, traffic, traffic_routers
from mlops_store.errors import Refused
from mlops_store.store import Store
from mlops_tui.config import RegistryConfig
from mlops_tui.traffic import splits


def create(
    db: sqlite3.Connection, name: str, *, description: str = "", tags: Mapping[str, str] | None = None, reason: str = ""
) -> None:
    """Makes a model without versions, in the caller's transaction.

    Raises:
        UsageError: No model can have that name.
        Refused: There is one of that name.
    """
    if name in models.names(db):
        raise Refused(f"there is a registered model {name!r} already")
    model_versions.create_model(db, name, description, time.time())
    if tags:
        model_versions.set_tags(db, name, tags)
    after = {**({"description": description[:200]} if description else {}), **({"tags": list(tags)} if tags else {})}
    _record(db, "model.create", name, None, {}, after, f"{name} made", reason)


def rename(db: sqlite3.Connection, name: str, new_name: str, *, reason: str = "") -> None:
    """Gives a model another name, in the caller's transaction.

    Raises:
        UsageError: No model can have that name.
        NotFound: There is no such model.
        Refused: There is one of that name, or requests are shared out by the present one.
    """
    models.identifier(db, name)
    if new_name == name:
        return
    _require_not_routed(db, name)
    if new_name in models.names(db):
        raise Refused(f"there is a registered model {new_name!r} already")
    model_versions.rename_model(db, name, new_name, time.time())
    for one in (name, new_name):  # who looks for either finds what became of it
        _record(db, "model.rename", one, None, {"name": name}, {"name": new_name}, f"{name} is now {new_name}", reason)


def delete(db: sqlite3.Connection, registry: RegistryConfig, name: str, *, reason: str = "") -> None:
    """Hides a model with all its versions, in the caller's transaction.

    Raises:
        NotFound: There is no such model.
        Refused: A version of it is in charge, or requests go to it.
    """
    models.identifier(db, name)
    stages = model_facts.stages(db, name)
    for version, stage in stages.items():
        _require_not_in_use(db, registry, name, version, stage)
    model_versions.delete_model(db, name, time.time())
    before = {"versions": {str(version): stage for version, stage in stages.items()}}
    _record(db, "model.delete", name, None, before, {}, f"{name} deleted", reason)


def delete_version(
    db: sqlite3.Connection, registry: RegistryConfig, name: str, version: int, *, reason: str = ""
) -> None:
    """Hides a version, in the caller's transaction.

    Raises:
        NotFound: There is no such version.
        Refused: It is in charge, or requests go to it.
    """
    stage = model_facts.stage_of(db, name, version)
    _require_not_in_use(db, registry, name, version, stage)
    model_versions.delete(db, name, version, time.time())
    _record(db, "model.delete", name, version, {"stage": stage}, {}, f"{name} version {version} deleted", reason)


def allow(store: Store, name: str, version: int, what: str, *, reason: str = "") -> None:
    """Lets a version run what it brings along whenever it is loaded: ``kinds.PICKLE`` or ``kinds.SOURCE``.

    Raises:
        NotFound: There is no such version.
        Refused: It runs nothing of that kind, or that is allowed already.
    """
    from mlops_tui.registry.formats import kinds, loading

    with store.write() as db:
        found = models.version(db, name, version)
        runs = kinds.runs(found.flavor)
        if runs != what:
            raise Refused(f"{name}/{version} runs no {what} when it is loaded (it is of the format {found.flavor!r})")
        before = loading.consent(found)
        if what in before:
            raise Refused(f"{name}/{version} may run its {what} already")
        model_versions.allow(db, name, version, {*before, what})
        message = f"{name} version {version} may run its {what}"
        _record(
            db,
            "model.allow",
            name,
            version,
            {"allowed": [*before]},
            {"allowed": sorted({*before, what})},
            message,
            reason,
        )


def _require_not_in_use(db: sqlite3.Connection, registry: RegistryConfig, name: str, version: int, stage: str) -> None:
    split = traffic.find(db, name)
    if split is not None and version in splits.named(db, split).values():
        raise Refused(f"requests go to {name}/{version}", f"end that first: mlops-tui traffic end {name}")
    if stage in registry.single:
        raise Refused(
            f"{name}/{version} is in {stage!r}, where something may use it",
            f"archive it first: mlops-tui models promote {name} {version} --to {registry.archive}",
        )


def _require_not_routed(db: sqlite3.Connection, name: str) -> None:
    """Refuses what a router would not survive: it counts, and looks at its guard rules, by the model's name."""
    for router in traffic_routers.running(db, name):
        raise Refused(
            f"a router at {router.url} sends requests to {name!r} by this name",
            f"end it first: process {router.pid} on {router.host}",
        )
    if traffic.find(db, name) is not None:
        raise Refused(f"requests to {name!r} are shared out", f"end that first: mlops-tui traffic end {name}")


def _record(
    db: sqlite3.Connection,
    action: str,
    name: str,
    version: int | None,
    before: Mapping[str, object],
    after: Mapping[str, object],
    message: str,
    reason: str,
) -> None:
    at = time.time()
    subject = f"model:{name}/{version}" if version else f"model:{name}"
    entry = audit.append(db, action=action, subject=subject, before=before, after=after, reason=reason, at=at)
    events.add(db, action, subject, f"{message} (by {entry.actor})", at=at)
