"""Which files of a source may be read: those that really lie in its folder, whatever its records say."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from mlops_store.texts import storable
from mlops_tui.interop.source import Problems, SourceFile

#: Files of one run that are listed; more are noted as a problem.
MAX_FILES = 100_000
#: Folders within folders that are looked into.
MAX_DEPTH = 64


def local_path(uri: str) -> str | None:
    """The path of a ``file:`` URI or of a plain path; None for what is not on this machine."""
    if "://" not in uri and not uri.startswith("file:"):
        return uri if uri and ":" not in uri.split("/", 1)[0] else None
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return None
    return unquote(parts.path)


def is_within(path: str, root: str) -> bool:
    """Whether a path, with every link followed, lies below a folder."""
    real, top = os.path.realpath(path), os.path.realpath(root)
    return real == top or real.startswith(top.rstrip(os.sep) + os.sep)


def has_entries(folder: str) -> bool:
    """Whether a path is a folder with anything in it; one that cannot be read counts, as reading it says so."""
    try:
        return bool(os.listdir(folder))
    except (OSError, ValueError):
        return os.path.isdir(folder)


def is_named_within(path: str) -> bool:
    """Whether a relative path with ``/`` stays where it begins."""
    normal = posixpath.normpath(path)
    return bool(path) and "\0" not in path and normal not in (".", "..") and not normal.startswith(("../", "/"))


def below(folder: str, root: str, prefix: str, problems: Problems) -> Iterator[SourceFile]:
    """The files below a folder, named relative to it.

    Args:
        folder: Where to look; nothing is found where it does not exist.
        root: What no link may lead out of.
        prefix: Put before their paths within the run.
        problems: Gets links that lead elsewhere, and what is no file.
    """
    if not os.path.isdir(folder):
        return
    if not is_within(folder, root):
        problems.add(folder, "it lies outside the folder")
        return
    for count, (path, name) in enumerate(_walked(folder, "", problems, depth=0)):
        if count >= MAX_FILES:
            problems.add(folder, f"only the first {MAX_FILES:,} files are read")
            return
        # what is no link lies where it was found: only a link can lead out
        if os.path.islink(path) and (reason := unreadable(path, root)):
            problems.add(path, reason)
        else:
            yield SourceFile(storable(posixpath.join(prefix, name)), path, root)


def _walked(folder: str, name: str, problems: Problems, depth: int) -> Iterator[tuple[str, str]]:
    """Path and relative name of each file and each link to one."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        problems.add(folder, f"it cannot be read ({error.strerror})")
        return
    for entry in entries:
        inner = f"{name}/{entry.name}" if name else entry.name
        if entry.is_dir(follow_symlinks=False):
            if depth >= MAX_DEPTH:
                problems.add(entry.path, "it lies too deep")
            else:
                yield from _walked(entry.path, inner, problems, depth + 1)
        elif entry.is_symlink() and os.path.isdir(entry.path):
            problems.add(entry.path, "a link to a folder is not followed")
        elif entry.is_symlink() or entry.is_file(follow_symlinks=False):
            yield entry.path, inner
        else:
            problems.add(entry.path, "it is no ordinary file")


def unreadable(path: str, root: str) -> str:
    """Why a file is not read; "" for one that may be."""
    if os.path.islink(path) and not is_within(path, root):
        return "a link that leads out of the folder is not followed"
    if not is_within(path, root):
        return "it lies outside the folder"
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return "" if stat.S_ISREG(mode) else "it is no ordinary file"


def small_text(path: str, limit: int = 1 << 20) -> str:
    """The text of a small file that belongs to a source's description.

    Raises:
        ValueError: It is larger than ``limit`` bytes, or no ordinary file.
        OSError: It cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("no ordinary file")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"larger than {limit:,} bytes")
    return data.decode("utf-8", "backslashreplace")
