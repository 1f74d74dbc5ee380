"""What there is in a store, in a few numbers.

Makes no records and has plain classes: the others take longer to load than this takes to answer.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

_LIVE = "state IN ('queued', 'running')"


class NewestRun:
    """The newest pipeline run in the project itself; times in Unix seconds, ``ended_at`` None until then."""

    __slots__ = ("ended_at", "name", "started_at", "state")

    def __init__(self, name: str, state: str, started_at: float, ended_at: float | None) -> None:
        self.name = name
        self.state = state
        self.started_at = started_at
        self.ended_at = ended_at


class Glance:
    """What there is.

    Args:
        runs: How many runs, archived ones included, deleted ones not.
        has_models: Whether any model is registered.
        has_alerts: Whether any incident is not resolved.
        newest: The newest pipeline run; None when there is none.
    """

    __slots__ = ("has_alerts", "has_models", "newest", "runs")

    def __init__(
        self, runs: int = 0, *, has_models: bool = False, has_alerts: bool = False, newest: NewestRun | None = None
    ) -> None:
        self.runs = runs
        self.has_models = has_models
        self.has_alerts = has_alerts
        self.newest = newest


def of(db: sqlite3.Connection) -> Glance:
    """What there is, of one moment where the connection is in a transaction."""
    runs, has_models, has_alerts = db.execute(
        "SELECT (SELECT count(*) FROM runs WHERE deleted_at IS NULL), "
        "EXISTS (SELECT 1 FROM registered_models WHERE deleted_at IS NULL), "
        "EXISTS (SELECT 1 FROM incidents WHERE state IN ('open', 'acknowledged', 'snoozed'))"
    ).fetchone()
    newest = db.execute(
        "SELECT r.name, p.state, r.started_at, r.ended_at FROM pipeline_runs p JOIN runs r ON r.id = p.run_id "
        "WHERE r.deleted_at IS NULL AND json_extract(p.request, '$.in_workspace') IS NOT 1 "
        "ORDER BY p.run_id DESC LIMIT 1"
    ).fetchone()
    return Glance(
        runs,
        has_models=bool(has_models),
        has_alerts=bool(has_alerts),
        newest=None if newest is None else NewestRun(*newest),
    )


def is_under_way(db: sqlite3.Connection) -> bool:
    """Whether any pipeline run has not ended, or waits for its turn."""
    found = db.execute(
        f"SELECT EXISTS (SELECT 1 FROM pipeline_runs WHERE {_LIVE}) OR EXISTS (SELECT 1 FROM pipeline_queue)"
    ).fetchone()
    return bool(found[0])
