"""Runs with everything that MLflow's clients read of one, for many runs at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from mlops_store import run_inputs
from mlops_store.curves import number
from mlops_store.run_columns import ARTIFACT_URI
from mlops_store.run_inputs import DatasetInput, ModelUse


class RunFacts(NamedTuple):
    """A run; times are Unix seconds, metrics are key, value, Unix milliseconds and step of the last value.

    ``is_own`` where it was logged by a script of ours or by a pipeline, and not over the wire.
    """

    run_id: str
    name: str
    experiment: int
    user: str
    status: str
    started_at: float
    ended_at: float | None
    artifact_uri: str
    is_deleted: bool
    is_own: bool
    parent_run_id: str | None
    source: str
    git_commit: str
    metrics: Sequence[tuple[str, float, int, int]]
    params: Sequence[tuple[str, str]]
    tags: dict[str, str]
    datasets: Sequence[DatasetInput]
    models_read: Sequence[ModelUse]
    models_made: Sequence[ModelUse]


_COLUMNS = (
    "r.id, r.run_id, r.name, r.experiment_id, coalesce(r.user, ''), r.status, r.started_at, r.ended_at, "
    f"{ARTIFACT_URI}, r.deleted_at IS NOT NULL, r.host IS NOT NULL OR r.kind <> 'run', p.run_id, "
    "coalesce(r.source, ''), coalesce(r.git_commit, '')"
)


def of_ids(db: sqlite3.Connection, ids: Sequence[int]) -> list[RunFacts]:
    """The runs of these numbers (``runs.id``) in the given order; numbers of no run are left out."""
    chosen = ",".join(map(str, map(int, ids)))
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM runs r LEFT JOIN runs p ON p.id = r.parent_id WHERE r.id IN ({chosen})"
    ).fetchall()
    metrics: dict[int, list[tuple[str, float, int, int]]] = {}
    for run, key, value, ms, step in db.execute(
        "SELECT m.run_id, k.name, m.last_value, m.last_ms, m.last_step FROM metrics m INDEXED BY metrics_of_run "
        f"JOIN keys k ON k.id = m.key_id WHERE m.run_id IN ({chosen})"
    ):
        metrics.setdefault(run, []).append((key, number(value), ms, step))
    params: dict[int, list[tuple[str, str]]] = {}
    for run, key, value in db.execute(
        f"SELECT v.run_id, k.name, v.value FROM params v JOIN keys k ON k.id = v.key_id WHERE v.run_id IN ({chosen})"
    ):
        params.setdefault(run, []).append((key, value))
    tags: dict[int, dict[str, str]] = {}
    for run, key, value in db.execute(
        f"SELECT v.run_id, k.name, v.value FROM tags v JOIN keys k ON k.id = v.key_id WHERE v.run_id IN ({chosen})"
    ):
        tags.setdefault(run, {})[key] = value
    datasets, models = run_inputs.datasets_of(db, ids), run_inputs.models_of(db, ids)
    found = {}
    for run, *columns in rows:
        (
            run_id,
            name,
            experiment,
            user,
            status,
            started_at,
            ended_at,
            uri,
            is_deleted,
            is_own,
            parent,
            source,
            commit,
        ) = columns
        found[run] = RunFacts(
            run_id=run_id,
            name=name,
            experiment=experiment,
            user=user,
            status=status,
            started_at=started_at,
            ended_at=ended_at,
            artifact_uri=uri,
            is_deleted=bool(is_deleted),
            is_own=bool(is_own),
            parent_run_id=parent,
            source=source,
            git_commit=commit,
            metrics=metrics.get(run, ()),
            params=params.get(run, ()),
            tags=tags.get(run, {}),
            datasets=datasets.get(run, ()),
            models_read=models.get((run, run_inputs.READ), ()),
            models_made=models.get((run, run_inputs.MADE), ()),
        )
    return [found[number] for number in ids if number in found]


def standing(db: sqlite3.Connection, run_id: str) -> tuple[int, bool, str] | None:
    """``runs.id`` of a run, whether it is deleted, and its kind; None when there is none."""
    row = db.execute("SELECT id, deleted_at IS NOT NULL, kind FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    return None if row is None else (row[0], bool(row[1]), row[2])
