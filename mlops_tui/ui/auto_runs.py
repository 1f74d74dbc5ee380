"""Runs what is stale by itself while the dashboard is open and somebody has asked for that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from textual.message import Message

from mlops_store import pipelines
from mlops_store.errors import MlopsError, Refused
from mlops_store.records import PipelineRun
from mlops_tui.pipeline.auto_run import AutoRun
from mlops_tui.pipeline.state import StageStatus
from mlops_tui.ui.messages import Failed, Notice
from mlops_tui.ui.session import Session

#: Seconds without another change after which a change is settled.
SETTLE_S = 0.4


class AutoRuns:
    """The automatic runs of one project; everything here belongs to one thread but the start of a run.

    Args:
        session: The project; ``session.auto_run`` says whether this is wanted.
        tell: Called with each message, from any thread.
    """

    def __init__(self, session: Session, tell: Callable[[Message], object]) -> None:
        self._session = session
        self._tell = tell
        self._decision: AutoRun | None = None
        self._due_at: float | None = None
        self._started = ""
        self._starting: threading.Thread | None = None
        self._statuses: list[StageStatus] = []
        self._was_refused = False

    def ask(self) -> None:
        """Takes note that something changed."""
        self._due_at = time.monotonic() + SETTLE_S

    @property
    def wait_s(self) -> float | None:
        """Seconds until ``look`` has something to do; None when only a change will tell."""
        is_new = self._session.auto_run and self._decision is None
        if is_new:
            return 0.0
        if not self._session.auto_run or self._due_at is None:
            return None
        return max(0.0, self._due_at - time.monotonic())

    def look(self) -> None:
        """Starts a run when there is a reason."""
        if not self._session.auto_run:
            self._decision = None
            return
        if self._decision is None:
            self._decision, self._due_at, self._started = AutoRun(), time.monotonic(), ""
        if self._due_at is None or time.monotonic() < self._due_at:
            return
        self._due_at = None
        if not self._has_started(self._decision):
            self.ask()
            return
        run = self._latest()
        if run is not None and run.state.is_live:
            return  # its end is told, too
        if run is not None and run.run_id == self._started:
            self._started = ""
            self._decision.end(run)
        self._decide(self._decision, self._session.jobs_after(run))

    def _has_started(self, decision: AutoRun) -> bool:
        """Whether no run is being started; takes note of how the last start went."""
        if self._starting is None:
            return True
        if self._starting.is_alive():
            return False
        self._starting = None
        if not self._was_refused:  # else what it was for is still news when the run that was quicker has ended
            decision.start(self._statuses)
        return True

    def _latest(self) -> PipelineRun | None:
        store = self._session.store
        return pipelines.latest(store.read()) if store is not None else None

    def _decide(self, decision: AutoRun, jobs: int) -> None:
        try:
            statuses = self._session.live.statuses()
        except MlopsError:
            return  # the pipeline's screen says what is wrong; mending it is a change
        news = decision.news(statuses)
        if not news:
            return
        self._statuses = statuses
        reasons = list(dict.fromkeys(reason for reasons in news.values() for reason in reasons))
        more = f" +{len(reasons) - 1}" if len(reasons) > 1 else ""
        what = f"{reasons[0] if reasons else 'stale'}{more}: running {', '.join(news)}"
        self._starting = threading.Thread(target=self._start, args=(what, jobs), name="auto-run", daemon=True)
        self._starting.start()

    def _start(self, what: str, jobs: int) -> None:
        from mlops_tui import pipeline

        self._was_refused = False
        try:
            self._started = pipeline.start(self._session.project, jobs=jobs, keep_going=self._session.keeps_going)
        except Refused:
            self._was_refused = True
        except MlopsError as error:
            self._tell(Failed(error))
        else:
            self._tell(Notice(what))
