"""Outputs that were made before from the same inputs: DVC's run cache, beside the cached objects.

``runs/<2>/<key>/<value>`` holds the lock's entry of a stage that has run. The key tells command, deps and params; the
value tells the outputs too. DVC finds what is written here, and the other way round.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mlops_store.errors import SpecError
from mlops_tui.pipeline import links, lock, state
from mlops_tui.pipeline.snapshots import Snapshot

if TYPE_CHECKING:
    from mlops_tui.pipeline.cache import Cache
    from mlops_tui.pipeline.lock import Entry
    from mlops_tui.pipeline.spec import Stage

_DIRECTORY = "runs"
_NOT_HASHED = ("size", "nfiles")


def is_kept(stage: Stage) -> bool:
    """Whether runs of a stage are kept: inputs alone tell what it makes, and all of that is cached.

    Metrics and plots whose ``cache`` is false are cached all the same, for this only.
    """
    return bool(
        not (stage.always_changed or stage.is_callback)
        and stage.cmd
        and (stage.deps or stage.params)
        and stage.outs
        and not any(out.persist or is_outside(stage.path(out.path)) for out in stage.outs)
        and all(out.cache or out.kind != "out" for out in stage.outs)
    )


def is_outside(path: str) -> bool:
    """Whether a path, relative to the project's root, leads out of the project."""
    return os.path.isabs(path) or path.split(os.sep)[0] == os.pardir


def save(cache: Cache, entry: Entry) -> None:
    """Keeps the entry of a stage that has run; its outputs are in the cache.

    Raises:
        OSError: It cannot be written.
    """
    key = _key(entry)
    value = _digest(entry)
    if not key or not value:
        return
    directory = os.path.join(cache.directory, _DIRECTORY, key[:2], key)
    path = os.path.join(directory, value)
    if os.path.exists(path):
        return
    from mlops_tui.pipeline import yaml_text

    cache.make_directory(directory)
    with links.replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        file.write(yaml_text.dump(dict(entry)))


def find(inputs: state.Inputs, stage: Stage, snapshot: Snapshot, *, use_runs: bool = True) -> Entry | None:
    """What the lock said, or would say, after a run with these inputs, if all of its outputs are in the cache.

    Args:
        inputs: Knows lock and cache.
        stage: The stage, which is stale.
        snapshot: What it is given now.
        use_runs: Whether earlier runs count, or only the one that the lock tells of.

    Raises:
        SpecError: The lock is not understood.
    """
    if not is_kept(stage):
        return None
    given = lock.entry(stage, snapshot.deps, snapshot.params, {out.path: {"path": out.path} for out in stage.outs})
    key = _key(given)
    known = inputs.locks.entry(stage)
    found = known if known is not None and _key(known) == key else None
    if found is None or not _has_hashes(found, stage):
        found = _newest(inputs.cache, key) if use_runs and key else None
    return found if found is not None and _has_hashes(found, stage) and _is_cached(inputs.cache, found) else None


def _has_hashes(entry: Entry, stage: Stage) -> bool:
    made = {item["path"] for item in entry.get("outs", ()) if item.get("md5")}
    return made >= {out.path for out in stage.outs}


def _is_cached(cache: Cache, entry: Entry) -> bool:
    return all(cache.holds(str(item["md5"]), is_legacy="hash" not in item) for item in entry["outs"])


def _newest(cache: Cache, key: str) -> Entry | None:
    directory = os.path.join(cache.directory, _DIRECTORY, key[:2], key)
    try:
        with os.scandir(directory) as entries:
            newest = max((one for one in entries if len(one.name) == 64), key=lambda one: one.stat().st_mtime)
    except (OSError, ValueError):
        return None
    from mlops_tui.pipeline import yaml12

    try:
        with open(newest.path, "rb") as file:
            text = yaml12.decode(file.read(), newest.path)
        node = yaml12.compose(text, newest.path)
        return None if node is None else lock.checked(node, newest.path, "the kept run")
    except SpecError:
        with suppress(OSError):
            os.unlink(newest.path)  # damaged: as good as none, and in the way of the others
    except OSError:
        pass
    return None


def _key(entry: Entry) -> str:
    if any(not values for values in entry.get("params", {}).values()):
        return ""  # a params file without values tells nothing
    return _digest({**entry, "outs": [item["path"] for item in entry.get("outs", ())]})


def _digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of the content as DVC takes it; '' for what JSON cannot say."""
    try:
        text = json.dumps(_filtered(content), sort_keys=True)
    except TypeError:
        return ""
    return hashlib.sha256(text.encode()).hexdigest()


def _filtered(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_filtered(one) for one in value]
    if isinstance(value, Mapping):
        return {key: _filtered(one) for key, one in value.items() if key not in _NOT_HASHED}
    return value
