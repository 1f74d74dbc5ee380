"""Small projects for tests, and DVC's own view of them."""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlops_store import pipelines
from mlops_store.records import PipelineRun, StageRun
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.project import Project


def make(directory: Path, dvc_yaml: str, **files: str) -> Project:
    """A project with a pipeline and files; ``__`` in a keyword stands for a dot, ``___`` for a slash."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "dvc.yaml").write_text(textwrap.dedent(dvc_yaml))
    for name, content in files.items():
        path = directory / name.replace("____", "/.").replace("___", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return Project(str(directory))


def run(project: Project, **options: Any) -> PipelineRun:
    """Starts the pipeline and waits for its end."""
    return pipeline.wait(project, pipeline.start(project, **options))


def states(run: PipelineRun) -> dict[str, str]:
    return {stage.stage: str(stage.state) for stage in run.stages}


def stage(run: PipelineRun, name: str) -> StageRun:
    return next(stage for stage in run.stages if stage.stage == name)


def until(condition: Callable[[], Any], what: str = "", timeout_s: float = 60.0) -> Any:
    """Waits for something to become true, and returns it."""
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what or condition}"
        time.sleep(0.01)
    return found


def latest(project: Project) -> PipelineRun:
    with Store(project.store_path, create=False) as store:
        found = pipelines.latest(store.read())
        assert found is not None
        return found


@contextmanager
def dvc(directory: str | Path, *, init: bool = False, git: bool = False) -> Iterator[Any]:
    """DVC's repository object for a directory, as if its command line ran there."""
    from dvc.repo import Repo

    before = os.getcwd()
    os.chdir(directory)
    try:
        if init:
            Repo.init(str(directory), no_scm=not git).close()
        with Repo(str(directory)) as repo:
            yield repo
    finally:
        os.chdir(before)
