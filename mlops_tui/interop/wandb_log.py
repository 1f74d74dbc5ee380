"""The record file of a W&B run (``run-ID.wandb``): LevelDB's log format. Knows nothing of what the records are.

Source:
    github.com/google/leveldb/blob/main/doc/log_format.md; W&B puts seven bytes before it and uses the plain CRC-32.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from mlops_tui.interop.source import Problems

MAGIC = b":W&B"
_HEADER_BYTES = 7
_BLOCK_BYTES = 32 * 1024
_HEAD = struct.Struct("<IHB")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
#: Longer records are left out.
MAX_RECORD_BYTES = 256 << 20


def records(path: str, problems: Problems) -> Iterator[bytes]:
    """The whole records of a file whose checksums are right.

    What is damaged costs the rest of its block of 32 KiB; where the file ends in the middle of a record, reading ends.
    Each is a problem.
    """
    try:
        with open(path, "rb") as file:
            if file.read(_HEADER_BYTES)[:4] != MAGIC:
                problems.add(path, "it does not begin as a record file of W&B")
                return
            yield from _joined(_pieces(file, path, problems), path, problems)
    except OSError as error:
        problems.add(path, f"it cannot be read ({error.strerror})")


def _joined(pieces: Iterator[tuple[int, bytes]], path: str, problems: Problems) -> Iterator[bytes]:
    parts: list[bytes] = []
    size = 0
    for kind, data in pieces:
        if kind in (_FULL, _FIRST):
            if parts:
                problems.add(path, "a record without its end is left out")
            parts, size = [data], len(data)
        elif parts:
            parts.append(data)
            size += len(data)
        if size > MAX_RECORD_BYTES:
            problems.add(path, f"a record of more than {MAX_RECORD_BYTES:,} bytes is left out")
            parts = []
        if parts and kind in (_FULL, _LAST):
            yield b"".join(parts)
            parts = []
    if parts:
        problems.add(path, "it ends in the middle of a record")


def _pieces(file: BinaryIO, path: str, problems: Problems) -> Iterator[tuple[int, bytes]]:
    """Kind and bytes of each piece of a record."""
    start = 0
    block = bytes(_HEADER_BYTES) + file.read(_BLOCK_BYTES - _HEADER_BYTES)
    place = _HEADER_BYTES
    while block:
        while place + _HEAD.size <= len(block):
            crc, length, kind = _HEAD.unpack_from(block, place)
            if not (crc or length or kind):
                break  # what is left of the block was filled up
            end = place + _HEAD.size + length
            if end > len(block):
                if len(block) == _BLOCK_BYTES:
                    problems.add(path, f"it is damaged at byte {start + place:,}; the rest of the block is not read")
                else:
                    problems.add(path, f"it ends in the middle of a record, at byte {start + place:,}")
                break
            if zlib.crc32(block[place + 6 : end]) != crc or not _FULL <= kind <= _LAST:
                problems.add(path, f"it is damaged at byte {start + place:,}; the rest of the block is not read")
                break
            yield kind, block[place + _HEAD.size : end]
            place = end
        else:
            if place < len(block) < _BLOCK_BYTES:
                problems.add(path, f"it ends in the middle of a record, at byte {start + place:,}")
        start += len(block)
        block, place = file.read(_BLOCK_BYTES), 0
