"""MD5 of files and directories as DVC 3 defines them, and as DVC 2 did. Knows no cache."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator

_IGNORED = frozenset((".git", ".hg", ".dvc", ".mlops"))
_CHUNK_BYTES = 1 << 20


def hash_file(path: str) -> str:
    """The md5 of a file's bytes, in hexadecimal."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        buffer = memoryview(bytearray(max(1, min(size + 1, _CHUNK_BYTES))))
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
    return digest.hexdigest()


def directory_object(files: dict[str, str]) -> bytes:
    """The bytes of DVC's ``.dir`` object: the JSON list of a directory's files.

    Args:
        files: Relative path (with ``/``) -> md5.
    """
    return json.dumps([{"md5": files[name], "relpath": name} for name in sorted(files)], sort_keys=True).encode()


def directory_md5(files: dict[str, str]) -> str:
    """The hash of a directory whose files have these hashes; ends with ``.dir``."""
    return hashlib.md5(directory_object(files), usedforsecurity=False).hexdigest() + ".dir"


def legacy_md5(root: str, path: str) -> str:
    """The hash that DVC before 3.0 gave: carriage returns before line feeds of text files do not count.

    Raises:
        OSError: It cannot be read.
    """
    full = os.path.join(root, path)
    if os.path.isdir(full):
        return directory_md5({name: _legacy_file(os.path.join(full, name)) for name, _ in walk(full)})
    return _legacy_file(full)


def _legacy_file(path: str) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    printable = bytes(range(32, 127)) + b"\n\r\t\f\b"
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            head = chunk[:512]
            is_text = b"\0" not in head and len(head.translate(None, printable)) / len(head) <= 0.30
            digest.update(chunk.replace(b"\r\n", b"\n") if is_text else chunk)
    return digest.hexdigest()


def walk(full: str) -> Iterator[tuple[str, os.stat_result]]:
    """Files below a directory, links to files followed, links to directories not."""
    pending = [""]
    while pending:
        prefix = pending.pop()
        with os.scandir(os.path.join(full, prefix)) as entries:
            for entry in entries:
                name = prefix + entry.name
                if not entry.is_dir():
                    yield name, entry.stat() if entry.is_symlink() else entry.stat(follow_symlinks=False)
                elif entry.name not in _IGNORED and not entry.is_symlink():
                    pending.append(name + "/")
