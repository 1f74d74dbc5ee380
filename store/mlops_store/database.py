"""Connections and transactions: how every process opens the store's SQLite file.

Owns the pragmas, the write transaction and the translation of SQLite's errors into the error tree.
Knows no table. Every write transaction is ``BEGIN IMMEDIATE``: a deferred one that reads before it
writes fails with "database is locked" under concurrent writers whatever the busy timeout is.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from mlops_store.errors import StoreBusy, StoreDamaged, StoreError, StoreFull, StoreReadOnly

BUSY_TIMEOUT_S = 30.0


def connect(path: str, *, read_only: bool = False, busy_timeout_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """An open connection in autocommit mode with the store's pragmas set.

    Args:
        path: The database file; created when missing unless ``read_only``.
        read_only: Open without the right to write.
        busy_timeout_s: Seconds to wait for another process's write lock.

    Raises:
        StoreError: The file cannot be opened or is no database.
    """
    with explained(path):
        if read_only:
            from urllib.parse import quote

            target, is_uri = f"file:{quote(os.path.abspath(path))}?mode=ro", True
        else:
            target, is_uri = path, False
        connection = sqlite3.connect(
            target, timeout=busy_timeout_s, isolation_level=None, uri=is_uri, check_same_thread=False
        )
        try:
            # NORMAL in WAL mode loses nothing when a process dies, only the last commits on power loss,
            # and those are still in the journals that were synced with the file system.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
        except BaseException:
            connection.close()
            raise
        return connection


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
    with explained(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Turns an SQLite failure inside the block into the error tree, naming ``path``."""
    try:
        yield
    except sqlite3.Error as error:
        translated = explain(error, path)
        if translated is None:
            raise
        raise translated from error


def explain(error: sqlite3.Error, path: str) -> StoreError | None:
    """The store error that a person can act on, or None for a programming error of ours."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusy(
            f"{path} is locked by another process", "try again; 'fuser' on the file names the process that holds it"
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return StoreReadOnly(f"{path} cannot be written", "check the owner and mode of the file and its directory")
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(f"the disk that holds {path} is full", "free some space; nothing that was logged is lost")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreDamaged(
            f"{path} is damaged or is not a database ({error})",
            "copy it aside and try: sqlite3 COPY '.recover' | sqlite3 NEW",
        )
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreError(f"{path} cannot be opened", "check that its directory exists and can be entered")
    if code == sqlite3.SQLITE_IOERR:
        return StoreError(f"{path} cannot be read or written ({error})", "check the disk and its free space")
    return None
