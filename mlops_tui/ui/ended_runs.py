"""Which runs have ended since the last look: each is told of once, and none that had ended before the first look."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from mlops_store.records import RunStatus

_SEEN = """SELECT id, name, status, started_at, ended_at FROM runs
WHERE parent_id IS NULL AND deleted_at IS NULL AND (id > ? OR id IN (SELECT value FROM json_each(?))) ORDER BY id"""
_LIVE = "SELECT id FROM runs WHERE status IN ('RUNNING', 'SCHEDULED')"


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that has just ended: a script's or a pipeline's, not one within another."""

    name: str
    status: RunStatus
    duration_s: float


class EndedRuns:
    """Follows the runs of one store."""

    def __init__(self) -> None:
        self._live: set[int] = set()
        self._newest = -1

    def look(self, db: sqlite3.Connection) -> list[EndedRun]:
        """The runs that have ended since the last look, in the order in which they began; none on the first."""
        if self._newest < 0:
            self._newest = db.execute("SELECT coalesce(max(id), 0) FROM runs").fetchone()[0]
            self._live = {number for (number,) in db.execute(_LIVE)}
            return []
        ended = []
        for number, name, status, started_at, ended_at in db.execute(
            _SEEN, (self._newest, json.dumps(sorted(self._live)))
        ).fetchall():
            self._newest = max(self._newest, number)
            if RunStatus(status).is_live:
                self._live.add(number)
            else:
                self._live.discard(number)
                ended.append(EndedRun(name, RunStatus(status), max(0.0, (ended_at or started_at) - started_at)))
        return ended
