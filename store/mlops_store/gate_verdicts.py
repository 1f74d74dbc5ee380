"""What each gate found of a version: kept, so that a gate whose inputs did not change need not look again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mlops_store.texts import storable


class GateVerdict(NamedTuple):
    """What one gate found.

    Attributes:
        gate: Its name in ``mlops.toml``.
        kind: What it checks.
        state: 'passed', 'failed', or 'error' where it could not be checked.
        message: One sentence with the numbers.
        facts: The numbers themselves, JSON values.
        at: When it was checked, Unix seconds.
        duration_s: How long that took.
        key: The digest of all that it depended on; "" for what must be looked at each time.
        is_recorded: Whether it was taken from an earlier check.
    """

    gate: str
    kind: str
    state: str
    message: str
    facts: Mapping[str, Any]
    at: float
    duration_s: float = 0.0
    key: str = ""
    is_recorded: bool = False

    @property
    def has_passed(self) -> bool:
        """Whether the version may pass."""
        return self.state == "passed"


_COLUMNS = "g.gate, g.kind, g.state, g.message, g.facts, g.at, g.duration_s, g.key"
_OF_VERSION = (
    "FROM gate_verdicts AS g JOIN model_versions AS v ON v.id = g.version_id "
    "JOIN registered_models AS m ON m.id = v.model_id WHERE m.name = ? AND v.version = ? AND g.stage = ?"
)


def add(db: sqlite3.Connection, name: str, version: int, stage: str, verdicts: Sequence[GateVerdict]) -> None:
    """Keeps verdicts on a version that was to go to a stage; only the newest of each gate is kept.

    Needs a write transaction. Nothing is kept of a version that has gone meanwhile.
    """
    row = db.execute(
        "SELECT v.id FROM model_versions AS v JOIN registered_models AS m ON m.id = v.model_id "
        "WHERE m.name = ? AND v.version = ?",
        (name, version),
    ).fetchone()
    if row is None:
        return
    db.executemany(
        "INSERT OR REPLACE INTO gate_verdicts "
        "(version_id, stage, gate, kind, state, message, facts, at, duration_s, key) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(row[0], storable(stage), storable(one.gate), one.kind, one.state, storable(one.message)),
                *(storable(json.dumps(dict(one.facts))), one.at, one.duration_s, one.key),
            )
            for one in verdicts
        ],
    )


def of_version(db: sqlite3.Connection, name: str, version: int, stage: str) -> dict[str, GateVerdict]:
    """Gate -> its newest verdict on a version that was to go to a stage."""
    rows = db.execute(f"SELECT {_COLUMNS} {_OF_VERSION} ORDER BY g.gate", (name, version, stage))
    return {
        gate: GateVerdict(gate, kind, state, message, json.loads(facts), at, duration_s, key, is_recorded=True)
        for gate, kind, state, message, facts, at, duration_s, key in rows
    }


def all_of(db: sqlite3.Connection, name: str, version: int) -> dict[str, tuple[GateVerdict, ...]]:
    """Stage -> the newest verdict of each gate on a version that was to go there, by the gates' names."""
    rows = db.execute(
        f"SELECT g.stage, {_COLUMNS} FROM gate_verdicts AS g JOIN model_versions AS v ON v.id = g.version_id "
        "JOIN registered_models AS m ON m.id = v.model_id WHERE m.name = ? AND v.version = ? ORDER BY g.stage, g.gate",
        (name, version),
    )
    found: dict[str, tuple[GateVerdict, ...]] = {}
    for stage, gate, kind, state, message, facts, at, duration_s, key in rows:
        verdict = GateVerdict(gate, kind, state, message, json.loads(facts), at, duration_s, key, is_recorded=True)
        found[stage] = (*found.get(stage, ()), verdict)
    return found
