"""What the dashboard works on: the project, its configuration, its store, and the acts done so far.

Knows no Textual. One object for the life of the application; screens and panes read it in their threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from mlops_store.errors import MlopsError
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.project import Project
from mlops_tui.ui.chart_view import DEFAULT, ChartView

if TYPE_CHECKING:
    from mlops_store.records import PipelineRun
    from mlops_tui.pipeline.live import LiveStatus

#: Acts and commands kept for the command log and for undo.
KEPT = 500

#: Seconds after which it is said that an act is still at work, as where another process writes to the store; and how.
LATE_S = 0.7
AT_WORK = "still at work on it …"


class Command(NamedTuple):
    """A command line that does what a key did."""

    at: float
    line: str


class Undo(NamedTuple):
    """How to take an act back; ``act`` runs in a thread, ``words`` say what was done."""

    line: str
    words: str
    act: Callable[[], None]


@dataclass(repr=False, eq=False)
class Session:
    """The project on the screen.

    Attributes:
        project: Where everything is.
        config: Its configuration.
        store: None until the file exists.
        problem: Why the store cannot be used, while that is so.
        commands: What was done, oldest first.
        undos: Acts that can be taken back, oldest first.
        acting: Acts at work in threads that an undo waits for, oldest first; each is set when it has ended.
        live: What is stale in the pipeline.
        watch_note: What hinders the watching of the project's files, '' for nothing.
        check_note: Why batches that wait could not be checked, while that is so.
        auto_run: Whether what is stale is run by itself after each change; ends with the dashboard.
        wake: Has whoever watches look at once.
        chart_view: How charts are drawn, whatever run is looked at.
        is_graph_wanted: Whether the stages of the pipeline are looked at as a graph rather than as a list.
        jobs: How many stages at a time runs are started with; 0 for as many as the last run had.
        keeps_going: Whether runs go on with what does not depend on a stage that failed.
    """

    project: Project
    config: Config
    store: Store | None = None
    problem: MlopsError | None = None
    commands: list[Command] = field(default_factory=list)
    undos: list[Undo] = field(default_factory=list)
    acting: list[threading.Event] = field(default_factory=list)
    watch_note: str = ""
    check_note: str = ""
    auto_run: bool = False
    jobs: int = 0
    keeps_going: bool = False
    wake: Callable[[], None] = lambda: None
    chart_view: ChartView = DEFAULT

    is_graph_wanted: bool = False
    _live: LiveStatus | None = None
    _making: threading.Lock = field(default_factory=threading.Lock)

    @property
    def live(self) -> LiveStatus:
        """What is stale in the pipeline; its module is left until that is asked."""
        from mlops_tui.pipeline.live import LiveStatus

        with self._making:  # screens and the watch ask at the same time, and must have the same one
            if self._live is None:
                self._live = LiveStatus(self.project)
            return self._live

    def open_store(self) -> bool:
        """Opens the store if it is not open yet.

        It is made only where scripts have logged already: what they wrote is to be folded into it.

        Returns:
            Whether the store was opened by this call.
        """
        if self.store is not None or not (self.project.has_store or self.project.has_journals):
            return False
        try:
            self.store = Store(self.project.store_path, view_of=self.project.view_of)
        except MlopsError as error:
            self.problem = error
            return False
        self.problem = None
        return True

    def close_store(self) -> None:
        """Forgets the store and what was wrong with it, because its file is gone or was replaced."""
        self.problem = None
        if self.store is not None:
            self.store.close()
            self.store = None

    def jobs_after(self, run: PipelineRun | None) -> int:
        """How many stages at a time the next run has.

        Args:
            run: The newest run.
        """
        return self.jobs or (run.jobs if run is not None else 1)

    def begin_act(self, *, is_awaited: bool = True) -> threading.Event:
        """From here on an act is at work; an undo waits for its end, unless it takes long and has none itself."""
        act = threading.Event()
        if is_awaited:
            self.acting.append(act)
        return act

    def end_act(self, act: threading.Event) -> None:
        """It has ended, and was recorded where it was done."""
        if act in self.acting:
            self.acting.remove(act)
        act.set()

    def record(self, line: str, undo: Callable[[], None] | None = None, words: str = "") -> None:
        """Keeps the command line of an act, how to take the act back, and what it did in words."""
        self.commands.append(Command(time.time(), line))
        del self.commands[:-KEPT]
        if undo is not None:
            self.undos.append(Undo(line, words or line, undo))
            del self.undos[:-KEPT]


class HasSession(Protocol):
    """The application, as far as widgets need to know it."""

    session: Session


def session_of(node: object) -> Session:
    """The session of the application that a widget or screen belongs to."""
    return cast(HasSession, node.app).session  # type: ignore[attr-defined]
