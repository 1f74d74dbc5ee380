"""Remarks by people on runs, model versions and alerts."""

from __future__ import annotations

import sqlite3
import time

from mlops_store.errors import NotFound
from mlops_store.records import Note


def add(db: sqlite3.Connection, subject: str, body: str, author: str) -> Note:
    """Appends a note. Needs a write transaction.

    Args:
        db: The connection of a write transaction.
        subject: ``run:<id>``, ``model:<name>/<version>`` or ``alert:<id>``.
        body: What the person wrote.
        author: Who wrote it.
    """
    now = time.time()
    cursor = db.execute(
        "INSERT INTO notes(subject, body, author, created_at) VALUES (?, ?, ?, ?)", (subject, body, author, now)
    )
    assert cursor.lastrowid is not None
    return Note(id=cursor.lastrowid, subject=subject, body=body, author=author, created_at=now)


def of(db: sqlite3.Connection, subject: str) -> tuple[Note, ...]:
    """The notes on a subject, oldest first."""
    rows = db.execute(
        "SELECT id, subject, body, author, created_at FROM notes WHERE subject = ? AND deleted_at IS NULL ORDER BY id",
        (subject,),
    ).fetchall()
    return tuple(Note(*row) for row in rows)


def delete(db: sqlite3.Connection, note_id: int) -> None:
    """Hides a note. Needs a write transaction.

    Raises:
        NotFound: No such note, or it is deleted already.
    """
    changed = db.execute(
        "UPDATE notes SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL", (time.time(), note_id)
    ).rowcount
    if not changed:
        raise NotFound(f"no note {note_id}")
