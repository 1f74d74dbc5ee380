"""TensorFlow's record files: length, its CRC, bytes, their CRC. Knows nothing of what the records are.

Source:
    tensorflow.org/tutorials/load_data/tfrecord.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from mlops_tui.interop import crc32c
from mlops_tui.interop.source import Problems

#: Longer records are not read.
MAX_RECORD_BYTES = 256 << 20
#: Records are checked together, so many or of so many bytes at a time.
_BATCH, _BATCH_BYTES = 2048, 8 << 20

_HEAD, _CRC = struct.Struct("<QI"), struct.Struct("<I")


class _Frame(NamedTuple):
    place: int
    head: bytes
    data: bytes
    crc: int


def records(path: str, problems: Problems) -> Iterator[bytes]:
    """The whole records of a file whose checksums are right.

    A record that is damaged is left out; where the length itself is, or where the file ends in the middle of a record,
    reading ends. Each is a problem.
    """
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            while frames := _frames(file, size, problems, path):
                yield from _checked(frames, problems, path)
                if _is_length_wrong(frames[-1]):
                    return
    except OSError as error:
        problems.add(path, f"it cannot be read ({error.strerror})")


def _frames(file: BinaryIO, size: int, problems: Problems, path: str) -> list[_Frame]:
    """The next records, unchecked but for the last one's length."""
    found: list[_Frame] = []
    taken = 0
    while len(found) < _BATCH and taken < _BATCH_BYTES:
        place = file.tell()
        head = file.read(12)
        if not head:
            break
        if len(head) < 12:
            problems.add(path, f"it ends in the middle of a record, at byte {place:,} of {size:,}")
            break
        length, _ = _HEAD.unpack(head)
        if length > min(MAX_RECORD_BYTES, size - place - 16):
            if crc32c.masked(head[:8]) != _HEAD.unpack(head)[1]:
                problems.add(path, f"it is damaged at byte {place:,} of {size:,}; what follows is not read")
            elif length > MAX_RECORD_BYTES:
                problems.add(path, f"a record of {length:,} bytes at byte {place:,}; what follows is not read")
            else:
                problems.add(path, f"it ends in the middle of a record, at byte {place:,} of {size:,}")
            file.seek(0, os.SEEK_END)
            break
        data, tail = file.read(length), file.read(4)
        if len(data) < length or len(tail) < 4:
            break  # it was cut while it was read
        found.append(_Frame(place, head, data, _CRC.unpack(tail)[0]))
        taken += length
    return found


def _checked(frames: list[_Frame], problems: Problems, path: str) -> Iterator[bytes]:
    lengths = crc32c.all_masked([frame.head[:8] for frame in frames])
    contents = crc32c.all_masked([frame.data for frame in frames])
    for frame, length_crc, crc in zip(frames, lengths, contents, strict=True):
        if length_crc != _HEAD.unpack(frame.head)[1]:
            problems.add(path, f"it is damaged at byte {frame.place:,}; what follows is not read")
            frames[:] = [frame]
            return
        if crc == frame.crc:
            yield frame.data
        else:
            problems.add(path, f"the record at byte {frame.place:,} is damaged")


def _is_length_wrong(frame: _Frame) -> bool:
    return crc32c.masked(frame.head[:8]) != int(_HEAD.unpack(frame.head)[1])
