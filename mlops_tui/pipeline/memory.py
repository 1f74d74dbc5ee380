"""The SQLite file in which fingerprints outlive the process. Losing it costs time only, so nothing here is an error."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

_VERSION = 2
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS fingerprints (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, md5 TEXT NOT NULL,
size_bytes INTEGER NOT NULL, files INTEGER, executable INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS listings (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, files TEXT NOT NULL) STRICT;
PRAGMA user_version = {_VERSION};
"""

#: Path, stamp, md5, size in bytes, files (None for a file), whether it is executable.
Row = tuple[str, str, str, int, int | None, int]


class Memory:
    """One file of remembered fingerprints.

    Args:
        path: The file; created when its directory exists. '' to remember nothing.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def rows(self) -> list[Row]:
        """All that is remembered, without the files of directories."""
        if not self._path or not os.path.exists(self._path):
            return []
        try:
            with _Closing(self._path) as db:
                if db.execute("PRAGMA user_version").fetchone()[0] == _VERSION:
                    found = db.execute("SELECT path, stamp, md5, size_bytes, files, executable FROM fingerprints")
                    return [(_path(path), *rest) for path, *rest in found]
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                return []
        with suppress(OSError):
            os.unlink(self._path)  # damaged or of another version: begun anew by the next write
        return []

    def listing(self, path: str, stamp: str) -> list[Any]:
        """The files of a directory as they were given to ``write``; none when another process has seen other ones."""
        try:
            with _Closing(self._path) as db:
                row = db.execute("SELECT files FROM listings WHERE path = ? AND stamp = ?", (_text(path), stamp))
                found = row.fetchone()
                return [] if found is None else list(json.loads(found[0]))
        except (sqlite3.Error, ValueError):
            return []

    def write(self, entries: Iterable[tuple[Row, list[Any] | None]]) -> None:
        """Remembers rows, each with the files of a directory behind it."""
        rows, listings = [], []
        for (path, stamp, md5, size_bytes, files, executable), listing in entries:
            rows.append((_text(path), stamp, md5, size_bytes, files, int(executable)))
            if listing is not None:
                listings.append((_text(path), stamp, json.dumps(listing)))
        if not rows or not self._path or not os.path.isdir(os.path.dirname(self._path)):
            return
        try:
            with _Closing(self._path) as db:
                db.executescript(_SCHEMA)
                db.executemany("INSERT OR REPLACE INTO fingerprints VALUES (?, ?, ?, ?, ?, ?)", rows)
                db.executemany("INSERT OR REPLACE INTO listings VALUES (?, ?, ?)", listings)
        except sqlite3.Error:
            return  # busy, full or damaged: the next process hashes again, nothing else is lost


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


def _text(path: str) -> str:
    return json.dumps(path)[1:-1]


def _path(text: str) -> str:
    name: str = json.loads(f'"{text}"')
    return name
