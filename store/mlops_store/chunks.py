"""The compressed form of many metric points. Knows no table.

A body holds three columns of 8-byte little-endian numbers: steps and times as differences from the point before (the
first as it is), values as IEEE 754 doubles, each column with its bytes regrouped by significance into eight planes,
because the high bytes of neighbours are nearly equal and compress well together. Doubles come back bit for bit, NaN
and infinities included.

A body may hold several series of equally many points, one after the other in each column. Steps and times of all but
the first are differences from those of the first, and in a body with a base all are differences from those of the base:
zeros, where they were logged together.

Version 2: a byte 2, a byte whose bit n says that plane n of the values is noise, the zlib stream of the other planes,
then the planes of noise as they are: zlib would take time over them and make them longer. Version 3, where all values
are decimal numbers of few places, as accuracies and percentages are: a byte 3, the byte of noise, the number of places,
the least value (a signed number in units of the last place), then as version 2, the values as what they are above that
least in these units. Version 1, which is still read: a byte 1 and the zlib stream of all planes.

Version 4, of few points whose values lie near one another: see ``framed``.
"""

from __future__ import annotations

import struct
import sys
import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate, chain, cycle, islice
from operator import add, sub
from typing import NamedTuple

from mlops_store import decimals, framed
from mlops_store.errors import StoreDamaged

#: Steps and times in ms of a series.
Axis = tuple[Sequence[int], Sequence[int]]

#: Most points in a body; bounds the memory of reading one.
MAX_POINTS = 4096

_ALL_PACKED = 1
_DOUBLES = 2
_DECIMALS = 3
_FRAMED = 4

#: Places and least value of version 3.
_UNIT = struct.Struct("<Bq")

#: From this many points on, each plane is worth a table of codes of its own.
_LONG = 512

#: Of so many bytes of a plane it is judged whether they are noise, and this share of them must differ for that.
_SAMPLE = 256
_NOISE = 0.55

_WRAP = (1 << 64) - 1


def encode(
    steps: Sequence[int],
    times_ms: Sequence[int],
    values: Sequence[float],
    series: int = 1,
    base: Axis | None = None,
) -> bytes:
    """The body of a chunk.

    Args:
        steps: Signed 64-bit numbers.
        times_ms: Unix milliseconds, signed 64-bit; as many as steps.
        values: Any doubles; as many as steps.
        series: Of how many series, of equally many points, these are.
        base: Steps and times of a series, with as many points as each of these, that is read first.
    """
    if 0 < len(values) <= framed.MAX_VALUES:
        short = framed.encode(steps, times_ms, values, series, base)
        if short is not None:
            return bytes((_FRAMED,)) + short
    decimal = decimals.units(values) if values else None
    if decimal is None:
        version, unit, planes = _DOUBLES, b"", _planes(array("d", values))
    else:
        places, whole = decimal
        least = min(whole)
        version, unit = _DECIMALS, _UNIT.pack(places, least)
        planes = _planes(array("Q", [number - least for number in whole]))
    noisy = [_is_noise(plane) for plane in planes]
    count = len(steps) // series
    packed = [
        plane
        for numbers, of_base in zip((steps, times_ms), base or (None, None), strict=True)
        for plane in _planes(_differences(numbers, _before(numbers[:count]) if of_base is None else cycle(of_base)))
    ]
    packed += [plane for plane, is_noise in zip(planes, noisy, strict=True) if not is_noise]
    rest = [plane for plane, is_noise in zip(planes, noisy, strict=True) if is_noise]
    mask = sum(1 << number for number, is_noise in enumerate(noisy) if is_noise)
    return b"".join((bytes((version, mask)), unit, _stream(packed), *rest))


def decode(
    body: bytes, series: int = 1, place: int = 0, base: Axis | None = None
) -> tuple[array[int], array[int], array[float]]:
    """Steps, times in ms and values of one series of a body.

    Args:
        body: As ``encode`` made it.
        series: How many there are in it.
        place: Which of them, from 0.
        base: What ``encode`` was given.

    Raises:
        StoreDamaged: The body is of another format, or not as it was written.
    """
    if body[:1] == bytes((_FRAMED,)):
        return framed.decode(body, series, place, base)
    columns = _columns(body, series)
    of_steps, of_times = base or (None, None)
    steps = _numbers(columns.steps, series, place, of_steps)
    return steps, _numbers(columns.times_ms, series, place, of_times), _values(columns, series, place)


def base_of(body: bytes, series: int) -> Axis:
    """Steps and times in ms of the first series of a body that is the base of others; see ``decode``."""
    if body[:1] == bytes((_FRAMED,)):
        return framed.decode(body, series, 0, None)[:2]
    columns = _columns(body, series)
    return _numbers(columns.steps, series), _numbers(columns.times_ms, series)


def decode_axis(body: bytes, axis: str) -> tuple[array[int], array[float]]:
    """Steps (``axis`` 'step') or times in ms ('ms'), and values, of a body; see ``decode``."""
    if body[:1] == bytes((_FRAMED,)):
        steps, times_ms, values = framed.decode(body, 1, 0, None)
        return steps if axis == "step" else times_ms, values
    columns = _columns(body)
    return _numbers(columns.steps if axis == "step" else columns.times_ms), _values(columns)


class _Columns(NamedTuple):
    """What a body holds, the columns still in planes.

    Attributes:
        unit: Places and least value, where values are decimal numbers.
    """

    steps: bytes
    times_ms: bytes
    values: bytes
    unit: tuple[int, int] | None


def _columns(body: bytes, series: int = 1) -> _Columns:
    version = body[0] if body else 0
    begin = {_ALL_PACKED: 1, _DOUBLES: 2, _DECIMALS: 2 + _UNIT.size}.get(version, len(body))
    if begin >= len(body):
        raise _damaged("an unknown format")
    mask = 0 if version == _ALL_PACKED else body[1]
    unit = _UNIT.unpack_from(body, 2) if version == _DECIMALS else None
    stream = zlib.decompressobj()
    try:
        packed = stream.decompress(memoryview(body)[begin:])
    except zlib.error as error:
        raise _damaged(str(error)) from error
    raw = _unified(packed, stream.unused_data, mask) if mask else packed
    size, rest = divmod(len(raw), 3)
    if not stream.eof or rest or size % (8 * series):
        raise _damaged("uneven columns")
    return _Columns(raw[:size], raw[size : 2 * size], raw[2 * size :], unit)


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


def _stream(planes: Sequence[bytes]) -> bytes:
    """Planes as a zlib stream, in which those of a long series have each a code of its own."""
    if not planes or len(planes[0]) < _LONG:
        return zlib.compress(b"".join(planes), 6)
    stream = zlib.compressobj(6)
    parts: list[bytes] = []
    for plane in planes:
        if plane.strip(b"\0"):
            parts.append(stream.flush(zlib.Z_BLOCK))
        parts.append(stream.compress(plane))
    return b"".join((*parts, stream.flush()))


def _values(columns: _Columns, series: int = 1, place: int = 0) -> array[float]:
    found = _ungrouped(columns.values, series, place)
    if columns.unit is None:
        values = array("d", found)
        if sys.byteorder == "big":
            values.byteswap()
        return values
    places, least = columns.unit
    return decimals.doubles([number + least for number in _signed(found)], places)


def _before(first: Sequence[int]) -> Iterator[int]:
    """What the numbers of a body without a base are differences from, given those of its first series."""
    return chain((0,), first[:-1], cycle(first))


def _differences(numbers: Sequence[int], before: Iterator[int]) -> array[int]:
    known = list(islice(before, len(numbers)))
    try:
        return array("q", map(sub, numbers, known))
    except OverflowError:  # modulo 2**64 the difference of any two 64-bit numbers fits
        return array("Q", [(b - a) & _WRAP for a, b in zip(known, numbers, strict=True)])


def _numbers(grouped: bytes, series: int = 1, place: int = 0, base: Sequence[int] | None = None) -> array[int]:
    """The steps or times of one series from those of several."""
    if base is None:
        first = _integers(accumulate, _signed(_ungrouped(grouped, series, 0)))
        return _numbers(grouped, series, place, first) if place else first
    if len(grouped) != 8 * series * len(base):
        raise _damaged("another number of points than the base has")
    if not grouped.strip(b"\0"):
        return array("q", base)
    differences = _signed(_ungrouped(grouped, series, place))
    return _integers(partial(map, add), base, differences)


def _signed(data: bytes) -> array[int]:
    numbers = array("q", data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _integers(sums: Callable[..., Iterator[int]], *columns: Sequence[int]) -> array[int]:
    try:
        return array("q", sums(*columns))
    except OverflowError:  # differences of numbers that lie far apart have wrapped
        half = 1 << 63
        return array("q", [(total + half & _WRAP) - half for total in sums(*columns)])


def _planes(column: array[int] | array[float]) -> list[bytes]:
    if sys.byteorder == "big":
        column.byteswap()
    data = column.tobytes()
    return [data[byte::8] for byte in range(8)]


def _ungrouped(data: bytes, series: int, place: int) -> bytes:
    """The numbers of one series from the planes of several."""
    plane = len(data) // 8
    count = plane // series
    out = bytearray(8 * count)
    for byte in range(8):
        start = byte * plane + place * count
        out[byte::8] = data[start : start + count]
    return bytes(out)
