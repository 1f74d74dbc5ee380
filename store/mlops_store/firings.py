"""Every time that a trigger fired, and what came of it: runs, versions, what gates said, that a person was asked."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from mlops_store import events
from mlops_store.errors import NotFound
from mlops_store.records import Firing
from mlops_store.texts import storable

_FIRINGS = "SELECT id, trigger, at, reason, alert_id, run_ids, stage, state, note, settled_at FROM firings"
#: A version belongs to the run that logged it; that run to a stage's, and that to the pipeline's.
_MADE = """
WITH RECURSIVE made(id) AS (
    SELECT id FROM runs WHERE run_id IN (SELECT value FROM json_each(?))
    UNION SELECT r.id FROM runs r JOIN made ON r.parent_id = made.id
)
SELECT v.id, m.name, v.version FROM made JOIN model_versions v ON v.run_id = made.id
JOIN registered_models m ON m.id = v.model_id WHERE v.deleted_at IS NULL ORDER BY v.id
"""


def add(
    db: sqlite3.Connection,
    trigger: str,
    *,
    at: float,
    reason: str,
    alert_id: int | None,
    run_ids: Sequence[str],
    stage: str = "",
) -> int:
    """Records that a trigger fired; returns the firing's id.

    Args:
        db: A connection inside a write transaction.
        trigger: The trigger.
        at: Unix seconds.
        reason: Why.
        alert_id: The alert that it answers; None without one.
        run_ids: What it started.
        stage: The stage that a candidate is to be proposed for; '' for none.
    """
    row = db.execute(
        "INSERT INTO firings (trigger, at, reason, alert_id, run_ids, stage, state, note) "
        "VALUES (?, ?, ?, ?, ?, ?, 'started', '') RETURNING id",
        (storable(trigger), at, storable(reason), alert_id, json.dumps(list(run_ids)), stage),
    ).fetchone()
    return int(row[0])


def settle(db: sqlite3.Connection, firing: Firing, state: str, note: str, *, at: float) -> bool:
    """Records what came of a firing, once, with an event where there is a note; False when another process has done so.

    Args:
        db: A connection inside a write transaction.
        firing: The firing.
        state: As in ``records.Firing``.
        note: What is to be said about it; '' where nothing was asked for and nothing came.
        at: Unix seconds.
    """
    done = db.execute(
        "UPDATE firings SET state = ?, note = ?, settled_at = ? WHERE id = ? AND state = 'started'",
        (state, storable(note), at, firing.id),
    )
    if done.rowcount == 0:
        return False
    for version_id, _, _ in _made(db, firing.run_ids):
        db.execute("INSERT OR IGNORE INTO firing_versions VALUES (?, ?)", (firing.id, version_id))
    if not note:
        return True
    message = f"trigger {firing.trigger}: {note}"
    events.add(db, f"trigger.{state}", f"trigger:{firing.trigger}", storable(message), {"firing": firing.id}, at)
    return True


def made(db: sqlite3.Connection, run_ids: Iterable[str]) -> list[tuple[str, int]]:
    """The versions (model, number) that these runs and those below them registered."""
    return [(model, version) for _, model, version in _made(db, run_ids)]


def open_ones(db: sqlite3.Connection) -> list[Firing]:
    """The firings of which it is not known yet what comes, the oldest first."""
    return _all(db, "WHERE state = 'started' ORDER BY id", ())


def newest(db: sqlite3.Connection, *, trigger: str = "", since: float = 0.0, limit: int = 100) -> list[Firing]:
    """The newest firings first.

    Args:
        db: A connection.
        trigger: Only of this one.
        since: Only from then on, Unix seconds.
        limit: How many at most.
    """
    where, arguments = ("trigger = ? AND", [trigger]) if trigger else ("", [])
    return _all(db, f"WHERE {where} at >= ? ORDER BY id DESC LIMIT ?", (*arguments, since, limit))


def get(db: sqlite3.Connection, firing_id: int) -> Firing:
    """The firing with this id.

    Raises:
        NotFound: There is none.
    """
    found = _all(db, "WHERE id = ?", (firing_id,))
    if not found:
        raise NotFound(f"no trigger fired under the number {firing_id}", "'mlops-tui loop list' shows those that did")
    return found[0]


def spent(db: sqlite3.Connection, trigger: str, since: float, now: float) -> tuple[int, float]:
    """How many runs a trigger has started since then, and the seconds that these have taken up to now."""
    runs, seconds = db.execute(
        "SELECT count(*), total(max(0, coalesce(r.ended_at, ?) - coalesce(r.started_at, ?))) FROM firings f "
        "JOIN json_each(f.run_ids) LEFT JOIN runs r ON r.run_id = json_each.value WHERE f.trigger = ? AND f.at >= ?",
        (now, now, trigger, since),
    ).fetchone()
    return int(runs), float(seconds)


def of_alert(db: sqlite3.Connection, alert_id: int) -> list[Firing]:
    """The firings that answered an alert."""
    return _all(db, "WHERE alert_id = ? ORDER BY id", (alert_id,))


def of_incident(db: sqlite3.Connection, incident_id: int) -> list[Firing]:
    """The firings that answered an alert of an incident."""
    return _all(db, "WHERE alert_id IN (SELECT id FROM alerts WHERE incident_id = ?) ORDER BY id", (incident_id,))


def of_run(db: sqlite3.Connection, run_id: str) -> list[Firing]:
    """The firings that started a pipeline run."""
    return _all(db, "WHERE EXISTS (SELECT 1 FROM json_each(run_ids) WHERE value = ?) ORDER BY id", (run_id,))


def of_version(db: sqlite3.Connection, model: str, version: int) -> list[Firing]:
    """The firings whose runs made a version."""
    query = (
        "WHERE id IN (SELECT f.firing_id FROM firing_versions f JOIN model_versions v ON v.id = f.version_id "
        "JOIN registered_models m ON m.id = v.model_id WHERE m.name = ? AND v.version = ?) ORDER BY id"
    )
    return _all(db, query, (model, version))


def _made(db: sqlite3.Connection, run_ids: Iterable[str]) -> list[tuple[int, str, int]]:
    return db.execute(_MADE, (json.dumps(list(run_ids)),)).fetchall()


def _all(db: sqlite3.Connection, tail: str, arguments: Sequence[Any]) -> list[Firing]:
    return [_firing(db, row) for row in db.execute(f"{_FIRINGS} {tail}", tuple(arguments)).fetchall()]


def _firing(db: sqlite3.Connection, row: Sequence[Any]) -> Firing:
    versions = db.execute(
        "SELECT m.name, v.version FROM firing_versions f JOIN model_versions v ON v.id = f.version_id "
        "JOIN registered_models m ON m.id = v.model_id WHERE f.firing_id = ? ORDER BY v.id",
        (row[0],),
    )
    return Firing(
        id=row[0],
        trigger=row[1],
        at=row[2],
        reason=row[3],
        alert_id=row[4],
        run_ids=tuple(json.loads(row[5])),
        stage=row[6],
        state=row[7],
        note=row[8],
        settled_at=row[9],
        versions=tuple((model, version) for model, version in versions),
    )
