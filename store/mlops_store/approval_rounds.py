"""Where people asked for, gave or refused approvals: which version, for which stage. Reads only.

Triggers keep the table from the audit log and the moves of versions, so that the open requests among thousands are
found by an index. What was said in a round, and whose words count, stands in the audit log alone.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Sequence
from typing import NamedTuple


class Asked(NamedTuple):
    """A version and where it is to go.

    Attributes:
        number: The store's own number of the round.
        model: The model's name.
        version: The version.
        stage: Where it is to go.
        created_by: Who registered it.
        digest: The digest of its files.
    """

    number: int
    model: str
    version: int
    stage: str
    created_by: str
    digest: str


_LIVE = (
    "FROM approval_rounds AS r JOIN model_versions AS v ON v.id = r.version_id AND v.deleted_at IS NULL "
    "JOIN registered_models AS m ON m.id = v.model_id AND m.deleted_at IS NULL"
)


def numbers(db: sqlite3.Connection, *, everything: bool = False) -> array[int]:
    """The numbers of the rounds that are neither answered by a no nor done, the oldest first; of all on request."""
    where = "" if everything else "WHERE r.state = 'open'"
    found = db.execute(f"SELECT json_group_array(id) FROM (SELECT r.id {_LIVE} {where} ORDER BY r.opened_at, r.id)")
    return array("q", json.loads(found.fetchone()[0]))


def read(db: sqlite3.Connection, chosen: Sequence[int]) -> list[Asked]:
    """The rounds of these numbers in the given order; those of versions that are gone are left out."""
    among = ",".join(map(str, map(int, chosen)))
    found = {
        row[0]: Asked._make(row)
        for row in db.execute(
            f"SELECT r.id, m.name, v.version, r.stage, coalesce(v.created_by, ''), v.digest {_LIVE} "
            f"WHERE r.id IN ({among})"
        )
    }
    return [found[number] for number in chosen if number in found]
