"""Several processes that answer at one address: they are started, replaced when they die, and ended together.

This process answers nothing and loads no model. The others share its listening socket, so that a connection which one
of them can no longer take is taken by another, and a table of figures, so that what one has counted outlives it.
"""

from __future__ import annotations

import json
import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from mlops_store import errors, events
from mlops_store.errors import MlopsError, Refused, StoreError
from mlops_tui.project import Project
from mlops_tui.serve import assembly
from mlops_tui.serve.counters import Table
from mlops_tui.serve.launching import END_S
from mlops_tui.serve.metrics import WIDTH, Metrics
from mlops_tui.serve.settings import Settings

#: Who lived so long is replaced at once; who dies sooner keeps its successor waiting, longer each time.
_STEADY_S = 5.0
_PATIENCE_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
#: How long after the time that requests get to end a process is killed.
_GRACE_S = 5.0
_log = logging.getLogger("mlops_tui.serve")


@dataclass(slots=True)
class _Seat:
    """A place in the crew: who has it, since when, how many died in it soon, and when it is filled again."""

    row: int
    process: subprocess.Popen[str] | None = None
    began_at: float = 0.0
    early_deaths: int = 0
    due_at: float = field(default=0.0)


class Crew:
    """The processes of one server.

    Args:
        settings: What each of them is.
        listening: The socket that they share.
        count: How many there are.
    """

    def __init__(self, settings: Settings, listening: socket.socket, count: int) -> None:
        self._settings = settings
        self._listening = listening
        # the last row is of this process, which counts who died
        self._table = Table(count + 1, WIDTH)
        self._metrics = Metrics({}, self._table, count)
        self._metrics.pid = 0
        self._seats = [_Seat(row) for row in range(count)]
        self._name = ""

    def run(self, ready: Callable[[str, str], None]) -> None:
        """Serves until SIGTERM or SIGINT, then waits for the requests that are under way.

        Args:
            ready: Called with the served model's title and the folder of the log when all of them answer.

        Raises:
            MlopsError: As ``assembly.assemble``, when they begin.
        """
        waking, woken = socket.socketpair()
        woken.setblocking(False)
        signal.set_wakeup_fd(woken.fileno())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        try:
            for seat in self._seats:
                self._start(seat)
            told = [_told(seat.process) for seat in self._seats if seat.process is not None]
            self._name = told[0]["name"]
            ready(told[0]["title"], told[0]["log"])
            self._watch(waking)
        finally:
            self._end()
            signal.set_wakeup_fd(-1)

    def _start(self, seat: _Seat) -> None:
        descriptors = {"socket": self._listening.fileno(), "table": self._table.descriptor}
        told = {"settings": self._settings.to_json(), "rows": len(self._table.rows), "row": seat.row, **descriptors}
        seat.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "mlops_tui.serve.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=tuple(descriptors.values()),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        seat.began_at = time.monotonic()
        assert seat.process.stdin is not None
        with suppress(BrokenPipeError):
            seat.process.stdin.write(json.dumps(told) + "\n")
            seat.process.stdin.flush()

    def _watch(self, waking: socket.socket) -> None:
        """Replaces who dies, until it is to end."""
        with selectors.DefaultSelector() as selector:
            selector.register(waking, selectors.EVENT_READ)
            while True:
                due = min((seat.due_at for seat in self._seats if seat.process is None), default=None)
                selector.select(None if due is None else max(0.0, due - time.monotonic()))
                with suppress(BlockingIOError):
                    if {signal.SIGTERM, signal.SIGINT} & set(waking.recv(4096, socket.MSG_DONTWAIT)):
                        return
                for seat in self._seats:
                    if seat.process is not None and seat.process.poll() is not None:
                        self._mourn(seat)
                    if seat.process is None and seat.due_at <= time.monotonic():
                        self._start(seat)

    def _mourn(self, seat: _Seat) -> None:
        """Tells of a process that died, and says when another takes its place."""
        process = seat.process
        assert process is not None
        assert process.stdout is not None
        is_early = time.monotonic() - seat.began_at < _STEADY_S
        seat.early_deaths = seat.early_deaths + 1 if is_early else 0
        wait_s = _PATIENCE_S[min(seat.early_deaths, len(_PATIENCE_S)) - 1] if is_early else 0.0
        seat.process, seat.due_at = None, time.monotonic() + wait_s
        row = Metrics({}, self._table, seat.row)  # what it held is free again
        row.pid = 0
        self._metrics.deaths += 1
        code = process.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        with suppress(ValueError, KeyError, IndexError):  # half a line, or none
            how = f"could not begin: {json.loads(process.stdout.read().splitlines()[-1])['message']}"
        later = f"in {wait_s:g} s" if wait_s else "at once"
        message = f"process {process.pid} of {len(self._seats)} {how}; another takes its place {later}"
        _log.warning("%s", message)
        self._record(message)

    def _record(self, message: str) -> None:
        if assembly.is_folder(self._settings):
            return
        try:
            with assembly.open_store(Project(self._settings.root)) as store, store.write() as db:
                events.add(db, "serve.died", f"model:{self._name}", message, {"reference": self._settings.model})
        except (StoreError, MlopsError) as error:
            _log.warning("the event could not be recorded: %s", error.message)

    def _end(self) -> None:
        self._listening.close()  # who comes now is refused, not kept waiting
        living = [seat.process for seat in self._seats if seat.process is not None]
        for process in living:
            process.terminate()
        deadline = time.monotonic() + END_S + _GRACE_S
        for process in living:
            try:
                process.communicate(timeout=max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _told(process: subprocess.Popen[str]) -> dict[str, str]:
    """What a process says when it answers.

    Raises:
        MlopsError: It says why it cannot.
    """
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise Refused(f"a process that should answer ended with status {process.wait()}", "its log is on stderr")
    found: dict[str, str] = json.loads(line)
    if "error" in found:
        kind = getattr(errors, found["error"], Refused)
        raise kind(found["message"], found["hint"])
    return found
