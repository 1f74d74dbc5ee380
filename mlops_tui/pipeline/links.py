"""How an object of the cache and a file of the work tree share their bytes: reflink, hardlink, symlink or copy.

Every file appears under its name in one step, complete or not at all.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import stat
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from mlops_tui.pipeline.hashing import hash_rest

#: What a system says of a kind of link that it, or its file system, does not have.
_IMPOSSIBLE = frozenset(
    (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EXDEV, errno.ENOTTY, errno.ENOSYS, errno.EINVAL, errno.EMLINK)
)
_FICLONE = 0x40049409
_CHUNK_BYTES = 1 << 20


@contextmanager
def replacing(target: str) -> Iterator[str]:
    """The path of a file to be made in the block, which then becomes ``target``; when the block fails, it is removed.

    Args:
        target: Its directory is there.
    """
    directory, name = os.path.split(target)
    temporary = os.path.join(directory, f".{name[:40]}.{os.getpid()}-{threading.get_native_id()}.tmp")
    try:
        yield temporary
        os.replace(temporary, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def put(kinds: Sequence[str], source: str, target: str) -> str:
    """Makes ``target`` show the bytes of ``source`` by the first of these kinds that is possible here.

    Args:
        kinds: 'reflink', 'hardlink', 'symlink' or 'copy', in the order to try.
        source: An object of the cache, absolute.
        target: A path in the work tree; a file there is replaced.

    Returns:
        The kind that was possible.

    Raises:
        OSError: None was, or the disk is full.
    """
    os.makedirs(os.path.dirname(target), exist_ok=True)
    for kind in kinds:
        with suppress_impossible(), replacing(target) as temporary:
            _make(kind, source, temporary)
            return kind
    raise OSError(errno.ENOTSUP, f"none of the link types {', '.join(kinds)} is possible", target)


def is_right(kinds: Sequence[str], target: str, source: str) -> bool:
    """Whether a file that has the bytes of an object already shows them in one of the ways that are asked for."""
    status = os.lstat(target)
    is_symlink = stat.S_ISLNK(status.st_mode)
    is_hardlink = not is_symlink and status.st_nlink > 1
    for kind in kinds:
        if kind in ("copy", "reflink") and not is_symlink and not is_hardlink:
            return True
        if kind == "hardlink" and is_hardlink:
            return os.path.samefile(target, source)
        if kind == "symlink" and is_symlink:
            return os.readlink(target) == source
    return False


def unprotect(path: str) -> None:
    """Makes a file, or every file of a directory, one of its own that can be written, whatever it was linked to."""
    for file in _files(path):
        status = os.lstat(file)
        if stat.S_ISLNK(status.st_mode) or status.st_nlink > 1:
            mode = os.stat(file).st_mode
            with replacing(file) as temporary:
                _copy(file, temporary)
                os.chmod(temporary, os.stat(temporary).st_mode | (mode & 0o111))
        elif not status.st_mode & 0o200:
            os.chmod(file, status.st_mode | 0o200)


def clone(source: int, target: int) -> bool:
    """Lets a file share the blocks of another one; False where the file system cannot."""
    if sys.platform != "linux":
        return False
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno in _IMPOSSIBLE:
            return False
        raise
    return True


def copy_hashing(source: int, target: int) -> str:
    """Copies a file, hashing what is read on its way; returns the md5 in hexadecimal."""
    digest = hashlib.md5(usedforsecurity=False)
    if clone(source, target):
        return hash_rest(source, digest)
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    while count := os.readv(source, [buffer]):
        view = buffer[:count]
        digest.update(view)
        write_all(target, view)
    return digest.hexdigest()


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Writes all of the data, however much the system takes at a time."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


@contextmanager
def suppress_impossible() -> Iterator[None]:
    """Passes over the errors that mean that a kind of link does not exist here."""
    try:
        yield
    except OSError as error:
        if error.errno not in _IMPOSSIBLE:
            raise


def _make(kind: str, source: str, target: str) -> None:
    if kind == "symlink":
        os.symlink(source, target)
    elif kind == "hardlink" and os.path.getsize(source):
        os.link(source, target)
    else:  # empty files share nothing, and links to one object are limited in number
        _copy(source, target, is_clone=kind == "reflink")


def _copy(source: str, target: str, *, is_clone: bool = False) -> None:
    """Copies the bytes; the mode is that of a new file."""
    read = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        write = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        try:
            if clone(read, write):
                return
            if is_clone and os.fstat(read).st_size:
                raise OSError(errno.ENOTSUP, "no reflinks here", target)
        finally:
            os.close(write)
    finally:
        os.close(read)
    shutil.copyfile(source, target)  # inside the kernel where it can


def _files(path: str) -> Iterator[str]:
    if not os.path.isdir(path):
        if os.path.lexists(path):
            yield path
        return
    for directory, _, names in os.walk(path):
        yield from (os.path.join(directory, name) for name in names)
