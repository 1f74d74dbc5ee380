"""The list of what happened: appended to, never changed."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_store.texts import storable

if TYPE_CHECKING:
    from mlops_store.records import Event


def add(
    db: sqlite3.Connection,
    kind: str,
    subject: str,
    message: str,
    data: Mapping[str, Any] | None = None,
    at: float | None = None,
) -> None:
    """Appends an event. Needs a write transaction.

    Args:
        db: The connection of a write transaction.
        kind: What sort of thing happened, dotted, e.g. ``run.killed``.
        subject: What it happened to, e.g. ``run:<id>``, ``model:<name>/<version>``.
        message: One sentence for people.
        data: More, as JSON.
        at: Unix seconds; now by default.
    """
    db.execute(
        "INSERT INTO events(at, kind, subject, message, data) VALUES (?, ?, ?, ?, ?)",
        (
            time.time() if at is None else at,
            kind,
            storable(subject),
            storable(message),
            json.dumps(dict(data), default=str) if data else None,
        ),
    )


def newest(db: sqlite3.Connection, limit: int = 100) -> list[Event]:
    """The newest events, newest first."""
    from mlops_store.records import Event  # costs a training script that only folds too much

    rows = db.execute(
        "SELECT id, at, kind, subject, message, data FROM events ORDER BY id DESC LIMIT ?", (limit,)
    ).fetchall()
    return [
        Event(number, at, kind, subject, message, json.loads(data) if data else {})
        for number, at, kind, subject, message, data in rows
    ]
