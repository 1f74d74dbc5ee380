"""Models from outside: a file, or a directory that MLflow wrote, copied into the store before they are looked at.

What is copied is what is checked and registered: the original may change, vanish or be a link to elsewhere meanwhile.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from mlops_store import artifacts, runs
from mlops_store.errors import NotFound, Refused, StoreError, StoreFull, nearest
from mlops_store.store import Store
from mlops_tui.registry import lineages, versions
from mlops_tui.registry.files import below, model_digest
from mlops_tui.registry.formats import description, kinds, loading, saving, sniffing
from mlops_tui.registry.formats.description import ModelInfo
from mlops_tui.registry.formats.mlmodel import MLMODEL_FILE
from mlops_tui.registry.formats.written import Written
from mlops_tui.registry.versions import Content

#: A model has at most so many files and bytes.
MOST_FILES, MOST_BYTES = 10_000, 200 << 30


@dataclass(frozen=True, slots=True)
class Terms:
    """What a person said of a model from outside.

    Attributes:
        format: The name of its format, where neither its bytes nor its name should decide.
        allowed: What it may run when it is loaded; see ``versions.register``.
        trusted: Types that are trusted besides those that always are.
        example: A frame of rows as it takes them, which gives its signature.
        is_trial: Whether nothing is to stay in the store.
    """

    format: str | None = None
    allowed: Collection[str] = ()
    trusted: Sequence[str] = ()
    example: Any = None
    is_trial: bool = False


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where a model is put together: a directory, and the objects that its files become."""

    directory: str
    objects_dir: str


def of_file(store: Store, path: str, terms: Terms) -> Content:
    """A model's file with all that belongs beside it, as objects of the store.

    Raises:
        NotFound: There is no such file.
        Refused: It is empty, no plain file, too large, changed while it was copied, damaged, not of its format, or
            would run what is not allowed.
    """
    full = os.path.abspath(path)
    if os.path.isdir(full):
        raise Refused(f"{path} is a directory", "a directory that MLflow wrote is registered with --mlflow DIR")
    with _staged(store, terms) as stage:
        digest = _copied(stage, os.path.realpath(full), path)
        info = _wrapped(stage, stage.objects_dir, digest, os.path.basename(full), terms)
        return _content(stage, info, f"file:{full}", f"from the file {os.path.basename(full)}")


def of_artifact(store: Store, run_id: str, path: str, terms: Terms) -> Content:
    """A file that a run logged, or a folder of it with a model, as a version's content with the run's lineage.

    Raises:
        NotFound: No such run, or it logged no such file and no model in such a folder.
        Refused: The run is still running or deleted; and see ``of_file`` and ``of_mlflow``.
    """
    db = store.read()
    run = runs.get(db, runs.resolve(db, run_id))
    versions.require_ended(run)
    logged = artifacts.of_run(db, run.run_id)
    path = path.strip("/")
    files = below(logged, path)
    with _staged(store, terms) as stage:
        one = next((entry for entry in logged if entry.path == path), None)
        if one is not None:
            info = _wrapped(stage, store.objects_dir, one.digest, os.path.basename(path), terms)
        elif files.keys() & {MLMODEL_FILE, description.DESCRIPTION_FILE}:
            for name, entry in files.items():
                _place(store.objects_dir, entry.digest, os.path.join(stage.directory, *name.split("/")))
            info = _checked(stage.directory, path, terms)
        else:
            hint = nearest(path, [entry.path for entry in logged]) or f"mlops-tui runs show {run.run_id} lists them"
            raise NotFound(f"run {run.name!r} logged no model's file {path!r}", hint)
        content = _content(stage, info, f"runs:/{run.run_id}/{path}", f"from the run {run.name}")
    lineage = {**lineages.of_run(db, run), **content.lineage}
    return replace(content, lineage=lineage, run_id=run.run_id, path=path)


def of_mlflow(store: Store, path: str, terms: Terms) -> Content:
    """A model directory that MLflow wrote (or this program), as objects of the store.

    Raises:
        NotFound: There is no such directory, or it has no ``MLmodel``.
        Refused: A link in it leaves it, it is too large, changed while it was copied, its model's file is missing or
            damaged, no flavor of it is known, or it would run what is not allowed.
    """
    full = os.path.realpath(path)
    if not os.path.isdir(full):
        raise NotFound(f"there is no directory {path}", "a single file is registered with --file PATH")
    listed = list(_files(full, path))
    if not any(name in (MLMODEL_FILE, description.DESCRIPTION_FILE) for name, _ in listed):
        raise NotFound(f"{path} has no MLmodel", "give the directory that holds the file MLmodel")
    with _staged(store, terms) as stage:
        _require_room(stage.directory, path, sum(size for _, size in listed))
        for name, _ in listed:
            digest = _copied(stage, os.path.join(full, name), name)
            _place(stage.objects_dir, digest, os.path.join(stage.directory, name))
        info = _checked(stage.directory, path, terms)
        name = os.path.basename(os.path.normpath(full))
        return _content(stage, info, f"mlflow:{full}", f"from the MLflow model {name}")


def _wrapped(stage: _Stage, objects_dir: str, digest: str, name: str, terms: Terms) -> ModelInfo:
    """Makes a model directory around one file, whose copy is an object already."""
    directory = stage.directory
    copy = os.path.join(directory, "incoming")
    _place(objects_dir, digest, copy)
    if os.path.getsize(copy) == 0:
        raise Refused(f"{name} is empty", "export the model again")
    kind = sniffing.kind_of(copy, terms.format, name)
    _require_allowed(kind, terms)
    suffix = os.path.splitext(name)[1].lower()
    entry = os.path.join(directory, "model" + (suffix if suffix in kind.suffixes else kind.suffixes[0]))
    os.rename(copy, entry)
    written: Written = kinds.module(kind).adopt(entry, directory)
    unknown = sorted({*written.untrusted_types} - {*terms.trusted})
    if unknown:
        raise Refused(
            f"the model holds types that are not trusted: {', '.join(unknown)}",
            "when you know where the file comes from: " + " ".join(f"--trust {name}" for name in unknown),
        )
    return saving.described(directory, kind, written, terms.example)


def _checked(directory: str, name: str, terms: Terms) -> ModelInfo:
    """What a copied model directory holds, after its model was opened where that runs nothing."""
    info = description.describe(directory)
    kind = kinds.get(info.flavor)
    _require_allowed(kind, terms)
    if info.entry not in info.files:
        raise Refused(f"{name} names the model's file {info.entry!r}, which it does not hold", "copy it whole again")
    if not kind.runs:
        loading.load(directory, trusted=terms.trusted)
    return info


def _content(stage: _Stage, info: ModelInfo, source: str, origin: str) -> Content:
    files = {}
    for path in sorted(info.files):
        digest, size = artifacts.put_file(stage.objects_dir, os.path.join(stage.directory, path))
        files[path] = {"digest": digest, "size_bytes": size}
    if model_digest({path: str(entry["digest"]) for path, entry in files.items()}) != info.digest:
        raise Refused("the model's files changed while they were registered", "try again")
    mlflow = info.options.get("mlflow")
    return Content(
        source=source,
        flavor=info.flavor,
        files=files,
        size_bytes=info.size_bytes,
        lineage={"mlflow": mlflow} if mlflow else {},
        signature=info.signature,
        environment={"packages": info.packages, "python_version": info.python_version, "platform": info.platform},
        path=source.partition(":")[2],
        origin=origin,
    )


@contextmanager
def _staged(store: Store, terms: Terms) -> Iterator[_Stage]:
    """A directory beside the objects, so that they can be linked into it instead of copied once more."""
    parent = os.path.dirname(store.objects_dir)
    try:
        os.makedirs(parent, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".incoming-model-", dir=parent) as home:
            directory = os.path.join(home, "model")
            os.mkdir(directory)
            yield _Stage(directory, os.path.join(home, "objects") if terms.is_trial else store.objects_dir)
    except OSError as error:
        if error.errno == 28:
            raise StoreFull(f"the disk that holds {parent} is full", "free some space") from error
        raise StoreError(f"the model cannot be copied ({error})") from error


def _copied(stage: _Stage, path: str, name: str) -> str:
    """The digest of a file that became an object whole, or not at all."""
    try:
        before = os.stat(path)
        if not stat.S_ISREG(before.st_mode):
            raise Refused(f"{name} is no plain file")
        _require_room(stage.directory, name, before.st_size)
        digest, size = artifacts.put_file(stage.objects_dir, path)
        after = os.stat(path)
    except FileNotFoundError as error:
        raise NotFound(f"{name} is not there, or vanished while it was copied") from error
    except PermissionError as error:
        raise Refused(f"{name} cannot be read ({error.strerror})") from error
    if (before.st_size, before.st_mtime_ns, before.st_ino) != (after.st_size, after.st_mtime_ns, after.st_ino) or (
        size != after.st_size
    ):
        raise Refused(f"{name} changed while it was copied", "try again when nothing writes it")
    return digest


def _files(root: str, shown: str) -> Iterator[tuple[str, int]]:
    """Path within a directory and size of each file below it, links followed as long as they stay inside."""
    count = 0
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(os.path.join(root, folder)) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            name = os.path.join(folder, entry.name)
            if entry.is_symlink():
                target = os.path.realpath(entry.path)
                if os.path.commonpath((target, root)) != root:
                    raise Refused(f"{shown} holds a link that leaves it: {name}", "copy the model without links")
                if not os.path.isfile(target):
                    raise Refused(f"{shown} holds a link to no file: {name}", "copy the model without links")
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(name)
                continue
            status = os.stat(entry.path)
            if not stat.S_ISREG(status.st_mode):
                raise Refused(f"{shown} holds something that is no plain file: {name}")
            if "\\" in name or any(ord(character) < 32 for character in name):
                raise Refused(f"{shown} holds a file with an odd name: {name!r}")
            count += 1
            if count > MOST_FILES:
                raise Refused(f"{shown} has more than {MOST_FILES:,} files, which no model has")
            yield name, status.st_size


def _require_room(directory: str, name: str, total: int) -> None:
    if total > MOST_BYTES:
        raise Refused(f"{name} has {total:,} bytes; a model has at most {MOST_BYTES:,}", "is it a model?")
    free = shutil.disk_usage(directory).free
    if total > free:
        raise StoreFull(f"{name} has {total:,} bytes and the disk of the store has {free:,} left", "free some space")


def _require_allowed(kind: kinds.Kind, terms: Terms) -> None:
    if kind.runs and kind.runs not in terms.allowed:
        raise kinds.not_allowed(kind.runs)


def _place(objects_dir: str, digest: str, target: str) -> None:
    source = artifacts.object_path(objects_dir, digest)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)
