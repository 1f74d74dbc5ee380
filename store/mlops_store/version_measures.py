"""What was measured of model versions, kept so that it is measured once: each kind with the digest of its inputs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from mlops_store.texts import storable


class Measured(NamedTuple):
    """What was found.

    Attributes:
        kind: What was measured.
        key: The digest of all that it depended on.
        body: JSON values.
        at: When, Unix seconds.
        duration_s: How long it took.
    """

    kind: str
    key: str
    body: Mapping[str, Any]
    at: float
    duration_s: float


def add(db: sqlite3.Connection, name: str, version: int, measured: Measured) -> None:
    """Keeps what was measured, in place of what was measured of the same inputs. Needs a write transaction.

    Nothing is kept of a version that has gone meanwhile.
    """
    db.execute(
        "INSERT OR REPLACE INTO version_measures (version_id, kind, key, body, at, duration_s) "
        "SELECT v.id, ?, ?, ?, ?, ? FROM model_versions AS v JOIN registered_models AS m ON m.id = v.model_id "
        "WHERE m.name = ? AND v.version = ?",
        (
            *(measured.kind, measured.key, storable(json.dumps(dict(measured.body), allow_nan=False))),
            *(measured.at, measured.duration_s, name, version),
        ),
    )


def find(db: sqlite3.Connection, name: str, version: int, kind: str, key: str) -> Measured | None:
    """What was measured of these inputs, None when it was not."""
    row = db.execute(
        "SELECT c.body, c.at, c.duration_s FROM version_measures AS c JOIN model_versions AS v ON v.id = c.version_id "
        "JOIN registered_models AS m ON m.id = v.model_id "
        "WHERE m.name = ? AND v.version = ? AND c.kind = ? AND c.key = ?",
        (name, version, kind, key),
    ).fetchone()
    return None if row is None else Measured(kind, key, json.loads(row[0]), row[1], row[2])


def newest(db: sqlite3.Connection, name: str, version: int, kind: str) -> Measured | None:
    """What was last measured of a version, of whatever inputs; None when it never was."""
    row = db.execute(
        "SELECT c.key, c.body, c.at, c.duration_s FROM version_measures AS c "
        "JOIN model_versions AS v ON v.id = c.version_id JOIN registered_models AS m ON m.id = v.model_id "
        "WHERE m.name = ? AND v.version = ? AND c.kind = ? ORDER BY c.at DESC LIMIT 1",
        (name, version, kind),
    ).fetchone()
    return None if row is None else Measured(kind, row[0], json.loads(row[1]), row[2], row[3])
