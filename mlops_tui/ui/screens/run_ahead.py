"""The beginning of the list that may be asked for next, read while one still thinks about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial

from textual.timer import Timer
from textual.widget import Widget

from mlops_store.errors import MlopsError
from mlops_tui.compare.run_query import RunQuery
from mlops_tui.ui import threads
from mlops_tui.ui.loading import Reading
from mlops_tui.ui.screens.run_listing import RunList
from mlops_tui.ui.session import session_of

#: Seconds that a choice must stand before it is read: who holds an arrow key down passes over it.
_RESTS_S = 0.05


class Ahead:
    """One list at most: another one that is expected takes its place.

    Args:
        asker: The widget that will show it.
        read: Reads the beginning of a list, in a thread.
        prepare: Is told what was read.
    """

    def __init__(
        self, asker: Widget, read: Callable[[RunQuery], RunList | None], prepare: Callable[[RunList], None]
    ) -> None:
        self._asker = asker
        self._read = read
        self._prepare = prepare
        self._rests: Timer | None = None
        self._reading = Reading()
        self._query: RunQuery | None = None
        self._found: RunList | None = None

    def expect(self, query: RunQuery) -> None:
        """Reads a list when nothing else is expected for a moment."""
        self.forget()
        self._query = query
        self._rests = self._asker.set_timer(_RESTS_S, partial(self._begin, query, self._reading))

    def take(self, query: RunQuery) -> RunList | None:
        """The list, if it is this one and there by now. It is forgotten in any case."""
        found = self._found
        self.forget()
        return found if found is not None and found.query == query else None

    def renew(self) -> None:
        """Reads what is expected again: the store has changed."""
        if self._query is not None:
            self.expect(self._query)

    def forget(self) -> None:
        """Expects nothing: a list was chosen, or none is to be."""
        if self._rests is not None:
            self._rests.stop()
        self._reading.stop()
        self._rests, self._reading = None, Reading()
        self._query = self._found = None

    def _begin(self, query: RunQuery, reading: Reading) -> None:
        threads.begin(self._asker, partial(self._work, query, reading), reading.is_wanted)

    def _work(self, query: RunQuery, reading: Reading) -> None:
        reading.begin(session_of(self._asker).store)
        try:
            found = self._read(query)
        except (MlopsError, sqlite3.Error):
            return  # who asks for the list will be told
        finally:
            reading.end()
        self._asker.call_later(self._keep, found, reading)

    def _keep(self, found: RunList | None, reading: Reading) -> None:
        if reading is self._reading:
            self._found = found
            if found is not None:
                self._prepare(found)


__all__ = ["Ahead"]
