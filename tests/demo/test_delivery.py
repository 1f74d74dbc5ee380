from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlops_store.store import Store
from mlops_tui.demo import delivery
from mlops_tui.demo.template import write
from mlops_tui.project import Project


@pytest.fixture
def demo(tmp_path: Path) -> Project:
    """A demo with two batches waiting, its pipeline never run."""
    project = write(str(tmp_path / "demo"))
    incoming = Path(project.path("incoming"))
    incoming.mkdir()
    for week in (1, 2):
        (incoming / f"week_{week}.csv").write_text("a\n1\n")
    return project


def test_nothing_is_delivered_before_a_version_is_in_production(demo: Project) -> None:
    assert delivery.deliver_when_served(demo, gap_s=0.0, patience_s=0.1) == 0
    assert not Path(demo.path("production")).exists()
    Store(demo.store_path).close()
    assert not delivery.is_served(demo)


def test_delivery_ends_when_the_directory_is_gone(demo: Project) -> None:
    waiting = subprocess.Popen([sys.executable, "-m", "mlops_tui.demo.delivery", demo.root, "0"])
    try:
        deadline = time.monotonic() + 20
        while not Path(demo.state_dir, "delivery.lock").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        shutil.rmtree(demo.root)
        assert waiting.wait(timeout=20) == 0
    finally:
        waiting.kill()
        waiting.wait()


def test_only_one_delivery_is_at_work_in_a_directory(demo: Project) -> None:
    with open(Path(demo.state_dir, "delivery.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert delivery.deliver_when_served(demo, gap_s=0.0, patience_s=60.0) == 0


def test_a_delivery_with_nothing_left_ends_at_once(demo: Project) -> None:
    shutil.copytree(demo.path("incoming"), demo.path("production"))
    assert delivery.deliver_when_served(demo, gap_s=0.0, patience_s=60.0) == 0
