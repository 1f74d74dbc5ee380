"""The versions of all models by stage, as a board shows them: their numbers at once, the rest of a few when asked for.

Reads only. A registry with thousands of versions is listed by an index alone, without a look at any lineage.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Card(NamedTuple):
    """A version in a stage.

    Attributes:
        number: The store's own number of the version.
        model: The model's name.
        version: Its version.
        stage: Where it stands.
        since: When it came there, Unix seconds.
        created_at: When it was registered, Unix seconds.
        created_by: Who registered it.
        flavor: What kind of model it is.
        aliases: The aliases that name it.
        metrics: Its metrics as they were when it was registered.
        gates: Stage -> how many gates let it pass, and how many did not.
        digest: The digest of its files.
        has_requests: Whether people were asked for an approval of it, or gave one, and it has not gone there since.
    """

    number: int
    model: str
    version: int
    stage: str
    since: float
    created_at: float
    created_by: str
    flavor: str
    aliases: tuple[str, ...]
    metrics: Mapping[str, Any]
    gates: Mapping[str, tuple[int, int]]
    digest: str
    has_requests: bool


def by_stage(db: sqlite3.Connection, words: Sequence[str] = ()) -> dict[str, array[int]]:
    """Stage -> the numbers of the versions in it, the newest arrival first.

    Args:
        db: A connection.
        words: Only versions whose model's name or alias has each of these in it, in lower case.
    """
    where = "".join(
        " AND (instr(lower(m.name), ?) OR EXISTS (SELECT 1 FROM model_aliases AS a "
        "WHERE a.version_id = v.id AND instr(lower(a.alias), ?)))"
        for _ in words
    )
    gone = db.execute("SELECT 1 FROM registered_models WHERE deleted_at IS NOT NULL LIMIT 1").fetchone()
    # without a deleted model and without words the index says everything
    joined = "JOIN registered_models AS m ON m.id = v.model_id AND m.deleted_at IS NULL" if gone or words else ""
    found: dict[str, array[int]] = {}
    for (stage,) in db.execute("SELECT DISTINCT stage FROM model_versions WHERE deleted_at IS NULL").fetchall():
        # one text of all numbers is several times faster than a row for each
        numbers = db.execute(
            f"SELECT json_group_array(id) FROM (SELECT v.id FROM model_versions AS v {joined} "
            f"WHERE v.deleted_at IS NULL AND v.stage = ? {where} ORDER BY v.updated_at DESC, v.id DESC)",
            (stage, *(word for word in words for _ in range(2))),
        )
        found[stage] = array("q", json.loads(numbers.fetchone()[0]))
    return found


def read(db: sqlite3.Connection, numbers: Sequence[int]) -> list[Card]:
    """The versions of these numbers in the given order; those that are gone are left out."""
    chosen = ",".join(map(str, map(int, numbers)))
    aliases: dict[int, list[str]] = {}
    for number, alias in db.execute(
        "SELECT version_id, alias FROM model_aliases WHERE model_id IN "
        f"(SELECT model_id FROM model_versions WHERE id IN ({chosen})) ORDER BY alias"
    ):
        aliases.setdefault(number, []).append(alias)
    gates: dict[int, dict[str, tuple[int, int]]] = {}
    for number, stage, passed, checked in db.execute(
        "SELECT version_id, stage, sum(state = 'passed'), count(*) FROM gate_verdicts "
        f"WHERE version_id IN ({chosen}) GROUP BY version_id, stage"
    ):
        gates.setdefault(number, {})[stage] = (passed, checked - passed)
    found = {
        row[0]: Card._make(
            (*row[:8], tuple(aliases.get(row[0], ())), _metrics(row[8]), gates.get(row[0], {}), row[9], bool(row[10]))
        )
        for row in db.execute(
            "SELECT v.id, m.name, v.version, v.stage, coalesce(v.updated_at, v.created_at), v.created_at, "
            "coalesce(v.created_by, ''), v.flavor, v.lineage, v.digest, EXISTS (SELECT 1 FROM approval_rounds AS a "
            "WHERE a.version_id = v.id AND a.state <> 'done') "
            "FROM model_versions AS v JOIN registered_models AS m ON m.id = v.model_id AND m.deleted_at IS NULL "
            f"WHERE v.id IN ({chosen}) AND v.deleted_at IS NULL"
        )
    }
    return [found[number] for number in numbers if number in found]


def _metrics(lineage: str | None) -> Mapping[str, Any]:
    metrics = json.loads(lineage).get("metrics") if lineage else None
    return metrics if isinstance(metrics, dict) else {}
