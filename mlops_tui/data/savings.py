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


def of(inputs: Inputs, versions: Iterable[tuple[str, str]]) -> Saving:
    """The saving over some versions.

    Args:
        inputs: Knows the cache.
        versions: Paths with digests; the same content under two paths counts twice, and is kept once.
    """
    counted = logical = absent = 0
    objects: dict[str, int] = {}
    for _, digest in set(versions):
        sizes = _sizes(inputs, digest, objects)
        if sizes is None:
            absent += 1
            continue
        counted += 1
        logical += sum(sizes)
    return Saving(counted, logical, sum(objects.values()), absent)


def of_all(inputs: Inputs, store: Store | None, items: Iterable[Item]) -> Saving:
    """The saving over every version of every tracked path: those that runs used and those that locks name."""
    known = set() if store is None else set(datasets.sizes(store.read()))
    return of(inputs, known | {(item.path, item.locked) for item in items if item.locked})


def _sizes(inputs: Inputs, digest: str, objects: dict[str, int]) -> list[int] | None:
    """The sizes of a version's files, each object noted in ``objects``; None when the cache lacks one of them."""
    if inputs.cache is None or not inputs.cache.holds(digest):
        return None
    try:
        content = contents.in_cache(inputs.cache, digest)
    except Refused:  # damaged: it is of no use, and restoring it says so by name
        return None
    if content is None or content.missing:
        return None
    sizes = [blob.size_bytes or 0 for blob in content.files.values()]
    objects.update({blob.md5: blob.size_bytes or 0 for blob in content.files.values()})
    return sizes
