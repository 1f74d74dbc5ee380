"""Reading a log of any size and any bytes by window: only an index of line numbers at chunk borders is kept."""

from __future__ import annotations

import os
from bisect import bisect_right

from mlops_tui.pipeline.log_search import SEQUENCES
from mlops_tui.ui.text import clean

CHUNK_BYTES = 64 * 1024
#: Bytes indexed in one step, so that a step takes some ten milliseconds.
STEP_BYTES = 16 * 1024 * 1024
#: Bytes of a line that are looked at; the rest of a longer one is not shown.
LINE_BYTES = 4096


class LogFile:
    """A file that may still grow.

    Args:
        path: Need not exist yet.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._identity: tuple[int, int] | None = None
        self._forget()

    def _forget(self) -> None:
        self._size = 0
        self._newlines = 0
        self._ends_open = False
        # for each chunk: how many line ends lie before it
        self._before: list[int] = []

    @property
    def line_count(self) -> int:
        """Lines indexed so far, the unfinished last one included."""
        return self._newlines + (1 if self._ends_open else 0)

    def update(self) -> bool:
        """Indexes what has been appended, at most ``STEP_BYTES``; begins anew when the file was replaced or cut.

        Returns:
            Whether there is more to index.

        Raises:
            OSError: The file exists but cannot be read.
        """
        try:
            with open(self.path, "rb") as file:
                status = os.fstat(file.fileno())
                identity = (status.st_dev, status.st_ino)
                if identity != self._identity or status.st_size < self._size:
                    self._forget()
                    self._identity = identity
                return self._index(file.fileno(), status.st_size)
        except FileNotFoundError:
            self._forget()
            return False

    def _index(self, descriptor: int, size: int) -> bool:
        stop = min(size, self._size + STEP_BYTES)
        while self._size < stop:
            within = self._size % CHUNK_BYTES
            data = os.pread(descriptor, min(CHUNK_BYTES - within, stop - self._size), self._size)
            if not data:
                break
            if not within:
                self._before.append(self._newlines)
            self._newlines += data.count(b"\n")
            self._ends_open = not data.endswith(b"\n")
            self._size += len(data)
        return self._size < size

    def lines(self, start: int, stop: int) -> list[str]:
        """Lines as cleaned text, without their ends; fewer where the file is shorter.

        Args:
            start: First line, from 0.
            stop: The line after the last.

        Raises:
            OSError: The file cannot be read.
        """
        stop = min(stop, self.line_count)
        found: list[str] = []
        with open(self.path, "rb") as file:
            while start + len(found) < stop:
                more = self._read(file.fileno(), start + len(found), stop - start - len(found))
                if not more:
                    break
                found += more
        return found

    def _read(self, descriptor: int, start: int, count: int) -> list[str]:
        """Some of the lines from ``start`` on: those that end within a few chunks, and at least one."""
        offset = self._offset(descriptor, start)
        data = os.pread(descriptor, max(2 * CHUNK_BYTES, min(count * 200, 1 << 20)), offset)
        data = data[: max(0, self._size - offset)]
        if not data:
            return []
        parts = data.split(b"\n")
        is_cut = offset + len(data) < self._size
        whole = parts[:-1] if is_cut or not parts[-1] else parts
        return [readable(part) for part in (whole or parts[:1])[:count]]

    def _offset(self, descriptor: int, line: int) -> int:
        """Where a line begins."""
        if line == 0:
            return 0
        chunk = max(0, bisect_right(self._before, line - 1) - 1)
        left = line - self._before[chunk]
        data = os.pread(descriptor, CHUNK_BYTES, chunk * CHUNK_BYTES)
        position = -1
        for _ in range(left):
            position = data.find(b"\n", position + 1)
            if position < 0:
                return self._size
        return chunk * CHUNK_BYTES + position + 1


def readable(data: bytes) -> str:
    """A line of a log as a person reads it: without escape sequences, of a progress bar its last state."""
    text = data[:LINE_BYTES].decode("utf-8", "replace").rstrip("\r")
    text = SEQUENCES.sub("", text)
    states = [state for state in text.split("\r") if state]
    text = states[-1] if states else ""
    text = clean(text.expandtabs(8), LINE_BYTES)
    return f"{text} …" if len(data) > LINE_BYTES else text
