"""What a run leads to: the runs around it, the versions registered from it, the log that its stage wrote."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from mlops_store.records import Run
from mlops_store.run_lists import by_ids

#: Runs below a run that are read; the others are counted.
MOST_RELATED = 200
#: Levels below a run, and runs above it, that are followed.
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Family:
    """The runs around a run.

    Attributes:
        above: The run that began it all first, the parent last.
        below: Children and theirs, each after its parent, with how deep it stands (1 is a child).
        count: How many there are below, in all levels that are followed.
    """

    above: tuple[Run, ...] = ()
    below: tuple[tuple[Run, int], ...] = field(default=())
    count: int = 0


@dataclass(frozen=True, slots=True)
class VersionLink:
    """A version of a registered model that came from a run."""

    model: str
    version: int
    stage: str


def family(db: sqlite3.Connection, run_id: str) -> Family:
    """The runs around a run; deleted ones only above it."""
    number = db.execute("SELECT id FROM runs WHERE run_id = ?", (run_id,)).fetchone()[0]
    above: list[int] = []
    while len(above) < _DEEPEST:
        row = db.execute("SELECT parent_id FROM runs WHERE id = ?", (above[-1] if above else number,)).fetchone()
        if row is None or row[0] is None or row[0] in above or row[0] == number:
            break
        above.append(row[0])
    below: list[tuple[int, int]] = []
    count = _below(db, number, 1, below)
    known = dict(zip(placed := [one for one, _ in below], by_ids(db, placed), strict=True)) if below else {}
    return Family(tuple(by_ids(db, above[::-1])), tuple((known[one], depth) for one, depth in below), count)


def _below(db: sqlite3.Connection, number: int, depth: int, found: list[tuple[int, int]]) -> int:
    rows = db.execute(
        "SELECT id, EXISTS(SELECT 1 FROM runs c WHERE c.parent_id = r.id) FROM runs r "
        "WHERE parent_id = ? AND deleted_at IS NULL ORDER BY started_at, id",
        (number,),
    ).fetchall()
    count = len(rows)
    for child, has_children in rows:
        if len(found) < MOST_RELATED:
            found.append((child, depth))
        if has_children and depth < _DEEPEST:
            count += _below(db, child, depth + 1, found)
    return count


def versions(db: sqlite3.Connection, run_id: str) -> tuple[VersionLink, ...]:
    """The versions of registered models that came from a run."""
    rows = db.execute(
        "SELECT m.name, v.version, v.stage FROM model_versions v JOIN registered_models m ON m.id = v.model_id "
        "WHERE v.run_id = (SELECT id FROM runs WHERE run_id = ?) ORDER BY m.name, v.version",
        (run_id,),
    ).fetchall()
    return tuple(VersionLink(*row) for row in rows)


def log_path(db: sqlite3.Connection, run_id: str) -> str:
    """Where the output of a stage's run is kept; "" for other runs."""
    row = db.execute(
        "SELECT log_path FROM stage_runs WHERE run_id = (SELECT id FROM runs WHERE run_id = ?) "
        "ORDER BY id DESC LIMIT 1",
        (run_id,),
    ).fetchone()
    return (row and row[0]) or ""
