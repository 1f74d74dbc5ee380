"""Leaders of stages that are about to have their turn, started while the stage before still runs.

Starting a leader takes as long as a trivial command. One that is there already waits for ``go`` like any other, and
ends by itself with its supervisor; no command has begun, nothing is recorded. The supervisor only keeps one for a
moment: nothing is gained before a long stage, and nobody shall find a process of a stage that is hours away.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from mlops_tui.pipeline.shell import Started
from mlops_tui.pipeline.spec import Stage


@dataclass(frozen=True, slots=True)
class Leader:
    """A stage's process group that waits for ``go``, and the run that it is to be."""

    started: Started
    run_id: str


class Ahead:
    """The leaders that are there before their turn. Safe to use from several threads.

    Args:
        start: Starts the leader of a stage's first attempt.
    """

    def __init__(self, start: Callable[[Stage], Leader]) -> None:
        self._start = start
        self._mutex = threading.Lock()
        self._leaders: dict[str, Leader] = {}

    def prepare(self, stage: Stage) -> None:
        """Starts a stage's leader unless it is there; where that cannot be, its turn will tell."""
        with self._mutex, suppress(OSError):
            # a directory of its own may still be made, or made anew, by the stage before
            if stage.name not in self._leaders and stage.wdir in ("", "."):
                self._leaders[stage.name] = self._start(stage)

    def take(self, stage: Stage) -> Leader | None:
        """The stage's leader, which is the caller's from now on; None when there is none."""
        with self._mutex:
            return self._leaders.pop(stage.name, None)

    def drop(self, stage: Stage) -> None:
        """Ends the stage's leader, if there is one."""
        leader = self.take(stage)
        if leader is not None:
            leader.started.cancel()
