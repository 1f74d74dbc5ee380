"""Files that other machines write are looked at from time to time, since the kernel does not tell."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pipeline_builders import make

from mlops_tui.config import Config
from mlops_tui.pipeline import mounts
from mlops_tui.pipeline.file_events import Inotify
from mlops_tui.pipeline.live import LiveStatus
from mlops_tui.pipeline.mounts import Mounts
from mlops_tui.pipeline.watching import ProjectWatch

TABLE = r"""
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:40 / /mnt/data rw,relatime shared:2 - nfs4 server:/data rw,vers=4.2
31 30 8:2 / /mnt/data/local\040disk rw - xfs /dev/sdb1 rw
32 21 0:41 / /home/me/far rw - fuse.sshfs me@host: rw
33 21 0:42 / /media/stick rw - fuse.ntfs-3g /dev/sdc1 rw
broken
"""


def mounted(tmp_path: Path, text: str) -> str:
    table = tmp_path / "mountinfo"
    table.write_text(text)
    return str(table)


def test_the_nearest_mount_decides(tmp_path: Path) -> None:
    found = Mounts(mounted(tmp_path, TABLE))
    for path in ("/mnt/data", "/mnt/data/a/b.csv", "/home/me/far/x"):
        assert found.is_remote(path), path
    for path in ("/", "/home/me", "/mnt/data/local disk/x", "/media/stick/x", "/mnt/database"):
        assert not found.is_remote(path), path


def test_a_system_without_the_table_has_no_remote_files(tmp_path: Path) -> None:
    assert not Mounts(str(tmp_path / "missing")).is_remote("/mnt/data")


def test_inputs_on_another_machine_are_looked_at_and_never_taken_for_granted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = tmp_path / "far"
    far.mkdir()
    (far / "a.csv").write_text("1")
    monkeypatch.setattr(
        mounts.Mounts.__init__, "__defaults__", (mounted(tmp_path, f"1 1 0:1 / {far} rw - nfs4 s:/ rw"),)
    )
    project = make(
        tmp_path / "p", f"stages:\n  a:\n    cmd: 'true'\n    deps: [near.csv, '{far}/a.csv']\n", near__csv="1"
    )
    events = Inotify()
    try:
        watch = ProjectWatch(project, Config(), events, LiveStatus(project))
        watch.follow()
        assert "network file system" in watch.note
        events.follow([])  # as if what changes it told nobody
        (far / "a.csv").write_text("22")
        deadline = time.monotonic() + 60
        while str(far / "a.csv") not in watch.take(events.wait(watch.wait_s or 1.0)):
            assert time.monotonic() < deadline
    finally:
        events.close()
