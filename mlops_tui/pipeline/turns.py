"""Whose turn it is: runs that wait in the store's queue are started by whoever looks, no process waits for them.

A run in the project itself waits until no other one is there; one in a copy waits until no more are under way than it
allows. A supervisor looks when it has ended, and so does every command that looks at the project.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from mlops_store import pipelines, queue
from mlops_store.records import PipelineRun
from mlops_store.store import Store
from mlops_tui.pipeline import hold, launch, leftovers, request
from mlops_tui.project import Project

_FILE = "queue.lock"


def place(project: Project, run: PipelineRun) -> Project:
    """Where a pipeline run works: the project, or its own copy."""
    return project.workspace(run.run_id) if run.request.get("in_workspace") else project


def advance(project: Project, store: Store) -> list[str]:
    """Starts the waiting runs whose turn it is, the highest priority and the oldest first.

    Cheap when none waits: one query.

    Args:
        project: The project.
        store: Its store.

    Returns:
        The runs that were started.
    """
    if store.is_read_only or queue.is_empty(store.read()):
        return []
    started = []
    with _alone(project):
        live = pipelines.live(store.read())
        waiting = queue.all(store.read())
        copies = {one.run_id for one in waiting if one.request["in_workspace"]}
        beginning = {run_id for run_id in copies if _is_beginning(project, run_id)}
        under_way = len(beginning) + sum(bool(run.request.get("in_workspace")) for run in live)
        is_free = not any(not run.request.get("in_workspace") for run in live)
        for entry in waiting:
            asked = request.from_json(entry.request)
            if asked.in_workspace:
                if entry.run_id in beginning or under_way >= asked.parallel:
                    continue
                if _start(project.workspace(entry.run_id), entry.run_id):
                    under_way += 1
                    started.append(entry.run_id)
            elif is_free:
                is_free = False  # one after the other
                if _start(project, entry.run_id):
                    started.append(entry.run_id)
    return started


def _is_beginning(project: Project, run_id: str) -> bool:
    """Whether a supervisor has a waiting run in hand already."""
    workspace = project.workspace(run_id)
    return os.path.isdir(workspace.state_dir) and hold.is_held(workspace)


def _start(where: Project, run_id: str) -> bool:
    """Starts the supervisor that begins a waiting run; False when somebody else has that place."""
    os.makedirs(where.state_dir, exist_ok=True)  # of a copy that somebody has removed: its run fails then
    lock = hold.take(where)
    if lock is None:
        return False
    try:
        leftovers.sweep_noted(where)
        launch.supervise(where, run_id, lock)
    finally:
        os.close(lock)
    return True


@contextmanager
def _alone(project: Project) -> Iterator[None]:
    """Keeps other processes from choosing at the same time, which takes them milliseconds."""
    descriptor = os.open(os.path.join(project.state_dir, _FILE), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
