"""The body of a chunk of few points (see ``chunks``): each column of whole numbers is a frame (see ``frames``).

A byte for the version, two of the CRC-32 of what follows, a byte for the number of points a series. Of steps, then of
times: what all series differ by from the base; without one the first of the first series, the differences from the
point before in that, and what the others differ by from it. Then of each series a byte of its form and its values:
doubles as their bits in the order of the numbers, with so many bits dropped at the end because they are 0, or decimal
numbers of so many places in units of the last.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Sequence
from itertools import accumulate, pairwise
from operator import sub
from typing import TYPE_CHECKING

from mlops_store import decimals, frames
from mlops_store.errors import StoreDamaged

if TYPE_CHECKING:
    from mlops_store.chunks import Axis

#: Of more numbers the bits are packed slowly, and one range fits them badly.
MAX_VALUES = 128

#: Bits of a range that tell of values on both sides of 0, or of NaN among numbers.
_WIDE = 60

#: The form of decimal numbers without a place; below it that of doubles.
_DECIMALS = 64

_HEAD = 4
_WITHOUT_SIGN = (1 << 63) - 1


def encode(
    steps: Sequence[int], times_ms: Sequence[int], values: Sequence[float], series: int, base: Axis | None
) -> bytes | None:
    """The body without its first byte; None where values have so different exponents that planes are as short.

    Args:
        steps: Of at most ``MAX_VALUES`` points.
        times_ms: As many.
        values: As many, at least one.
        series: Of how many series.
        base: Steps and times that are read first.
    """
    count = len(values) // series
    of_values = [_whole(values[start : start + count]) for start in range(0, len(values), count)]
    if sum((max(whole) - min(whole)).bit_length() for _, whole in of_values) > _WIDE * series:
        return None
    parts = [bytes((count,))]
    for numbers, of_base in zip((steps, times_ms), base or (None, None), strict=True):
        first = numbers[:count] if of_base is None else of_base
        others = numbers[count:] if of_base is None else numbers
        if of_base is None:
            parts += frames.pack(first[:1]), frames.pack([after - before for before, after in pairwise(first)])
        parts.append(frames.pack(list(map(sub, others, [*first] * series))))
    for form, whole in of_values:
        parts += bytes((form,)), frames.pack(whole)
    body = b"".join(parts)
    return (zlib.crc32(body) & 0xFFFF).to_bytes(2, "little") + body


def _whole(values: Sequence[float]) -> tuple[int, list[int]]:
    """The form of a series' values, and the whole numbers that stand for them."""
    decimal = decimals.units(values)
    if decimal is not None:
        return _DECIMALS + decimal[0], decimal[1]
    whole = _ordered(array("q", array("d", values).tobytes()))
    together = 0
    for number in whole:
        together |= number
    zeros = (together & -together).bit_length() - 1
    return zeros, [number >> zeros for number in whole] if zeros else whole


def _ordered(bits: array[int]) -> list[int]:
    """The bits of doubles as numbers in the same order, and back."""
    return [number if number >= 0 else number ^ _WITHOUT_SIGN for number in bits]


def decode(body: bytes, series: int, place: int, base: Axis | None) -> tuple[array[int], array[int], array[float]]:
    """Steps, times in ms and values of one series; see ``chunks.decode``."""
    if len(body) <= _HEAD or int.from_bytes(body[1:3], "little") != zlib.crc32(body[3:]) & 0xFFFF:
        raise _damaged("a checksum")
    count, at = body[3], _HEAD
    axes: list[array[int]] = []
    for of_base in base or (None, None):
        if of_base is None:
            (first,) = frames.unpack(body, at, 1)
            at = frames.end(body, at, 1)
            axis = list(accumulate(frames.unpack(body, at, count - 1), initial=first))
            at = frames.end(body, at, count - 1)
        else:
            axis = list(of_base)
        others = series - (of_base is None)
        number = place - (of_base is None)
        if number >= 0 and body[at : at + 2] != b"\0\0":
            different = frames.unpack(body, at, count * others)[number * count : (number + 1) * count]
            axis = [one + other for one, other in zip(axis, different, strict=True)]
        at = frames.end(body, at, count * others)
        axes.append(array("q", axis))
    for _ in range(place):
        at = frames.end(body, at + 1, count)
    form, whole = body[at], frames.unpack(body, at + 1, count)
    if form >= _DECIMALS:
        return axes[0], axes[1], decimals.doubles(whole, form - _DECIMALS)
    return axes[0], axes[1], array("d", array("q", _ordered(array("q", [one << form for one in whole]))).tobytes())


def _damaged(reason: str) -> StoreDamaged:
    return StoreDamaged(
        f"points of a metric chunk are not as they were written ({reason})", "restore a copy of the store"
    )
