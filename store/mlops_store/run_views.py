"""Views of runs saved by name, for everybody who uses the store; ``mlops_tui.compare.views`` knows what is in them."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from mlops_store.errors import NotFound, nearest


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view.

    Attributes:
        name: What people call it; unique.
        body: JSON.
        author: Who saved it last.
        saved_at: Unix seconds.
    """

    name: str
    body: str
    author: str
    saved_at: float


def save(db: sqlite3.Connection, name: str, body: str, author: str) -> SavedView | None:
    """Saves a view in the place of the one of that name, which is returned. Needs a write transaction."""
    before = find(db, name)
    put(db, SavedView(name, body, author, time.time()))
    return before


def put(db: sqlite3.Connection, view: SavedView) -> None:
    """Stores a view as it is. Needs a write transaction."""
    db.execute(
        "INSERT INTO run_views(name, body, author, saved_at) VALUES (?, ?, ?, ?) ON CONFLICT(name) DO UPDATE SET "
        "body = excluded.body, author = excluded.author, saved_at = excluded.saved_at",
        (view.name, view.body, view.author, view.saved_at),
    )


def every(db: sqlite3.Connection) -> list[SavedView]:
    """The views by name."""
    rows = db.execute("SELECT name, body, author, saved_at FROM run_views ORDER BY name")
    return [SavedView(*row) for row in rows]


def find(db: sqlite3.Connection, name: str) -> SavedView | None:
    """The view of a name, or None."""
    row = db.execute("SELECT name, body, author, saved_at FROM run_views WHERE name = ?", (name,)).fetchone()
    return None if row is None else SavedView(*row)


def get(db: sqlite3.Connection, name: str) -> SavedView:
    """The view of a name.

    Raises:
        NotFound: There is none.
    """
    found = find(db, name)
    if found is None:
        known = [one.name for one in every(db)]
        hint = nearest(name, known) if known else "none has been saved: 'runs views save NAME', or W in the dashboard"
        raise NotFound(f"no view of runs is called {name!r}", hint)
    return found


def delete(db: sqlite3.Connection, name: str) -> SavedView:
    """Removes a view, which is returned. Needs a write transaction.

    Raises:
        NotFound: There is none.
    """
    found = get(db, name)
    db.execute("DELETE FROM run_views WHERE name = ?", (name,))
    return found


__all__ = ["SavedView", "delete", "every", "find", "get", "put", "save"]
