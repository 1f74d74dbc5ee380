"""Wakes a thread when files change in some directories.

On Linux the kernel's inotify is read here rather than through watchdog, because a training script may append to its
journal ten thousand times a second: the kernel merges equal events until they are read, so that reading seldom costs
nothing, where a thread that reads at once would take a core from the training. Elsewhere watchdog is used.
"""

from __future__ import annotations

import errno
import os
import select
import struct
import sys
import threading
import time
from collections.abc import Iterable
from typing import Protocol

_MODIFY = 0x2
_MOVED_FROM, _MOVED_TO, _CREATE, _DELETE, _DELETE_SELF = 0x40, 0x80, 0x100, 0x200, 0x400
_WANTED = _MODIFY | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF
_IGNORED, _OVERFLOW, _IS_DIRECTORY = 0x8000, 0x4000, 0x40000000
_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC

#: Files that are looked at where there are no events.
POLLED_FILES = 5000

#: Seconds in which events are gathered before they are read.
GATHER_S = 0.01


class FileEvents(Protocol):
    """What changed, by path.

    Attributes:
        is_told: Whether the system tells of changes; else ``wait`` looks for them, which suits few directories only.
        has_lost: Whether changes went untold because there were too many; whoever takes note sets it back.
    """

    is_told: bool
    has_lost: bool

    def follow(self, directories: Iterable[str]) -> bool:
        """Watches exactly these directories, not what is below; those that do not exist are left out.

        Returns:
            False when the system allows no more watches: then only some of them are watched.
        """
        ...

    def add(self, directories: Iterable[str]) -> bool:
        """Watches these directories as well; returns as ``follow`` does."""
        ...

    def wait(self, timeout_s: float) -> set[str]:
        """Waits for a change, a ``wake`` or the timeout; returns the changed paths."""
        ...

    def wake(self) -> None:
        """Ends a ``wait``, from any thread."""

    def close(self) -> None:
        """Watches nothing any more."""


def open_events() -> FileEvents:
    """The best that this system has."""
    if sys.platform == "linux":
        try:
            return Inotify()
        except OSError:  # no more instances are allowed
            return Polling()
    return Watchdog()


class Polling:
    """Looks at the files of the directories whenever a wait ends without a wake; for systems that tell of nothing."""

    is_told = False
    has_lost = False

    def __init__(self) -> None:
        self._event = threading.Event()
        self._seen: dict[str, tuple[int, int]] = {}
        self._directories: set[str] = set()

    def follow(self, directories: Iterable[str]) -> bool:
        """Looks at exactly these directories."""
        wanted = set(directories)
        added = _files(wanted - self._directories)
        self._directories = wanted
        self._seen = {path: seen for path, seen in self._seen.items() if os.path.dirname(path) in wanted} | added
        return True

    def add(self, directories: Iterable[str]) -> bool:
        """Looks at these directories as well."""
        return self.follow(self._directories | set(directories))

    def wait(self, timeout_s: float) -> set[str]:
        """Waits for ``wake`` or the timeout; then says what is other than at the last look."""
        self._event.wait(timeout_s)
        self._event.clear()
        before, self._seen = self._seen, _files(self._directories)
        return {path for path in before.keys() | self._seen.keys() if before.get(path) != self._seen.get(path)}

    def wake(self) -> None:
        """Ends a ``wait``."""
        self._event.set()

    def close(self) -> None:
        """Nothing to close."""


def _files(directories: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Time of modification and size of the files in the directories, ``POLLED_FILES`` at most."""
    found: dict[str, tuple[int, int]] = {}
    for directory in directories:
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    if len(found) >= POLLED_FILES:
                        return found
                    status = entry.stat(follow_symlinks=False)
                    found[entry.path] = (status.st_mtime_ns, status.st_size)
        except OSError:
            continue  # it is not there, or went away while it was looked at
    return found


class Inotify:
    """The kernel's events.

    Raises:
        OSError: No instance is to be had.
    """

    is_told = True
    has_lost = False

    def __init__(self) -> None:
        import ctypes

        self._errno = ctypes.get_errno
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(_NONBLOCK_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self._wake_read, self._wake_write = os.pipe2(_NONBLOCK_CLOEXEC)
        self._watches: dict[str, int] = {}
        self._directories: dict[int, str] = {}

    def follow(self, directories: Iterable[str]) -> bool:
        """Watches exactly these directories."""
        wanted = set(directories)
        for directory in set(self._watches) - wanted:
            self._drop(directory)
        return self.add(wanted)

    def add(self, directories: Iterable[str]) -> bool:
        """Watches these directories as well."""
        for directory in directories:
            # adding again what is watched changes nothing, and finds a directory that was replaced
            watch = self._libc.inotify_add_watch(self._descriptor, os.fsencode(directory), _WANTED)
            if watch >= 0:
                self._watches[directory] = watch
                self._directories[watch] = directory
            elif self._errno() in (errno.ENOSPC, errno.ENOMEM):
                return False
        return True

    def _drop(self, directory: str) -> None:
        watch = self._watches[directory]
        self._libc.inotify_rm_watch(self._descriptor, watch)
        self._forget(watch)

    def _drop_below(self, directory: str) -> None:
        """Lets go of a directory that was moved away: its watches go on under names that are wrong now."""
        below = directory + os.sep
        for other in [other for other in self._watches if other == directory or other.startswith(below)]:
            self._drop(other)

    def _forget(self, watch: int) -> None:
        directory = self._directories.pop(watch, "")
        if self._watches.get(directory) == watch:
            del self._watches[directory]

    def wait(self, timeout_s: float) -> set[str]:
        """Waits for a change, a ``wake`` or the timeout."""
        ready, _, _ = select.select([self._descriptor, self._wake_read], [], [], timeout_s)
        if self._wake_read in ready:
            os.read(self._wake_read, 4096)
        if self._descriptor not in ready:
            return set()
        time.sleep(GATHER_S)
        try:
            return self._paths(os.read(self._descriptor, 256 * 1024))
        except BlockingIOError:
            return set()

    def _paths(self, data: bytes) -> set[str]:
        paths: set[str] = set()
        offset = 0
        while offset + 16 <= len(data):
            watch, mask, _, length = struct.unpack_from("iIII", data, offset)
            name = data[offset + 16 : offset + 16 + length].rstrip(b"\0")
            offset += 16 + length
            directory = self._directories.get(watch, "")
            if mask & _OVERFLOW:
                self.has_lost = True
                paths.update(self._watches)
            if mask & _IGNORED:
                self._forget(watch)
            if directory:
                path = os.path.join(directory, os.fsdecode(name)) if name else directory
                paths.add(path)
                if mask & _MOVED_FROM and mask & _IS_DIRECTORY:
                    self._drop_below(path)
        return paths

    def wake(self) -> None:
        """Ends a ``wait``."""
        try:
            os.write(self._wake_write, b".")
        except BlockingIOError:
            return  # it is full of wakes already

    def close(self) -> None:
        """Closes the descriptors."""
        for descriptor in (self._descriptor, self._wake_read, self._wake_write):
            os.close(descriptor)


class Watchdog:
    """watchdog's observer, for systems without inotify."""

    is_told = True
    has_lost = False

    def __init__(self) -> None:
        from watchdog.observers import Observer

        self._observer = Observer()
        self._observer.daemon = True
        self._observer.start()
        self._event = threading.Event()
        self._paths: set[str] = set()
        self._watches: dict[str, object] = {}

    def follow(self, directories: Iterable[str]) -> bool:
        """Watches exactly these directories."""
        wanted = {directory for directory in directories if os.path.isdir(directory)}
        for directory in set(self._watches) - wanted:
            self._observer.unschedule(self._watches.pop(directory))  # type: ignore[arg-type]
        return self.add(wanted)

    def add(self, directories: Iterable[str]) -> bool:
        """Watches these directories as well."""
        from watchdog.events import FileSystemEventHandler

        handler = FileSystemEventHandler()
        handler.on_any_event = self._changed  # type: ignore[method-assign]
        for directory in set(directories) - set(self._watches):
            try:
                self._watches[directory] = self._observer.schedule(handler, directory, recursive=False)
            except FileNotFoundError:
                continue  # gone meanwhile
            except OSError:
                return False
        return True

    def _changed(self, event: object) -> None:
        kind, is_directory = getattr(event, "event_type", ""), getattr(event, "is_directory", False)
        # that a directory was modified only says that something in it was, which is told as well
        if kind not in ("opened", "closed_no_write") and not (is_directory and kind == "modified"):
            self._paths.update(str(path) for path in (event.src_path, event.dest_path) if path)  # type: ignore[attr-defined]
            self._event.set()

    def wait(self, timeout_s: float) -> set[str]:
        """Waits for a change, a ``wake`` or the timeout."""
        self._event.wait(timeout_s)
        self._event.clear()
        paths, self._paths = self._paths, set()
        return paths

    def wake(self) -> None:
        """Ends a ``wait``."""
        self._event.set()

    def close(self) -> None:
        """Stops the observer, without waiting for it."""
        self._observer.stop()
