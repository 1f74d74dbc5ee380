"""Runs that wait for their turn: putting one into the queue, and waiting until it has begun."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from mlops_store.errors import Refused
from mlops_tui.cli import output, text
from mlops_tui.cli.workspace import Workspace

if TYPE_CHECKING:
    from mlops_store.records import QueuedRun
    from mlops_tui.pipeline.request import Request

_LOOK_EVERY_S = 0.05
_RECOVER_EVERY_S = 2.0


def enqueue(workspace: Workspace, request: Request, *, name: str, priority: int) -> str:
    """Lets a run wait for its turn in the project; returns the id that it will have."""
    from mlops_store import ids, processes, queue
    from mlops_tui.pipeline import launch

    launch.check(workspace.project, request)  # who asks is told what is wrong now, not when its turn comes
    run_id = ids.new_id()
    with workspace.create().write() as db:
        queue.add(
            db, run_id, name=name, priority=priority, request=request.as_json(), by=processes.user(), at=time.time()
        )
    return run_id


def await_turn(workspace: Workspace, run_id: str, interrupts: list[int]) -> None:
    """Waits until a run has begun.

    Args:
        workspace: The project.
        run_id: The run.
        interrupts: Filled by Ctrl+C, which takes the run out of the queue.

    Raises:
        Refused: It has been taken out of the queue.
    """
    from mlops_store import pipelines, queue
    from mlops_tui import pipeline

    store = workspace.create()
    looked_at = time.monotonic()
    while True:
        is_waiting = queue.find(store.read(), run_id) is not None
        if not is_waiting:
            if pipelines.exists(store.read(), run_id):
                return
            raise Refused(f"run {run_id} has been taken out of the queue")
        if interrupts:
            remove(workspace, [run_id])
            continue
        if time.monotonic() - looked_at > _RECOVER_EVERY_S:
            pipeline.recover(workspace.project, store)
            looked_at = time.monotonic()
        time.sleep(_LOOK_EVERY_S)


def remove(workspace: Workspace, run_ids: Sequence[str]) -> list[str]:
    """Takes runs out of the queue, their copies with them; returns those that were still waiting."""
    from mlops_store import queue
    from mlops_tui.pipeline import workspaces

    with workspace.create().write() as db:
        removed = [run_id for run_id in run_ids if queue.remove(db, run_id)]
    for run_id in removed:
        with suppress(OSError):  # a supervisor is just filling it, and will see: 'queue clean' removes it then
            workspaces.remove(workspace.project, run_id)
    return removed


def tell(workspace: Workspace, run_id: str, *, as_json: bool) -> bool:
    """Says that a run is waiting, and in which place; returns whether it is."""
    from mlops_store import queue
    from mlops_tui.cli import run_events

    for place, entry in enumerate(queue.all(workspace.create().read()), 1):
        if entry.run_id != run_id:
            continue
        if as_json:
            run_events.write_queued(entry, place)
        else:
            what = summary(entry)
            output.say(f"{run_id}{f' ({what})' if what else ''} waits in place {place}; mlops-tui queue list shows it")
        return True
    return False


def summary(entry: QueuedRun) -> str:
    """What a waiting run is about: its targets, and the params that it changes."""
    changes = [f"{key}={value}" for values in entry.request["changes"].values() for key, value in values.items()]
    return text.clean(" ".join([*entry.request["targets"], *changes]), 500)
