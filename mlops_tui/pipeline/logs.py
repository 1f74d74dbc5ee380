"""Bounded reading of stage logs, which may hold 100 MB, binary bytes and terminal sequences.

Text is decoded as UTF-8 with replacement characters and is otherwise as it was written: whoever shows it must clean
it. A line that is longer than ``LINE_BYTES`` is cut into several.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

LINE_BYTES = 1 << 16
_BLOCK_BYTES = 1 << 16
#: The index keeps the place of every so many lines.
_STRIDE = 1_000


def tail(path: str, count: int, *, limit_bytes: int = 1 << 20, end: int | None = None) -> list[str]:
    """The last lines of a file, read from its end; [] when there is none.

    Args:
        path: The file.
        count: At most so many lines.
        limit_bytes: At most so many bytes are looked at; the first line may then be cut at its left.
        end: Where to stop instead of at the file's end, in bytes.
    """
    try:
        with open(path, "rb") as file:
            position = file.seek(0, os.SEEK_END) if end is None else end
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


class Log:
    """A growing log file, read by line number.

    Only the place of every thousandth line is kept, so that an index of 100 MB takes some kilobytes. ``refresh`` reads
    what was appended, once; ``lines`` reads a window.

    Args:
        path: The file; need not exist yet.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._marks = [0]
        self._count = 0
        self._end = 0
        self._line_start = 0

    @property
    def line_count(self) -> int:
        """Lines known so far, an unfinished last one included."""
        return self._count + (1 if self._end > self._line_start else 0)

    def refresh(self, *, limit_bytes: int = 64 << 20) -> bool:
        """Looks at what was appended since the last time; a file that became shorter is read anew.

        Args:
            limit_bytes: At most so many bytes; call again while it returns True.

        Returns:
            Whether there is more to look at.
        """
        try:
            size = os.path.getsize(self.path)
        except FileNotFoundError:
            size = 0
        if size < self._end:
            self.__init__(self.path)  # type: ignore[misc]
        if size == self._end:
            return False
        with open(self.path, "rb") as file:
            file.seek(self._end)
            stop = min(size, self._end + limit_bytes)
            while self._end < stop and (block := file.read(min(_BLOCK_BYTES, stop - self._end))):
                self._index(block)
        return self._end < size

    def lines(self, start: int, stop: int) -> list[str]:
        """The lines ``start`` to ``stop`` (exclusive), counted from 0, as far as they are known.

        Args:
            start: First line.
            stop: The line after the last one.
        """
        start, stop = max(0, start), min(stop, self.line_count)
        if start >= stop:
            return []
        first = start // _STRIDE
        found = []
        for number, line in enumerate(self._pieces(self._marks[first]), first * _STRIDE):
            if number >= stop:
                break
            if number >= start:
                found.append(line.decode("utf-8", "replace"))
        return found

    def _index(self, block: bytes) -> None:
        """Counts the lines of the next block; a line ends at a line feed or when it is too long."""
        position = 0
        base = self._end
        while position < len(block):
            room = self._line_start + LINE_BYTES - (base + position)
            found = block.find(b"\n", position, position + room)
            if found >= 0:
                position = found + 1
            elif len(block) - position >= room:
                position += room
            else:
                break
            self._line_start = base + position
            self._count += 1
            if self._count % _STRIDE == 0:
                self._marks.append(self._line_start)
        self._end = base + len(block)

    def _pieces(self, position: int) -> Iterator[bytes]:
        with open(self.path, "rb") as file:
            file.seek(position)
            rest = b""
            while position < self._end and (block := file.read(min(_BLOCK_BYTES, self._end - position))):
                position += len(block)
                rest += block
                while True:
                    found = rest.find(b"\n", 0, LINE_BYTES)
                    if found >= 0:
                        yield rest[:found]
                        rest = rest[found + 1 :]
                    elif len(rest) >= LINE_BYTES:
                        yield rest[:LINE_BYTES]
                        rest = rest[LINE_BYTES:]
                    else:
                        break
            if rest:
                yield rest


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
