"""Outputs on a file system with reflinks share their bytes with the cache: nothing is copied either way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from disks import mounted
from pipeline_builders import dvc, make, run
from slow_pipeline import stale

from mlops_tui.cli import main

pytestmark = pytest.mark.slow
_SIZE = 64 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 megabytes with reflinks."""
    with mounted(tmp_path, 400, kind="xfs") as made:
        yield made


def used(disk: Path) -> int:
    os.sync()
    room = os.statvfs(disk)
    return (room.f_blocks - room.f_bfree) * room.f_frsize


def test_committing_and_restoring_an_output_takes_no_room(disk: Path) -> None:
    with dvc(disk, init=True):
        project = make(disk, f"stages: {{big: {{cmd: head -c {_SIZE} /dev/urandom > big.bin, outs: [big.bin]}}}}")
        before = used(disk)
        assert run(project).state == "finished"
        assert used(disk) - before < 1.2 * _SIZE
        content = (disk / "big.bin").read_bytes()
        (disk / "big.bin").unlink()
        assert stale(project) == ["big"]
        assert main(["-C", str(disk), "checkout"]) == 0
        assert (disk / "big.bin").read_bytes() == content
        assert not (disk / "big.bin").is_symlink()
        assert (disk / "big.bin").stat().st_nlink == 1
        assert used(disk) - before < 1.2 * _SIZE


def test_a_restored_output_can_be_written_without_harm_to_the_cache(disk: Path) -> None:
    with dvc(disk, init=True) as repo:
        project = make(disk, "stages: {one: {cmd: echo good > out, outs: [out]}}")
        assert run(project).state == "finished"
        (disk / "out").write_text("bad")
        assert main(["-C", str(disk), "checkout", "--force"]) == 0
        assert (disk / "out").read_text() == "good\n"
        assert repo.status() == {}
