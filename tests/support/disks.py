"""Small disks: for tests of what happens when they are full, and of file systems that are not everywhere."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(directory: Path, megabytes: int, kind: str = "tmpfs") -> Iterator[Path]:
    """A file system of that size at ``directory/disk``; skips the test where none may be made or mounted.

    Args:
        directory: Where its mount point is made.
        megabytes: Its size.
        kind: ``tmpfs``, or ``xfs`` (which has reflinks and takes at least 300 megabytes).
    """
    disk = directory / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(disk)]
    if kind == "xfs":
        if shutil.which("mkfs.xfs") is None:
            pytest.skip("mkfs.xfs is not installed")
        image = directory / "image"
        with open(image, "wb") as file:
            file.truncate(megabytes << 20)
        subprocess.run(["mkfs.xfs", "-q", "-m", "reflink=1", str(image)], check=True)
        mount = ["mount", "-o", "loop", str(image), str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip(f"no {kind} may be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
