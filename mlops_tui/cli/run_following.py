"""Following a pipeline run from the command that has asked for it: its output or events, and Ctrl+C."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from mlops_store.errors import Refused
from mlops_store.records import PipelineRun, PipelineState
from mlops_tui.cli.follow import Follower
from mlops_tui.cli.workspace import Workspace, warn


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
