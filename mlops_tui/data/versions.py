"""The versions of one path over time, and which of them a person means."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from mlops_store import datasets, runs
from mlops_store.errors import NotFound, Refused, nearest
from mlops_store.records import DataVersion
from mlops_store.store import Store
from mlops_tui.data import contents, history, savings
from mlops_tui.data.catalogue import Item
from mlops_tui.data.savings import Objects, Saving
from mlops_tui.pipeline.state import Inputs

#: What names the version that lies in the work tree, and the one that the lock has.
CURRENT, LOCKED = "current", "locked"
GIT = contents.GIT
#: Digits of a digest that are enough to mean one.
_FEWEST_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Version:
    """A version and how it stands now.

    Attributes:
        record: What the store knows of it; times are those of commits where no run has used it, 0 where nothing tells.
        is_current: It lies in the work tree.
        is_locked: The lock or the ``.dvc`` file names it.
        where: 'cache', 'work tree', 'git', or '' when its bytes (or some of them) are in none of these.
        commit: The newest commit whose lock or ``.dvc`` file names it; '' when none of the newest commits does.
    """

    record: DataVersion
    is_current: bool = False
    is_locked: bool = False
    where: str = ""
    commit: str = ""

    @property
    def digest(self) -> str:
        """The hash of its content."""
        return self.record.digest

    @property
    def standing(self) -> str:
        """'current', 'locked', both with a blank between, or ''."""
        return " ".join(word for word, holds in ((CURRENT, self.is_current), (LOCKED, self.is_locked)) if holds)


@dataclass(frozen=True, slots=True)
class History:
    """All known versions of a path, the newest first, and what keeping them by content saves."""

    path: str
    versions: tuple[Version, ...]
    saving: Saving


def read(inputs: Inputs, store: Store | None, item: Item) -> History:
    """The versions of some data: those that runs used, that commits name, and that lie there now.

    Raises:
        OSError: The work tree cannot be read.
    """
    records = {} if store is None else {one.digest: one for one in datasets.versions(store.read(), item.path)}
    commits = history.of(inputs.root, item.path)
    for digest, named in commits.items():
        records.setdefault(
            digest,
            DataVersion(
                item.path,
                digest,
                named.size_bytes,
                named.files,
                first_at=named.first_at,
                since_at=named.since_at,
                used_at=named.since_at,
            ),
        )
    for digest in (item.locked, item.digest):
        if digest and digest not in records:
            records[digest] = DataVersion(item.path, digest)
    if item.digest and records[item.digest].size_bytes is None:
        records[item.digest] = replace(records[item.digest], size_bytes=item.size_bytes, files=item.files)
    objects = savings.Objects(inputs)
    committed = history.committed(inputs.root, item.path, commits)
    found = [
        Version(
            record,
            record.digest == item.digest,
            record.digest == item.locked,
            _where(objects, item, record.digest) or (GIT if record.digest in committed else ""),
            commits[record.digest].commit if record.digest in commits else "",
        )
        for record in records.values()
    ]
    # what no run and no commit knows yet has come last
    found.sort(key=lambda one: (not one.record.used_at, one.record.used_at), reverse=True)
    saving = savings.of(objects, [(item.path, record.digest) for record in records.values()])
    return History(item.path, tuple(found), saving)


def _where(objects: Objects, item: Item, digest: str) -> str:
    if objects.files(digest) is not None:
        return "cache"
    return "work tree" if digest == item.digest else ""


def resolve(inputs: Inputs, store: Store | None, item: Item, word: str) -> str:
    """The digest of the version that a person means.

    Args:
        inputs: Knows the work tree and the cache.
        store: What runs have used.
        item: The data.
        word: 'current', 'locked', the beginning of a digest, or a run (its id, digits of it, or its name).

    Raises:
        NotFound: No version, or more than one, fits.
    """
    if word == CURRENT:
        if not item.digest:
            raise NotFound(f"nothing lies at {item.path} now", f"mlops-tui data show {item.path} lists its versions")
        return item.digest
    if word == LOCKED:
        if not item.locked:
            raise NotFound(f"neither dvc.lock nor a .dvc file names a version of {item.path}")
        return item.locked
    if len(word) >= _FEWEST_DIGITS and not set(word.removesuffix(".dir")) - set("0123456789abcdef"):
        found = _beginning(inputs, store, item, word)
        if len(found) == 1:
            return found.pop()
        if found:
            raise NotFound(f"more than one version of {item.path} begins with {word}", "give more digits")
    return _of_run(store, item, word)


def _beginning(inputs: Inputs, store: Store | None, item: Item, word: str) -> set[str]:
    found = set() if store is None else set(datasets.matching(store.read(), item.path, word))
    others = {item.digest, item.locked, *history.of(inputs.root, item.path)}
    return found | {digest for digest in others if digest.startswith(word)}


def _of_run(store: Store | None, item: Item, word: str) -> str:
    unknown = NotFound(
        f"{item.path} has no version {word!r}",
        f"give 'current', 'locked', digits of a digest, or a run; mlops-tui data show {item.path} lists the versions",
    )
    if store is None:
        raise unknown
    db = store.read()
    try:
        run_id = runs.resolve(db, word)
    except NotFound as error:
        raise unknown from error
    return datasets.of_run_at(db, run_id, item.path)


def choose(items: tuple[Item, ...], path: str) -> Item:
    """The data of that path.

    Raises:
        NotFound: Nothing of that path is tracked; the nearest is named.
    """
    for item in items:
        if item.path == path:
            return item
    raise NotFound(f"no data at {path!r} is tracked", nearest(path, [item.path for item in items]))


def holder(items: tuple[Item, ...], path: str) -> tuple[Item, str]:
    """The data that a path is, or lies in, and the path below that ('' for the data itself).

    Raises:
        NotFound: Nothing of that path is tracked; the nearest is named.
    """
    known = {item.path: item for item in items}
    above = path
    while above and above not in known:
        above = os.path.dirname(above) if above != os.sep else ""
    if not above:
        return choose(items, path), ""
    return known[above], os.path.relpath(path, above) if path != above else ""


def content(inputs: Inputs, item: Item, digest: str, scratch: str) -> contents.Content:
    """What a version consists of.

    Args:
        inputs: Knows the cache and the work tree.
        item: The data.
        digest: The version.
        scratch: A directory for what is read out of Git.

    Raises:
        Refused: Its bytes are in none of the cache, the work tree and Git.
    """
    found = contents.find(inputs, item.path, digest)
    if found is None:
        versions = history.of(inputs.root, item.path)
        name = history.committed(inputs.root, item.path, versions).get(digest)
        if name is None:
            raise Refused(
                f"the bytes of {item.path} at {digest[:12]} are in neither the cache, the work tree nor Git",
                "'dvc fetch' may bring them from a remote",
            )
        data = history.read(inputs.root, name)
        full = os.path.join(scratch, digest)
        with open(full, "wb") as file:
            file.write(data)
        return contents.Content(digest, GIT, {"": contents.Blob(digest, full, len(data))})
    return found
