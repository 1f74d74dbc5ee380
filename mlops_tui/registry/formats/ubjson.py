"""Universal Binary JSON as XGBoost writes it, read to its end: a text cut short or of a wrong kind is an error.

Source:
    UBJSON draft 12 (https://ubjson.org), with arrays of one type and a count as XGBoost 2 and 3 write them.
"""

from __future__ import annotations

import struct
from typing import Any

#: Marker -> numpy's type of the number, big-endian.
_NUMBERS = {b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8"}
_SINGLE = {b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q", b"d": ">f", b"D": ">d"}
_WORDS: dict[bytes, Any] = {b"T": True, b"F": False, b"Z": None}
_DEEPEST = 64


def loads(content: bytes) -> Any:
    """The value; arrays of numbers of one type are numpy's.

    Raises:
        ValueError: It is cut short, of another kind, or too deep.
    """
    reader = _Reader(content)
    value = reader.value(reader.take(1), 0)
    if reader.place != len(content):
        raise ValueError("there is more after its end")
    return value


class _Reader:
    def __init__(self, content: bytes) -> None:
        self.content, self.place = content, 0

    def take(self, count: int) -> bytes:
        found = self.content[self.place : self.place + count]
        if count < 0 or len(found) != count:
            raise ValueError("it is cut short")
        self.place += count
        return found

    def value(self, marker: bytes, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("it is too deep")
        if marker == b"{":
            found = {}
            while (kind := self.take(1)) != b"}":
                name = self._text(kind)
                found[name] = self.value(self.take(1), depth + 1)
            return found
        if marker == b"[":
            return self._array(depth)
        if marker == b"S":
            return self._text(self.take(1))
        if marker in _SINGLE:
            return self._number(marker)
        if marker in _WORDS:
            return _WORDS[marker]
        raise ValueError(f"byte {self.place} begins no value")

    def _array(self, depth: int) -> Any:
        marker = self.take(1)
        if marker == b"$":
            kind = self.take(1)
            if self.take(1) != b"#" or kind not in _NUMBERS:
                raise ValueError("an array has no count")
            import numpy as np

            dtype = np.dtype(_NUMBERS[kind])
            count = self._count(self.take(1))
            return np.frombuffer(self.take(count * dtype.itemsize), dtype)
        if marker == b"#":
            count = self._count(self.take(1))
            if count > len(self.content):
                raise ValueError("it is cut short")
            return [self.value(self.take(1), depth + 1) for _ in range(count)]
        found = []
        while marker != b"]":
            found.append(self.value(marker, depth + 1))
            marker = self.take(1)
        return found

    def _number(self, marker: bytes) -> Any:
        form = _SINGLE[marker]
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def _count(self, marker: bytes) -> int:
        if marker not in _SINGLE or marker in (b"d", b"D"):
            raise ValueError("a count is no whole number")
        found: int = self._number(marker)
        return found

    def _text(self, marker: bytes) -> str:
        return self.take(self._count(marker)).decode("utf-8")
