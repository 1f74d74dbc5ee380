"""Protocol buffers field by field, without a schema: as much as reading a few messages of other tools takes.

Source:
    protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

#: A number for varints and the bytes for everything else.
Value = int | bytes

_DOUBLE, _FLOAT = struct.Struct("<d"), struct.Struct("<f")
_MAX_VARINT_BYTES = 10


def fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Number and value of each field in the order of the message: groups are not known.

    Raises:
        ValueError: The bytes are no message.
    """
    place, end = 0, len(data)
    while place < end:
        key, place = varint(data, place)
        wire = key & 7
        if wire == 0:
            value, place = varint(data, place)
            yield key >> 3, value
            continue
        if wire == 2:
            size, place = varint(data, place)
        elif wire == 1:
            size = 8
        elif wire == 5:
            size = 4
        else:
            raise ValueError(f"a field of the unknown type {wire}")
        if place + size > end:
            raise ValueError("a field longer than its message")
        yield key >> 3, data[place : place + size]
        place += size


def varint(data: bytes, place: int) -> tuple[int, int]:
    """An unsigned number and the place after it.

    Raises:
        ValueError: It does not end within the bytes, or is too long.
    """
    try:
        byte = data[place]
        if byte < 0x80:
            return byte, place + 1
        value, shift = byte & 0x7F, 7
        for after in range(place + 2, place + _MAX_VARINT_BYTES + 1):
            byte = data[after - 1]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, after
            shift += 7
    except IndexError:
        raise ValueError("a number that does not end") from None
    raise ValueError("a number that is too long")


def signed(value: Value) -> int:
    """A varint as an ``int32`` or ``int64``.

    Raises:
        ValueError: It is no varint.
    """
    if not isinstance(value, int):
        raise ValueError("no number")
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def double(value: Value) -> float:
    """A ``double``. ValueError: it is none."""
    if not isinstance(value, bytes) or len(value) != 8:
        raise ValueError("no double")
    return float(_DOUBLE.unpack(value)[0])


def single(value: Value) -> float:
    """A ``float``. ValueError: it is none."""
    if not isinstance(value, bytes) or len(value) != 4:
        raise ValueError("no float")
    return float(_FLOAT.unpack(value)[0])


def message(value: Value) -> bytes:
    """The bytes of a message, or of a ``bytes`` field. ValueError: it is a number."""
    if not isinstance(value, bytes):
        raise ValueError("no message")
    return value


def text(value: Value) -> str:
    """A ``string``; what is no UTF-8 in it is written out. ValueError: it is a number."""
    return message(value).decode("utf-8", "backslashreplace")


def last(data: bytes, number: int) -> Value | None:
    """The last value of a field, as protobuf has it, or None."""
    found: Value | None = None
    for field, value in fields(data):
        if field == number:
            found = value
    return found
