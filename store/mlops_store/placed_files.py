"""Files that clients put and read by paths: those of runs, those of logged models, and loose ones.

Owns the names; the bytes are objects (``artifacts``). Paths are normal: relative, with ``/``, without ``.`` and ``..``.
"""

from __future__ import annotations

import sqlite3
import time
from typing import NamedTuple

#: Table and the column of its owner by the kind of place; nobody owns loose files.
_TABLES = {
    "run": ("artifacts", "run_id"),
    "model": ("logged_model_files", "logged_model_id"),
    "loose": ("loose_files", ""),
}


class Place(NamedTuple):
    """Whose files: ``kind`` is 'run', 'model' or 'loose', ``owner`` the number of the run or model."""

    kind: str
    owner: int = 0


class PlacedFile(NamedTuple):
    """A file: its path within its place, the SHA-256 of its bytes, and how many these are."""

    path: str
    digest: str
    size_bytes: int


class Listed(NamedTuple):
    """What lies directly in a folder; ``size_bytes`` is None for a folder."""

    name: str
    size_bytes: int | None


def put(db: sqlite3.Connection, place: Place, path: str, digest: str, size_bytes: int) -> None:
    """Names an object; the newest file of a name wins. Needs a write transaction."""
    table, owner = _TABLES[place.kind]
    columns = f"{owner}, path" if owner else "path"
    marks = "?, ?" if owner else "?"
    db.execute(
        f"INSERT INTO {table}({columns}, digest, size_bytes, logged_at) VALUES ({marks}, ?, ?, ?) "
        f"ON CONFLICT({columns}) DO UPDATE SET digest = excluded.digest, size_bytes = excluded.size_bytes, "
        "logged_at = excluded.logged_at",
        (*((place.owner,) if owner else ()), path, digest, size_bytes, time.time()),
    )


def find(db: sqlite3.Connection, place: Place, path: str) -> PlacedFile | None:
    """The file of a path; None when there is none."""
    table, where, arguments = _where(place)
    row = db.execute(f"SELECT path, digest, size_bytes FROM {table} WHERE {where} AND path = ?", (*arguments, path))
    found = row.fetchone()
    return PlacedFile(*found) if found else None


def below(db: sqlite3.Connection, place: Place, folder: str = "") -> list[PlacedFile]:
    """All files in a folder and in the folders in it, by path; "" stands for the place itself."""
    table, where, arguments = _where(place)
    inside, bounds = _inside(folder)
    rows = db.execute(
        f"SELECT path, digest, size_bytes FROM {table} WHERE {where} AND {inside} ORDER BY path", (*arguments, *bounds)
    )
    return [PlacedFile(*row) for row in rows]


def listed(db: sqlite3.Connection, place: Place, folder: str = "") -> list[Listed]:
    """What lies directly in a folder, by name."""
    start = len(folder) + 1 if folder else 0
    found: dict[str, int | None] = {}
    for file in below(db, place, folder):
        name, slash, _ = file.path[start:].partition("/")
        found[name] = None if slash else file.size_bytes
    return [Listed(name, size) for name, size in sorted(found.items())]


def is_folder(db: sqlite3.Connection, place: Place, path: str) -> bool:
    """Whether there are files in it."""
    table, where, arguments = _where(place)
    inside, bounds = _inside(path)
    return (
        db.execute(f"SELECT 1 FROM {table} WHERE {where} AND {inside} LIMIT 1", (*arguments, *bounds)).fetchone()
        is not None
    )


def has_file_above(db: sqlite3.Connection, place: Place, path: str) -> bool:
    """Whether a part of a path names a file, so that nothing can lie in it."""
    parts = path.split("/")
    return any(find(db, place, "/".join(parts[:length])) is not None for length in range(1, len(parts)))


def remove(db: sqlite3.Connection, place: Place, path: str) -> int:
    """Removes a file, or a folder with all in it; returns how many files. Needs a write transaction."""
    table, where, arguments = _where(place)
    inside, bounds = _inside(path)
    return db.execute(
        f"DELETE FROM {table} WHERE {where} AND (path = ? OR {inside})", (*arguments, path, *bounds)
    ).rowcount


def _where(place: Place) -> tuple[str, str, tuple[object, ...]]:
    table, owner = _TABLES[place.kind]
    return (table, f"{owner} = ?", (place.owner,)) if owner else (table, "TRUE", ())


def _inside(folder: str) -> tuple[str, tuple[str, ...]]:
    """A condition on paths that the index answers: '0' is the character after '/'."""
    return ("path >= ? AND path < ?", (folder + "/", folder + "0")) if folder else ("TRUE", ())
