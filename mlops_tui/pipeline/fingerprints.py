"""MD5 hashes of files and directories as DVC 3 defines them, read again only when a file may have changed.

A file is looked up by size, inode, modification and change time. A directory's hash is that of the JSON list of its
files; its last listing is kept as one row, so that an unchanged directory costs one walk.

A file that was written within the clock's grain before it was hashed could be written again without its times moving.
Such an entry is never trusted; the next look hashes again (Git calls this "racy").
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import stat
import threading
import time
from contextlib import suppress
from operator import itemgetter
from typing import NamedTuple

from mlops_tui.pipeline.hashing import directory_md5, hash_file, walk
from mlops_tui.pipeline.verdicts import stamp_of

#: Longest time for which Linux may give two writes the same file times.
_GRAIN_NS = 50_000_000
_COARSE_GRAIN_NS = 2_000_000_000
#: From this size on, waiting until the grain is over is cheaper than hashing again next time.
_WORTH_WAITING_BYTES = 8 << 20
_WORTH_WAITING_FILES = 100
_SCHEMA = """
CREATE TABLE IF NOT EXISTS fingerprints (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, md5 TEXT NOT NULL,
size_bytes INTEGER NOT NULL, files INTEGER, executable INTEGER NOT NULL, listing BLOB) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
"""


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
    listing: bytes | None = None


#: Relative path -> (stamp, md5) of each file of a directory.
_Listing = dict[str, tuple[str, str]]


class Fingerprints:
    """The hashes of a project's files, remembered from one process to the next.

    Safe to use from several threads. Losing the cache file costs time only, so one that cannot be used is left alone.

    Args:
        root: The project's root; relative paths are below it.
        cache_path: The SQLite file that remembers; created when its directory exists. '' to remember nothing.
    """

    def __init__(self, root: str, cache_path: str = "") -> None:
        self._root = root
        self._cache_path = cache_path
        self._lock = threading.Lock()
        self._known: dict[str, _Entry] = {}
        self._fresh: dict[str, _Entry] = {}
        if cache_path and os.path.exists(cache_path):
            self._load()

    def find(self, path: str) -> Fingerprint | None:
        """The fingerprint of what lies at a path now; None when nothing lies there.

        Args:
            path: Relative to the root, or absolute.

        Raises:
            OSError: It is there but cannot be read, or is neither a file nor a directory.
        """
        full = os.path.join(self._root, path)
        try:
            status = os.stat(full)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if stat.S_ISDIR(status.st_mode):
            return self._directory(path, full).found
        return self._file(path, full, status)

    def listing(self, path: str) -> dict[str, str]:
        """The md5 of each file of a directory by its path relative to it; looks at the directory again."""
        entry = self._directory(path, os.path.join(self._root, path))
        return {name: md5 for name, (_, md5) in json.loads(entry.listing or b"{}").items()}

    def known(self, path: str) -> Known | None:
        """What is remembered about a path as it was last seen; None when that may be out of date unnoticed."""
        with self._lock:
            entry = self._known.get(path)
        return None if entry is None else Known(entry.stamp, entry.found.files)

    def flush(self) -> None:
        """Writes what was learnt since the last time to the cache file."""
        with self._lock:
            fresh, self._fresh = self._fresh, {}
        if not fresh or not self._cache_path or not os.path.isdir(os.path.dirname(self._cache_path)):
            return
        rows = [
            (_text(path), entry.stamp, entry.found.md5, entry.found.size_bytes, entry.found.files,
             int(entry.found.is_executable), entry.listing)
            for path, entry in fresh.items()
        ]  # fmt: skip
        try:
            with self._open() as db:
                db.executescript(_SCHEMA)
                db.executemany("INSERT OR REPLACE INTO fingerprints VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        except sqlite3.Error:
            return  # busy, full or damaged: the next process hashes again, nothing else is lost

    def _open(self) -> _Closing:
        return _Closing(self._cache_path)

    def _load(self) -> None:
        try:
            with self._open() as db:
                rows = db.execute(
                    "SELECT path, stamp, md5, size_bytes, files, executable, listing FROM fingerprints"
                ).fetchall()
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                with suppress(OSError):
                    os.unlink(self._cache_path)  # begun anew by the next flush
            return
        for path, stamp, md5, size_bytes, files, executable, listing in rows:
            found = Fingerprint(md5, size_bytes, files, bool(executable))
            self._known[_path(path)] = _Entry(stamp, found, listing)

    def _file(self, path: str, full: str, status: os.stat_result) -> Fingerprint:
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
        md5 = hash_file(full)
        found = Fingerprint(md5, status.st_size, None, is_executable)
        if _is_settled(status.st_ctime_ns, started_ns) and stamp_of(os.stat(full)) == stamp:
            self._remember(path, _Entry(stamp, found))
        return found

    def _directory(self, path: str, full: str) -> _Entry:
        look = _Look(full)
        with self._lock:
            entry = self._known.get(path)
        if entry is not None and entry.stamp == look.digest:
            return entry
        before: _Listing = json.loads(entry.listing) if entry is not None and entry.listing else {}
        if look.size_bytes >= _WORTH_WAITING_BYTES or len(look.stamps) > _WORTH_WAITING_FILES:
            _wait_out_grain(look.changed_ns)
        started_ns = time.time_ns()
        files: _Listing = {}
        for name, stamp in look.stamps.items():
            old = before.get(name)
            files[name] = (stamp, old[1] if old and old[0] == stamp else hash_file(os.path.join(full, name)))
        md5 = directory_md5({name: md5 for name, (_, md5) in files.items()})
        found = Fingerprint(md5, look.size_bytes, len(files))
        made = _Entry(look.digest, found, json.dumps(files).encode())
        if _is_settled(look.changed_ns, started_ns):
            self._remember(path, made)
        return made

    def _remember(self, path: str, entry: _Entry) -> None:
        with self._lock:
            self._known[path] = self._fresh[path] = entry


class _Look:
    """What the file system says of a directory's files, without reading them."""

    def __init__(self, full: str) -> None:
        self.stamps: dict[str, str] = {}
        self.size_bytes = 0
        self.changed_ns = 0
        for name, status in sorted(walk(full), key=itemgetter(0)):
            self.stamps[name] = stamp_of(status)
            self.size_bytes += status.st_size
            self.changed_ns = max(self.changed_ns, status.st_ctime_ns)
        lines = "\n".join(f"{name}\0{stamp}" for name, stamp in self.stamps.items())
        self.digest = hashlib.blake2b(lines.encode("utf-8", "surrogateescape"), digest_size=20).hexdigest()


class _Closing:
    """A connection that commits and closes at the end of its block."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, timeout=1.0)

    def __enter__(self) -> sqlite3.Connection:
        self._db.execute("PRAGMA synchronous = OFF")
        return self._db

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._db.commit()
        self._db.close()


def folder_stamp(full: str) -> str:
    """One text for the names, sizes and times of all files below a directory, without reading them."""
    return _Look(full).digest


def is_settled(stamp: str) -> bool:
    """Whether any write from now on must change a file's stamp."""
    return _is_settled(int(stamp.split()[2]), time.time_ns())


def _is_settled(changed_ns: int, started_ns: int) -> bool:
    """Whether any write after the hashing began must have moved the change time."""
    grain_ns = _COARSE_GRAIN_NS if changed_ns % 1_000_000_000 == 0 else _GRAIN_NS
    return changed_ns + grain_ns < started_ns


def _wait_out_grain(changed_ns: int) -> None:
    wait_ns = changed_ns + _GRAIN_NS - time.time_ns()
    if 0 <= wait_ns <= _GRAIN_NS:
        time.sleep(wait_ns / 1e9 + 0.001)


def _text(path: str) -> str:
    return json.dumps(path)[1:-1]


def _path(text: str) -> str:
    name: str = json.loads(f'"{text}"')
    return name
