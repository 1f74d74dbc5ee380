from collections.abc import Iterator
from pathlib import Path

import pytest
from pipeline_builders import make
from slow_pipeline import SLOW, settled

from mlops_tui.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project whose second stage runs until a file named ``go`` appears."""
    project = make(tmp_path, SLOW)
    yield project
    (tmp_path / "go").touch()  # nothing of a failed test may go on
    if project.has_store:
        settled(project)
