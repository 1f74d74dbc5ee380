"""Registering models: a run's logged model, or a folder of its artifacts, becomes the next version of a name.

Owns what a version keeps for ever: its lineage (run, code, data, params, metrics, environment) and the list of its
files, as they were at that moment.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlops_store import (
    artifacts,
    audit,
    events,
    logged_models,
    model_names,
    model_versions,
    models,
    placed_files,
    processes,
    runs,
)
from mlops_store.errors import NotFound, Refused, UsageError, nearest
from mlops_store.placed_files import Place
from mlops_store.records import LoggedModel, ModelVersion, Run
from mlops_store.store import Store
from mlops_store.texts import storable
from mlops_tui.config import Config
from mlops_tui.registry import aliases as alias_acts
from mlops_tui.registry import files, lineages
from mlops_tui.registry import logged as logged_files
from mlops_tui.registry.formats import description as description_file
from mlops_tui.registry.formats import kinds

#: The flavor of a version whose files are no model that could be loaded.
FILES = logged_files.FILES


@dataclass(frozen=True, slots=True)
class Source:
    """Where a version comes from: a folder of a run's artifacts, and the logged model that lies there, if one does.

    A logged model with files of its own has these instead; ``run_id`` is "" where no run made it.
    """

    run_id: str
    path: str
    flavor: str = FILES
    logged_model_id: str | None = None
    signature: Mapping[str, Any] = field(default_factory=dict)
    profile_id: int | None = None
    digest: str = ""
    environment: Mapping[str, Any] = field(default_factory=dict)
    has_own_files: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """What a version is made of.

    Attributes:
        source: Where it comes from, for people.
        flavor: The name of its format, or ``FILES``.
        files: Path -> digest and size in bytes of objects in the store.
        size_bytes: Of all of them.
        lineage: Run, code, data, params, metrics.
        signature: What the model takes and gives.
        environment: ``packages`` (name -> version), ``python_version`` and ``platform``.
        run_id: The run that made it.
        path: Where in that run, or on the disk, it lay.
        logged_model_id: What the run logged it as.
        profile_id: Its reference profile.
        origin: The words of the event: "from …".
        digest: Of the files together, where it is known already.
    """

    source: str
    flavor: str
    files: Mapping[str, Mapping[str, Any]]
    size_bytes: int
    lineage: Mapping[str, Any]
    signature: Mapping[str, Any]
    environment: Mapping[str, Any]
    run_id: str | None = None
    path: str = ""
    logged_model_id: str | None = None
    profile_id: int | None = None
    origin: str = ""
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
    allowed: Collection[str] = (),
    trusted: Sequence[str] = (),
    parent: str = "",
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
        allowed: What the model may run when it is loaded: ``kinds.PICKLE``, ``kinds.SOURCE``.
        trusted: Full names of types that are trusted whenever this version is loaded.
        parent: The version that it was made from, such as ``churn/3``. A card takes over the texts of a parent of the
            same model, by default of the newest version.

    Raises:
        UsageError: The name or an alias is not allowed, or nothing says which model.
        NotFound: No such run or model.
        Refused: The run is still running or deleted, logged the model's files again since, or the model is a pickle and
            that is not allowed.
    """
    # read in the transaction that writes: what is registered is what the run holds at that moment
    with store.write() as reader:
        source = find(reader, run_id=run_id, logged_model=logged_model, artifact_path=artifact_path)
        run = runs.get(reader, source.run_id, tables=("params", "metrics")) if source.run_id else None
        if run is not None:
            require_ended(run, is_own_run=is_own_run)
        manifest, size_bytes = _manifest(reader, run, source)
        run_id = run.run_id if run is not None else None
        digest = files.model_digest({path: entry["digest"] for path, entry in manifest.items()})
        if source.digest and source.digest != digest:
            raise Refused(
                f"run {source.run_id} logged other files under {source.path!r} since that model",
                "register its newest model: leave the model's id out",
            )
        content = Content(
            source=f"models:/{source.logged_model_id}" if source.has_own_files else f"runs:/{run_id}/{source.path}",
            flavor=source.flavor,
            files=manifest,
            size_bytes=size_bytes,
            lineage=lineages.of_run(reader, run) if run is not None else {},
            signature=source.signature,
            environment=source.environment or _environment(store, manifest),
            run_id=run_id,
            path=source.path,
            logged_model_id=source.logged_model_id,
            profile_id=source.profile_id if profile_id is None else profile_id,
            origin=f"from the run {run.name}" if run is not None else f"from the logged model {source.path}",
            digest=digest,
        )
        # the source that a script of this project logged is this project's own
        return add(
            store,
            config,
            name,
            content,
            description=description,
            aliases=aliases,
            tags=tags,
            reason=reason,
            parent=parent,
            allowed={*allowed, *((kinds.SOURCE,) if source.logged_model_id and not source.has_own_files else ())},
            trusted=trusted,
        )


def add(
    store: Store,
    config: Config,
    name: str,
    content: Content,
    *,
    description: str = "",
    aliases: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
    reason: str = "",
    parent: str = "",
    allowed: Collection[str] = (),
    trusted: Sequence[str] = (),
    is_allowed_later: bool = False,
) -> ModelVersion:
    """The next version of a model, made of files that are objects already; see ``register`` for the arguments.

    ``is_allowed_later`` takes a model that would run something and lets nobody load it before that was allowed.

    Raises:
        UsageError: The name or an alias is not allowed.
        NotFound: The parent is no version.
        Refused: The model would run something when it is loaded that is not allowed.
    """
    model_names.check_name(name)
    for alias in aliases:
        alias_acts.check(config.registry, alias)
    runs_code = kinds.runs(content.flavor)
    if runs_code and runs_code not in allowed:
        if not is_allowed_later:
            raise kinds.not_allowed(runs_code)
        runs_code = ""
    digest = content.digest or files.model_digest({path: entry["digest"] for path, entry in content.files.items()})
    lineage = {**content.lineage, "files": content.files, "signature": dict(content.signature)}
    lineage |= {"environment": content.environment} if content.environment else {}
    lineage |= {"allowed": [runs_code]} if runs_code else {}
    lineage |= {"trusted": sorted(trusted)} if trusted else {}
    with store.write() as db:
        at, stage = time.time(), config.registry.first
        above = models.resolve(db, parent) if parent else None
        if above is not None:
            lineage["parent"] = f"{above.model}/{above.version}"
        by = processes.user()
        number, follows = model_versions.add(
            db,
            name,
            stage=stage,
            source=content.source,
            flavor=content.flavor,
            digest=digest,
            size_bytes=content.size_bytes,
            created_at=at,
            created_by=by,
            run_id=content.run_id,
            logged_model_id=content.logged_model_id,
            description=description,
            lineage=lineage,
            profile_id=content.profile_id,
            parent=above.version if above is not None and above.model == name else None,
        )
        subject = f"model:{name}/{number}"
        after = {"stage": stage, "digest": digest, "run_id": content.run_id, "path": content.path}
        after |= {key: lineage[key] for key in ("allowed", "trusted") if key in lineage}
        entry = audit.append(db, action="model.register", subject=subject, after=after, reason=reason, at=at)
        model_versions.enter(db, name, number, stage, audit_id=entry.id, at=at)
        if tags:
            model_versions.set_tags(db, name, tags, version=number)
        for alias in aliases:
            alias_acts.put(db, name, alias, number, reason=reason)
        message = f"{name}: version {number} registered {content.origin} (by {entry.actor})"
        events.add(db, "model.register", subject, message, at=at)
        # what was written, not read again: reading takes a tenth of the act
        return ModelVersion(
            model=name,
            version=number,
            stage=stage,
            source=content.source,
            flavor=content.flavor,
            digest=digest,
            size_bytes=content.size_bytes,
            created_at=at,
            created_by=by,
            run_id=content.run_id,
            logged_model_id=content.logged_model_id,
            description=storable(description),
            aliases=tuple(sorted(set(aliases))),
            tags={storable(key): storable(value) for key, value in (tags or {}).items()},
            lineage=lineage,
            profile_id=content.profile_id,
            parent=follows,
            updated_at=at,
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
        environment=logged.environment,
        has_own_files=bool(logged.location),
    )


def require_ended(run: Run, *, is_own_run: bool = False) -> None:
    """Checks that what a run made is final.

    Raises:
        Refused: It is still running, or deleted.
    """
    if run.deleted_at is not None:
        raise Refused(f"run {run.name!r} is deleted", f"restore it first: mlops-tui runs restore {run.run_id}")
    if run.status.is_live and not is_own_run:
        raise Refused(
            f"run {run.name!r} is still running, so its model may change",
            f"wait for it, or stop it: mlops-tui stop {run.run_id}",
        )


def _manifest(db: sqlite3.Connection, run: Run | None, source: Source) -> tuple[dict[str, dict[str, Any]], int]:
    """Path -> digest and size of the model's files, and their size together in bytes."""
    if source.has_own_files or run is None:
        assert source.logged_model_id is not None
        own = placed_files.below(db, Place("model", logged_models.get(db, source.logged_model_id).number))
        return logged_files.manifest(own), sum(file.size_bytes for file in own)
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


def _environment(store: Store, manifest: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The environment as the model's own description names it, for a folder that was not logged as a model."""
    entry = manifest.get(description_file.DESCRIPTION_FILE)
    if entry is None:
        return {}
    try:
        with artifacts.open_object(store.objects_dir, str(entry["digest"])) as file:
            return description_file.environment(description_file.parsed(file.read(description_file.MAX_BYTES)))
    except (Refused, OSError):  # registering looks at no file of the model: loading tells what is wrong
        return {}


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
