"""What keeping versions by their content saves: equal files of all versions are in the cache once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mlops_store import datasets
from mlops_store.errors import Refused
from mlops_store.store import Store
from mlops_tui.data import contents
from mlops_tui.data.catalogue import Item
from mlops_tui.pipeline.state import Inputs


@dataclass(frozen=True, slots=True)
class Saving:
    """The versions that the cache has.

    Attributes:
        version_count: How many of the versions asked for the cache has as a whole.
        logical_bytes: What they would take if each were a copy of its own.
        stored_bytes: What their objects take, each counted once.
        absent_count: Versions asked for that the cache has not, or not as a whole.
    """

    version_count: int = 0
    logical_bytes: int = 0
    stored_bytes: int = 0
    absent_count: int = 0

    @property
    def saved_bytes(self) -> int:
        """What is saved."""
        return self.logical_bytes - self.stored_bytes


class Objects:
    """What a cache holds, each object looked at once.

    Args:
        inputs: Knows the cache.
    """

    def __init__(self, inputs: Inputs) -> None:
        self._cache = inputs.cache
        self._sizes: dict[str, int | None] = {}
        self._files: dict[str, tuple[str, ...] | None] = {}

    def files(self, digest: str) -> tuple[str, ...] | None:
        """The objects of a version's files; None when the cache lacks one of them."""
        if digest not in self._files:
            self._files[digest] = self._look(digest)
        return self._files[digest]

    def size(self, md5: str) -> int | None:
        """The bytes of an object; None when it is not there."""
        if md5 not in self._sizes:
            self._sizes[md5] = None if self._cache is None else contents.blob(self._cache, md5).size_bytes
        return self._sizes[md5]

    def _look(self, digest: str) -> tuple[str, ...] | None:
        if self._cache is None:
            return None
        try:
            named = contents.members(self._cache, digest) if digest.endswith(".dir") else {"": digest}
        except Refused:  # damaged: it is of no use, and restoring it says so by name
            return None
        if named is None or any(self.size(md5) is None for md5 in named.values()):
            return None
        return tuple(named.values())


def of(objects: Objects, versions: Iterable[tuple[str, str]]) -> Saving:
    """The saving over some versions.

    Args:
        objects: Of the cache.
        versions: Paths with digests; the same content under two paths counts twice, and is kept once.
    """
    counted = logical = absent = 0
    kept: set[str] = set()
    for _, digest in set(versions):
        files = objects.files(digest)
        if files is None:
            absent += 1
            continue
        counted += 1
        logical += sum(objects.size(md5) or 0 for md5 in files)
        kept.update(files)
    return Saving(counted, logical, sum(objects.size(md5) or 0 for md5 in kept), absent)


def known(store: Store | None, items: Iterable[Item]) -> frozenset[tuple[str, str]]:
    """Every version of every tracked path: those that runs used and those that locks name."""
    used = set() if store is None else set(datasets.sizes(store.read()))
    return frozenset(used | {(item.path, item.locked) for item in items if item.locked})
