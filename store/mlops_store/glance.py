"""What there is in a store, in a few numbers.

Makes no records: their classes take longer to load than this takes to answer.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

_LIVE = "state IN ('queued', 'running')"


class NewestRun(NamedTuple):
    """The newest pipeline run in the project itself; times in Unix seconds, ``ended_at`` None until then."""

    name: str
    state: str
    started_at: float
    ended_at: float | None


class Glance(NamedTuple):
    """What there is.

    Attributes:
        runs: How many runs, archived ones included, deleted ones not.
        has_models: Whether any model is registered.
        has_alerts: Whether any alert is not resolved.
        newest: The newest pipeline run; None when there is none.
    """

    runs: int
    has_models: bool
    has_alerts: bool
    newest: NewestRun | None


def of(db: sqlite3.Connection) -> Glance:
    """What there is, of one moment where the connection is in a transaction."""
    runs, has_models, has_alerts = db.execute(
        "SELECT (SELECT count(*) FROM runs WHERE deleted_at IS NULL), "
        "EXISTS (SELECT 1 FROM registered_models WHERE deleted_at IS NULL), "
        "EXISTS (SELECT 1 FROM alerts WHERE state IN ('open', 'acknowledged'))"
    ).fetchone()
    newest = db.execute(
        "SELECT r.name, p.state, r.started_at, r.ended_at FROM pipeline_runs p JOIN runs r ON r.id = p.run_id "
        "WHERE r.deleted_at IS NULL AND json_extract(p.request, '$.in_workspace') IS NOT 1 "
        "ORDER BY p.run_id DESC LIMIT 1"
    ).fetchone()
    return Glance(runs, bool(has_models), bool(has_alerts), None if newest is None else NewestRun(*newest))


def is_under_way(db: sqlite3.Connection) -> bool:
    """Whether any pipeline run has not ended, or waits for its turn."""
    found = db.execute(
        f"SELECT EXISTS (SELECT 1 FROM pipeline_runs WHERE {_LIVE}) OR EXISTS (SELECT 1 FROM pipeline_queue)"
    ).fetchone()
    return bool(found[0])
