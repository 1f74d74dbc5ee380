"""The store of one project: opening it, reading it, writing it.

Owns connections (one a thread) and the check of the schema's version. The statements stand in one module per noun
(``runs``, ``metrics``, ``models`` …), whose functions take the connection that this class gives.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mlops_store.database import BUSY_TIMEOUT_S, connect, explained, writing
from mlops_store.errors import NotFound, StoreError, StoreFull, StoreNewer, StoreReadOnly

#: Number of migrations in schema.py; a test keeps the two equal.
SCHEMA_VERSION = 4


class Store:
    """The SQLite file of a project and the folder of content-addressed objects beside it.

    Safe to share between threads: each thread gets a connection of its own. Not to be carried across ``fork``.

    Args:
        path: The database file, usually ``.mlops/store.db``.
        create: Make the file and bring its schema up to date. Without it a missing file is NotFound, and a file
            that is behind is still brought up to date.
        busy_timeout_s: Seconds that a write waits for another process.

    Raises:
        NotFound: No such file and ``create`` is false.
        StoreNewer: The file was written by a newer program.
        StoreError: The file cannot be used; see ``mlops_store.errors``.
    """

    def __init__(self, path: str, *, create: bool = True, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.path = os.path.abspath(path)
        self.objects_dir = os.path.join(os.path.dirname(self.path), "objects")
        self.is_read_only = False
        self._busy_timeout_s = busy_timeout_s
        self._local = threading.local()
        self._lock = threading.Lock()
        self._connections: list[sqlite3.Connection] = []
        if not os.path.exists(self.path):
            if not create:
                raise NotFound(f"no store at {self.path}", "run 'mlops-tui init' in the project's directory")
            self._make_directory()
        self._prepare()

    def _make_directory(self) -> None:
        directory = os.path.dirname(self.path)
        try:
            os.makedirs(directory, exist_ok=True)
            ignore = os.path.join(directory, ".gitignore")
            if os.path.basename(directory) == ".mlops" and not os.path.exists(ignore):
                with open(ignore, "w", encoding="utf-8") as file:
                    file.write("*\n")
        except OSError as error:
            if error.errno == 28:
                raise StoreFull(f"the disk that holds {directory} is full", "free some space") from error
            raise StoreReadOnly(f"{directory} cannot be made ({error.strerror})", "check its owner and mode") from error

    def _prepare(self) -> None:
        connection = self.read()
        with explained(self.path):
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version < SCHEMA_VERSION:
                self._migrate(connection)
            elif version > SCHEMA_VERSION:
                self.close()
                raise StoreNewer(
                    f"{self.path} has schema version {version}, this program knows {SCHEMA_VERSION}",
                    "install a newer mlops-tui: pip install --upgrade mlops-tui",
                )

    def _migrate(self, connection: sqlite3.Connection) -> None:
        # SQLite does not wait for the lock when the journal mode changes, so that is tried until the deadline.
        import time

        deadline = time.monotonic() + self._busy_timeout_s
        while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                busy = (getattr(error, "sqlite_errorcode", 0) & 0xFF) == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        with writing(connection, self.path):
            # another process may have been first
            if connection.execute("PRAGMA user_version").fetchone()[0] < SCHEMA_VERSION:
                from mlops_store.schema import migrate

                migrate(connection)

    def read(self) -> sqlite3.Connection:
        """This thread's connection, for reading. Each statement sees the newest commit."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = connect(self.path, busy_timeout_s=self._busy_timeout_s)
            self._local.connection = connection
            with self._lock:
                self._connections.append(connection)
        return connection

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A read transaction: every statement inside sees the same moment."""
        connection = self.read()
        if connection.in_transaction:
            yield connection
            return
        with explained(self.path):
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A short write transaction on this thread's connection (``BEGIN IMMEDIATE`` … ``COMMIT``)."""
        with writing(self.read(), self.path) as connection:
            yield connection

    def data_version(self) -> int:
        """A number that moves when another connection has committed; costs microseconds."""
        with explained(self.path):
            value: int = self.read().execute("PRAGMA data_version").fetchone()[0]
            return value

    def close_thread(self) -> None:
        """Closes this thread's connection; the next use opens a new one."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            self._local.connection = None
            with self._lock:
                self._connections.remove(connection)
            connection.close()

    def close(self) -> None:
        """Closes every connection; the store can not be used by other threads afterwards."""
        with self._lock:
            connections, self._connections = self._connections, []
        for connection in connections:
            connection.close()
        self._local = threading.local()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


__all__ = ["SCHEMA_VERSION", "Store", "StoreError"]
