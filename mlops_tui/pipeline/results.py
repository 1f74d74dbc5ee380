"""What a stage makes: removed before it is made anew, taken from the cache instead, or taken into it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable

from mlops_store.errors import Refused
from mlops_tui.pipeline import links, placing, run_cache, snapshots
from mlops_tui.pipeline.lock import Entry
from mlops_tui.pipeline.snapshots import Snapshot, StageFailed
from mlops_tui.pipeline.spec import Stage, place
from mlops_tui.pipeline.state import Inputs

_PATIENCE_S = 600.0
_RETRY_S = 1.0


def clear(root: str, stage: Stage) -> None:
    """Removes what the stage will make anew; what persists is unlinked from the cache so that it can be written.

    Raises:
        StageFailed: An output that is to be cached lies outside the project, where DVC caches nothing.
        OSError: It cannot be removed.
    """
    for out in stage.outs:
        if out.cache and os.path.isabs(place(root, stage.path(out.path))):
            raise StageFailed(f"output {out.path} is outside the project and cannot be cached: add 'cache: false'")
    for out in stage.outs:
        path = os.path.join(root, stage.path(out.path))
        if out.persist:
            links.unprotect(path)
        elif os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)


def restore(inputs: Inputs, stage: Stage, snapshot: Snapshot, *, use_runs: bool) -> bool:
    """Takes the outputs from the cache if the same inputs have made them before; whether they have.

    Args:
        inputs: Knows lock and cache.
        stage: The stage, which is stale.
        snapshot: What it is given now.
        use_runs: Whether earlier runs count, or only the one that the lock tells of.

    Raises:
        OSError: The work tree cannot be written.
    """
    found = run_cache.find(inputs, stage, snapshot, use_runs=use_runs)
    if found is None:
        return False
    items = {item["path"]: item for item in found["outs"]}
    versions = [placing.wanted(stage.path(out.path), items[out.path], is_linked=out.cache) for out in stage.outs]
    try:
        steps = [placing.plan(inputs, one) for one in versions]
    except Refused:
        return False  # an output that a link leads out of the project is made anew
    for step in steps:
        placing.carry_out(inputs, step)
    return True


def commit(
    inputs: Inputs, stage: Stage, snapshot: Snapshot, gives_up: Callable[[], bool] = lambda: False
) -> tuple[Entry, dict[str, Entry]]:
    """Takes the outputs into the cache: the entry for the lock, and the lock's words for each output.

    Args:
        inputs: Knows lock and cache.
        stage: The stage, which has run or been restored.
        snapshot: What it was given.
        gives_up: A full disk is waited out for ten minutes as long as this is false.

    Raises:
        StageFailed: An output is missing.
        OSError: The cache cannot be written.
    """
    is_kept = run_cache.is_kept(stage)
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            made = snapshots.outputs(inputs, stage, is_everything_cached=is_kept)
            entry = snapshots.lock_entry(stage, snapshots.refreshed(inputs, stage, snapshot), made)
            if is_kept:
                run_cache.save(inputs.cache, entry)
        except OSError as error:
            if error.errno not in snapshots.FULL or time.monotonic() > deadline or gives_up():
                raise
            time.sleep(_RETRY_S)  # what has been computed is worth waiting for space
        else:
            return entry, {path: item for path, (item, _) in made.items()}
