"""CRC-32C, as TensorFlow's record files use it, of many byte strings at once.

Source:
    RFC 3720, appendix B.4; tensorflow/core/lib/hash/crc32c.h for the mask.
"""

from __future__ import annotations

from collections.abc import Sequence

_POLYNOMIAL = 0x82F63B78
_MASK_DELTA = 0xA282EAD8
_WORD = 0xFFFFFFFF
#: From this many strings of one length on, they are summed column by column.
_WORTHWHILE = 32


def _table() -> list[int]:
    found = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
        found.append(byte)
    return found


_TABLE = _table()


def masked(data: bytes) -> int:
    """The masked CRC of a byte string."""
    table, crc = _TABLE, _WORD
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return _mask(crc ^ _WORD)


def all_masked(strings: Sequence[bytes]) -> list[int]:
    """The masked CRC of each byte string."""
    by_length: dict[int, list[int]] = {}
    for place, data in enumerate(strings):
        by_length.setdefault(len(data), []).append(place)
    found = [0] * len(strings)
    for length, places in by_length.items():
        if len(places) < _WORTHWHILE:
            sums = [masked(strings[place]) for place in places]
        else:
            sums = _columns([strings[place] for place in places], length)
        for place, crc in zip(places, sums, strict=True):
            found[place] = crc
    return found


def _columns(strings: Sequence[bytes], length: int) -> list[int]:
    import numpy as np

    rows = np.frombuffer(b"".join(strings), np.uint8).reshape(len(strings), length)
    table = np.array(_TABLE, np.uint32)
    crc = np.full(len(strings), _WORD, np.uint32)
    for column in range(length):
        crc = table[(crc ^ rows[:, column]) & 0xFF] ^ (crc >> 8)
    return [_mask(int(one) ^ _WORD) for one in crc]


def _mask(crc: int) -> int:
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & _WORD
