"""Fires triggers and sends notices while the dashboard is open, by ``mlops-tui tick`` when something is due."""

from __future__ import annotations

import subprocess
import sys
import time

from mlops_store import pipelines
from mlops_tui.ui.session import Session

#: Seconds to wait after something changed: a file may still be being written.
SETTLE_S = 1.2
#: Seconds after which a trigger that could not start its run is tried again; the run that it waits for fires it at
#: its end anyway.
AGAIN_S = 30.0
#: Stands for notices among the names of triggers; no table of mlops.toml can be called so.
_NOTICES = "\0notices"


class Ticks:
    """The triggers of one project; everything here belongs to one thread.

    Args:
        session: The project and its configuration.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._look_at: float | None = time.monotonic() + SETTLE_S
        self._next_at: float | None = None
        self._tried: dict[str, float] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, *, is_new: bool = False) -> None:
        """Asks for a look in a moment, because something changed. ``is_new``: files did, and may still do."""
        soon = time.monotonic() + SETTLE_S
        # a script that logs all the time must not put off the look for ever
        self._look_at = soon if is_new or self._look_at is None else min(self._look_at, soon)

    @property
    def wait_s(self) -> float | None:
        """Seconds until ``look`` has something to do; None when only a change will tell."""
        if not self._is_wanted:
            return None
        waits = [] if self._look_at is None else [self._look_at - time.monotonic()]
        if self._next_at is not None:  # by the clock on the wall, which may jump: whoever waits looks again soon
            waits.append(self._next_at - time.time())
        return max(0.05, min(waits)) if waits else None

    def look(self) -> None:
        """Has what is due fired.

        Raises:
            StoreError: The store cannot be used.
        """
        session = self._session
        if self._process is not None and self._process.poll() is not None:
            self._process = None
        is_asked = self._look_at is not None and time.monotonic() >= self._look_at
        is_time = self._next_at is not None and time.time() >= self._next_at
        if self._process is None and (is_asked or is_time):
            self._look_at = self._next_at = None
            if self._is_wanted and not (session.store is not None and session.store.is_read_only):
                self._fire()

    @property
    def _is_wanted(self) -> bool:
        config = self._session.config
        return bool(config.triggers) or any(monitor.actions.channels for monitor in config.monitors.values())

    def _fire(self) -> None:
        session, moment = self._session, time.monotonic()
        due = self._due()
        if not due:
            return
        self._look_at = moment + AGAIN_S
        if all(moment < self._tried.get(name, 0.0) for name in due):
            return
        self._tried = dict.fromkeys(due, moment + AGAIN_S)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "mlops_tui", "--project", session.project.root, "tick", "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # what hinders a trigger is an event
            start_new_session=True,
        )
        session.record("mlops-tui tick")

    def _due(self) -> set[str]:
        """The triggers and notices that are worth a tick; finds out when the next schedule comes round."""
        session = self._session
        if session.store is None:  # the first tick makes it
            return set(session.config.triggers)
        from mlops_store import triggers as triggers_store
        from mlops_tui import cron
        from mlops_tui.drift import actions
        from mlops_tui.pipeline import triggers

        found = triggers.find_due(session.project, session.store, session.config)
        db = session.store.read()
        states, now, zone = triggers_store.states(db), time.time(), cron.local_zone()
        late = {one.trigger.name for one in found}
        planned = (
            triggers.next_time(trigger, states.get(trigger.name), now, zone)
            for trigger in session.config.triggers.values()
            if trigger.name not in late
        )
        told = {_NOTICES} if actions.is_due(db, session.config, now=now) else set()
        again = None if told else actions.next_time(db, session.config)
        self._next_at = min((at for at in (*planned, again) if at is not None), default=None)
        is_busy = bool(pipelines.live(db))
        return told | {one.trigger.name for one in found if not (is_busy and one.state.waits_for)}
