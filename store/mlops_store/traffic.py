"""Traffic splits: how the requests for a model are shared out among its versions."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

from mlops_store.models import no_model
from mlops_store.records import Split
from mlops_store.texts import storable

if TYPE_CHECKING:
    from typing import Any

_FIELDS = (
    "m.name, s.revision, s.trial, s.stable, s.weights, s.shadows, s.key, s.paused_at, s.paused_why, s.changed_at "
    "FROM traffic_splits AS s JOIN registered_models AS m ON m.id = s.model_id"
)


def find(db: sqlite3.Connection, model: str) -> Split | None:
    """The split of a model; None where all requests go to one version."""
    row = db.execute(f"SELECT {_FIELDS} WHERE m.name = ? AND s.is_ended = 0", (model,)).fetchone()
    return _split(row) if row is not None else None


def last(db: sqlite3.Connection, model: str) -> Split | None:
    """The split of a model, also one that was ended; None where there never was one."""
    row = db.execute(f"SELECT {_FIELDS} WHERE m.name = ?", (model,)).fetchone()
    return _split(row) if row is not None else None


def all_of(db: sqlite3.Connection) -> list[Split]:
    """The splits of all models, by name."""
    rows = db.execute(f"SELECT {_FIELDS} WHERE s.is_ended = 0 AND m.deleted_at IS NULL ORDER BY m.name")
    return [_split(row) for row in rows.fetchall()]


def models(db: sqlite3.Connection, since: float) -> list[str]:
    """The models that have a split or a router, or of which requests were counted since a time, by name."""
    rows = db.execute(
        "SELECT name FROM registered_models WHERE deleted_at IS NULL AND ("
        "id IN (SELECT model_id FROM traffic_splits WHERE is_ended = 0) OR "
        "id IN (SELECT model_id FROM traffic_routers) OR "
        "EXISTS (SELECT 1 FROM traffic_counts WHERE model_id = registered_models.id AND at >= ?)) ORDER BY name",
        (int(since),),
    )
    return [name for (name,) in rows]


def put(db: sqlite3.Connection, split: Split, *, is_ended: bool = False) -> None:
    """Keeps a split in the place of the one that the model has. Needs a write transaction.

    Raises:
        NotFound: There is no such model.
    """
    row = db.execute(
        "SELECT id FROM registered_models WHERE name = ? AND deleted_at IS NULL", (split.model,)
    ).fetchone()
    if row is None:
        raise no_model(db, split.model)
    db.execute(
        "INSERT OR REPLACE INTO traffic_splits (model_id, revision, trial, stable, weights, shadows, key, paused_at, "
        "paused_why, changed_at, is_ended) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(row[0], split.revision, split.trial, storable(split.stable), json.dumps(dict(split.weights))),
            *(json.dumps(split.shadows), storable(split.key), split.paused_at, storable(split.paused_why)),
            *(split.changed_at, is_ended),
        ),
    )


def _split(row: tuple[Any, ...]) -> Split:
    model, revision, trial, stable, weights, shadows, key, paused_at, paused_why, changed_at = row
    return Split(
        model,
        revision,
        trial,
        stable,
        {str(name): float(weight) for name, weight in json.loads(weights).items()},
        tuple(json.loads(shadows)),
        key,
        paused_at,
        paused_why,
        changed_at,
    )
