"""Compressed batches: gzip, bzip2, xz and Zstandard, told by their first bytes, unpacked up to a bound."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

from mlops_store.errors import Refused

_BLOCK_BYTES = 1 << 20
_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "Zstandard"}


class Damaged(Refused):
    """The file cannot be unpacked; the message continues a sentence that begins with the file's name."""


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


def kind(data: bytes) -> str:
    """How a file is compressed by its first bytes; '' when it is not."""
    return next((name for magic, name in _MAGIC.items() if data.startswith(magic)), "")


def unpacked(data: bytes, limit_bytes: int) -> bytes:
    """The content of a compressed file; anything else as it is.

    Args:
        data: All of the file.
        limit_bytes: The most that is unpacked: a small file may hold petabytes of blanks.

    Raises:
        Damaged: It is cut short, is no such file after all, or holds more than the limit.
    """
    found = kind(data)
    if not found:
        return data
    parts: list[bytes] = []
    size = 0
    for part in _zstandard(data) if found == "Zstandard" else _streams(found, data):
        parts.append(part)
        size += len(part)
        if size > limit_bytes:
            raise Damaged(f"holds more than {limit_bytes / 1e9:.1f} GB when unpacked")
    return b"".join(parts)


def _streams(found: str, data: bytes) -> Iterator[bytes]:
    """The content of one compressed stream after the other, in parts of a bounded size."""
    import bz2
    import lzma

    errors = (OSError, EOFError, zlib.error, lzma.LZMAError)
    rest = data
    while rest:
        unpacker: _Unpacker
        if found == "gzip":
            unpacker = _Gzip()
        else:
            unpacker = bz2.BZ2Decompressor() if found == "bzip2" else lzma.LZMADecompressor()
        pending = rest
        while not unpacker.eof:
            try:
                part = unpacker.decompress(pending, _BLOCK_BYTES)
            except errors as error:
                raise Damaged(f"is no complete {found} file") from error
            if not part and not unpacker.eof:
                raise Damaged(f"is cut short: its {found} data has no end")
            pending = b""
            yield part
        rest = unpacker.unused_data.lstrip(b"\0")  # padding is allowed between and after streams


class _Gzip:
    """zlib's unpacker with the manners of the other two."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)
        self._pending = b""

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        part = self._zlib.decompress(self._pending + data, max(0, max_length))
        self._pending = self._zlib.unconsumed_tail
        return part


def _zstandard(data: bytes) -> Iterator[bytes]:
    import pyarrow as pa

    try:
        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            while part := stream.read(_BLOCK_BYTES):
                yield part
    except (OSError, pa.ArrowException) as error:
        raise Damaged("is no complete Zstandard file") from error
