"""How widgets and screens get their records: loaded in a thread, shown when they differ from what is shown.

A ``Loader`` says what it shows (``load``, pure, in a thread) and how (``show``, on the event loop). When the store
changes, every loader on the visible screen loads again; equal records repaint nothing.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Generic, TypeVar

from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

from mlops_store.database import explain
from mlops_store.errors import MlopsError
from mlops_store.store import Store
from mlops_tui.ui import threads
from mlops_tui.ui.painting import PaintingScreen
from mlops_tui.ui.session import Session, session_of

Records = TypeVar("Records")

#: Longest time for which a load waits until the records that it brought early are drawn.
PATIENCE_S = 0.1
#: Seconds after which one looks again whether a load is to wait.
LOOK_S = 0.02
#: Seconds after which a load that is to wait does not any more, however many keys come.
MOST_REST_S = 2.0
#: Steps of SQLite's after which one looks whether a load is to give way: a millisecond or two.
LOOK_STEPS = 50_000


class Reading:
    """The statements of one load, which can be stopped from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._db: sqlite3.Connection | None = None

    def begin(self, store: Store | None) -> None:
        """From here on this thread's connection works for this load."""
        with self._lock:
            self._db = store.read() if store is not None and self.is_wanted() else None

    def end(self) -> None:
        """The connection works for something else."""
        with self._lock:
            if self._db is not None and not self.is_wanted():
                with suppress(sqlite3.Error):
                    self._db.rollback()  # what was stopped could not end its transaction, either
            self._db = None

    def is_wanted(self) -> bool:
        """Whether anybody still waits for it."""
        return not self._stopped.is_set()

    def at_rest(self, left_s: Callable[[], float], read: Callable[[], Records]) -> Records | None:
        """Reads while nothing else is to come first: waits for that, and begins again where it ended meanwhile.

        It does so for ``MOST_REST_S``, and then reads whatever comes.

        Args:
            left_s: Seconds for which something else comes first; asked again and again.
            read: Reads.

        Returns:
            What was read; None when nobody wants it any more.

        Raises:
            sqlite3.Error: As raised by ``read``.
        """
        gives_way = False
        deadline = time.monotonic() + MOST_REST_S

        def left() -> float:
            return min(left_s(), deadline - time.monotonic())

        def look() -> bool:
            nonlocal gives_way
            gives_way = gives_way or left() > 0
            return gives_way

        while self.is_wanted():
            if (seconds := left()) > 0:
                self._stopped.wait(min(seconds, LOOK_S))
                continue
            gives_way = False
            if self._db is not None:
                self._db.set_progress_handler(look, LOOK_STEPS)
            try:
                return read()
            except sqlite3.OperationalError:
                if not gives_way:
                    raise
            finally:
                if self._db is not None:
                    self._db.set_progress_handler(None, 0)
        return None

    def stop(self) -> None:
        """Ends the statement at work, with an error in its thread: nobody waits for it any more."""
        with self._lock:
            self._stopped.set()
            if self._db is not None:
                self._db.interrupt()


class Loaded(Message, bubble=False):
    """A load ended, with records or with an error; or has brought early records, and waits for ``drawn``."""

    def __init__(
        self, reading: Reading, records: object, error: MlopsError | None, *, drawn: threading.Event | None = None
    ) -> None:
        super().__init__()
        self.reading = reading
        self.records = records
        self.error = error
        self.drawn = drawn

    @property
    def is_early(self) -> bool:
        """Whether there is more to come."""
        return self.drawn is not None


class Loader(Widget, Generic[Records]):
    """A widget or screen that shows records of the store.

    Subclasses define ``load`` and ``show``, and may define ``show_problem``, ``is_live`` and ``tick``.
    ``reload()`` asks for a load; while one is under way, any number of requests becomes one more. A request with
    ``restart=True`` (what is to be loaded has changed: another filter, another run) drops the one under way.
    """

    #: Whether files of the project (dvc.yaml, params, data) matter as well as the store.
    FOLLOWS_PROJECT = False
    #: Whether ``load`` needs nothing of the widget's size: it is read while the widgets inside are still being made.
    LOADS_FIRST = False

    def load(self, session: Session) -> Records:
        """The records to show; runs in a thread, touches no widget. ``session.store`` is None before there is one.

        Raises:
            MlopsError: What is asked for cannot be shown; ``show_problem`` gets it.
        """
        raise NotImplementedError

    def early(self, session: Session) -> Records | None:
        """What can be shown until ``load`` ends, where that takes long; None for nothing. Otherwise as ``load``."""
        return None

    def rest_s(self) -> float:
        """Seconds for which ``load`` may wait when ``early`` has brought something; asked while it reads, too."""
        return 0.0

    def show(self, records: Records) -> None:
        """Draws the records; runs on the event loop, only when they differ from the ones shown."""
        raise NotImplementedError

    def show_problem(self, error: MlopsError) -> None:
        """Draws why there is nothing to show."""
        raise error

    def is_live(self, records: Records) -> bool:
        """Whether texts change by themselves (a growing duration): then ``tick`` is called each second."""
        return False

    def tick(self, records: Records) -> None:
        """Draws what changes with time alone."""

    def reload(self, *, restart: bool = False) -> None:
        """Loads in a thread and shows the result; nothing for a widget that is filled from outside."""
        if not self.fills_itself:
            return
        if self._is_loading and not restart:
            self._is_again = True
            return
        self._begin(has_early=False)

    def _begin(self, *, has_early: bool) -> None:
        self._is_loading, self._is_again = True, False
        before, self._reading = self._reading, Reading()
        work = partial(self._load, session_of(self), self._reading, has_early=has_early)
        threads.begin(self, work, self._reading.is_wanted)
        before.stop()

    def show_early(self, records: Records) -> None:
        """Shows what is known of other records already, and loads them when it is drawn."""
        self._reading.stop()
        self._is_loading = False
        self._take(records)
        self._release()
        self.call_after_refresh(self._load_rest)

    def _load_rest(self) -> None:
        if not self._is_loading:
            self._begin(has_early=True)

    def on_unmount(self) -> None:
        """Nobody waits for what is being loaded."""
        self._reading.stop()

    def on_compose(self) -> None:
        """Loads at once, where the size does not matter."""
        if self.LOADS_FIRST:
            self.reload()

    _reading = Reading()
    _is_loading = False
    _is_again = False
    _is_stale = False
    _records: Records | None = None
    _problem: str = ""
    _ticker: Timer | None = None

    @property
    def fills_itself(self) -> bool:
        """Whether it loads records; one that does not is filled from outside."""
        return type(self).load is not Loader.load

    @property
    def has_loaded(self) -> bool:
        """Whether it shows something by now."""
        return self._records is not None or bool(self._problem) or not self.fills_itself

    @property
    def records(self) -> Records | None:
        """What is shown, None before the first load."""
        return self._records

    def _load(self, session: Session, reading: Reading, *, has_early: bool) -> None:
        records: object = None
        error: MlopsError | None = None
        try:
            error = session.problem
            reading.begin(session.store)
            if error is None and not has_early and (early := self.early(session)) is not None and reading.is_wanted():
                drawn = threading.Event()
                self.post_message(Loaded(reading, early, None, drawn=drawn))
                drawn.wait(PATIENCE_S)  # the rest would only hold up the painting
                has_early = True
            if error is None and has_early:
                records = reading.at_rest(self.rest_s, partial(self.load, session))
            elif error is None and reading.is_wanted():
                records = self.load(session)
        except MlopsError as problem:
            error = problem
        except sqlite3.Error as problem:
            error = explain(problem, session.project.store_path)
            if error is None:
                raise
        finally:
            reading.end()
        if reading.is_wanted():
            self.post_message(Loaded(reading, records, error))

    def on_loaded(self, message: Loaded) -> None:
        """Shows the newest load's result."""
        message.stop()
        if not message.reading.is_wanted():
            return
        self._is_loading = message.is_early
        if message.error is not None:
            self._records = None
            if str(message.error) != self._problem:
                self._problem = str(message.error)
                self.show_problem(message.error)
        else:
            self._take(message.records)  # type: ignore[arg-type]
        if message.drawn is not None:
            self.call_after_refresh(message.drawn.set)
        self._release()
        if self._is_again and not message.is_early:
            self.reload()

    def _take(self, records: Records) -> None:
        if self._records is None or self._problem or records != self._records:
            self._problem = ""
            self._records = records
            self.show(records)

    def _release(self) -> None:
        if isinstance(self.screen, PaintingScreen):
            self.screen.release(self)
        self._keep_time()

    def _keep_time(self) -> None:
        live = self._records is not None and self.is_live(self._records)
        if live and self._ticker is None:
            self._ticker = self.set_interval(1.0, self._tick)
        elif not live and self._ticker is not None:
            self._ticker.stop()
            self._ticker = None

    def _tick(self) -> None:
        if self._records is not None and self.screen.is_current:
            self.tick(self._records)


def reload_all(root: Widget, *, store: bool, project: bool) -> None:
    """Asks every loader at or below ``root`` that follows what changed to load again."""
    for node in (root, *root.walk_children(Widget)):
        if isinstance(node, Loader) and node.fills_itself and (store or (project and node.FOLLOWS_PROJECT)):
            node.reload()


def has_loaded(root: Widget) -> bool:
    """Whether every loader at or below ``root`` has shown records or why there are none."""
    loaders = [node for node in (root, *root.walk_children(Widget)) if isinstance(node, Loader)]
    return bool(loaders) and all(loader.has_loaded for loader in loaders)
