"""Names of params, metrics and tags, each stored once and known inside the store by a number."""

from __future__ import annotations

import sqlite3


def intern(db: sqlite3.Connection, name: str) -> int:
    """The number of a name, which is stored when it is new. Needs a write transaction."""
    row = db.execute("SELECT id FROM keys WHERE name = ?", (name,)).fetchone()
    if row is not None:
        number: int = row[0]
        return number
    cursor = db.execute("INSERT INTO keys(name) VALUES (?)", (name,))
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def find(db: sqlite3.Connection, name: str) -> int | None:
    """The number of a name, or None when nothing of that name was ever stored."""
    row = db.execute("SELECT id FROM keys WHERE name = ?", (name,)).fetchone()
    return None if row is None else row[0]
