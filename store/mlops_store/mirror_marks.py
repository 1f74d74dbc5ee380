"""What other registries were last seen to hold of ours, and what could not be written to them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from mlops_store.texts import storable


class Mark(NamedTuple):
    """One thing that both registries say of a model.

    Attributes:
        agreed: What both held when they last agreed; None when they never did.
        error: Why the last write failed; "" when it did not.
        tried_at: When that was, Unix seconds.
    """

    agreed: str | None
    error: str
    tried_at: float


def of_model(db: sqlite3.Connection, mirror: str, model: str) -> dict[str, Mark]:
    """Mark -> what is known of it."""
    rows = db.execute(
        "SELECT mark, agreed, error, tried_at FROM mirror_marks WHERE mirror = ? AND model = ?", (mirror, model)
    )
    return {mark: Mark(*rest) for mark, *rest in rows}


def agree(db: sqlite3.Connection, mirror: str, model: str, marks: Mapping[str, str], at: float) -> None:
    """Keeps that both hold these values now. Needs a write transaction."""
    db.executemany(
        "INSERT OR REPLACE INTO mirror_marks (mirror, model, mark, agreed, error, tried_at) VALUES (?, ?, ?, ?, '', ?)",
        [(mirror, model, storable(mark), storable(value), at) for mark, value in marks.items()],
    )


def fail(db: sqlite3.Connection, mirror: str, model: str, mark: str, error: str, at: float) -> None:
    """Keeps that a write failed. Needs a write transaction."""
    db.execute(
        "INSERT INTO mirror_marks (mirror, model, mark, error, tried_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (mirror, model, mark) DO UPDATE SET error = excluded.error, tried_at = excluded.tried_at",
        (mirror, model, storable(mark), storable(error), at),
    )


def reached(db: sqlite3.Connection, mirror: str, model: str) -> None:
    """Forgets that the mirror could not be read. Needs a write transaction."""
    db.execute("DELETE FROM mirror_marks WHERE mirror = ? AND model = ? AND mark = ''", (mirror, model))
