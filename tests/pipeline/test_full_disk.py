"""A disk that is full while a stage ends: whatever cannot be written waits, and nothing is run again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from disks import mounted
from pipeline_builders import make, run, stage, states, until
from slow_pipeline import SLOW, begun, counts, is_running, kill_supervisor, settled, stale

from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.pipeline import param_edits, plan


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    with mounted(tmp_path, 4) as made:
        yield made


def fill(path: Path) -> None:
    with open(path, "ab", buffering=0) as file:
        for size in (65536, 512, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


@pytest.mark.parametrize("is_killed", [False, True], ids=["supervised", "supervisor killed"])
def test_a_stage_that_ends_on_a_full_disk_is_recorded_when_there_is_room(disk: Path, is_killed: bool) -> None:
    go, ballast = disk.parent / "go", disk / "ballast"
    text = SLOW.replace("[ -e go ]", "[ -e ../go ]").replace("echo > slow.txt", "ln -s /etc/hostname slow.txt")
    project = make(disk, text)
    run_id = pipeline.start(project)
    slow = stage(begun(project), "slow")
    code = Path(plan.stage_file(project, run_id, "slow", f"{slow.run_id}.exit"))
    fill(ballast)
    if is_killed:
        kill_supervisor(project)
    go.touch()
    if is_killed:
        until(code.exists, "the end of the commands")  # their shell waits for room, and so does the next supervisor
        with Store(project.store_path) as store:
            pipeline.recover(project, store)
        assert code.read_text() == ""
        assert is_running(slow.pid or 0)
    os.truncate(ballast, 0)
    assert pipeline.wait(project, run_id).state == "finished"
    assert states(settled(project)) == {"first": "done", "slow": "done", "last": "done"}
    assert counts(project) == ["ran", "ran", "ran"]
    assert stale(project) == []
    assert [path.name for path in disk.rglob("*.tmp")] == []


def test_a_verdict_or_params_that_find_no_room_leave_nothing_behind(disk: Path) -> None:
    project = make(disk, "stages: {a: {cmd: 'true', params: [x]}}", params__yaml="x: 1\n")
    run(project)
    verdict = disk / ".mlops" / "up-to-date"
    verdict.unlink(missing_ok=True)
    fill(disk / "ballast")
    assert stale(project) == []
    with pytest.raises(OSError, match="No space"):
        param_edits.write(str(disk), {"params.yaml": {"x": 2}})
    assert [path.name for path in disk.rglob("*.tmp")] == []
    assert (disk / "params.yaml").read_text() == "x: 1\n"
