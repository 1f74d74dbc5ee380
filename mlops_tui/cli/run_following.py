"""A pipeline run and the command that has asked for it: its start, its output or events, and Ctrl+C.

Knows no click: ``mlops-tui run`` without another word gets by with this.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from mlops_store.errors import Refused
from mlops_store.records import PipelineRun, PipelineState
from mlops_tui.cli import output
from mlops_tui.cli.environment import prefer_own_interpreter
from mlops_tui.cli.follow import Follower, summary
from mlops_tui.cli.workspace import Workspace, warn

if TYPE_CHECKING:
    from mlops_tui.pipeline.request import Request


@contextmanager
def counted_interrupts() -> Iterator[list[int]]:
    """Collects the first Ctrl+C: amid the start of a run it would leave behind a run that nobody was told of.

    The second one interrupts, as usual.
    """
    seen: list[int] = []

    def count(number: int, _: object) -> None:
        if seen:
            raise KeyboardInterrupt
        seen.append(number)

    before = signal.signal(signal.SIGINT, count)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)


def require_pipeline(workspace: Workspace) -> None:
    """Refuses where there is nothing to run, before a store is made for nothing.

    Raises:
        Refused: There is no pipeline.
        SpecError: What describes stages is not understood.
    """
    from mlops_tui.pipeline.control import is_described

    if not is_described(workspace.project):
        raise Refused(
            f"there is no dvc.yaml in {workspace.project.root}",
            "describe the stages of a pipeline there; mlops-tui demo writes an example",
        )


def everything(workspace: Workspace) -> int:
    """Runs all that is stale, shows it, and returns the exit code: what ``run`` does without another word."""
    from mlops_tui.pipeline.request import Request

    require_pipeline(workspace)
    prefer_own_interpreter(workspace.project)
    run, _ = once(workspace, Request(), "", as_json=False)
    return 0 if run.state is PipelineState.FINISHED else 1


def once(workspace: Workspace, request: Request, name: str, as_json: bool) -> tuple[PipelineRun, bool]:
    """Runs what is stale and follows it; returns the run, and whether it was interrupted."""
    from mlops_tui import pipeline

    with counted_interrupts() as interrupts:
        run_id = pipeline.start(workspace.project, name=name, may_fork=True, **request.as_json())
        run = follow(workspace, run_id, as_json, interrupts)
    if not as_json:
        output.say(summary(run))
    return run, bool(interrupts)


def follow(workspace: Workspace, run_id: str, as_json: bool, interrupts: list[int]) -> PipelineRun:
    """Shows the run until it has ended. The first Ctrl+C asks it to stop, a second one leaves at once."""
    is_stopping = False
    stream = sys.stderr if as_json else sys.stdout

    def stop_when_interrupted() -> None:
        nonlocal is_stopping
        if interrupts and not is_stopping:
            is_stopping = True
            _stop(workspace, run_id, stream)

    store = workspace.create()
    follower = Follower(workspace.project, store, run_id, stream)
    if as_json:
        from mlops_tui.cli.run_events import Events

        follower = Follower(workspace.project, store, run_id, stream, observe=Events(store).look)
    run = follower.follow(stop_when_interrupted)
    _tell_reason(workspace, run)
    return run


def _stop(workspace: Workspace, run_id: str, stream: TextIO) -> None:
    from mlops_store import processes
    from mlops_tui import pipeline

    stream.write("stopping; Ctrl+C again leaves now\n")
    try:
        pipeline.stop(workspace.project, run_id, by=processes.user())
    except Refused as error:  # it has ended meanwhile
        warn(error.message)


def _tell_reason(workspace: Workspace, run: PipelineRun) -> None:
    """Says why a run that was waiting could not be started."""
    if run.state is PipelineState.FAILED and not run.stages:
        from mlops_store import runs

        warn(runs.detail(workspace.create().read(), run.run_id).error)
