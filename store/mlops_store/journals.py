"""The format of journals: what a running script appends and what ``fold`` moves into the store.

Each writing process has a file of its own, which only grows. It is a sequence of frames: a type byte, the length of
the payload (unsigned 32-bit, little-endian), the payload.

- ``K``: a JSON list of a run's id and of names of metrics. The n-th one of a file defines key set n.
- ``M``: key set (unsigned 32-bit), step (signed 64-bit), Unix seconds (double), then a double for each of its names.
- ``J``: a JSON object; its ``"t"`` says what it records, ``"run"`` of which run; see ``journal_records``. The first
  frame is ``"writer"``, with the identity of the process.

A frame that is not whole yet is not there yet. Imported by training scripts at their start: must stay light.
"""

from __future__ import annotations

import os
import struct
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing or collections.abc costs a script's start some milliseconds
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import NoReturn

SUFFIX = ".journal"
KEYS, METRICS, RECORD = ord("K"), ord("M"), ord("J")

#: A longer frame than this is damage.
MAX_FRAME_BYTES = 1 << 28

HEADER = struct.Struct("<BI")
METRICS_HEAD = struct.Struct("<Iqd")


def file_name() -> str:
    """A name for a new journal of this process; names sort by time of creation."""
    return f"{time.time_ns():016x}{os.getpid():08x}{SUFFIX}"


def metrics_packer(count: int) -> struct.Struct:
    """Packs a whole ``M`` frame: type, length, key set, step, Unix seconds and ``count`` values."""
    return struct.Struct(f"<BIIqd{count}d")


def metrics_length(count: int) -> int:
    """The payload length of an ``M`` frame with ``count`` values."""
    return METRICS_HEAD.size + 8 * count


def record(content: Mapping[str, object]) -> bytes:
    """A ``J`` frame."""
    return _frame(RECORD, content)


def key_set(run_id: str, keys: Sequence[str]) -> bytes:
    """A ``K`` frame."""
    return _frame(KEYS, [run_id, *keys])


def frames(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Type, start and end of the payload of each whole frame.

    Raises:
        ValueError: There is no frame where one should begin; what came before was yielded.
    """
    for kind, start, end, size in stretches(data):
        for at in range(start, end, size):
            yield kind, at + HEADER.size, at + size


def stretches(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Whole frames, those of metrics together that follow each other and are equally long.

    Yields:
        Type, start of the first frame, end of the last one, bytes of each of them with its header.

    Raises:
        ValueError: As ``frames``.
    """
    at, whole = 0, len(data)
    unpack, head, begins = HEADER.unpack_from, HEADER.size, data.startswith
    while whole - at >= head:
        kind, length = unpack(data, at)
        if kind not in (METRICS, RECORD, KEYS) or length > MAX_FRAME_BYTES:
            raise ValueError(f"no frame at byte {at}: type {kind}, length {length}")
        size = head + length
        end = at + size
        if end > whole:
            return
        if kind == METRICS:
            header, last = data[at : at + head], whole - size
            while end <= last and begins(header, end):
                end += size
        yield kind, at, end, size
        at = end


def _frame(kind: int, content: object) -> bytes:
    body = dumps(content).encode("ascii")
    return HEADER.pack(kind, len(body)) + body


def dumps(content: object) -> str:
    """JSON text, in ASCII, of dicts with string keys, lists, tuples, strings, numbers, booleans and None.

    Raises:
        TypeError: Anything else is in it.
    """
    return "".join(_encoder(content, 0))


def _refuse(value: object) -> NoReturn:
    raise TypeError(f"{type(value).__name__} cannot stand in a journal")


try:
    # The json package costs four milliseconds at the start of a script; its C half costs none.
    from _json import encode_basestring_ascii, make_encoder

    _encoder: Callable[[object, int], Iterable[str]] = make_encoder(
        None, _refuse, encode_basestring_ascii, None, ":", ",", False, False, True
    )
except (ImportError, TypeError):

    def _slow_encoder(content: object, _indent: int, /) -> Iterable[str]:
        import json

        return json.dumps(content, separators=(",", ":"), default=_refuse)

    _encoder = _slow_encoder
