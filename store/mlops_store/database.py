"""Connections and transactions: how every process opens the store's SQLite file.

Owns the pragmas, the write transaction and the translation of SQLite's errors into the error tree.
Knows no table. Every write transaction is ``BEGIN IMMEDIATE``: a deferred one that reads before it
writes fails with "database is locked" under concurrent writers whatever the busy timeout is.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager

from mlops_store import patterns
from mlops_store.errors import StoreBusy, StoreDamaged, StoreError, StoreFull, StoreReadOnly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, ClassVar

BUSY_TIMEOUT_S = 30.0

_FULL_HINT = "free some space; what scripts log stays in their journals until then"


class Connection(sqlite3.Connection):
    """A connection whose statements raise errors that a person can act on.

    Attributes:
        open_count: How many connections of this process may be open: it must not be copied by ``fork`` meanwhile.
    """

    path = "the store"
    open_count: ClassVar[int] = 0
    _is_closed = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        Connection.open_count += 1

    def close(self) -> None:
        """Closes it; again is harmless."""
        super().close()
        Connection.open_count -= not self._is_closed
        self._is_closed = True

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Runs one statement. StoreError: the file cannot be used."""
        try:
            return super().execute(sql, parameters)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise (explain(error, self.path) or error) from error.__cause__

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """Runs one statement for each row of parameters. StoreError: the file cannot be used."""
        try:
            return super().executemany(sql, parameters)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise (explain(error, self.path) or error) from error.__cause__


def connect(path: str, *, read_only: bool = False, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Connection:
    """An open connection in autocommit mode with the store's pragmas set.

    Args:
        path: The database file; created when missing unless ``read_only``.
        read_only: Open without the right to write.
        busy_timeout_s: Seconds to wait for another process's write lock.

    Raises:
        StoreError: The file cannot be opened or is no database.
    """
    with explained(path):
        connection = _open(path, "?mode=ro" if read_only else "", busy_timeout_s)
        try:
            if read_only:
                connection = _readable(connection, path, busy_timeout_s)
            # NORMAL in WAL mode loses nothing when a process dies, and only the last commits when the power goes.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.create_function("matches_pattern", 2, patterns.matches, deterministic=True)
        except BaseException:
            connection.close()
            raise
        return connection


def _open(path: str, options: str, busy_timeout_s: float) -> Connection:
    target = path
    if options:
        from urllib.parse import quote

        target = f"file:{quote(os.path.abspath(path))}{options}"
    connection = sqlite3.connect(
        target,
        timeout=busy_timeout_s,
        isolation_level=None,
        uri=bool(options),
        check_same_thread=False,
        factory=Connection,
    )
    connection.path = path
    return connection


def _readable(connection: Connection, path: str, busy_timeout_s: float) -> Connection:
    """The connection, or one that does without the ``-shm`` file where the directory does not let it be made."""
    try:
        sqlite3.Connection.execute(connection, "SELECT 1 FROM sqlite_master LIMIT 1")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
        wal = path + "-wal"
        if os.path.exists(wal) and os.path.getsize(wal):
            # reading without the log would show an older state as if it were new
            raise StoreReadOnly(
                f"{path} has commits in its log that cannot be read without the right to write its directory",
                "open it once as its owner",
            ) from error
    else:
        return connection
    connection.close()
    return _open(path, "?mode=ro&immutable=1", busy_timeout_s)


@contextmanager
def writing(connection: sqlite3.Connection, path: str = "the store") -> Iterator[sqlite3.Connection]:
    """A short write transaction, begun IMMEDIATE; nested use joins the outer transaction.

    Raises:
        StoreBusy: The lock was not free within the busy timeout.
        StoreError: Any other failure of the file; the transaction is rolled back.
    """
    if connection.in_transaction:
        yield connection
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        translated = explain(error, path) if isinstance(error, sqlite3.Error) else None
        if translated is not None:
            raise translated from error
        raise


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Turns an SQLite failure inside the block into the error tree, naming ``path``."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        translated = explain(error, path)
        if translated is None:
            raise
        raise translated from error


def explain(error: sqlite3.Error | UnicodeDecodeError, path: str) -> StoreError | None:
    """The store error that a person can act on, or None for a programming error of ours."""
    if isinstance(error, UnicodeDecodeError):  # SQLite quotes a damaged schema, whatever bytes that has become
        return damaged(path, "its schema is no text")
    if str(error).startswith("Could not decode to UTF-8"):
        return damaged(path, "a text in it is none")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusy(
            f"{path} is locked by another process", "try again; 'fuser' on the file names the process that holds it"
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return StoreReadOnly(f"{path} cannot be written", "check the owner and mode of the file and its directory")
    if code == sqlite3.SQLITE_FULL or (code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and _is_full(path)):
        return StoreFull(f"the disk that holds {path} is full", _FULL_HINT)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, str(error))
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreError(f"{path} cannot be opened", "check that its directory exists and can be entered")
    if code == sqlite3.SQLITE_IOERR:
        return StoreError(f"{path} cannot be read or written ({error})", "check the disk and its free space")
    return None


def damaged(path: str, reason: str) -> StoreDamaged:
    """What is said of a store of which some bytes are not as they were written."""
    hint = "copy it aside and try: sqlite3 COPY '.recover' | sqlite3 NEW"
    return StoreDamaged(f"{path} is damaged or is not a database ({reason})", hint)


def _is_full(path: str) -> bool:
    """Whether the disk has no room, which SQLite reports as any of several failures of its log files."""
    try:
        disk = os.statvfs(os.path.dirname(os.path.abspath(path)))
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < 1 << 16
