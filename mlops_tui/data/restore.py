"""Bringing a version of some data back into the work tree from the cache.

Files are copied, never linked, so that nothing written to them later can reach the cache. Each object is checked
against its name while it is copied, beside its target; only when all are there do they take their places, one rename
each. What would be lost by that (content that the cache does not have) is refused, not overwritten.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from mlops_store import events, pipelines
from mlops_store.errors import Refused, StoreFull
from mlops_store.store import Store
from mlops_tui.data import contents
from mlops_tui.data.catalogue import Item
from mlops_tui.data.contents import Blob, Content
from mlops_tui.pipeline.ignore import ALWAYS
from mlops_tui.pipeline.state import Inputs

_CHUNK_BYTES = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Change:
    """A file that a restore writes or removes: ``how`` is 'added', 'changed' or 'removed'.

    ``is_lost`` tells that what lies there now is not in the cache; ``size_bytes`` is that of the file afterwards, or of
    the one that goes.
    """

    path: str
    how: str
    size_bytes: int | None
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a restore will change.

    Attributes:
        path: The data, from the project's root.
        digest: The version that comes back.
        before: The version that lies there; '' for nothing.
        changes: By path from the root; empty when the version lies there already.
        same_count: Files that stay as they are.
    """

    path: str
    digest: str
    before: str
    changes: tuple[Change, ...]
    same_count: int = 0

    @property
    def lost(self) -> tuple[str, ...]:
        """The files whose present content is nowhere else."""
        return tuple(change.path for change in self.changes if change.is_lost)

    @property
    def copied_bytes(self) -> int:
        """What is copied out of the cache."""
        return sum(change.size_bytes or 0 for change in self.changes if change.how != "removed")


def plan(inputs: Inputs, item: Item, digest: str) -> Plan:
    """What restoring a version would change; changes nothing.

    Args:
        inputs: Knows the cache and the work tree.
        item: The data.
        digest: The version.

    Raises:
        Refused: The version is not (or not as a whole) in the cache, or the path leads out of the project.
        OSError: The work tree cannot be read.
    """
    _confine(inputs.root, item.path)
    before = inputs.fingerprints.find(item.path)
    if before is not None and before.md5 == digest:
        return Plan(item.path, digest, digest, (), before.files if before.files is not None else 1)
    wanted = dict(_cached(inputs, item.path, digest).files)
    present = _present(inputs, item.path)
    if "" in wanted:
        _require_only_tracked(os.path.join(inputs.root, item.path), present)
    for directory in {os.path.dirname(os.path.join(item.path, name)) for name in (*wanted, *present) if name}:
        _confine(inputs.root, os.path.join(directory, "file"))
    changes = []
    for name in sorted({*wanted, *present}):
        new, old = wanted.get(name), present.get(name)
        if new is not None and old == new.md5:
            continue
        how = "added" if old is None else "removed" if new is None else "changed"
        path = os.path.join(item.path, name) if name else item.path
        is_lost = old is not None and not (inputs.cache is not None and inputs.cache.holds(old))
        changes.append(Change(path, how, new.size_bytes if new else _size(inputs.root, path), is_lost))
    changed = sum(change.how != "added" for change in changes)
    return Plan(item.path, digest, before.md5 if before else "", tuple(changes), len(present) - changed)


def apply(inputs: Inputs, item: Item, digest: str, store: Store | None = None, *, force: bool = False) -> Plan:
    """Brings a version back and returns what was changed.

    Args:
        inputs: Knows the cache and the work tree.
        item: The data.
        digest: The version.
        store: To refuse while a pipeline run may be using the data; None not to mind.
        force: Overwrite content that is nowhere else.

    Raises:
        Refused: See ``plan``; or content would be lost, a pipeline run is going on, or an object is damaged, which is
            named. Nothing has been changed then.
        StoreFull: The disk is full. Nothing has been changed then.
        OSError: The work tree cannot be written.
    """
    if store is not None and (live := pipelines.live(store.read())):
        raise Refused(
            f"pipeline run {live[0].name} is going on and may be using {item.path}", "wait for it, stop it, or --force"
        )
    planned = plan(inputs, item, digest)
    _clear(inputs.root, item.path)
    if (lost := planned.lost) and not force:
        first, *others = lost
        more = f" and {len(others):,} more" if others else ""
        raise Refused(
            f"{first}{more} would be lost: the content is not in the cache",
            "'dvc add' or a run of its stage keeps it; --force overwrites it",
        )
    if planned.changes:
        _place(inputs.root, item.path, _cached(inputs, item.path, digest).files, planned)
    return planned


def record(store: Store, done: Plan) -> None:
    """Adds what a restore has changed to the events; a store that cannot be written is left as it is."""
    if done.changes and not store.is_read_only:
        with store.write() as db:
            message = f"{done.path} was brought back to {done.digest[:12]}"
            changed = {"digest": done.digest, "before": done.before, "files": len(done.changes)}
            events.add(db, "data.restored", f"data:{done.path}", message, changed)


def _cached(inputs: Inputs, path: str, digest: str) -> Content:
    found = None if inputs.cache is None else contents.in_cache(inputs.cache, digest)
    if found is None:
        raise Refused(
            f"{path} at {digest[:12]} is not in the cache",
            "'dvc fetch' may bring it from a remote; what Git has, 'git checkout' brings back",
        )
    if found.missing:
        raise Refused(
            f"{len(found.missing):,} of the {len(found.files):,} files of {path} at {digest[:12]} are not in the cache",
            "'dvc fetch' may bring them from a remote",
        )
    return found


def _present(inputs: Inputs, path: str) -> dict[str, str]:
    """What lies at the path now: path below it -> md5; '' stands for a single file."""
    full = os.path.join(inputs.root, path)
    if os.path.isdir(full):
        return inputs.fingerprints.listing(path)
    found = inputs.fingerprints.find(path)
    return {} if found is None else {"": found.md5}


def _require_only_tracked(full: str, present: Mapping[str, str]) -> None:
    """Refuses to put a file in the place of a directory that holds more than its version does."""
    if os.path.isdir(full) and not os.path.islink(full):
        for directory, _, names in os.walk(full):
            for name in names:
                if os.path.relpath(os.path.join(directory, name), full).replace(os.sep, "/") not in present:
                    raise Refused(f"{full} holds files that are not tracked, such as {name}", "move them away")


def _size(root: str, path: str) -> int | None:
    try:
        return os.stat(os.path.join(root, path)).st_size
    except OSError:
        return None


def _confine(root: str, path: str) -> None:
    """Refuses a path whose directory, links followed, is not below the root."""
    if os.path.isabs(path) or path in ("", os.curdir) or path.split(os.sep)[0] in (os.pardir, *ALWAYS):
        raise Refused(f"{path} is not inside the project's work tree")
    parent = os.path.realpath(os.path.join(root, os.path.dirname(path)))
    home = os.path.realpath(root)
    if parent != home and not parent.startswith(home + os.sep):
        raise Refused(f"{path} lies outside of the project: a directory on the way is a link to {parent}")


def _place(root: str, path: str, files: Mapping[str, Blob], planned: Plan) -> None:
    changed = {change.path: change for change in planned.changes}
    wanted = {os.path.join(path, name) if name else path: blob for name, blob in files.items()}
    with _staging(root, path) as staging:
        copies = {}
        for number, (target, blob) in enumerate(wanted.items()):
            if target in changed:
                copies[target] = os.path.join(staging, str(number))
                _copy(blob, copies[target], os.path.join(root, target))
        for change in planned.changes:
            if change.how == "removed":
                os.unlink(os.path.join(root, change.path))
        full = os.path.join(root, path)
        if planned.digest.endswith(".dir"):
            if os.path.islink(full):
                os.unlink(full)  # a link into the cache would let it be written through
            os.makedirs(full, exist_ok=True)
        _prune(full, keep=planned.digest.endswith(".dir"))
        for target, copy in copies.items():
            os.makedirs(os.path.dirname(os.path.join(root, target)), exist_ok=True)
            os.replace(copy, os.path.join(root, target))


@contextmanager
def _staging(root: str, path: str) -> Iterator[str]:
    """A directory beside the target, on the same file system, gone at the end."""
    parent, name = os.path.split(os.path.join(root, path))
    os.makedirs(parent, exist_ok=True)
    staging = os.path.join(parent, f".{name}.restore-{os.getpid()}")
    try:
        os.mkdir(staging)
        yield staging
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFull(f"the disk that holds {parent} is full", "free some space") from error
        raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _clear(root: str, path: str) -> None:
    """Removes what restores of a path that were killed have left beside it."""
    parent, target = os.path.split(os.path.join(root, path))
    beginning = f".{target}.restore-"
    for name in os.listdir(parent) if os.path.isdir(parent) else ():
        pid = name.removeprefix(beginning)
        if name.startswith(beginning) and pid.isdecimal() and not _is_alive(int(pid)):
            shutil.rmtree(os.path.join(parent, name), ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _copy(blob: Blob, copy: str, target: str) -> None:
    """Copies an object and checks its bytes on the way."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(blob.full, "rb") as read, open(copy, "xb") as write:
        while chunk := read.read(_CHUNK_BYTES):
            digest.update(chunk)
            write.write(chunk)
    if digest.hexdigest() != blob.md5:
        raise contents.damaged(blob.md5)
    if os.path.isfile(target):  # what was executable stays so
        os.chmod(copy, os.stat(copy).st_mode | (os.stat(target).st_mode & 0o111))


def _prune(full: str, *, keep: bool) -> None:
    """Removes directories that hold no file any more; the outermost one only when a file takes its place."""
    if os.path.islink(full) or not os.path.isdir(full):
        return
    for directory, _, _ in os.walk(full, topdown=False):
        if not (keep and directory == full) and not os.listdir(directory):
            os.rmdir(directory)
