"""Copying files so that they cost no room where the file system can share their blocks."""

from __future__ import annotations

import os
import shutil

#: ``ioctl`` request that makes a file share the blocks of another (Linux).
_FICLONE = 0x40049409


def copy(source: str, target: str, root: str = "") -> None:
    """Copies a file with its times and mode, sharing its blocks where the file system can; a link stays a link.

    Args:
        source: The file.
        target: Its copy, which must not be there.
        root: A link that leads out of this directory is made absolute; '' leaves links as they are.
    """
    if os.path.islink(source):
        aim = os.readlink(source)
        whole = os.path.normpath(os.path.join(os.path.dirname(source), aim))
        is_outside = bool(root) and os.path.relpath(whole, root).split(os.sep)[0] == os.pardir
        os.symlink(whole if is_outside else aim, target)
        return
    if not os.path.isfile(source):
        return  # a socket or a pipe holds nothing
    if not _clone(source, target):
        shutil.copyfile(source, target)
    shutil.copystat(source, target)


def _clone(source: str, target: str) -> bool:
    import fcntl

    with open(source, "rb") as read, open(target, "wb") as write:
        try:
            fcntl.ioctl(write.fileno(), _FICLONE, read.fileno())
        except OSError:
            return False
    return True


def is_directory(path: str) -> bool:
    """Whether a directory itself lies there, not a link to one."""
    return os.path.isdir(path) and not os.path.islink(path)


def remove(path: str) -> None:
    """Removes what lies at a path, if anything does.

    Raises:
        OSError: It cannot be removed.
    """
    if is_directory(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
