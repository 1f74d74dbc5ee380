"""Bounded reading of stage logs, which may hold 100 MB, binary bytes and terminal sequences.

Text is decoded as UTF-8 with replacement characters and is otherwise as it was written: whoever shows it must clean
it. A line that is longer than ``LINE_BYTES`` is cut into several.
"""

from __future__ import annotations

import os

LINE_BYTES = 1 << 16
_BLOCK_BYTES = 1 << 16


def tail(path: str, count: int, *, limit_bytes: int = 1 << 20) -> list[str]:
    """The last lines of a file, read from its end; [] when there is none.

    Args:
        path: The file.
        count: At most so many lines.
        limit_bytes: At most so many bytes are looked at; the first line may then be cut at its left.
    """
    try:
        with open(path, "rb") as file:
            position = file.seek(0, os.SEEK_END)
            stop = max(0, position - limit_bytes)
            data = b""
            while position > stop and data.count(b"\n") <= count:
                size = min(_BLOCK_BYTES, position - stop)
                position -= size
                file.seek(position)
                data = file.read(size) + data
    except FileNotFoundError:
        return []
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [line.decode("utf-8", "replace") for line in lines[-count:]] if count > 0 else []


def separate(path: str, line: str) -> None:
    """Appends a line of our own to a log, on a line of its own; once, where it is the last one already.

    Raises:
        OSError: The log cannot be written.
    """
    with open(path, "a+b") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - len(line.encode()) - 2))
        last = file.read()
        own = line.encode() + b"\n"
        if last == own or last.endswith(b"\n" + own):
            return
        file.write((b"" if not last or last.endswith(b"\n") else b"\n") + own)


class Follower:
    """What is appended to a log file from one call to the next.

    Args:
        path: The file; need not exist yet.
        last: With how many of the lines that are there already to begin; all by default.
    """

    def __init__(self, path: str, last: int | None = None) -> None:
        self.path = path
        self._position = 0 if last is None else _start_of(path, last)
        self._rest = b""

    def read(self, *, limit_bytes: int = 1 << 20, is_ended: bool = False) -> list[str]:
        """The complete lines that are new, at most about ``limit_bytes`` of them.

        Args:
            limit_bytes: How much to read at most; call again while it is not drained.
            is_ended: Nothing more will be written: the last line counts although no line feed ends it.
        """
        try:
            with open(self.path, "rb") as file:
                file.seek(self._position)
                data = file.read(limit_bytes)
        except FileNotFoundError:
            return []
        self._position += len(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) >= LINE_BYTES or (is_ended and not data and self._rest):
            whole.append(self._rest)
            self._rest = b""
        return [line.decode("utf-8", "replace") for line in whole]

    @property
    def is_drained(self) -> bool:
        """Whether everything that the file holds has been read, an unfinished last line included."""
        try:
            return os.path.getsize(self.path) <= self._position and not self._rest
        except FileNotFoundError:
            return True


def _start_of(path: str, count: int) -> int:
    """Where the last lines of a file begin."""
    try:
        with open(path, "rb") as file:
            end = position = found = file.seek(0, os.SEEK_END)
            while position and count:
                size = min(_BLOCK_BYTES, position)
                position -= size
                file.seek(position)
                block = file.read(size)
                index = size
                while count and (index := block.rfind(b"\n", 0, index)) >= 0:
                    if position + index + 1 < end:  # a line feed at the very end begins no line
                        count -= 1
                        found = position + index + 1
            return 0 if count else found
    except FileNotFoundError:
        return 0
