"""Opening another tool's SQLite file, which is neither written nor trusted.

A file in WAL mode whose log is empty is opened as immutable, so that not even the files beside it are made; one that is
in use right now is read together with its log, under the same locks as by any other reader.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any
from urllib.parse import quote

from mlops_store.errors import Busy, Refused

#: The longest text or blob that is read, in bytes.
MAX_BYTES = 64 << 20
_MAGIC = b"SQLite format 3\0"
#: Seconds that a writer is waited for.
_PATIENCE_S = 10.0
#: Rows that are fetched at once.
_AT_ONCE = 1000


def is_database(path: str) -> bool:
    """Whether a file begins as SQLite files do."""
    if not os.path.isfile(path):
        return False  # opening a pipe would wait for its writer
    try:
        with open(path, "rb") as file:
            return file.read(16) == _MAGIC
    except OSError:
        return False


def tables(path: str) -> frozenset[str]:
    """The names of the tables of a file, none where it cannot be read; used to tell what a file is.

    Raises:
        Busy: Another process keeps it locked.
    """
    if not is_database(path):
        return frozenset()
    try:
        with opened(path) as db:
            return _tables(db)
    except Busy:
        raise
    except Refused:
        return frozenset()


@contextmanager
def opened(path: str) -> Iterator[sqlite3.Connection]:
    """A connection for reading.

    Raises:
        Refused: The file is no database, is damaged, or waits for its own program to repair it.
        Busy: Another process keeps it locked.
    """
    if not is_database(path):
        raise Refused(f"{path} is no SQLite database", "name the file itself")
    try:
        connection = sqlite3.connect(_address(path), uri=True, timeout=_PATIENCE_S, isolation_level=None)
        try:
            _distrust(connection)
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Busy(f"{path} is locked by another process", "try again once that has written") from error
        hint = "open it once with the program that wrote it" if "readonly" in str(error) else ""
        raise Refused(f"{path} cannot be read ({error})", hint) from error
    except UnicodeDecodeError as error:  # SQLite quotes the schema in its message, whatever bytes that has become
        raise Refused(f"{path} cannot be read (its schema is damaged)") from error


def require_tables(db: sqlite3.Connection, path: str, needed: frozenset[str]) -> frozenset[str]:
    """The names of the tables: real ones, since a view could stand in for one and never end.

    Raises:
        Refused: Some of the needed ones are missing.
    """
    found = _tables(db)
    if missing := sorted(needed - found):
        raise Refused(f"{path} has no table {missing[0]!r}", "name another kind with --from")
    return found


def columns(db: sqlite3.Connection, table: str) -> frozenset[str]:
    """The names of a table's columns."""
    return frozenset(row[1] for row in db.execute(f'PRAGMA table_info("{table}")'))


def select(db: sqlite3.Connection, table: str, wanted: tuple[str, ...]) -> str:
    """A list of columns to select, with NULL for those that this version of the table lacks."""
    present = columns(db, table)
    return ", ".join(column if column in present else f"NULL AS {column}" for column in wanted)


def index_by(db: sqlite3.Connection, table: str, column: str) -> str:
    """The table, or a temporary copy that has an index on the column where the table has none."""
    for name in [row[1] for row in db.execute(f'PRAGMA index_list("{table}")')]:
        first = db.execute(f'PRAGMA index_info("{name}")').fetchone()
        if first is not None and first[2] == column:
            return f'main."{table}"'
    db.execute(f'CREATE TEMP TABLE "by_{table}" AS SELECT * FROM main."{table}"')
    db.execute(f'CREATE INDEX temp."by_{table}_{column}" ON "by_{table}"("{column}")')
    return f'temp."by_{table}"'


def rows(db: sqlite3.Connection, query: str, arguments: Sequence[object]) -> Iterator[tuple[Any, ...]]:
    """The rows that a statement finds, text that is no UTF-8 among them.

    Raises:
        sqlite3.DatabaseError: The file is damaged behind those that came.
    """
    count = 0
    try:
        cursor = db.execute(query, arguments)
        while some := _fetched(db, cursor):
            yield from some
            count += len(some)
    except sqlite3.DatabaseError:  # not all of it can be read so quickly
        yield from islice(db.execute(query, arguments), count, None)


def _fetched(db: sqlite3.Connection, cursor: sqlite3.Cursor) -> list[tuple[Any, ...]]:
    db.text_factory = str  # which takes SQLite's own way, a third of the time
    try:
        return cursor.fetchmany(_AT_ONCE)
    finally:
        db.text_factory = _text


def _tables(db: sqlite3.Connection) -> frozenset[str]:
    rows = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
    return frozenset(str(row[0]) for row in rows)


def _address(path: str) -> str:
    address = f"file:{quote(os.path.abspath(path))}?mode=ro"
    with open(path, "rb") as file:
        header = file.read(20)
    is_wal = header[18:20] == b"\x02\x02"
    log = path + "-wal"
    if is_wal and not (os.path.exists(log) and os.path.getsize(log)):
        return address + "&immutable=1"
    return address


def _distrust(connection: sqlite3.Connection) -> None:
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BYTES)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA mmap_size = 0")
    connection.text_factory = _text


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
