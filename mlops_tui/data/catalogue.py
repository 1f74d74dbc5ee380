"""Everything that a project tracks as data, now: each dep, output and ``.dvc`` file, and what runs used besides.

Says for each path what the lock has, what lies in the work tree, and how often runs have seen it change.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from mlops_store import datasets
from mlops_store.records import DataSummary
from mlops_store.store import Store
from mlops_tui.data.pointers import Pointer
from mlops_tui.pipeline import hashing, spec
from mlops_tui.pipeline.fingerprints import Fingerprint
from mlops_tui.pipeline.lock import Entry
from mlops_tui.pipeline.state import Inputs
from mlops_tui.project import Project

#: What a path is for, the most telling first.
ROLES = (".dvc", "out", "metric", "plot", "dep", "logged")
#: Larger files are not hashed just because a script has named them once.
LOGGED_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Item:
    """Some data and how it stands.

    Attributes:
        path: From the project's root, absolute outside of it; the name of data that has no path.
        role: One of ``ROLES``; 'logged' for what runs have used and no file tracks.
        state: 'tracked' (as the lock says), 'modified', 'missing', 'new' (no lock knows it yet), 'unreadable', or
            'untracked' for 'logged'.
        written_by: The stages, or the ``.dvc`` file, that make it.
        read_by: The stages that read it.
        locked: The digest that the lock or the ``.dvc`` file has; '' when none.
        digest: What lies in the work tree; '' when nothing does.
        size_bytes: Of what lies there, else of what the lock has; None when not known.
        files: The same for the number of files; None for a single file.
        is_cached: Whether the locked version can be brought back from the cache.
        summary: What the store knows; None when no run has used it.
        version_count: Versions that runs have used, and the one that lies there.
    """

    path: str
    role: str
    state: str
    written_by: tuple[str, ...] = ()
    read_by: tuple[str, ...] = ()
    locked: str = ""
    digest: str = ""
    size_bytes: int | None = None
    files: int | None = None
    is_cached: bool = False
    summary: DataSummary | None = None
    version_count: int = 0


@dataclass
class _Tracked:
    """What the files that describe the project say about a path."""

    role: str
    written_by: list[str] = field(default_factory=list)
    read_by: list[str] = field(default_factory=list)
    pointers: list[Pointer] = field(default_factory=list)


def read(project: Project, store: Store | None, inputs: Inputs | None = None) -> tuple[Item, ...]:
    """All data of a project, by path.

    Args:
        project: The project.
        store: What runs have used; None when nothing has been recorded yet.
        inputs: To share what is known about files.

    Raises:
        SpecError: ``dvc.yaml``, ``dvc.lock`` or DVC's configuration is not understood.
    """
    inputs = inputs or Inputs(project)
    known = {} if store is None else {summary.path: summary for summary in datasets.summaries(store.read())}
    tracked = _tracked(project, inputs)
    found = [_counted(store, _item(inputs, path, one, known.get(path))) for path, one in tracked.items()]
    found += [_counted(store, _logged(inputs, summary)) for path, summary in known.items() if path not in tracked]
    inputs.fingerprints.flush()
    return tuple(sorted(found, key=lambda item: item.path))


def _tracked(project: Project, inputs: Inputs) -> dict[str, _Tracked]:
    pipeline = spec.load(project)
    found: dict[str, _Tracked] = {}
    for stage in pipeline.stages.values():
        entry = inputs.locks.entry(stage) or {}
        told = {
            (key, stage.path(item["path"])): _pointer(stage.path(item["path"]), item, is_dep=key == "deps")
            for key in ("deps", "outs")
            for item in entry.get(key, ())
        }
        for out in stage.outs:
            one = _at(found, stage.path(out.path), out.kind)
            one.written_by.append(stage.name)
            one.pointers += filter(None, [told.get(("outs", stage.path(out.path)))])
        for dep in stage.deps:
            one = _at(found, stage.path(dep), "dep")
            one.read_by.append(stage.name)
            one.pointers += filter(None, [told.get(("deps", stage.path(dep)))])
    for source in pipeline.sources.values():
        for entry in source.entry.get("outs", ()):
            one = _at(found, source.path(entry["path"]), ".dvc")
            one.written_by.append(source.name)
            one.pointers.append(_pointer(source.path(entry["path"]), entry, is_dep=False))
    return found


def _at(found: dict[str, _Tracked], path: str, role: str) -> _Tracked:
    one = found.setdefault(path, _Tracked(role))
    one.role = min(one.role, role, key=ROLES.index)
    return one


def _pointer(path: str, item: Entry, *, is_dep: bool) -> Pointer:
    return Pointer(path, str(item.get("md5")), item.get("size"), item.get("nfiles"), "hash" not in item, is_dep)


def _item(inputs: Inputs, path: str, tracked: _Tracked, summary: DataSummary | None) -> Item:
    # what a stage or 'dvc add' made comes before what others read
    told = sorted(tracked.pointers, key=lambda pointer: pointer.is_dep)
    locked = told[0] if told else None
    now = None
    try:
        now = inputs.fingerprints.find(path)
        standing = _state(inputs, path, now, told)
    except OSError:
        standing = "unreadable"
    return Item(
        path,
        tracked.role,
        standing,
        tuple(tracked.written_by),
        tuple(tracked.read_by),
        locked.digest if locked else "",
        now.md5 if now else "",
        now.size_bytes if now else locked.size_bytes if locked else None,
        now.files if now else locked.files if locked else None,
        bool(locked and inputs.cache and inputs.cache.holds(locked.digest, is_legacy=locked.is_legacy)),
        summary,
    )


def _counted(store: Store | None, item: Item) -> Item:
    digest = item.digest or item.locked
    if store is None or item.summary is None:
        return replace(item, version_count=1 if digest else 0)
    is_known = not digest or digest == item.summary.digest or datasets.matching(store.read(), item.path, digest)
    return replace(item, version_count=item.summary.version_count + (0 if is_known else 1))


def _state(inputs: Inputs, path: str, now: Fingerprint | None, told: Iterable[Pointer]) -> str:
    if now is None:
        return "missing"
    same = list(_agreements(inputs, path, now, told))
    if not same:
        return "new"
    return "tracked" if all(same) else "modified"


def _agreements(inputs: Inputs, path: str, now: Fingerprint, told: Iterable[Pointer]) -> Iterator[bool]:
    """For each pointer, whether the work tree holds what it names."""
    legacy = ""
    for pointer in told:
        if pointer.is_legacy:
            legacy = legacy or hashing.legacy_md5(inputs.root, path)
        yield pointer.digest == (legacy if pointer.is_legacy else now.md5)


def _logged(inputs: Inputs, summary: DataSummary) -> Item:
    """Data that runs have used and nothing tracks (any more)."""
    now = inputs.fingerprints.find(summary.path) if _is_looked_at(inputs.root, summary.path) else None
    return Item(
        summary.path,
        "logged",
        "untracked",
        digest=now.md5 if now else "",
        size_bytes=now.size_bytes if now else summary.size_bytes,
        files=now.files if now else summary.files,
        summary=summary,
    )


def _is_looked_at(root: str, path: str) -> bool:
    """Whether what only a script has named is hashed: a file of the project that takes no time."""
    if os.path.isabs(path) or "\0" in path:
        return False
    full = os.path.join(root, path)
    return os.path.isfile(full) and os.access(full, os.R_OK) and os.path.getsize(full) <= LOGGED_BYTES
