"""A restore that is killed at any moment loses nothing, and the next one finishes it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from data_builders import DataProject

from mlops_tui.data import restore
from mlops_tui.pipeline import hashing

KILLS, FILES = 25, 300


def damaged(data: DataProject) -> list[str]:
    """The objects of the cache whose bytes are not what their names say."""
    found = []
    for directory, _, names in os.walk(data.root / ".dvc" / "cache" / "files" / "md5"):
        for name in names:
            digest = os.path.basename(directory) + name.removesuffix(".dir")
            if hashing.hash_file(os.path.join(directory, name)) != digest:
                found.append(digest)
    return found


@pytest.mark.slow
def test_restores_that_are_killed_leave_only_known_content_and_are_finished_by_the_next(tmp_path: Path) -> None:
    data = DataProject(tmp_path)
    (tmp_path / "mlops.toml").write_text("")
    contents = [{f"{place % 7}/{place}.txt": f"{version} {place}" for place in range(FILES)} for version in range(2)]
    contents[1]["only/there.txt"] = "there"
    versions = [data.keep("raw", content) for content in contents]
    data.track("raw")
    for digest in versions:
        data.use("raw", digest, 1.0)
    chance = random.Random(1)
    started = time.monotonic()
    subprocess.run(words(data, versions[0]), check=True, capture_output=True)
    whole_s = time.monotonic() - started
    for turn in range(KILLS):
        process = subprocess.Popen(words(data, versions[(turn + 1) % 2]), stderr=subprocess.DEVNULL)
        time.sleep(whole_s * chance.uniform(0.3, 1.0))
        process.kill()
        process.wait()
        assert damaged(data) == []
        allowed = {(name, text) for content in contents for name, text in content.items()}
        assert set(data.listing("raw").items()) <= allowed
        if turn % 5 == 4:
            restore.apply(data.inputs, data.item("raw"), versions[0])
            assert data.listing("raw") == contents[0]
    assert [name for name in os.listdir(data.root) if "restore" in name] == []


def words(data: DataProject, digest: str) -> list[str]:
    program = [sys.executable, "-m", "mlops_tui", "-C", str(data.root)]
    return [*program, "data", "restore", "raw", digest]
