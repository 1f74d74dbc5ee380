"""The bytes of a version, where they are: in the cache, else in the work tree. Never guessed, never written.

A directory is its ``.dir`` object, which names the files; some of their objects may be gone while it is there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mlops_store.errors import Refused
from mlops_tui.pipeline.cache import Cache, Damaged
from mlops_tui.pipeline.state import Inputs

#: Where bytes can be.
CACHE, WORK_TREE, GIT = "cache", "work tree", "git"
#: The same as a sentence says it.
WORDS = {CACHE: "the cache", WORK_TREE: "the work tree", GIT: "Git"}
_MEND = "remove it and bring it back with 'dvc fetch', or run the stage that makes it"


class Blob(NamedTuple):
    """A file of a version: its hash, where its bytes can be read ('' for nowhere), and how many there are."""

    md5: str
    full: str = ""
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What a version consists of.

    Attributes:
        digest: The version.
        where: 'cache', 'work tree' or 'git'.
        files: By path below the version's own; that of a single file is ''.
    """

    digest: str
    where: str
    files: Mapping[str, Blob]

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory, be it one with no files."""
        return self.digest.endswith(".dir")

    @property
    def missing(self) -> tuple[str, ...]:
        """The files whose bytes are nowhere."""
        return tuple(name for name, blob in self.files.items() if not blob.full)

    @property
    def size_bytes(self) -> int | None:
        """Of all files; None when some are missing."""
        sizes = [blob.size_bytes for blob in self.files.values() if blob.size_bytes is not None]
        return sum(sizes) if len(sizes) == len(self.files) else None


def find(inputs: Inputs, path: str, digest: str) -> Content | None:
    """What a version consists of; None when neither the cache nor the work tree has it.

    Args:
        inputs: Knows the cache and what lies in the work tree.
        path: From the project's root.
        digest: The version.

    Raises:
        Refused: The cache's object of a directory is damaged.
        OSError: The work tree cannot be read.
    """
    if inputs.cache is not None:
        found = in_cache(inputs.cache, digest)
        if found is not None and not found.missing:
            return found
    else:
        found = None
    if "\0" in path:  # a name that a script gave, and no path
        return found
    if (now := inputs.fingerprints.find(path)) is not None and now.md5 == digest:
        return _in_work_tree(inputs, path, digest)
    return found


def in_cache(cache: Cache, digest: str) -> Content | None:
    """What the cache has of a version; None when it lacks its object.

    Raises:
        Refused: The object of a directory is damaged.
    """
    if not digest.endswith(".dir"):
        found = blob(cache, digest)
        return Content(digest, CACHE, {"": found}) if found.full else None
    files = members(cache, digest)
    if files is None:
        return None
    return Content(digest, CACHE, {name: blob(cache, md5) for name, md5 in files.items()})


def blob(cache: Cache, md5: str) -> Blob:
    """A file's object, without ``full`` when the cache lacks it."""
    full = cache.path(md5)
    try:
        return Blob(md5, full, os.stat(full).st_size)
    except OSError:
        return Blob(md5)


def _in_work_tree(inputs: Inputs, path: str, digest: str) -> Content:
    full = os.path.join(inputs.root, path)
    if not digest.endswith(".dir"):
        return Content(digest, WORK_TREE, {"": Blob(digest, full, os.path.getsize(full))})
    files = inputs.fingerprints.listing(path)
    return Content(
        digest,
        WORK_TREE,
        {
            name: Blob(md5, os.path.join(full, name), os.path.getsize(os.path.join(full, name)))
            for name, md5 in files.items()
        },
    )


def members(cache: Cache, digest: str) -> dict[str, str] | None:
    """The files that a ``.dir`` object names: path below the directory -> md5; None when the cache has no such object.

    Raises:
        Refused: The object is damaged, or names a file outside of its directory.
    """
    if not os.path.exists(cache.path(digest)):
        return None
    try:
        return cache.members(digest)
    except Damaged as error:
        raise Refused(str(error), _MEND) from error


def damaged(digest: str) -> Refused:
    """Says that an object of the cache does not hold what its name says."""
    return Refused(f"the cache's object {digest} is damaged: its bytes have another md5", _MEND)
