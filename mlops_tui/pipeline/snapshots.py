"""What a stage was given when it started: the hashes of its deps and the values of its params.

They are taken before the command runs, so that a file edited meanwhile is not recorded as what was used.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_tui.pipeline.fingerprints import Fingerprint
from mlops_tui.pipeline.lock import Entry, entry, item
from mlops_tui.pipeline.spec import Stage
from mlops_tui.pipeline.state import Inputs, is_same

#: A directory with more files is hardly one of Python modules.
_LISTED_FILES = 5_000


class StageFailed(Exception):
    """A stage cannot go on; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The lock's words for a stage's deps, by path as written, and its params by file and key.

    ``listings`` holds the files of each dep that is a directory, as ``Fingerprints.listing`` in JSON.
    """

    deps: Mapping[str, Entry] = field(default_factory=dict)
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    listings: Mapping[str, str] = field(default_factory=dict)


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
    deps = _items(inputs, stage, stage.deps, known.get("deps", ()), "dependency")
    listings = {
        path: json.dumps(inputs.fingerprints.listing(stage.path(path)))
        for path, (_, now) in deps.items()
        if now.files is not None and now.files <= _LISTED_FILES
    }
    return Snapshot({path: made for path, (made, _) in deps.items()}, values, listings)


def outputs(inputs: Inputs, stage: Stage) -> dict[str, tuple[Entry, Fingerprint]]:
    """The lock's words for what the stage has made, and the fingerprints, by path as written.

    Raises:
        StageFailed: An output is missing.
    """
    known = inputs.locks.entry(stage) or {}
    return _items(inputs, stage, [out.path for out in stage.outs], known.get("outs", ()), "output")


def lock_entry(stage: Stage, snapshot: Snapshot, made: Mapping[str, tuple[Entry, Fingerprint]]) -> dict[str, Any]:
    """The entry that the lock gets when the stage has succeeded."""
    return entry(stage, snapshot.deps, snapshot.params, {path: one for path, (one, _) in made.items()})


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
    return Snapshot(deps, snapshot.params)


def _without_compiled(files: Mapping[str, str]) -> dict[str, str]:
    return {name: md5 for name, md5 in files.items() if "__pycache__/" not in name}


def save(path: str, snapshot: Snapshot) -> None:
    """Writes a snapshot to a file, for a supervisor that may have to finish the stage."""
    with open(path, "w", encoding="ascii") as file:
        json.dump({"deps": snapshot.deps, "params": snapshot.params}, file, default=list)


def load(path: str) -> Snapshot:
    """The snapshot in a file.

    Raises:
        OSError: There is none.
        ValueError: It was cut short.
    """
    with open(path, encoding="ascii") as file:
        content = json.load(file)
    return Snapshot(content["deps"], content["params"])


def _items(
    inputs: Inputs, stage: Stage, paths: Iterable[str], known: Iterable[Entry], what: str
) -> dict[str, tuple[Entry, Fingerprint]]:
    before = {one["path"]: one for one in known}
    found: dict[str, tuple[Entry, Fingerprint]] = {}
    for path in paths:
        where = stage.path(path)
        try:
            now = inputs.fingerprints.find(where)
        except OSError as error:
            raise StageFailed(f"{what} {where} cannot be read ({error.strerror or error})") from error
        if now is None:
            raise StageFailed(f"{what} {where} is missing")
        old = before.get(path)
        is_legacy = old is not None and "hash" not in old and is_same(inputs, where, now, old)
        found[path] = (item(path, now, legacy_md5=old["md5"] if is_legacy and old else ""), now)
    return found
