"""A project whose second stage runs until it is told to go on, and what one does to its processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from pipeline_builders import latest, stage, until

from mlops_store import processes
from mlops_store.records import PipelineRun
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.pipeline import hold, spec, state
from mlops_tui.project import Project

SLOW = """
stages:
  first: {cmd: "echo ran >> first.count; echo > first.txt", outs: [first.txt]}
  slow:
    cmd: "echo ran >> slow.count; touch begun; until [ -e go ]; do sleep 0.02; done; echo later; echo > slow.txt"
    deps: [first.txt]
    outs: [slow.txt]
  last: {cmd: "echo ran >> last.count; cp slow.txt last.txt", deps: [slow.txt], outs: [last.txt]}
"""


def settled(project: Project) -> PipelineRun:
    """The newest pipeline run when it has ended, recovered where that is needed."""

    def look() -> PipelineRun | None:
        with Store(project.store_path) as store:
            pipeline.recover(project, store)
        found = latest(project)
        return None if found.state.is_live else found

    found: PipelineRun = until(look, "the end of the run")
    return found


def begun(project: Project) -> PipelineRun:
    until(lambda: os.path.exists(project.path("begun")), "the slow stage")
    found: PipelineRun = until(lambda: at(project, "slow", "running"), "the record of the slow stage")
    return found


def at(project: Project, name: str, how: str) -> PipelineRun | None:
    found = latest(project)
    return found if stage(found, name).state == how else None


def kill_supervisor(project: Project) -> None:
    pid = latest(project).supervisor_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    # its main thread may be gone before the others, which keep the lock for a moment
    until(lambda: processes.start_ticks(pid) is None and not hold.is_held(project), "the supervisor's end")


def counts(project: Project) -> list[str]:
    found = []
    for name in ("first", "slow", "last"):
        path = Path(project.path(f"{name}.count"))
        found.append(path.read_text().replace("\n", " ").strip() if path.exists() else "")
    return found


def is_running(pid: int) -> bool:
    return processes.start_ticks(pid) is not None


def stale(project: Project) -> list[str]:
    return [one.stage for one in state.status(project, spec.load(project)) if one.is_stale]
