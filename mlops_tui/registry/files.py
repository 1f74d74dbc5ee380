"""The files of a model version: their common digest, and copies of them outside the store.

A version lists its files in its lineage (path, SHA-256, size), so that it does not change when the run logs again under
the same name. Knows nothing about what the files mean.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

from mlops_store import artifacts
from mlops_store.errors import MlopsError, Refused, StoreError, StoreFull
from mlops_store.records import Artifact, ModelVersion
from mlops_store.store import Store

_BLOCK_BYTES = 1 << 20
_GONE = "is gone from the store"


def model_digest(files: Mapping[str, str]) -> str:
    r"""The digest of a model: the SHA-256 over the sorted lines ``path\\0sha256\\n``.

    Args:
        files: Path within the model -> SHA-256 of the content.
    """
    lines = sorted(f"{path}\0{digest}\n" for path, digest in files.items())
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def scan(directory: str) -> dict[str, tuple[str, int]]:
    """Path -> (SHA-256, bytes) of every file below a directory."""
    found = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, directory).replace(os.sep, "/")] = (
                    hashlib.file_digest(file, "sha256").hexdigest(),
                    os.fstat(file.fileno()).st_size,
                )
    return found


def below(logged: Iterable[Artifact], folder: str) -> dict[str, Artifact]:
    """The artifacts in a folder of a run by their path within it; "" stands for all of them."""
    prefix = folder.strip("/") + "/" if folder.strip("/") else ""
    return {entry.path[len(prefix) :]: entry for entry in logged if entry.path.startswith(prefix)}


def manifest(name: str, version: int, digest: str, listed: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """Path -> (SHA-256, bytes) of a version's files, as they were registered.

    Args:
        name: The model, for the error.
        version: Its version, for the error.
        digest: The version's digest.
        listed: The ``files`` of its lineage.

    Raises:
        Refused: The list does not fit the digest: the record was changed.
    """
    files = {path: (str(entry["digest"]), int(entry["size_bytes"])) for path, entry in listed.items()}
    if model_digest({path: content for path, (content, _) in files.items()}) != digest:
        raise Refused(
            f"the list of files of {name}/{version} does not fit its digest {digest[:12]}",
            "the record was changed after registration: register the model again from its run",
        )
    return files


def contents(objects_dir: str, listed: Mapping[str, str]) -> dict[str, str]:
    """Path -> SHA-256 of what really lies there, of the files that can be read.

    Args:
        objects_dir: Of the project.
        listed: Path -> SHA-256 that it should have.
    """
    found = {}
    for path, digest in listed.items():
        try:
            with open(artifacts.object_path(objects_dir, digest), "rb") as file:
                found[path] = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            continue
    return found


def require(store: Store, name: str, version: int, files: Mapping[str, tuple[str, int]]) -> None:
    """Reads the files of a version, for they may have been changed without a trace.

    Raises:
        Refused: One is gone or is not what was registered.
    """
    listed = {path: digest for path, (digest, _) in files.items()}
    there = contents(store.objects_dir, listed)
    for path, digest in listed.items():
        if there.get(path) != digest:
            raise _changed(name, version, path, "was changed after it was stored" if path in there else _GONE)


def materialize(store: Store, version: ModelVersion, directory: str) -> tuple[str, ...]:
    """Writes a version's files below a directory, each verified while it is copied; returns their paths.

    Files leave the registry this way only, so this is where the policy on signatures is asked.

    Args:
        store: The store that holds the objects.
        version: A registered version.
        directory: Made when missing; files of the same name are replaced.

    Raises:
        Refused: A file is gone, is not what was registered, or would lie outside of the directory; or the version's
            stage enforces signatures and it has none that is valid.
        StoreError: The directory cannot be written.
    """
    from mlops_tui.registry import signing  # which reads files itself

    signing.admit(store, version)
    files = manifest(version.model, version.version, version.digest, version.lineage.get("files", {}))
    root = os.path.realpath(directory)
    try:
        for path, (digest, _) in files.items():
            target = _confined(root, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if os.path.commonpath((os.path.realpath(os.path.dirname(target)), root)) != root:
                raise Refused(f"{path!r} would leave {directory} through a link", "give an empty directory")
            _copy(store, version, path, digest, target)
    except OSError as error:
        if error.errno == 28:
            raise StoreFull(f"the disk that holds {directory} is full", "free some space") from error
        raise StoreError(f"{directory} cannot be written ({error.strerror})", "give another directory") from error
    return tuple(files)


def _confined(root: str, path: str) -> str:
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\\" in path or "\0" in path:
        raise Refused(
            f"a model cannot hold a file named {path!r}", "the run logged it under a name that leaves its folder"
        )
    return os.path.join(root, *parts)


def _copy(store: Store, version: ModelVersion, path: str, digest: str, target: str) -> None:
    try:
        source = artifacts.open_object(store.objects_dir, digest)
    except OSError as error:
        raise _changed(version.model, version.version, path, _GONE) from error
    handle, temporary = tempfile.mkstemp(prefix=".incoming-", dir=os.path.dirname(target))
    try:
        with source, open(handle, "wb") as copy:
            if _copied_digest(source, copy) != digest:
                raise _changed(version.model, version.version, path, "was changed after it was stored")
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _copied_digest(source: BinaryIO, copy: BinaryIO) -> str:
    sha = hashlib.sha256()
    while block := source.read(_BLOCK_BYTES):
        sha.update(block)
        copy.write(block)
    return sha.hexdigest()


def _changed(name: str, version: int, path: str, what: str) -> MlopsError:
    return Refused(
        f"the file {path!r} of {name}/{version} {what}",
        "bring the objects directory back from a backup, or register a new version",
    )
