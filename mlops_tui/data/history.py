"""Versions that earlier commits name: the ``dvc.lock`` and ``.dvc`` files of the newest commits, read through Git.

An existing DVC project has its history there before any run is recorded. What DVC does not cache (code, metrics) is
often committed beside the lock: then Git has its bytes. Without Git, or outside of a repository, there is nothing.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from mlops_store.errors import SpecError
from mlops_tui.data import pointers
from mlops_tui.pipeline import spec
from mlops_tui.pipeline.lock import FILE as LOCK_FILE
from mlops_tui.project import Project

#: Commits that are looked at, the newest first; of these only such as changed a lock or a ``.dvc`` file.
COMMITS = 200
#: Larger files are not looked for among what was committed.
LARGEST_BYTES = 16 << 20
_PATIENCE_S = 5.0
_FILES = (":(glob)**/dvc.lock", ":(glob)**/*.dvc")


class Named(NamedTuple):
    """A version as commits name it: the newest such commit, and when the first and the newest were made."""

    commit: str
    first_at: float
    since_at: float
    size_bytes: int | None
    files: int | None


def of(root: str, path: str) -> Mapping[str, Named]:
    """The versions of a path that commits name, by digest.

    Args:
        root: The project's root.
        path: From the root.
    """
    if "\0" in path:  # a name that a script gave, and no path
        return {}
    head = _git(root, "rev-parse", "--verify", "-q", "HEAD").decode("ascii", "replace").strip()
    return _of_head(root, head, _places(root)).get(path, {}) if head else {}


def committed(root: str, path: str, versions: Mapping[str, Named]) -> Mapping[str, str]:
    """Those versions of a file (from ``of``) whose bytes Git has: digest -> the name by which ``read`` finds them."""
    named = [(digest, one.commit) for digest, one in versions.items() if _is_looked_for(digest, one.size_bytes)]
    return _committed(root, path, tuple(named))


def _is_looked_for(digest: str, size_bytes: int | None) -> bool:
    return not digest.endswith(".dir") and (size_bytes or 0) <= LARGEST_BYTES


@lru_cache(maxsize=64)
def _committed(root: str, path: str, named: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    names = {digest: f"{commit}:./{path}" for digest, commit in named}
    texts = _contents(root, list(names.values()))
    # the lock of a commit may name another content than the commit's own: only the hash tells
    return {
        digest: name
        for digest, name in names.items()
        if name in texts and hashlib.md5(texts[name], usedforsecurity=False).hexdigest() == digest
    }


def read(root: str, name: str) -> bytes:
    """The bytes of a version that ``committed`` has named."""
    return _contents(root, [name]).get(name, b"")


class _Place(NamedTuple):
    """A lock's stage that runs elsewhere than beside the lock: the paths of its entry are relative to ``wdir``."""

    lock: str
    key: str
    wdir: str


def _places(root: str) -> tuple[_Place, ...]:
    try:
        stages = spec.load(Project(root)).stages
    except SpecError:
        return ()
    return tuple(
        _Place(os.path.join(os.path.dirname(stage.file), LOCK_FILE), stage.key, stage.wdir)
        for stage in stages.values()
        if stage.wdir != os.path.dirname(stage.file)
    )


@lru_cache(maxsize=4)
def _of_head(root: str, head: str, places: tuple[_Place, ...]) -> Mapping[str, Mapping[str, Named]]:
    """By path and digest, of the commits before ``head``, which never change."""
    changes = _changes(root, head)
    texts = _contents(root, [f"{commit}:./{file}" for commit, _, file in changes])
    found: dict[str, dict[str, Named]] = {}
    for commit, at, file in changes:
        wdirs = {place.key: place.wdir for place in places if place.lock == file}
        for pointer in pointers.of(texts.get(f"{commit}:./{file}", b""), file, wdirs):
            known = found.setdefault(pointer.path, {}).get(pointer.digest)
            named = known or Named(commit, at, at, pointer.size_bytes, pointer.files)
            found[pointer.path][pointer.digest] = named._replace(first_at=min(named.first_at, at))
    return found


def _changes(root: str, head: str) -> list[tuple[str, float, str]]:
    """(commit, when, file) for each file of interest that a commit changed, the newest first."""
    told = _git(
        root,
        *(
            "-c",
            "log.showSignature=false",
            "log",
            "-z",
            f"-n{COMMITS}",
            "--format=%x01%H %ct",
            "--name-only",
            "--diff-filter=AMR",
            "--relative",
        ),
        *(head, "--", *_FILES),
    )
    found = []
    commit, at = "", 0.0
    for part in told.decode("utf-8", "surrogateescape").split("\0"):
        for word in part.split("\n"):
            if word.startswith("\1"):
                commit, _, seconds = word[1:].partition(" ")
                at = float(seconds)
            elif word:
                found.append((commit, at, word))
    return found


def _contents(root: str, names: list[str]) -> dict[str, bytes]:
    """What Git's objects of these names hold, in one call."""
    if not names:
        return {}
    asked = [name for name in names if "\n" not in name]
    data = _git(root, "cat-file", "--batch", stdin="\n".join(asked).encode("utf-8", "surrogateescape") + b"\n")
    found: dict[str, bytes] = {}
    place = 0
    for name in asked:
        line_end = data.find(b"\n", place)
        head = data[place:line_end].split(b" ")
        place = line_end + 1
        if len(head) == 3 and head[1] == b"blob" and head[2].isdigit():
            size = int(head[2])
            found[name] = data[place : place + size]
            place += size + 1
    return found


def _git(root: str, *words: str, stdin: bytes = b"") -> bytes:
    """What Git answers; b'' when it does not."""
    try:
        done = subprocess.run(
            ["git", "-C", root, *words], input=stdin, capture_output=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout if done.returncode == 0 else b""
