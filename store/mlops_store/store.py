"""The store of one project: opening it, reading it, writing it.

Owns connections (one a thread) and the check of the schema's version. The statements stand in one module per noun
(``runs``, ``metrics``, ``models`` …), whose functions take the connection that this class gives.
"""

from __future__ import annotations

import errno
import os
import shlex
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mlops_store import object_folders
from mlops_store.database import BUSY_TIMEOUT_S, Connection, connect, explained, writing
from mlops_store.errors import NotFound, StoreBusy, StoreDamaged, StoreError, StoreFull, StoreNewer, StoreReadOnly

#: How many migrations schema.py has; a test keeps the two equal.
SCHEMA_VERSION = 37

#: PRAGMA application_id of our files: "mlop".
APPLICATION_ID = 0x6D6C6F70


class _TakenBack(Exception):
    """The end of a trial."""


class Store:
    """The SQLite file of a project and the folder of content-addressed objects that goes with it.

    Safe to share between threads: each thread gets a connection of its own. Not to be carried across ``fork``.
    A file that cannot be written is opened for reading (``is_read_only``), and ``write`` raises StoreReadOnly.

    Args:
        path: The database file, usually ``.mlops/store.db``.
        create: Make the file and bring its schema up to date. Without it a missing file is NotFound, and a file
            that is behind is still brought up to date.
        busy_timeout_s: Seconds that a write waits for another process.
        view_of: What the file is a copy of, where it is only to be looked at; "" for a store of its own.

    Raises:
        NotFound: No such file and ``create`` is false.
        StoreNewer: The file was written by a newer program.
        StoreDamaged: The file is no database, was cut short, or belongs to another program.
        StoreError: The file cannot be used; see ``mlops_store.errors``.
    """

    def __init__(
        self, path: str, *, create: bool = True, busy_timeout_s: float = BUSY_TIMEOUT_S, view_of: str = ""
    ) -> None:
        self.path = os.path.abspath(path)
        self.objects_dir = object_folders.of(self.path)
        self._busy_timeout_s = busy_timeout_s
        self._view_of = view_of
        self._local = threading.local()
        self._lock = threading.Lock()
        self._connections: list[Connection] = []
        self._was_there = os.path.exists(self.path)
        if not self._was_there:
            if not create:
                raise NotFound(f"no store at {self.path}", "run 'mlops-tui init' in the project's directory")
            self._make_directory()
        self.is_read_only = bool(view_of) or (
            os.path.exists(self.path)
            and not (os.access(self.path, os.W_OK) and os.access(os.path.dirname(self.path), os.W_OK))
        )
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _make_directory(self) -> None:
        directory = os.path.dirname(self.path)
        try:
            os.makedirs(directory, exist_ok=True)
            ignore = os.path.join(directory, ".gitignore")
            if os.path.basename(directory) == ".mlops" and not os.path.exists(ignore):
                with open(ignore, "w", encoding="utf-8") as file:
                    file.write("*\n")
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StoreFull(f"the disk that holds {directory} is full", "free some space") from error
            raise StoreReadOnly(f"{directory} cannot be made ({error.strerror})", "check its owner and mode") from error

    def _prepare(self) -> None:
        if os.path.isdir(self.path):
            raise StoreDamaged(f"{self.path} is a directory", "move it away, or name another file")
        if not os.path.exists(self.path) and not os.access(os.path.dirname(self.path), os.W_OK):
            raise StoreReadOnly(f"{self.path} cannot be made", "check the owner and mode of its directory")
        connection = self.read()
        version, owner = self._version(connection)
        self._require_whole(connection)
        if owner not in (0, APPLICATION_ID):
            raise StoreDamaged(f"{self.path} is a database of another program", "move it away, or name another file")
        if version > SCHEMA_VERSION:
            raise StoreNewer(
                f"{self.path} has schema version {version}, this program knows {SCHEMA_VERSION}",
                "install a newer mlops-tui: pip install --upgrade mlops-tui",
            )
        if version < SCHEMA_VERSION:
            self._bring_up_to_date(connection, version)

    def _require_whole(self, connection: Connection) -> None:
        """Refuses a file that is shorter than its header says: SQLite itself misses a torn last page.

        Only ``stat`` may be used for this: opening and closing the file by other means than SQLite would drop the
        locks that this process holds on it, and with them other processes' commits.
        """
        expected = 1
        for pragma in ("page_count", "page_size"):
            expected *= connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        with suppress(FileNotFoundError):
            if os.path.getsize(self.path + "-wal"):  # asked last: another process may have begun it meanwhile
                return  # pages may stand in the log only
        size = os.path.getsize(self.path)
        if size < expected:
            raise StoreDamaged(
                f"{self.path} was cut short: {size} bytes are left of {expected}",
                "copy it aside and try: sqlite3 COPY '.recover' | sqlite3 NEW",
            )

    @staticmethod
    def _version(connection: Connection) -> tuple[int, int]:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        owner: int = connection.execute("PRAGMA application_id").fetchone()[0]
        return version, owner

    def _bring_up_to_date(self, connection: Connection, version: int) -> None:
        if self.is_read_only:
            raise StoreReadOnly(
                f"{self.path} has schema version {version} and cannot be written, so it cannot be brought up to date",
                "open it once as its owner",
            )
        self._require_ours(connection)
        self._use_wal(connection)
        with writing(connection, self.path):
            # another process may have been first
            version, _ = self._version(connection)
            if version == 0:
                self._require_new()
                _make(connection)
            elif version < SCHEMA_VERSION:
                from mlops_store.schema import migrate

                migrate(connection)

    def _require_ours(self, connection: Connection) -> None:
        """Refuses a file that has tables but no version: it is not ours to change."""
        has_tables = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        # the version is read last: another process may have made the tables just now
        if has_tables and self._version(connection)[0] == 0:
            raise StoreDamaged(f"{self.path} is a database of another program", "move it away, or name another file")

    def _require_new(self) -> None:
        """Refuses an empty file beside which runs have left logs: it was a store, and what it held is gone."""
        logs = os.path.join(os.path.dirname(self.path), "logs")
        if self._was_there and os.path.isdir(logs) and os.listdir(logs):
            raise StoreDamaged(
                f"{self.path} is empty, but pipeline runs have left logs beside it: what it held is lost",
                "bring it back from a backup, or delete it to begin anew",
            )

    def _use_wal(self, connection: Connection) -> None:
        # SQLite does not wait for the lock when the journal mode changes, so that is tried until the deadline.
        deadline = time.monotonic() + self._busy_timeout_s
        while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except StoreBusy:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def read(self) -> Connection:
        """This thread's connection, for reading. Each statement sees the newest commit."""
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = connect(self.path, read_only=self.is_read_only, busy_timeout_s=self._busy_timeout_s)
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

    def _require_writable(self) -> None:
        if self._view_of:
            raise StoreReadOnly(
                f"{os.path.basename(self._view_of)} is only looked at: nothing can be changed here",
                f"to change runs: mlops-tui import {shlex.quote(self._view_of)}",
            )
        if self.is_read_only:
            raise StoreReadOnly(f"{self.path} cannot be written", "check the owner and mode of it and its directory")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A short write transaction on this thread's connection (``BEGIN IMMEDIATE`` … ``COMMIT``).

        Raises:
            StoreReadOnly: The file or its directory cannot be written.
            StoreBusy: Another process wrote for longer than the busy timeout.
            StoreFull: The disk is full; the transaction is rolled back.
        """
        self._require_writable()
        with writing(self.read(), self.path) as connection:
            yield connection

    @contextmanager
    def trial(self) -> Iterator[sqlite3.Connection]:
        """A write transaction that is always taken back, to see what would come of an act.

        Raises:
            StoreError: See ``write``.
        """
        with suppress(_TakenBack), self.write() as connection:
            yield connection
            raise _TakenBack

    def data_version(self) -> int:
        """A number that moves when another connection has committed; costs microseconds."""
        value: int = self.read().execute("PRAGMA data_version").fetchone()[0]
        return value

    def close_thread(self) -> None:
        """Closes this thread's connection; the next use opens a new one."""
        connection: Connection | None = getattr(self._local, "connection", None)
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


def _make(connection: Connection) -> None:
    """Makes the tables of a new store without sqlite-utils, whose import takes longer than all else."""
    from mlops_store import fresh

    for statement in fresh.STATEMENTS:
        connection.execute(statement)
    at = time.strftime("%Y-%m-%d %H:%M:%S.000000+00:00", time.gmtime())
    connection.executemany(
        "INSERT INTO _sqlite_migrations(migration_set, name, applied_at) VALUES ('mlops_store', ?, ?)",
        [(name, at) for name in fresh.MIGRATIONS],
    )
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


__all__ = ["APPLICATION_ID", "SCHEMA_VERSION", "Store", "StoreError"]
