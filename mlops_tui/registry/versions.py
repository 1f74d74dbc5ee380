"""Registering models: a run's logged model, or a folder of its artifacts, becomes the next version of a name.

Owns what a version keeps for ever: its lineage (run, code, data, params, metrics, environment) and the list of its
files, as they were at that moment.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_store import artifacts, audit, events, model_names, model_versions, models, processes, runs
from mlops_store.errors import NotFound, Refused, UsageError, nearest
from mlops_store.records import LoggedModel, ModelVersion, Run
from mlops_store.store import Store
from mlops_store.texts import storable
from mlops_tui.config import Config
from mlops_tui.registry import aliases as alias_acts
from mlops_tui.registry import files, lineages

#: The flavor of a version whose files are no model that this program wrote.
FILES = "files"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a version comes from: a folder of a run's artifacts, and the logged model that lies there, if one does."""

    run_id: str
    path: str
    flavor: str = FILES
    logged_model_id: str | None = None
    signature: Mapping[str, Any] = field(default_factory=dict)
    profile_id: int | None = None
    digest: str = ""


def register(
    store: Store,
    config: Config,
    name: str,
    *,
    run_id: str | None = None,
    logged_model: LoggedModel | str | None = None,
    artifact_path: str | None = None,
    description: str = "",
    profile_id: int | None = None,
    aliases: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
    reason: str = "",
    is_own_run: bool = False,
) -> ModelVersion:
    """The next version of a model, in the first stage; the model is made when it is new.

    Args:
        store: The store.
        config: The configuration that names the stages.
        name: The registered model.
        run_id: The run (an id, the beginning of one, or a name); alone, its newest logged model is taken.
        logged_model: Which model: the record, its id, or the name that the run logged it under.
        artifact_path: A folder of the run's artifacts instead of a logged model.
        description: Free text.
        profile_id: The reference profile; that of the logged model by default.
        aliases: Aliases to give to the version.
        tags: Tags to give to the version.
        reason: The person's own words, for the audit log.
        is_own_run: The caller is the run itself, so that it may still be running.

    Raises:
        UsageError: The name or an alias is not allowed, or nothing says which model.
        NotFound: No such run or model.
        Refused: The run is still running or deleted, or logged the model's files again since.
    """
    model_names.check_name(name)
    for alias in aliases:
        model_names.check_alias(alias)
    # read in the same transaction: what is registered is what the run holds at that moment
    with store.write() as db:
        source = find(db, run_id=run_id, logged_model=logged_model, artifact_path=artifact_path)
        run = runs.get(db, source.run_id, tables=("params", "metrics"))
        _require_ended(run, is_own_run)
        manifest, size_bytes = _manifest(db, run, source)
        digest = files.model_digest({path: entry["digest"] for path, entry in manifest.items()})
        if source.digest and source.digest != digest:
            raise Refused(
                f"run {run.name!r} logged other files under {source.path!r} since that model",
                "register its newest model: leave the model's id out",
            )
        lineage = lineages.of_run(db, run) | {"files": manifest, "signature": dict(source.signature)}
        at, stage = time.time(), config.registry.first
        fields: dict[str, Any] = {
            "stage": stage,
            "source": storable(f"runs:/{source.run_id}/{source.path}"),
            "flavor": source.flavor,
            "digest": digest,
            "size_bytes": size_bytes,
            "created_at": at,
            "created_by": processes.user(),
            "run_id": source.run_id,
            "logged_model_id": source.logged_model_id,
            "description": storable(description),
            "lineage": lineage,
            "profile_id": source.profile_id if profile_id is None else profile_id,
        }
        number = model_versions.add(db, name, **fields)
        subject = f"model:{name}/{number}"
        after = {"stage": stage, "digest": digest, "run_id": source.run_id, "path": source.path}
        entry = audit.append(db, action="model.register", subject=subject, after=after, reason=reason, at=at)
        model_versions.enter(db, name, number, stage, audit_id=entry.id, at=at)
        if tags:
            model_versions.set_tags(db, name, tags, version=number)
        for alias in aliases:
            alias_acts.put(db, name, alias, number, reason=reason)
        message = f"{name}: version {number} registered from the run {run.name} (by {entry.actor})"
        events.add(db, "model.register", subject, message, at=at)
    # what was written just now need not be read again
    return ModelVersion(
        name,
        number,
        **fields,
        aliases=tuple(sorted({*aliases})),
        tags={storable(key): storable(value) for key, value in (tags or {}).items()},
    )


def find(
    db: sqlite3.Connection,
    *,
    run_id: str | None = None,
    logged_model: LoggedModel | str | None = None,
    artifact_path: str | None = None,
) -> Source:
    """What a person or a script means to register; see ``register`` for the arguments.

    Raises:
        UsageError: Nothing says which model.
        NotFound: No such run, or it has no such model.
    """
    if isinstance(logged_model, LoggedModel):
        return _from_logged(logged_model)
    if run_id is None:
        if logged_model is None:
            raise UsageError("nothing says which model to register", "name a run: mlops-tui models register NAME RUN")
        return _from_logged(models.logged_model(db, logged_model))
    logged = models.logged(db, run_id)
    if not logged:  # it is not the full id of a run with models
        run_id = runs.resolve(db, run_id)
        logged = models.logged(db, run_id)
    folder = None if artifact_path is None else artifact_path.strip("/")
    for candidate in logged:
        if (logged_model or folder or candidate.name) in (candidate.name, candidate.model_id):
            return _from_logged(candidate)
    if folder is not None and logged_model is None:
        return Source(run_id, folder)
    raise _no_model(db, run_id, logged, logged_model)


def _from_logged(logged: LoggedModel) -> Source:
    return Source(
        run_id=logged.run_id,
        path=logged.name,
        flavor=logged.flavor,
        logged_model_id=logged.model_id,
        signature=logged.signature,
        profile_id=logged.profile_id,
        digest=logged.digest,
    )


def _require_ended(run: Run, is_own_run: bool) -> None:
    if run.deleted_at is not None:
        raise Refused(f"run {run.name!r} is deleted", f"restore it first: mlops-tui runs restore {run.run_id}")
    if run.status.is_live and not is_own_run:
        raise Refused(
            f"run {run.name!r} is still running, so its model may change",
            f"wait for it, or stop it: mlops-tui stop {run.run_id}",
        )


def _manifest(db: sqlite3.Connection, run: Run, source: Source) -> tuple[dict[str, dict[str, Any]], int]:
    """Path -> digest and size of the model's files, and their size together in bytes."""
    logged = artifacts.of_run(db, run.run_id)
    found = files.below(logged, source.path)
    if not found:
        folders = {artifact.path.rpartition("/")[0] for artifact in logged} - {""}
        raise NotFound(
            f"run {run.name!r} has no artifacts in {source.path!r}",
            nearest(source.path, folders) or "it logged no files in folders",
        )
    manifest = {path: {"digest": entry.digest, "size_bytes": entry.size_bytes} for path, entry in found.items()}
    return manifest, sum(entry.size_bytes for entry in found.values())


def _no_model(
    db: sqlite3.Connection, run_id: str, logged: Sequence[LoggedModel], wanted: LoggedModel | str | None
) -> NotFound:
    name = runs.get(db, run_id).name
    if logged:
        return NotFound(
            f"run {name!r} logged no model {wanted!r}", nearest(str(wanted), {model.name for model in logged})
        )
    for child in runs.children(db, run_id):
        if models.logged(db, child.run_id):
            return NotFound(
                f"run {name!r} logged no model itself",
                f"its run {child.name!r} did: mlops-tui models register NAME {child.run_id}",
            )
    return NotFound(f"run {name!r} logged no model", "log one in the script: mlops_tui.log_model(model)")
