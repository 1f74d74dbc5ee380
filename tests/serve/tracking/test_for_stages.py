"""The tracking server of stages: when it ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_store import pipelines
from mlops_store.errors import MlopsError, NotFound, StoreBusy, StoreFull
from mlops_store.store import Store
from mlops_tui.project import Project
from mlops_tui.serve.tracking import for_stages

GONE = -1  # the parent of no process


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The signals that this process would have got."""
    found: list[int] = []
    monkeypatch.setattr(for_stages, "_LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(os, "kill", lambda _pid, number: found.append(number))
    return found


def test_a_server_without_supervisor_ends_when_its_run_or_its_project_is_gone(tmp_path: Path, ended: list[int]) -> None:
    project = Project(str(tmp_path))
    for_stages._end_with_run(project, "a" * 32, GONE)
    Store(project.store_path).close()
    for_stages._end_with_run(project, "a" * 32, GONE)
    assert ended == [signal.SIGTERM, signal.SIGTERM]


def test_a_store_that_cannot_be_read_now_is_asked_again(
    tmp_path: Path, ended: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: Iterator[MlopsError] = iter([StoreBusy("busy"), StoreFull("full"), NotFound("gone")])

    def get(*_: object) -> None:
        assert not ended
        raise next(answers)

    project = Project(str(tmp_path))
    Store(project.store_path).close()
    monkeypatch.setattr(pipelines, "get", get)
    for_stages._end_with_run(project, "a" * 32, GONE)
    assert (ended, list(answers)) == ([signal.SIGTERM], [])
