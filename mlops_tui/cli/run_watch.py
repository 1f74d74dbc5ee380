"""``mlops-tui run --watch``: runs what is stale, then again after each change, until Ctrl+C."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from mlops_store.errors import MlopsError, Refused
from mlops_store.records import PipelineRun, PipelineState
from mlops_tui.cli.text import clean, count
from mlops_tui.cli.workspace import Workspace, warn

if TYPE_CHECKING:
    from mlops_tui.pipeline.file_events import FileEvents
    from mlops_tui.pipeline.request import Request
    from mlops_tui.pipeline.state import StageStatus
    from mlops_tui.pipeline.watching import ProjectWatch

#: Seconds without another change after which a change is settled, and after which it is not waited for any longer.
_SETTLE_S = 0.3
_LONGEST_S = 5.0
#: Seconds between looks whether another run is over.
_BUSY_S = 1.0
_NAMED = 3


def watch(
    workspace: Workspace,
    request: Request,
    once: Callable[[], tuple[PipelineRun, bool]],
    say: Callable[[str], None],
) -> int:
    """Runs until it is interrupted, and returns the exit code: 1 when the last run failed.

    Args:
        workspace: The project.
        request: Which stages are meant.
        once: Runs what is stale; returns the run, and whether it was interrupted.
        say: Writes a line.
    """
    from mlops_tui.pipeline.file_events import open_events
    from mlops_tui.pipeline.live import LiveStatus
    from mlops_tui.pipeline.watching import ProjectWatch

    events = open_events()
    files = ProjectWatch(workspace.project, workspace.config, events, LiveStatus(workspace.project))
    try:
        files.follow()
        if files.note:
            warn(f"{files.note} ({files.hint})" if files.hint else files.note)
        return _Rounds(files, events, request, once, say).go()
    finally:
        events.close()


class _Rounds:
    def __init__(
        self,
        files: ProjectWatch,
        events: FileEvents,
        request: Request,
        once: Callable[[], tuple[PipelineRun, bool]],
        say: Callable[[str], None],
    ) -> None:
        from mlops_tui.pipeline.auto_run import AutoRun

        self._files, self._events, self._request = files, events, request
        self._once, self._say = once, say
        self._decision = AutoRun()
        self._said = ""
        self._code = 0

    def go(self) -> int:
        try:
            while True:
                patience = self._round()
                if patience == 0.0:
                    return self._code
                self._wait(patience)
        except KeyboardInterrupt:
            return self._code

    def _round(self) -> float | None:
        """Runs if there is something to do; returns for how long to wait for a change, 0 to leave."""
        try:
            statuses = self._statuses()
            news = self._decision.news(statuses)
            if not news:
                self._tell("up to date; waiting for a change (Ctrl+C ends)")
                return None
            self._tell(_told(news))
            run, is_interrupted = self._once()
        except Refused as error:
            self._tell(f"{error.message}: waiting for its end")
            return _BUSY_S
        except MlopsError as error:
            self._tell(str(error))
            return None
        self._decision.start(statuses)
        self._decision.end(run)
        self._code = 0 if run.state is PipelineState.FINISHED else 1
        return 0.0 if is_interrupted else _SETTLE_S

    def _statuses(self) -> list[StageStatus]:
        from mlops_tui.pipeline import selection

        statuses = self._files.live.statuses()
        if not self._request.targets:
            return statuses
        wanted = set(selection.choose(self._files.live.pipeline(), self._request))
        return [status for status in statuses if status.stage in wanted]

    def _wait(self, patience: float | None) -> None:
        """Waits for a change that matters, and until no more follow; with patience at most so many seconds."""
        begun: float | None = None
        deadline = None if patience is None else time.monotonic() + patience
        while True:
            now = time.monotonic()
            waits = [
                wait for wait in (self._files.wait_s, _SETTLE_S if begun is not None else None) if wait is not None
            ]
            if deadline is not None:
                waits.append(max(0.0, deadline - now))
            told = self._files.take(self._events.wait(min(waits, default=3600.0)))
            now = time.monotonic()
            if told and begun is None:
                begun = now
            if begun is not None and (not told or now - begun > _LONGEST_S):
                return
            if deadline is not None and now >= deadline and begun is None:
                return

    def _tell(self, line: str) -> None:
        if line != self._said:
            self._said = line
            self._say(line)
            sys.stdout.flush()


def _told(news: dict[str, tuple[str, ...]]) -> str:
    """One line on what changed and which stages are stale for it."""
    reasons = list(dict.fromkeys(reason for reasons in news.values() for reason in reasons))
    more = f" and {count(len(reasons) - _NAMED, 'other change')}" if len(reasons) > _NAMED else ""
    return clean(f"{', '.join(reasons[:_NAMED])}{more}: running {', '.join(news)}", 1000)
