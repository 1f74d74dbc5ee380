"""Writing to a terminal that may be slow, stuck or gone, without ever waiting for it."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

#: Bytes that may wait for a slow terminal before frames are left out.
BACKLOG_BYTES = 64 * 1024


class Outlet:
    """Writes to the terminal: at once what it takes at once, the rest in a thread, so that a stuck one blocks nobody.

    Args:
        descriptor: The terminal.
        drained: Called in the thread when everything is written after more than ``BACKLOG_BYTES`` had waited.
    """

    def __init__(self, descriptor: int, drained: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._quick = _opened_again(descriptor)
        self._drained = drained
        self._waiting = bytearray()
        self._aside: deque[tuple[int, bytes]] = deque()
        self._begun = 0
        self._changed = threading.Condition()
        self._is_closing = False
        self._is_writing = False
        self._was_behind = False
        self.is_broken = False
        self._thread = threading.Thread(target=self._run, name="terminal-output", daemon=True)
        self._thread.start()

    @property
    def is_behind(self) -> bool:
        """Whether so much waits to be written that frames should be left out."""
        with self._changed:
            self._was_behind = self._was_behind or len(self._waiting) > BACKLOG_BYTES
            return self._was_behind

    def write(self, text: str) -> None:
        """Takes a text to write."""
        data = text.encode("utf-8", "replace")
        with self._changed:
            if self._quick is not None and not self._waiting and not self._is_writing and not self._is_closing:
                data = data[self._written(self._quick, data) :]
            if data and not self.is_broken:
                self._waiting += data
                self._changed.notify_all()

    def write_aside(self, number: int, parts: Iterable[str]) -> None:
        """Takes what can wait: a part is written whenever there is nothing else to write.

        Args:
            number: Of the thing that the parts make up, not 0.
            parts: Each of them whole in itself: other things may be written between them.
        """
        with self._changed:
            if not self.is_broken:
                self._aside += [(number, part.encode()) for part in parts]
                self._changed.notify_all()

    def recall(self, number: int, farewell: str) -> None:
        """Writes no more parts of a thing; those that were written already end with ``farewell``."""
        with self._changed:
            left = deque(part for part in self._aside if part[0] != number)
            if len(left) == len(self._aside):
                left.append((0, farewell.encode()))
            elif self._begun == number:  # before anything else: the terminal still waits for the next part
                left.appendleft((0, farewell.encode()))
            self._aside = left
            self._changed.notify_all()

    def recall_all(self) -> list[int]:
        """Writes nothing more of what could wait; returns the numbers of what was left."""
        with self._changed:
            left = list(dict.fromkeys(number for number, _ in self._aside))
            self._aside.clear()
        return left

    def close(self, timeout_s: float) -> None:
        """Waits until all is written, at most ``timeout_s``."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
            while (self._waiting or self._is_writing) and not self.is_broken:
                if (left := deadline - time.monotonic()) <= 0:
                    break
                self._changed.wait(left)
            quick, self._quick = self._quick, None
        if quick is not None:
            os.close(quick)

    def _written(self, quick: int, data: bytes) -> int:
        """How many bytes the terminal has taken at once: a thread would begin to write some milliseconds later."""
        try:
            return os.write(quick, data)
        except BlockingIOError:
            return 0
        except OSError:
            self.is_broken = True
            return 0

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not (self._aside and not self._is_closing):
                    if self._is_closing:
                        return
                    self._changed.wait()
                if self._waiting:
                    data, self._waiting = bytes(self._waiting), bytearray()
                else:
                    self._begun, data = self._aside.popleft()
                self._is_writing = True
            self._write(data)
            with self._changed:
                self._is_writing = False
                caught_up = self._was_behind and not self._waiting
                if caught_up:
                    self._was_behind = False
                self._changed.notify_all()
            if self.is_broken:
                return
            if caught_up:
                self._drained()

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._descriptor, view[:16384]) :]
            except BlockingIOError:
                time.sleep(0.01)  # somebody made the terminal non-blocking
            except OSError:
                self.is_broken = True
                return


def _opened_again(descriptor: int) -> int | None:
    """The terminal in a way that never blocks, which is its own: a shell shares the other one. None for no terminal."""
    try:
        quick = os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # that of another namespace, or of another user
        return None
    if os.path.sameopenfile(descriptor, quick):
        return quick
    os.close(quick)
    return None
