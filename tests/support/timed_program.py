"""A program in a pseudo-terminal whose output is kept with the times at which it came: for benchmarks of screens.

Nothing is drawn while the program works, because drawing costs more than many a frame: the screen is made of the bytes
afterwards, chunk by chunk, until what was waited for stands there.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyte


class TimedProgram:
    """A command in a pty, and the screen that it has drawn.

    Args:
        command: The program and its arguments.
        size: (columns, rows).
    """

    def __init__(self, command: Sequence[str], size: tuple[int, int]) -> None:
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

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(self.screen.display)

    def until(self, is_there: Callable[[str], object], timeout_s: float = 10.0) -> float:
        """The time at which the bytes had come that make a condition true; the program is quiet again then.

        Raises:
            AssertionError: It did not become true; the message holds the screen.
        """
        deadline = time.perf_counter() + timeout_s
        while time.perf_counter() < deadline:
            came = self._chunks()
            for place, (at, data) in enumerate(came):
                self._stream.feed(data)
                if is_there(self.text):
                    for _, rest in came[place + 1 :]:
                        self._stream.feed(rest)
                    return at
        raise AssertionError("it never came:\n" + self.text)

    def quiet(self, seconds: float = 0.4) -> None:
        """Waits until nothing is written for a while."""
        for _, data in self._chunks(seconds, seconds):
            self._stream.feed(data)

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

    def _chunks(self, first_s: float = 5.0, quiet_s: float = 0.2) -> list[tuple[float, bytes]]:
        """What comes until nothing has come for a while, each piece with its time."""
        came: list[tuple[float, bytes]] = []
        while select.select([self.master], [], [], quiet_s if came else first_s)[0]:
            data = os.read(self.master, 1 << 20)
            came.append((time.perf_counter(), data))
        return came
