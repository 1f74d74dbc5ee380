"""Where a new version comes from: the source that a client names, judged as MLflow 3.18 does, and what lies there.

A source names a logged model, a folder of a run, another version, or something elsewhere, of which the name is kept.
"""

from __future__ import annotations

import posixpath
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import unquote, unquote_plus, urlsplit

from mlops_store import logged_models, models, placed_files, runs
from mlops_store.errors import NotFound
from mlops_store.placed_files import Place
from mlops_store.records import ModelVersion
from mlops_store.store import Store
from mlops_tui.config import RegistryConfig
from mlops_tui.registry import lineages, logged
from mlops_tui.registry.versions import Content
from mlops_tui.serve.tracking import places, registry_answers, stage_words, version_files
from mlops_tui.serve.tracking.problems import absent, invalid

#: What the sources of prompts are, which have no files.
_PLACEHOLDERS = ("dummy-source", "prompt-template")
_ROUNDS = 10


class Asked(NamedTuple):
    """What a client says of a new version; ``run_id`` and ``model_id`` are None where it says nothing."""

    source: str
    run_id: str | None
    model_id: str | None
    run_link: str
    is_prompt: bool


def content(store: Store, db: sqlite3.Connection, registry: RegistryConfig, asked: Asked) -> tuple[Content, str]:
    """What a new version is made of, and the logged model that it is ("" for none).

    Raises:
        Fault: The source is none, or is not of the run or model that is named.
    """
    if asked.is_prompt:
        if asked.source not in _PLACEHOLDERS:
            raise invalid(f"Invalid prompt source: '{asked.source}'. Prompt sources must use an MLflow placeholder.")
        return _of(asked, "", {}), ""
    _require_plain(asked.source)
    if urlsplit(asked.source).scheme == "models":
        reference = _models_path(asked.source)
        if "/" in reference or "@" in reference:
            return _copied(db, registry, asked, reference), ""
    model_id = _model_id(asked)
    if model_id:
        return _of_model(store, db, asked, model_id), model_id
    return _of_run(store, db, asked), ""


def download_uri(db: sqlite3.Connection, found: ModelVersion) -> str:
    """Where clients read the files of a version: its own, which never change, or else where they are said to be."""
    own = version_files.uri(db, found)
    if own:
        return own
    said = found.lineage.get(registry_answers.WIRE, {})
    if said.get("location"):
        return str(said["location"])
    if found.logged_model_id:
        try:
            return logged_models.get(db, found.logged_model_id, with_deleted=True).location
        except NotFound:
            pass
    return found.source


def _model_id(asked: Asked) -> str:
    """The logged model that a source is of; "" for none."""
    split = urlsplit(asked.source)
    if split.scheme == "models":
        source_id = _models_path(asked.source)
        if asked.model_id != source_id:
            raise _not_of(asked.source, "model_id")
        return source_id
    if not asked.model_id:
        return ""
    if split.scheme == "runs":
        raise _not_of(asked.source, "model_id")
    return asked.model_id


def _of_model(store: Store, db: sqlite3.Connection, asked: Asked, model_id: str) -> Content:
    try:
        found = logged_models.get(db, model_id)
    except NotFound:
        if urlsplit(asked.source).scheme == "models":
            raise absent(f"Logged model with ID '{model_id}' not found.") from None
        raise _not_of(asked.source, "model_id") from None
    folder = ""
    path, root = places.path_of(asked.source), places.path_of(found.location)
    if path is not None:
        if root is None or not _is_within(path, root):
            raise _not_of(asked.source, "model_id")
        folder = path[len(root) :].strip("/")
    place, top = (Place("model", found.number), "") if found.has_own_files else (_run(db, found.run_id), found.name)
    made = _made(store, db, asked, place, posixpath.join(top, folder).strip("/"), asked.run_id or found.run_id)
    location = f"{found.location}/{folder}".rstrip("/")
    return replace(
        made,
        logged_model_id=model_id,
        path=found.name,
        origin=f"from the logged model {found.name}",
        lineage={**made.lineage, registry_answers.WIRE: {**made.lineage[registry_answers.WIRE], "location": location}},
    )


def _of_run(store: Store, db: sqlite3.Connection, asked: Asked) -> Content:
    split = urlsplit(asked.source)
    run_id = asked.run_id or ""
    if split.scheme == "runs":
        named, _, folder = split.path.lstrip("/").partition("/")
        if split.netloc or not run_id or named != run_id or not folder:
            raise _not_of(asked.source, "run_id")
        return _folder(store, db, asked, run_id, folder)
    path = places.path_of(asked.source)
    if path is not None:
        place = _found_run(db, run_id) if run_id else None
        root = places.path_of(places.run_root(db, place.owner)) if place is not None else None
        if root is None or not _is_within(path, root):
            raise _not_of(asked.source, "run_id")
        return _folder(store, db, asked, run_id, path[len(root) :].strip("/"))
    if split.scheme in ("", "file") and not _is_in_folder_of(db, run_id, asked.source):
        raise invalid(
            f"Invalid model version source: '{asked.source}'. To use a local path as a model version source, the "
            "run_id request parameter has to be specified and the local path has to be contained within the artifact "
            "directory of the run specified by the run_id."
        )
    return _of(asked, run_id, lineages.of_run(db, runs.get(db, run_id)) if run_id and _found_run(db, run_id) else {})


def _is_in_folder_of(db: sqlite3.Connection, run_id: str, source: str) -> bool:
    """Whether a path is in the folder in which the artifacts of a run are, by its name; nothing is read there."""
    place = _found_run(db, run_id) if run_id else None
    if place is None:
        return False
    root = places.run_root(db, place.owner)
    return urlsplit(root).scheme in ("", "file") and _is_within(_local(source), _local(root))


def _local(uri: str) -> str:
    return unquote(urlsplit(uri).path).rstrip("/") if uri.startswith("file:") else uri.rstrip("/")


def _folder(store: Store, db: sqlite3.Connection, asked: Asked, run_id: str, folder: str) -> Content:
    """A folder of a run's artifacts, or the model that the run logged under that name."""
    place = _found_run(db, run_id)
    if place is None:
        return _of(asked, run_id, {})
    for one in models.logged(db, run_id):
        if one.name == folder and one.location and not placed_files.is_folder(db, place, folder):
            number = logged_models.get(db, one.model_id).number
            made = _made(store, db, asked, Place("model", number), "", run_id)
            return replace(made, logged_model_id=one.model_id, path=folder)
    return replace(_made(store, db, asked, place, folder, run_id), path=folder)


def _copied(db: sqlite3.Connection, registry: RegistryConfig, asked: Asked, reference: str) -> Content:
    """The content of another version, which a reference names."""
    found = _referred(db, registry, asked.source, reference)
    if found.tags.get(registry_answers.PROMPT_TAG, "").lower() == "true":
        raise invalid(
            f"Invalid model version source: '{asked.source}'. Prompt versions cannot be used as model version sources."
        )
    before = found.lineage.get(registry_answers.WIRE, {})
    own = (found.run_id or str(before.get("run_id", "")), found.logged_model_id or "")
    if (asked.run_id or own[0]) != own[0] or (asked.model_id or own[1]) != own[1]:
        raise invalid(
            f"Invalid model version source: '{asked.source}'. The run_id and model_id request parameters must match "
            "the referenced model version."
        )
    lineage = {key: value for key, value in found.lineage.items() if key not in ("allowed", "trusted", "parent")}
    said = {**before, "run_link": asked.run_link, "location": download_uri(db, found)}
    signature, environment = lineage.get("signature", {}), lineage.get("environment", {})
    return Content(
        source=f"models:/{found.model}/{found.version}",
        flavor=found.flavor,
        files=lineage.get("files", {}),
        size_bytes=found.size_bytes,
        lineage={**lineage, registry_answers.WIRE: said},
        signature=signature,
        environment=environment,
        run_id=found.run_id,
        logged_model_id=found.logged_model_id,
        profile_id=found.profile_id,
        origin=f"from {found.model} version {found.version}",
        digest=found.digest,
    )


def _referred(db: sqlite3.Connection, registry: RegistryConfig, source: str, reference: str) -> ModelVersion:
    name, slash, rest = reference.partition("/")
    if not slash:
        name, _, rest = reference.rpartition("@")
        number = registry_answers.named(db, name).aliases.get(rest)
        if number is None:
            raise invalid(f"Registered model alias {rest} not found.")
        return registry_answers.numbered(db, name, str(number))
    registry_answers.named(db, name)
    if rest.isascii() and rest.isdecimal():
        return registry_answers.numbered(db, name, rest)
    try:
        if rest.lower() == "latest":
            return models.resolve(db, name)
        return models.in_stage(db, name, stage_words.stage(registry, rest))[0]
    except (NotFound, IndexError):
        raise absent(f"No versions of model with name '{name}' and stage '{rest}' found ({source})") from None


def _made(store: Store, db: sqlite3.Connection, asked: Asked, place: Place, folder: str, run_id: str) -> Content:
    """What lies in a folder of a place, as it is now."""
    start = len(folder) + 1 if folder else 0
    files = [one._replace(path=one.path[start:]) for one in placed_files.below(db, place, folder)]
    said = logged.described(store.objects_dir, {one.path: one.digest for one in files})
    lineage = lineages.of_run(db, runs.get(db, run_id)) if run_id and _found_run(db, run_id) is not None else {}
    return replace(
        _of(asked, run_id, lineage),
        flavor=said.flavor,
        files=logged.manifest(files),
        size_bytes=sum(one.size_bytes for one in files),
        signature=said.signature,
        environment=said.environment,
    )


def _of(asked: Asked, run_id: str, lineage: Mapping[str, Any]) -> Content:
    """A version without files."""
    said = {"run_id": run_id, "run_link": asked.run_link}
    return Content(
        source=asked.source,
        flavor=logged.FILES,
        files={},
        size_bytes=0,
        lineage={**lineage, registry_answers.WIRE: {key: value for key, value in said.items() if value}},
        signature={},
        environment={},
        run_id=run_id if lineage else None,
        origin=f"from the run {lineage['run_name']}" if lineage else f"from {asked.source[:200]}",
    )


def _found_run(db: sqlite3.Connection, run_id: str) -> Place | None:
    try:
        return Place("run", runs.number(db, run_id))
    except NotFound:
        return None


def _run(db: sqlite3.Connection, run_id: str) -> Place:
    return Place("run", runs.number(db, run_id))


def _models_path(source: str) -> str:
    split = urlsplit(source, allow_fragments=False)
    path = split.path.lstrip("/")
    if split.netloc or not path or path.count("/") > 1 or path.endswith(("/", "@")):
        raise _not_of(source, "model_id")
    return path


def _is_within(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root}/")


def _require_plain(source: str) -> None:
    """Refuses a source with parts that lead elsewhere, in any encoding."""
    plain = source
    for _ in range(_ROUNDS):
        decoded = unquote_plus(plain)
        if decoded == plain:
            break
        plain = decoded
    path = re.sub("/+", "/", urlsplit(plain).path.rstrip("/"))
    is_elsewhere = bool(path) and urlsplit(source).scheme not in ("", "file") and posixpath.normpath(path) != path
    if "\0" in plain or ".." in plain.split("/") or is_elsewhere:
        raise invalid(
            f"Invalid model version source: '{source}'. If supplying a source as an http, https, local file path, "
            "ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path "
            "references present. Please provide an absolute path."
        )


def _not_of(source: str, which: str) -> Exception:
    return invalid(
        f"Invalid model version source: '{source}'. The {which} request parameter must identify the resource that "
        "contains the source."
    )
