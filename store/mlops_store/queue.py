"""Pipeline runs that wait for their turn. Starting one, which makes it a pipeline run, is the caller's affair."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from mlops_store.errors import NotFound, UsageError, nearest
from mlops_store.records import QueuedRun

_COLUMNS = "SELECT run_id, name, priority, queued_at, queued_by, request FROM pipeline_queue"
_ORDER = "ORDER BY priority DESC, id"


def add(
    db: sqlite3.Connection, run_id: str, *, name: str, priority: int, request: Mapping[str, Any], by: str, at: float
) -> None:
    """Puts a run behind those of its priority.

    Args:
        db: A connection inside a write transaction.
        run_id: The id that the run will have.
        name: What it will be called; '' for a made-up name.
        priority: Higher goes first.
        request: What is asked for, as JSON can hold it.
        by: Who asks.
        at: When, in Unix seconds.
    """
    db.execute(
        "INSERT INTO pipeline_queue (run_id, name, priority, request, queued_at, queued_by) VALUES (?, ?, ?, ?, ?, ?)",
        (run_id, name, priority, json.dumps(request), at, by),
    )


def all(db: sqlite3.Connection) -> list[QueuedRun]:  # noqa: A001 as in the other modules: queue.all
    """The waiting runs in the order in which they will start."""
    return [_read(row) for row in db.execute(f"{_COLUMNS} {_ORDER}")]


def is_empty(db: sqlite3.Connection) -> bool:
    """Whether nothing waits."""
    return db.execute("SELECT 1 FROM pipeline_queue LIMIT 1").fetchone() is None


def find(db: sqlite3.Connection, run_id: str) -> QueuedRun | None:
    """The waiting run of an id; None when it does not wait (any more)."""
    row = db.execute(f"{_COLUMNS} WHERE run_id = ?", (run_id,)).fetchone()
    return None if row is None else _read(row)


def resolve(db: sqlite3.Connection, word: str) -> QueuedRun:
    """The waiting run that a person means: its id, digits that begin or end it, or its name.

    Raises:
        NotFound: None waits of that id or name.
        UsageError: Several fit.
    """
    waiting = all(db)
    for fits in (
        [one for one in waiting if one.run_id == word],
        [one for one in waiting if one.name and one.name == word],
        [one for one in waiting if len(word) > 3 and (one.run_id.startswith(word) or one.run_id.endswith(word))],
    ):
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise UsageError(f"{len(fits)} waiting runs fit {word!r}", "give the whole id")
    known = [one.run_id for one in waiting] + [one.name for one in waiting if one.name]
    raise NotFound(f"no run {word!r} is waiting", nearest(word, known))


def remove(db: sqlite3.Connection, run_id: str) -> bool:
    """Takes a run out; returns whether it was waiting."""
    return db.execute("DELETE FROM pipeline_queue WHERE run_id = ?", (run_id,)).rowcount > 0


def set_priority(db: sqlite3.Connection, run_id: str, priority: int) -> None:
    """Gives a waiting run another priority; among those of that priority it keeps its age."""
    db.execute("UPDATE pipeline_queue SET priority = ? WHERE run_id = ?", (priority, run_id))


def _read(row: tuple[Any, ...]) -> QueuedRun:
    run_id, name, priority, queued_at, queued_by, request = row
    return QueuedRun(run_id, name, priority, queued_at, queued_by, json.loads(request))
