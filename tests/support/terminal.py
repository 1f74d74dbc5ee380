"""A program in a real pseudo-terminal, with the screen that a person would see."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence

import pyte
from kitty import Kitty

KEYS = {
    "ctrl+l": "\x0c",
    "enter": "\r",
    "esc": "\x1b",
    "tab": "\t",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "ctrl+c": "\x03",
    "ctrl+d": "\x04",
    "backspace": "\x7f",
}


class Terminal:
    """Runs a command in a pty of a given size; a thread feeds what it writes to a pyte screen.

    Args:
        command: The program and its arguments.
        size: (columns, rows).
        cwd: Working directory.
        env: Added to the environment; a value of None removes the variable.
        graphics: What it does with graphics commands; it knows none without.
    """

    def __init__(
        self,
        command: Sequence[str],
        size: tuple[int, int] = (80, 24),
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str | None] | None = None,
        graphics: Kitty | None = None,
    ) -> None:
        self.graphics = graphics
        self.columns, self.rows = size
        self._screen = pyte.Screen(self.columns, self.rows)
        self._stream = pyte.ByteStream(self._screen)
        self._changed = threading.Condition()
        self.output = bytearray()
        environment = dict(os.environ, TERM="xterm-256color", COLORTERM="truecolor", LANG="C.UTF-8")
        environment.pop("NO_COLOR", None)
        for name, value in (env or {}).items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = value
        self.master, slave = pty.openpty()
        self.resize(self.columns, self.rows)

        def control() -> None:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env=environment,
            preexec_fn=control,
            close_fds=True,
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                data = b""
            with self._changed:
                if data:
                    self.output += data
                    self._stream.feed(self.graphics.take(data) if self.graphics else data)
                    self._answer()
                self._changed.notify_all()
            if not data:
                return

    def _answer(self) -> None:
        graphics = self.graphics
        if graphics and graphics.answers and not graphics.is_silent:
            answers, graphics.answers = graphics.answers, b""
            os.write(self.master, answers)

    def answer(self) -> None:
        """Gives the answers that were kept back."""
        with self._changed:
            assert self.graphics is not None
            self.graphics.is_silent = False
            self._answer()

    def send(self, *keys: str) -> None:
        """Types keys: names of ``KEYS`` or literal text."""
        for key in keys:
            os.write(self.master, KEYS.get(key, key).encode())

    def resize(self, columns: int, rows: int) -> None:
        """Changes the size as a terminal window does."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        with self._changed:
            if (columns, rows) != (self.columns, self.rows):
                self.columns, self.rows = columns, rows
                self._screen.resize(rows, columns)

    @property
    def text(self) -> str:
        """The screen as text, a line a row, right-stripped."""
        with self._changed:
            return "\n".join(line.rstrip() for line in self._screen.display)

    def wait(self, condition: str | Callable[[str], object], timeout_s: float = 30.0) -> str:
        """Waits until the screen has a text or satisfies a condition; returns the screen.

        Raises:
            AssertionError: It did not within ``timeout_s``; the message holds the screen.
        """
        holds = (lambda text: condition in text) if isinstance(condition, str) else condition
        deadline = time.monotonic() + timeout_s
        while True:
            text = self.text
            if holds(text):
                return text
            with self._changed:
                left = deadline - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self._reader.is_alive()):
                    if holds(self.text):
                        return self.text
                    raise AssertionError(f"the screen never showed {condition!r}:\n{self.text}")
                self._changed.wait(min(left, 0.25))

    def quiet(self, seconds: float, timeout_s: float = 30.0) -> int:
        """Waits until nothing was written for ``seconds``; returns the number of bytes written so far."""
        deadline = time.monotonic() + timeout_s
        while True:
            with self._changed:
                before = len(self.output)
                end = time.monotonic() + seconds
                while (left := end - time.monotonic()) > 0 and len(self.output) == before:
                    self._changed.wait(left)
                if len(self.output) == before:
                    return before
            if time.monotonic() > deadline:
                raise AssertionError("the program never stopped writing")

    def wait_exit(self, timeout_s: float = 15.0) -> int:
        """Waits for the program's end; returns its exit status."""
        return self.process.wait(timeout_s)

    def hang_up(self) -> None:
        """Drops the connection: closes the master side, which sends SIGHUP to the program."""
        os.close(self.master)
        self.master = -1

    def close(self) -> None:
        """Kills the program if it still runs and closes the terminal."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
