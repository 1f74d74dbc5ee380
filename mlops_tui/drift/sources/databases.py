"""SQLite and DuckDB files, opened for reading only, with what goes wrong said of the monitor that names them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from mlops_store.errors import MlopsError, Refused, UsageError

_SQLITE = b"SQLite format 3\0"
_DUCKDB = b"DUCK"
_DUCKDB_AT = 8
_FETCHED_ROWS = 20_000
#: How long a writer is waited for.
_BUSY_S = 5.0


class Connection(Protocol):
    """A database that is open for reading."""

    def execute(self, sql: str, arguments: Sequence[Any] = (), /) -> Any:
        """Runs a statement; its rows can be fetched from what is returned."""
        ...


@dataclass(frozen=True, slots=True)
class Database:
    """An SQLite or DuckDB file.

    Attributes:
        path: Where it is.
        name: What it is called in messages.
        place: Which table of ``mlops.toml`` names it.
    """

    path: str
    name: str
    place: str

    @contextmanager
    def opened(self) -> Iterator[Connection]:
        """The database, for as long as the context lasts; errors of its library become ours.

        Raises:
            UsageError: It cannot be read or is no database, or a statement is wrong.
            Refused: Another program has locked it, or the library that reads it is not installed.
        """
        where = f"{self.place}.database: {self.name}"
        try:
            with open(self.path, "rb") as file:
                head = file.read(16)
        except OSError as error:
            raise UsageError(f"{where} cannot be read ({error.strerror})", "check the path") from error
        if head == _SQLITE or not head:
            with self._sqlite() as db:
                yield db
        elif head[_DUCKDB_AT:].startswith(_DUCKDB):
            with self._duckdb() as db:
                yield db
        else:
            raise UsageError(f"{where} is neither an SQLite nor a DuckDB file", "name the file of the database")

    def fetched(self, cursor: Any) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of an answer, in blocks."""
        while rows := cursor.fetchmany(_FETCHED_ROWS):
            yield rows

    @contextmanager
    def _sqlite(self) -> Iterator[Connection]:
        try:
            uri = f"file:{quote(self.path)}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None)) as db:
                db.execute("PRAGMA query_only = ON")
                db.text_factory = lambda data: data.decode("utf-8", "backslashreplace")
                yield db
        except (sqlite3.Error, sqlite3.Warning) as error:  # a warning: there are two statements
            raise self._told(error, is_busy="locked" in str(error)) from error

    @contextmanager
    def _duckdb(self) -> Iterator[Connection]:
        try:
            import duckdb
        except ImportError as error:
            message = f"{self.place}.database: {self.name} is a DuckDB file, and its library is not installed"
            raise Refused(message, "pip install 'mlops-tui[duckdb]'") from error
        try:
            with duckdb.connect(self.path, read_only=True) as db:
                yield db
        except duckdb.Error as error:
            raise self._told(error, is_busy="lock on file" in str(error)) from error

    def _told(self, error: Exception, *, is_busy: bool) -> MlopsError:
        if is_busy:
            message = f"{self.place}.database: {self.name} is locked by another program"
            return Refused(message, "check again when that has ended or let go of it")
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        return UsageError(f"{self.place}.query: {reason}", f"it is run over {self.name}, which is only read")
