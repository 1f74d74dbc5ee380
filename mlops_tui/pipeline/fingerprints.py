"""MD5 hashes of files and directories as DVC 3 defines them, read again only when a file may have changed.

A file is looked up by size, inode, modification and change time. A directory's hash is that of the JSON list of its
files; its last listing is kept as one row, so that an unchanged directory costs one walk.

A file that was written within the clock's grain before it was hashed could be written again without its times moving.
Such an entry is never trusted; the next look hashes again (Git calls this "racy").
"""

from __future__ import annotations

import hashlib
import marshal
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple, TypeVar

from mlops_tui.pipeline import hashing
from mlops_tui.pipeline.hashing import File, directory_md5, hash_file
from mlops_tui.pipeline.ignore import Ignores
from mlops_tui.pipeline.memory import Memory
from mlops_tui.pipeline.verdicts import stamp_of

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

#: Longest time for which Linux may give two writes the same file times.
_GRAIN_NS = 50_000_000
_COARSE_GRAIN_NS = 2_000_000_000
#: From this size on, waiting until the grain is over is cheaper than hashing again next time.
_WORTH_WAITING_BYTES = 8 << 20
_WORTH_WAITING_FILES = 100


class Fingerprint(NamedTuple):
    """The content of a file or directory.

    Attributes:
        md5: 32 hexadecimal digits, for a directory followed by ``.dir``.
        size_bytes: Of all files together.
        files: How many files a directory holds, at any depth; None for a file.
        is_executable: Whether a file has any execute bit.
    """

    md5: str
    size_bytes: int
    files: int | None = None
    is_executable: bool = False


class Known(NamedTuple):
    """A remembered file (``files`` is None) or directory, and the stamp with which it had the remembered hash."""

    stamp: str
    files: int | None


class _Entry(NamedTuple):
    stamp: str
    found: Fingerprint
    listing: _Listing | None = None


#: Each file of a directory with its md5.
_Listing = list[tuple[File, str]]
#: Reads a file of so many bytes and returns its md5.
Read = Callable[[str, int], str]


class Fingerprints:
    """The hashes of a project's files, remembered from one process to the next.

    Safe to use from several threads. Losing the cache file costs time only, so one that cannot be used is left alone.

    Args:
        root: The project's root; relative paths are below it.
        cache_path: The SQLite file that remembers; created when its directory exists. '' to remember nothing.
        ignores: What directories are thought not to hold; nothing by default.
    """

    def __init__(self, root: str, cache_path: str = "", ignores: Ignores | None = None) -> None:
        self._root = root
        self._memory = Memory(cache_path)
        self._ignores = ignores
        self._lock = threading.Lock()
        self._known: dict[str, _Entry] = {}
        self._fresh: dict[str, _Entry] = {}
        for path, stamp, md5, size_bytes, files, executable in self._memory.rows():
            self._known[path] = _Entry(stamp, Fingerprint(md5, size_bytes, files, bool(executable)))

    def find(self, path: str, read: Read = hash_file) -> Fingerprint | None:
        """The fingerprint of what lies at a path now; None when nothing lies there.

        Args:
            path: Relative to the root, or absolute.
            read: Reads what is not known; may keep what it reads.

        Raises:
            OSError: It is there but cannot be read, or is neither a file nor a directory.
        """
        full = os.path.join(self._root, path)
        try:
            status = os.stat(full)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if stat.S_ISDIR(status.st_mode):
            return self._directory(path, full, read).found
        return self._file(path, full, status, read)

    def prepare(self, paths: Iterable[str]) -> None:
        """Hashes the large files among these paths at the same time, where there are several that are not known."""
        wanted = [path for path in dict.fromkeys(paths) if self._is_worth_a_thread(path)]
        if len(wanted) > 1:
            _at_once(self._try, wanted)

    def listing(self, path: str) -> dict[str, str]:
        """The md5 of each file of a directory by its path relative to it; looks at the directory again."""
        return self.contents(path)[1]

    def contents(self, path: str, read: Read = hash_file) -> tuple[Fingerprint, dict[str, str]]:
        """The fingerprint of a directory, and the md5 of each of its files by its path relative to it.

        Raises:
            OSError: It cannot be read, or is not a directory.
        """
        entry = self._directory(path, os.path.join(self._root, path), read)
        return entry.found, {file[0]: md5 for file, md5 in self._files(path, entry)}

    def known(self, path: str) -> Known | None:
        """What is remembered about a path as it was last seen; None when that may be out of date unnoticed."""
        with self._lock:
            entry = self._known.get(path)
        return None if entry is None else Known(entry.stamp, entry.found.files)

    def learn(self, path: str, found: Fingerprint, listing: Mapping[str, str] | None = None) -> None:
        """Takes over what is known without reading, because whoever says so has just put it there.

        Args:
            path: Relative to the root, or absolute.
            found: What lies there.
            listing: For a directory the md5 of each file.
        """
        full = os.path.join(self._root, path)
        if listing is None:
            status = os.stat(full)
            if status.st_size >= _WORTH_WAITING_BYTES:
                _wait_out_grain(status.st_ctime_ns)
            entry, changed_ns = _Entry(stamp_of(status), found), status.st_ctime_ns
        else:
            files = hashing.files(full, self._ignores, path)
            if [file[0] for file in files] != sorted(listing):
                return  # somebody has added or removed one meanwhile
            changed_ns = _last_change(files)
            if _is_worth_waiting(files):
                _wait_out_grain(changed_ns)
            entry = _Entry(_digest(files), found, [(file, listing[file[0]]) for file in files])
        if _is_settled(changed_ns, time.time_ns()):
            self._remember(path, entry)

    def folder_stamp(self, path: str) -> str:
        """One text for the names, sizes and times of all files below a directory, without reading them."""
        return _digest(hashing.files(os.path.join(self._root, path), self._ignores, path))

    def flush(self) -> None:
        """Writes what was learnt since the last time to the cache file."""
        with self._lock:
            fresh, self._fresh = self._fresh, {}
        self._memory.write(
            ((path, stamp, md5, size_bytes, files, is_executable), listing)
            for path, (stamp, (md5, size_bytes, files, is_executable), listing) in fresh.items()
        )

    def _try(self, path: str) -> None:
        with suppress(OSError):  # whoever needs it is told when asking for it
            self.find(path)

    def _is_worth_a_thread(self, path: str) -> bool:
        try:
            status = os.stat(os.path.join(self._root, path))
        except OSError:
            return False
        if not stat.S_ISREG(status.st_mode) or status.st_size < _WORTH_WAITING_BYTES:
            return False
        with self._lock:
            entry = self._known.get(path)
        return entry is None or entry.stamp != stamp_of(status)

    def _file(self, path: str, full: str, status: os.stat_result, read: Read) -> Fingerprint:
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path} is neither a file nor a directory")
        stamp = stamp_of(status)
        with self._lock:
            entry = self._known.get(path)
        is_executable = bool(status.st_mode & 0o111)
        if entry is not None and entry.stamp == stamp:
            return entry.found._replace(is_executable=is_executable)
        if status.st_size >= _WORTH_WAITING_BYTES:
            _wait_out_grain(status.st_ctime_ns)
        started_ns = time.time_ns()
        md5 = read(full, status.st_size)
        found = Fingerprint(md5, status.st_size, None, is_executable)
        if _is_settled(status.st_ctime_ns, started_ns) and stamp_of(os.stat(full)) == stamp:
            self._remember(path, _Entry(stamp, found))
        return found

    def _directory(self, path: str, full: str, read: Read) -> _Entry:
        files = hashing.files(full, self._ignores, path)
        stamp = _digest(files)
        with self._lock:
            entry = self._known.get(path)
        if entry is not None and entry.stamp == stamp:
            return entry
        before = [] if entry is None else self._files(path, entry)
        changed_ns = _last_change(files)
        if _is_worth_waiting(files):
            _wait_out_grain(changed_ns)
        started_ns = time.time_ns()
        listing = _read_all(full, files, before, read)
        size_bytes = sum(size for _, size, _, _, _ in files)
        found = Fingerprint(directory_md5({file[0]: md5 for file, md5 in listing}), size_bytes, len(files))
        made = _Entry(stamp, found, listing)
        if _is_settled(changed_ns, started_ns):
            self._remember(path, made)
        return made

    def _files(self, path: str, entry: _Entry) -> _Listing:
        """The files of a remembered directory; read from the disk when they are first asked for."""
        if entry.listing is not None or entry.found.files is None:
            return entry.listing or []
        return [
            ((name, size, modified, changed, inode), md5)
            for (name, size, modified, changed, inode), md5 in self._memory.listing(path, entry.stamp)
        ]

    def _remember(self, path: str, entry: _Entry) -> None:
        with self._lock:
            self._known[path] = self._fresh[path] = entry


def _read_all(full: str, files: list[File], before: _Listing, read: Read) -> _Listing:
    """The md5 of each file; several large ones are read at the same time, small ones gain nothing by that."""
    known = dict(before)
    large = [file for file in files if file[1] >= hashing.SMALL_BYTES and file not in known]
    if len(large) > 1:
        known.update(zip(large, _at_once(lambda file: read(f"{full}/{file[0]}", file[1]), large), strict=True))
    if not known:
        return [(file, read(f"{full}/{file[0]}", file[1])) for file in files]
    return [(file, known[file] if file in known else read(f"{full}/{file[0]}", file[1])) for file in files]


def _at_once(act: Callable[[_Item], _Result], items: list[_Item]) -> list[_Result]:
    from concurrent.futures import ThreadPoolExecutor  # most looks find nothing large to read

    with ThreadPoolExecutor(min(len(items), os.cpu_count() or 1)) as pool:
        return list(pool.map(act, items))


def _digest(files: list[File]) -> str:
    return hashlib.blake2b(marshal.dumps(files, 0), digest_size=20).hexdigest()  # 0: the form without references


def _last_change(files: list[File]) -> int:
    return max((changed_ns for _, _, _, changed_ns, _ in files), default=0)


def _is_worth_waiting(files: list[File]) -> bool:
    return len(files) > _WORTH_WAITING_FILES or sum(file[1] for file in files) >= _WORTH_WAITING_BYTES


def is_settled(stamp: str, looked_at_ns: int) -> bool:
    """Whether any write after a moment, in Unix nanoseconds, must have changed the stamp that a file had then."""
    return _is_settled(int(stamp.split()[2]), looked_at_ns)


def _is_settled(changed_ns: int, started_ns: int) -> bool:
    """Whether any write after the hashing began must have moved the change time."""
    grain_ns = _COARSE_GRAIN_NS if changed_ns % 1_000_000_000 == 0 else _GRAIN_NS
    return changed_ns + grain_ns < started_ns


def _wait_out_grain(changed_ns: int) -> None:
    wait_ns = changed_ns + _GRAIN_NS - time.time_ns()
    if 0 <= wait_ns <= _GRAIN_NS:
        time.sleep(wait_ns / 1e9 + 0.001)
