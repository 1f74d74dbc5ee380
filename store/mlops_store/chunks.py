"""The compressed form of many metric points. Knows no table.

A body holds three columns of 8-byte little-endian numbers: steps and times as differences from the point before (the
first as it is), values as IEEE 754 doubles, each column with its bytes regrouped by significance into eight planes,
because the high bytes of neighbours are nearly equal and compress well together. Doubles come back bit for bit, NaN
and infinities included.

Version 2: a byte 2, a byte whose bit n says that plane n of the values is noise, the zlib stream of the other planes,
then the planes of noise as they are: zlib would take time over them and make them longer. Version 1, which is still
read: a byte 1 and the zlib stream of all planes.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Sequence
from itertools import accumulate

from mlops_store.errors import StoreDamaged

#: Most points in a body; bounds the memory of reading one.
MAX_POINTS = 4096

_VERSION = 2
_ALL_PACKED = 1

#: Of so many bytes of a plane it is judged whether they are noise, and this share of them must differ for that.
_SAMPLE = 256
_NOISE = 0.55

_WRAP = (1 << 64) - 1


def encode(steps: Sequence[int], times_ms: Sequence[int], values: Sequence[float]) -> bytes:
    """The body of a chunk.

    Args:
        steps: Signed 64-bit numbers.
        times_ms: Unix milliseconds, signed 64-bit; as many as steps.
        values: Any doubles; as many as steps.
    """
    planes = _planes(array("d", values))
    noisy = [_is_noise(plane) for plane in planes]
    packed = [*_planes(_differences(steps)), *_planes(_differences(times_ms))]
    packed += [plane for plane, is_noise in zip(planes, noisy, strict=True) if not is_noise]
    rest = [plane for plane, is_noise in zip(planes, noisy, strict=True) if is_noise]
    mask = sum(1 << number for number, is_noise in enumerate(noisy) if is_noise)
    return b"".join((bytes((_VERSION, mask)), zlib.compress(b"".join(packed), 6), *rest))


def decode(body: bytes) -> tuple[array[int], array[int], array[float]]:
    """Steps, times in ms and values of a body.

    Raises:
        StoreDamaged: The body is of another format, or not as it was written.
    """
    raw, size = _columns(body)
    return _sums(raw[:size]), _sums(raw[size : 2 * size]), _values(raw[2 * size :])


def decode_axis(body: bytes, axis: str) -> tuple[array[int], array[float]]:
    """Steps (``axis`` 'step') or times in ms ('ms'), and values, of a body; see ``decode``."""
    raw, size = _columns(body)
    return _sums(raw[:size] if axis == "step" else raw[size : 2 * size]), _values(raw[2 * size :])


def _columns(body: bytes) -> tuple[bytes, int]:
    """The three columns, still in planes, one after the other, and the length of each."""
    version = body[0] if body else 0
    if version not in (_VERSION, _ALL_PACKED) or len(body) < 3:
        raise _damaged("an unknown format")
    mask = body[1] if version == _VERSION else 0
    stream = zlib.decompressobj()
    try:
        packed = stream.decompress(memoryview(body)[version:])
    except zlib.error as error:
        raise _damaged(str(error)) from error
    raw = _unified(packed, stream.unused_data, mask) if mask else packed
    size, rest = divmod(len(raw), 3)
    if not stream.eof or rest or size % 8:
        raise _damaged("uneven columns")
    return raw, size


def _damaged(reason: str) -> StoreDamaged:
    return StoreDamaged(
        f"points of a metric chunk are not as they were written ({reason})", "restore a copy of the store"
    )


def _unified(packed: bytes, noise: bytes, mask: int) -> bytes:
    """All planes in their order, from those that were compressed and those that were not."""
    count = len(noise) // mask.bit_count()
    from_packed, from_noise = 16 * count, 0
    parts = [packed[:from_packed]]
    for plane in range(8):
        if mask >> plane & 1:
            parts.append(noise[from_noise : from_noise + count])
            from_noise += count
        else:
            parts.append(packed[from_packed : from_packed + count])
            from_packed += count
    if from_noise != len(noise) or from_packed != len(packed):
        raise _damaged("uneven planes")
    return b"".join(parts)


def _is_noise(plane: bytes) -> bool:
    sample = plane[:_SAMPLE]
    return len(set(sample)) > _NOISE * len(sample) and len(sample) > 1


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


def _planes(column: array[int] | array[float]) -> list[bytes]:
    if sys.byteorder == "big":
        column.byteswap()
    data = column.tobytes()
    return [data[byte::8] for byte in range(8)]


def _ungrouped(data: bytes) -> bytes:
    count = len(data) // 8
    out = bytearray(len(data))
    for byte in range(8):
        out[byte::8] = data[byte * count : (byte + 1) * count]
    return bytes(out)
