"""A program in a pseudo-terminal, for benchmarks of screens.

A thread notes when its bytes come, so that what it takes to draw and to look at the screen does not count.
"""

from __future__ import annotations

import fcntl
import os
import pty
import queue
import random
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pyte


class TimedProgram:
    """A command in a pty, and the screen that it has drawn.

    Args:
        command: The program and its arguments.
        size: (columns, rows).
    """

    def __init__(self, command: Sequence[str], size: tuple[int, int]) -> None:
        sys.setswitchinterval(0.0002)  # bytes are noted when they come, whatever else is being looked at
        environment = dict(os.environ, TERM="xterm-256color", COLORTERM="truecolor", LANG="C.UTF-8")
        environment.pop("NO_COLOR", None)
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=environment
        )
        os.close(slave)
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self._came: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with suppress(OSError):  # it was closed
            while data := os.read(self.master, 1 << 20):
                self._came.put((time.perf_counter(), data))

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(self.screen.display)

    def until(self, is_there: Callable[[str], object], timeout_s: float = 60.0) -> float:
        """The time at which the bytes had come that make a condition true."""
        while True:
            try:
                came, data = self._came.get(timeout=timeout_s)
            except queue.Empty:
                raise AssertionError("it never came:\n" + self.text) from None
            self._stream.feed(data)
            if is_there(self.text):
                return came

    def quiet(self, seconds: float = 0.4) -> None:
        """Waits until nothing is written for about so long; never just as long, as clocks of screens go by beats."""
        with suppress(queue.Empty):
            while True:
                self._stream.feed(self._came.get(timeout=seconds * random.uniform(1.0, 1.5))[1])

    def press(self, key: str, is_there: Callable[[str], object]) -> float:
        """Milliseconds from a key to what it asks for."""
        begun = time.perf_counter()
        os.write(self.master, key.encode())
        return (self.until(is_there) - begun) * 1000

    def type(self, text: str) -> None:
        """Types without looking."""
        os.write(self.master, text.encode())
        self.quiet()

    def memory_mb(self) -> float:
        """Resident memory now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def close(self) -> None:
        """Ends it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self.master)
