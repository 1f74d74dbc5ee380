"""What a stage was given when it started: the hashes of its deps and the values of its params.

They are taken before the command runs, so that a file edited meanwhile is not recorded as what was used.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_tui.pipeline.fingerprints import Fingerprint
from mlops_tui.pipeline.lock import Entry, entry, item
from mlops_tui.pipeline.spec import Stage
from mlops_tui.pipeline.state import Inputs, is_same, why_unreadable

#: A directory with more files is hardly one of Python modules.
_LISTED_FILES = 5_000
#: What a system says when a disk is full, which may pass.
FULL = (errno.ENOSPC, errno.EDQUOT)


class StageFailed(Exception):
    """A stage cannot go on; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The lock's words for a stage's deps, by path as written, and its params by file and key.

    ``listings`` holds the files of each dep that is a directory, as ``Fingerprints.listing`` in JSON; ``kept`` what the
    lock had on deps that are not on this machine.
    """

    deps: Mapping[str, Entry] = field(default_factory=dict)
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    listings: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, Entry] = field(default_factory=dict)


def take(inputs: Inputs, stage: Stage) -> Snapshot:
    """What the stage is given now.

    Raises:
        StageFailed: A dep, a params file or a param is missing, or a dep cannot be read.
        SpecError: A params file is not understood.
    """
    values: dict[str, Mapping[str, Any]] = {}
    for file in stage.params:
        read = inputs.params(stage, file)
        if read is None:
            raise StageFailed(f"params file {stage.path(file)} is missing")
        found, missing = read
        if missing:
            raise StageFailed(f"{stage.path(file)} has no {', '.join(missing)}")
        values[file] = found
    known = inputs.locks.entry(stage) or {}

    def find(path: str) -> Fingerprint | None:
        return inputs.fingerprints.find(stage.path(path))

    inputs.fingerprints.prepare(stage.path(path) for path in stage.deps)
    deps = _items(inputs, stage, stage.deps, known.get("deps", ()), "dependency", find)
    listings = {
        path: json.dumps(inputs.fingerprints.listing(stage.path(path)))
        for path, (_, now) in deps.items()
        if now.files is not None and now.files <= _LISTED_FILES
    }
    # only DVC can look these up: what it has recorded stays
    kept = {one["path"]: one for one in known.get("deps", ()) if one["path"] in stage.urls}
    return Snapshot({path: made for path, (made, _) in deps.items()}, values, listings, kept)


def outputs(
    inputs: Inputs, stage: Stage, *, is_everything_cached: bool = False
) -> dict[str, tuple[Entry, Fingerprint]]:
    """Takes what the stage has made into the cache: the lock's words for it, and the fingerprints, by path as written.

    Args:
        inputs: Knows the cache.
        stage: The stage.
        is_everything_cached: Whether outputs go there too whose ``cache`` is false.

    Raises:
        StageFailed: An output is missing.
        OSError: The cache cannot be written.
    """
    known = inputs.locks.entry(stage) or {}
    cached = {out.path for out in stage.outs if is_everything_cached or out.cache}
    linked = {out.path for out in stage.outs if out.cache}

    def save(path: str) -> Fingerprint | None:
        where = stage.path(path)
        if path not in cached:
            return inputs.fingerprints.find(where)
        return inputs.cache.save(where, inputs.fingerprints, root=inputs.root, is_linked=path in linked)

    made = _items(inputs, stage, [out.path for out in stage.outs], known.get("outs", ()), "output", save)
    return {path: _cached_item(inputs, path, one, found, path in cached) for path, (one, found) in made.items()}


def _cached_item(
    inputs: Inputs, path: str, one: Entry, found: Fingerprint, is_cached: bool
) -> tuple[Entry, Fingerprint]:
    """The lock's words for an output; those of DVC before 3.0 only while its old object is there."""
    if is_cached and "hash" not in one and not inputs.cache.holds(one["md5"], is_legacy=True):
        return item(path, found), found
    return one, found


def lock_entry(stage: Stage, snapshot: Snapshot, made: Mapping[str, tuple[Entry, Fingerprint]]) -> dict[str, Any]:
    """The entry that the lock gets when the stage has succeeded."""
    deps = {**snapshot.deps, **snapshot.kept}
    return entry(stage, deps, snapshot.params, {path: one for path, (one, _) in made.items()})


def refreshed(inputs: Inputs, stage: Stage, snapshot: Snapshot) -> Snapshot:
    """The snapshot, with directories taken again to which only Python's compiled files came while the stage ran.

    Importing from a directory writes them into it, which would make every such stage stale by its own run.
    """
    deps = dict(snapshot.deps)
    for path, listing in snapshot.listings.items():
        where = stage.path(path)
        now = inputs.fingerprints.find(where)
        if now is None or now.files is None or now.md5 == deps[path].get("md5"):
            continue
        if _without_compiled(json.loads(listing)) == _without_compiled(inputs.fingerprints.listing(where)):
            deps[path] = item(path, now)
    return Snapshot(deps, snapshot.params, kept=snapshot.kept)


def _without_compiled(files: Mapping[str, str]) -> dict[str, str]:
    return {name: md5 for name, md5 in files.items() if "__pycache__/" not in name}


def save(path: str, snapshot: Snapshot) -> None:
    """Writes a snapshot to a file, for a supervisor that may have to finish the stage."""
    with open(path, "w", encoding="ascii") as file:
        json.dump({"deps": snapshot.deps, "params": snapshot.params, "kept": snapshot.kept}, file, default=list)


def load(path: str) -> Snapshot:
    """The snapshot in a file.

    Raises:
        OSError: There is none.
        ValueError: It was cut short.
    """
    with open(path, encoding="ascii") as file:
        content = json.load(file)
    return Snapshot(content["deps"], content["params"], kept=content["kept"])


def _items(
    inputs: Inputs,
    stage: Stage,
    paths: Iterable[str],
    known: Iterable[Entry],
    what: str,
    find: Callable[[str], Fingerprint | None],
) -> dict[str, tuple[Entry, Fingerprint]]:
    before = {one["path"]: one for one in known}
    found: dict[str, tuple[Entry, Fingerprint]] = {}
    for path in paths:
        where = stage.path(path)
        try:
            now = find(path)
        except OSError as error:
            if error.errno in FULL:
                raise
            raise StageFailed(f"{what} {where} cannot be read ({why_unreadable(error, inputs.root, where)})") from error
        if now is None:
            raise StageFailed(f"{what} {where} is missing")
        old = before.get(path)
        is_legacy = old is not None and "hash" not in old and is_same(inputs, where, now, old)
        found[path] = (item(path, now, legacy_md5=old["md5"] if is_legacy and old else ""), now)
    return found
