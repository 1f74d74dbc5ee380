"""Lets the demo's production batches arrive by themselves while a person looks at the dashboard.

A small process of its own that waits until a version of the model is in production, then runs the project's
``deliver.py`` every few seconds. It ends when all batches are delivered, the directory is gone, or its patience is
over, so that nothing of a demo is left running.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from mlops_store.errors import StoreError
from mlops_tui.demo import MODEL
from mlops_tui.project import Project

GAP_S = 8.0
PATIENCE_S = 3600.0
_LOOK_EVERY_S = 1.0


def waiting(project: Project) -> list[str]:
    """The names of the batches that have not been delivered yet, next one first."""
    try:
        incoming = os.listdir(project.path("incoming"))
    except FileNotFoundError:
        return []
    arrived = set(os.listdir(project.path("production"))) if os.path.isdir(project.path("production")) else set()
    return sorted(name for name in incoming if name.endswith(".csv") and name not in arrived)


def deliver_next(project: Project) -> str:
    """Runs the project's ``deliver.py`` once and returns what it said.

    Raises:
        subprocess.CalledProcessError: The script failed.
    """
    said = subprocess.run(
        [sys.executable, "deliver.py"], cwd=project.root, capture_output=True, text=True, check=True, timeout=60
    )
    return said.stdout.strip()


def start(project: Project, *, gap_s: float = GAP_S) -> subprocess.Popen[bytes]:
    """Starts the delivery as a process that outlives this one."""
    command = [sys.executable, "-m", "mlops_tui.demo.delivery", project.root, str(gap_s)]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def deliver_when_served(project: Project, *, gap_s: float, patience_s: float = PATIENCE_S) -> int:
    """Waits for a version in production, then delivers all batches.

    Args:
        project: The demo.
        gap_s: Seconds between two batches.
        patience_s: Seconds after which it gives up.

    Returns:
        How many batches were delivered.
    """
    import fcntl

    deadline = time.monotonic() + patience_s
    with open(os.path.join(project.state_dir, "delivery.lock"), "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0  # another delivery is at work
        return _deliver(project, gap_s, deadline)


def _deliver(project: Project, gap_s: float, deadline: float) -> int:
    delivered = 0
    while time.monotonic() < deadline and os.path.exists(project.config_path):
        batches = waiting(project)
        if not batches and os.path.isdir(project.path("incoming")):
            break
        if not batches or not is_served(project):
            time.sleep(_LOOK_EVERY_S)
            continue
        try:
            deliver_next(project)
        except (subprocess.SubprocessError, OSError):  # a machine that is too busy, or a script that somebody edits
            time.sleep(_LOOK_EVERY_S)
        else:
            delivered += 1
            time.sleep(gap_s)
    return delivered


def is_served(project: Project) -> bool:
    """Whether a version of the demo's model is in production."""
    if not project.has_store:
        return False
    from mlops_store import models
    from mlops_store.store import Store

    try:
        with Store(project.store_path, create=False) as store:
            return bool(models.in_stage(store.read(), MODEL, "production"))
    except StoreError:
        return False  # busy or being made: look again


if __name__ == "__main__":
    deliver_when_served(Project(sys.argv[1]), gap_s=float(sys.argv[2]))
