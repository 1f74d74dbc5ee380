"""Locks of a project that the system frees however their holder ends: the supervisor's first of all."""

from __future__ import annotations

import fcntl
import os
import time

from mlops_tui.project import Project

_FILE = "pipeline.lock"


def take(project: Project, name: str = _FILE) -> int | None:
    """A descriptor that holds the lock until it and its copies are closed; None when another process holds it.

    Args:
        project: The project.
        name: The lock's file; by default that which the supervisor holds for as long as it lives.

    Raises:
        OSError: The lock's file cannot be made.
    """
    descriptor = os.open(os.path.join(project.state_dir, name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_held(project: Project) -> bool:
    """Whether a supervisor lives, or a run is just being started."""
    descriptor = take(project)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def await_release(project: Project, patience_s: float) -> None:
    """Waits until nobody holds the lock, at most ``patience_s`` seconds."""
    deadline = time.monotonic() + patience_s
    while is_held(project) and time.monotonic() < deadline:
        time.sleep(0.001)
