"""Whole numbers in frames of reference: each in as many bits as the widest of them needs above the least.

Without the tables of a compressed stream, which are longer than the points of short series.
"""

from __future__ import annotations

from collections.abc import Sequence

#: So many of the highest bits of a range are told of where it begins; what that widens it by is less than it saves.
_LEADING = 3


def pack(numbers: Sequence[int]) -> bytes:
    """A frame: the bits of a number, the length of the least number, that number rounded down, and all the bits.

    Args:
        numbers: Any, but none that differ by 2**255 or more.
    """
    if not numbers:
        return b"\0\0"
    least, greatest = min(numbers), max(numbers)
    width = (greatest - least).bit_length()
    floor = least
    while width > _LEADING:
        floor = least >> (width - _LEADING) << (width - _LEADING)
        if (greatest - floor).bit_length() <= width:
            break
        width += 1
    told = floor >> max(0, width - _LEADING)
    length = (told.bit_length() + 8) // 8 if told else 0
    bits = 0
    for number in reversed(numbers):
        bits = bits << width | number - floor
    packed = bits.to_bytes((width * len(numbers) + 7) // 8, "little")
    return bytes((width, length)) + told.to_bytes(length, "little", signed=True) + packed


def unpack(data: bytes, at: int, count: int) -> list[int]:
    """The numbers of the frame that begins at a place; there are ``count``."""
    width, length = data[at], data[at + 1]
    begin = at + 2 + length
    floor = int.from_bytes(data[at + 2 : begin], "little", signed=True) << max(0, width - _LEADING)
    if not width:
        return [floor] * count
    bits, mask = int.from_bytes(data[begin : end(data, at, count)], "little"), (1 << width) - 1
    return [floor + (bits >> shift & mask) for shift in range(0, width * count, width)]


def end(data: bytes, at: int, count: int) -> int:
    """Where the frame that begins at a place ends."""
    return at + 2 + data[at + 1] + (data[at] * count + 7) // 8
