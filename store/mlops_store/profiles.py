"""Reference profiles: what a model's training data looked like, column by column."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from mlops_store.errors import NotFound
from mlops_store.records import Profile
from mlops_store.texts import storable


def add(
    db: sqlite3.Connection,
    *,
    digest: str,
    name: str,
    row_count: int,
    summary: Mapping[str, Any],
    sample_digest: str | None = None,
    at: float | None = None,
) -> int:
    """The id of the profile with this digest, kept now unless it was kept before (then under its first name).

    Args:
        db: A connection inside a write transaction.
        digest: What identifies the content: summary and sample.
        name: What a person calls it.
        row_count: Rows of the data that was profiled, which may be more than the sample holds.
        summary: Per-column summaries as JSON can hold them.
        sample_digest: The object that holds the rows kept for exact statistics.
        at: Unix seconds; now by default.
    """
    row = db.execute("SELECT id FROM profiles WHERE digest = ?", (digest,)).fetchone()
    if row is None:
        row = db.execute(
            "INSERT INTO profiles (digest, name, row_count, summary, sample_digest, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
            (
                digest,
                storable(name),
                row_count,
                json.dumps(summary, separators=(",", ":"), allow_nan=False),
                sample_digest,
                time.time() if at is None else at,
            ),
        ).fetchone()
    return int(row[0])


def get(db: sqlite3.Connection, profile_id: int) -> Profile:
    """The profile with this id.

    Raises:
        NotFound: There is none.
    """
    found = _one(db, "id = ?", profile_id)
    if found is None:
        raise NotFound(f"no profile {profile_id}")
    return found


def find(db: sqlite3.Connection, name: str) -> Profile | None:
    """The newest profile of this name."""
    return _one(db, "name = ?", storable(name))


def _one(db: sqlite3.Connection, where: str, value: int | str) -> Profile | None:
    row = db.execute(
        "SELECT id, digest, name, row_count, summary, sample_digest, created_at FROM profiles "
        f"WHERE {where} ORDER BY id DESC LIMIT 1",
        (value,),
    ).fetchone()
    return None if row is None else Profile(row[0], row[1], row[2], row[3], json.loads(row[4]), row[5], row[6])
