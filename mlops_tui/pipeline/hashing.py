"""MD5 of files and directories as DVC 3 defines them, and as DVC 2 did; which files a directory has. Knows no cache."""

from __future__ import annotations

import hashlib
import json
import os
import stat

from mlops_tui.pipeline.ignore import ALWAYS, DVC_FILE, Ignores

#: Files up to this size are read in one piece.
SMALL_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 20


#: A file below a directory: its path relative to that, with ``/``, and what tells whether it has changed, namely size
#: in bytes, modification and change time in nanoseconds, inode. A plain tuple: some directories have 100,000 of them.
File = tuple[str, int, int, int, int]


def hash_file(path: str, size_bytes: int = 0) -> str:
    """The md5 of a file's bytes, in hexadecimal.

    Args:
        path: The file.
        size_bytes: How large it is thought to be; a right guess saves system calls.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if size_bytes < SMALL_BYTES:
            data = os.read(descriptor, size_bytes + 1)
            digest = hashlib.md5(data, usedforsecurity=False)
            return digest.hexdigest() if len(data) <= size_bytes else hash_rest(descriptor, digest)
        return hash_rest(descriptor, hashlib.md5(usedforsecurity=False))
    finally:
        os.close(descriptor)


def hash_rest(descriptor: int, digest: hashlib._Hash) -> str:
    """The hash of what went before and of what is left to read, in hexadecimal."""
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    while count := os.readv(descriptor, [buffer]):
        digest.update(buffer[:count])
    return digest.hexdigest()


def directory_object(files: dict[str, str]) -> bytes:
    """The bytes of DVC's ``.dir`` object: the JSON list of a directory's files.

    Args:
        files: Relative path (with ``/``) -> md5.
    """
    # json.dumps of the whole takes several times as long, and large directories are hashed often
    encoded = json.encoder.encode_basestring_ascii
    items = [f'{{"md5": "{files[name]}", "relpath": {encoded(name)}}}' for name in sorted(files)]
    return f"[{', '.join(items)}]".encode()


def directory_md5(files: dict[str, str]) -> str:
    """The hash of a directory whose files have these hashes; ends with ``.dir``."""
    return hashlib.md5(directory_object(files), usedforsecurity=False).hexdigest() + ".dir"


def legacy_md5(root: str, path: str, ignores: Ignores | None = None) -> str:
    """The hash that DVC before 3.0 gave: carriage returns before line feeds of text files do not count.

    Raises:
        OSError: It cannot be read.
    """
    full = os.path.join(root, path)
    if os.path.isdir(full):
        found = files(full, ignores, path)
        return directory_md5({name: _legacy_file(os.path.join(full, name)) for name, *_ in found})
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


def files(full: str, ignores: Ignores | None = None, path: str = "") -> list[File]:
    """The files below a directory by name: links to files followed, links to directories not.

    A directory with a ``.dvc`` of its own is another repository and left out, as DVC leaves it out.

    Args:
        full: The directory.
        ignores: What is left out besides; None for nothing.
        path: The directory as ``ignores`` knows it.

    Raises:
        OSError: Something cannot be looked at, or is neither a file nor a directory.
    """
    found: list[File] = []
    pending = [""]
    while pending:
        prefix = pending.pop()
        here, folders = _entries(os.path.join(full, prefix), prefix)
        if prefix and ".dvc" in folders:
            continue
        if ignores is not None and any(file[0] == prefix + DVC_FILE for file in here):
            raise OSError(f"{prefix}{DVC_FILE} may not lie in a directory that is hashed: move it above that")
        if ignores is not None and ignores.has_patterns(f"{path}/{prefix}".strip("/")):
            base = f"{path}/" if path else ""
            here = [file for file in here if not ignores.ignores(base + file[0], is_dir=False)]
            folders = [name for name in folders if not ignores.ignores(base + prefix + name, is_dir=True)]
        found += here
        pending += [f"{prefix}{name}/" for name in folders if name not in ALWAYS]
    found.sort()
    return found


def _entries(directory: str, prefix: str) -> tuple[list[File], list[str]]:
    """The files and the folders that a directory itself holds; the names of files begin with ``prefix``."""
    found: list[File] = []
    folders: list[str] = []
    # below a descriptor each file is looked up by its name alone, which saves a sixth of the time
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                elif not entry.is_dir():
                    status = entry.stat()
                    if not stat.S_ISREG(status.st_mode):
                        raise OSError(f"{prefix}{entry.name} is neither a file nor a directory")
                else:
                    if not entry.is_symlink():
                        folders.append(entry.name)
                    continue
                name = prefix + entry.name
                found.append((name, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino))
    finally:
        os.close(descriptor)
    return found, folders
