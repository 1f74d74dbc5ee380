"""The compressed form of many metric points. Knows no table.

A body is one byte of format version and the zlib stream of three columns of 8-byte little-endian numbers: steps and
times as differences from the point before (the first as it is), values as IEEE 754 doubles, each column with its
bytes regrouped by significance, because the high bytes of neighbours are nearly equal and compress well together.
Doubles come back bit for bit, NaN and infinities included.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Sequence
from itertools import accumulate

#: Most points in a body; bounds the memory of reading one.
MAX_POINTS = 4096

_VERSION = 1
_WRAP = (1 << 64) - 1


def encode(steps: Sequence[int], times_ms: Sequence[int], values: Sequence[float]) -> bytes:
    """The body of a chunk.

    Args:
        steps: Signed 64-bit numbers.
        times_ms: Unix milliseconds, signed 64-bit; as many as steps.
        values: Any doubles; as many as steps.
    """
    raw = _grouped(_differences(steps)) + _grouped(_differences(times_ms)) + _grouped(array("d", values))
    return bytes((_VERSION,)) + zlib.compress(raw, 6)


def decode(body: bytes) -> tuple[array[int], array[int], array[float]]:
    """Steps, times in ms and values of a body.

    Raises:
        ValueError: The body is of another format or damaged.
    """
    raw, size = _columns(body)
    return _sums(raw[:size]), _sums(raw[size : 2 * size]), _values(raw[2 * size :])


def decode_axis(body: bytes, axis: str) -> tuple[array[int], array[float]]:
    """Steps (``axis`` 'step') or times in ms ('ms'), and values, of a body; see ``decode``."""
    raw, size = _columns(body)
    return _sums(raw[:size] if axis == "step" else raw[size : 2 * size]), _values(raw[2 * size :])


def _columns(body: bytes) -> tuple[bytes, int]:
    if not body or body[0] != _VERSION:
        raise ValueError("a metric chunk of an unknown format")
    try:
        raw = zlib.decompress(memoryview(body)[1:])
    except zlib.error as error:
        raise ValueError(f"a damaged metric chunk ({error})") from error
    size, rest = divmod(len(raw), 3)
    if rest or size % 8:
        raise ValueError("a damaged metric chunk (uneven columns)")
    return raw, size


def _values(grouped: bytes) -> array[float]:
    values = array("d", _ungrouped(grouped))
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _differences(numbers: Sequence[int]) -> array[int]:
    # modulo 2**64, so that the difference of any two 64-bit numbers fits
    return array("Q", [(b - a) & _WRAP for a, b in zip((0, *numbers[:-1]), numbers, strict=True)])


def _sums(grouped: bytes) -> array[int]:
    deltas = array("q", _ungrouped(grouped))
    if sys.byteorder == "big":
        deltas.byteswap()
    try:
        return array("q", accumulate(deltas))
    except OverflowError:  # differences of numbers that lie far apart have wrapped
        half = 1 << 63
        return array("q", [(total + half & _WRAP) - half for total in accumulate(deltas)])


def _grouped(column: array[int] | array[float]) -> bytes:
    if sys.byteorder == "big":
        column.byteswap()
    data = column.tobytes()
    return b"".join(data[byte::8] for byte in range(8))


def _ungrouped(data: bytes) -> bytes:
    count = len(data) // 8
    out = bytearray(len(data))
    for byte in range(8):
        out[byte::8] = data[byte * count : (byte + 1) * count]
    return bytes(out)
