"""Bringing one output to a cached version: which files change, whether that would lose something, and doing it.

Nothing is written or removed outside the project. What is not in the cache is never lost unless that is asked for.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass

from mlops_store.errors import Refused
from mlops_tui.pipeline import links
from mlops_tui.pipeline.cache import Damaged
from mlops_tui.pipeline.fingerprints import Fingerprint
from mlops_tui.pipeline.lock import Entry
from mlops_tui.pipeline.state import Inputs, is_same


@dataclass(frozen=True, slots=True)
class Wanted:
    """A version of an output.

    Attributes:
        path: Relative to the project's root.
        md5: Its hash, as the lock has it.
        is_executable: Whether a file can be executed.
        is_legacy: The hash is one of DVC before 3.0.
        is_linked: Whether it may be a link to the cache; else it is a copy.
    """

    path: str
    md5: str
    is_executable: bool = False
    is_legacy: bool = False
    is_linked: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """What brings an output to the version that is wanted.

    Attributes:
        wanted: The version.
        files: Path relative to the output ('' for a file) -> md5 of every file of the version.
        writes: Those of them that have to be written.
        removes: Files that are there and do not belong to the version.
        lost: Files among those written over or removed that are not in the cache.
        is_new: Nothing is there now.
    """

    wanted: Wanted
    files: dict[str, str]
    writes: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    is_new: bool = False

    @property
    def change(self) -> str:
        """'unchanged', 'added' or 'modified'."""
        if self.is_new:
            return "added"
        return "modified" if self.writes or self.removes else "unchanged"


def wanted(path: str, item: Entry, *, is_linked: bool = True) -> Wanted:
    """The version that the lock's words for an output mean.

    Args:
        path: The output, relative to the project's root.
        item: The lock's words.
        is_linked: Whether it may be a link to the cache.
    """
    return Wanted(path, str(item.get("md5", "")), bool(item.get("isexec")), "hash" not in item, is_linked)


def plan(inputs: Inputs, one: Wanted) -> Step:
    """What has to be done for a version; looks only.

    Raises:
        Refused: The version is not in the cache, or lies outside the project.
        OSError: What is there cannot be read.
    """
    _check_place(inputs.root, one.path)
    if not one.md5 or not inputs.cache.holds(one.md5, is_legacy=one.is_legacy):
        raise Refused(f"{one.path}: this version is not in the cache", "dvc pull fetches it from a remote")
    full = os.path.join(inputs.root, one.path)
    files = _files(inputs, one)
    if not os.path.lexists(full):
        return Step(one, files, tuple(files), is_new=True)
    now = inputs.fingerprints.find(one.path)
    if now is not None and is_same(inputs, one.path, now, _item(one)):
        return Step(one, files)
    if now is None:  # a link to nothing
        return Step(one, files, tuple(files), ("",))
    there = {"": now.md5} if now.files is None else inputs.fingerprints.listing(one.path)
    is_kept = (now.files is None) == ("" in files) and not one.is_legacy
    writes = tuple(name for name, md5 in files.items() if not is_kept or there.get(name) != md5)
    removes = tuple(name for name in there if not is_kept or name not in files)
    gone = {*removes, *(name for name in writes if name in there)}
    lost = tuple(name for name in sorted(gone) if not _is_saved(inputs, there[name]))
    if now.files is not None and "" in files and any(_others(full, there)):
        lost = (*lost, *_others(full, there))  # a directory that goes takes along what is ignored in it
    return Step(one, files, writes, removes, lost)


def carry_out(inputs: Inputs, step: Step) -> None:
    """Does what a step says.

    Raises:
        Refused: It would write outside the project.
        OSError: It cannot be done, or not wholly.
    """
    one = step.wanted
    full = os.path.join(inputs.root, one.path)
    _clear(full, step)
    kinds = inputs.cache.link_types if one.is_linked else ("reflink", "copy")
    if "" not in step.files:
        os.makedirs(full, exist_ok=True)
    for name in step.writes:
        target = os.path.join(full, name) if name else full
        _check_place(inputs.root, os.path.relpath(target, inputs.root))
        links.put(kinds, inputs.cache.path(step.files[name], is_legacy=one.is_legacy), target)
    if one.is_executable and os.path.isfile(full):
        os.chmod(full, os.stat(full).st_mode | stat.S_IXUSR)
    if step.writes and not one.is_legacy:
        _learn(inputs, step, full)


def _learn(inputs: Inputs, step: Step, full: str) -> None:
    if "" in step.files:
        found = Fingerprint(step.wanted.md5, os.path.getsize(full), None, step.wanted.is_executable)
        inputs.fingerprints.learn(step.wanted.path, found)
        return
    size_bytes = sum(os.path.getsize(os.path.join(full, name)) for name in step.files)
    found = Fingerprint(step.wanted.md5, size_bytes, len(step.files))
    inputs.fingerprints.learn(step.wanted.path, found, step.files)


def _clear(full: str, step: Step) -> None:
    """Removes what does not belong to the version, and directories that are empty by that."""
    if os.path.islink(full) or (os.path.isfile(full) and "" not in step.files):
        os.unlink(full)
    elif os.path.isdir(full) and "" in step.files:
        shutil.rmtree(full)
        return
    for name in step.removes:
        if name and os.path.lexists(path := os.path.join(full, name)):
            os.unlink(path)
            _prune(os.path.dirname(path), full)


def _prune(directory: str, top: str) -> None:
    while directory != top:
        try:
            os.rmdir(directory)
        except OSError:
            return  # something is left in it
        directory = os.path.dirname(directory)


def _files(inputs: Inputs, one: Wanted) -> dict[str, str]:
    if not one.md5.endswith(".dir"):
        return {"": one.md5}
    try:
        return inputs.cache.members(one.md5, is_legacy=one.is_legacy)
    except Damaged as error:
        raise Refused(f"{one.path}: its object in the cache is damaged", "dvc pull fetches it anew") from error


def _item(one: Wanted) -> Entry:
    return {"md5": one.md5} if one.is_legacy else {"md5": one.md5, "hash": "md5"}


def _is_saved(inputs: Inputs, md5: str) -> bool:
    return inputs.cache.holds(md5) or inputs.cache.holds(md5, is_legacy=True)


def _others(full: str, known: Iterable[str]) -> list[str]:
    """The files of a directory that are not among those known, because they are ignored."""
    counted = set(known)
    found = [
        os.path.relpath(os.path.join(directory, name), full) for directory, _, names in os.walk(full) for name in names
    ]
    return sorted(name for name in found if name.replace(os.sep, "/") not in counted)


def _check_place(root: str, path: str) -> None:
    """Refuses a path that leads out of the project, also by way of a symbolic link.

    Raises:
        Refused: It does.
    """
    inside = os.path.realpath(root)
    parent = os.path.realpath(os.path.join(root, os.path.dirname(path)))
    if (
        os.path.isabs(path)
        or path.split(os.sep)[0] in (os.pardir, os.curdir)
        or (parent != inside and not parent.startswith(os.path.join(inside, "")))
    ):
        raise Refused(f"{path} leads out of the project", "restore it with dvc checkout if you mean that")
