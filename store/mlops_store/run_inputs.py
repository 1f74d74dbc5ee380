"""What runs read and made as MLflow's clients tell it: data sets with tags and sources, and logged models.

``datasets`` keeps the versions of data themselves.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from mlops_store import datasets
from mlops_store.records import Dataset

#: The tag that says how data are used, and the use when there is none.
CONTEXT_TAG = "mlflow.data.context"
DEFAULT_CONTEXT = "input"
#: Roles of models.
READ, MADE = "input", "output"


class DatasetInput(NamedTuple):
    """A data set that a run read.

    ``source_type`` and ``source`` say where it is from, ``schema`` and ``profile`` what it holds, as the client says.
    """

    name: str
    digest: str
    source_type: str
    source: str
    schema: str = ""
    profile: str = ""
    tags: Mapping[str, str] = {}
    row_count: int | None = None


class ModelUse(NamedTuple):
    """A logged model that a run read or made, and at which step it was made."""

    model_id: str
    step: int = 0


def add_datasets(db: sqlite3.Connection, run_id: str, read: Iterable[DatasetInput], at: float) -> None:
    """Records data sets of a run; what it has read already stays as it is. Needs a write transaction.

    Raises:
        NotFound: No such run.
    """
    for one in read:
        known = db.execute(
            "SELECT 1 FROM run_datasets u JOIN datasets d ON d.id = u.dataset_id "
            "WHERE u.run_id = (SELECT id FROM runs WHERE run_id = ?) AND d.name = ? AND d.digest = ?",
            (run_id, one.name, one.digest),
        ).fetchone()
        if known is not None:
            continue
        context = one.tags.get(CONTEXT_TAG) or DEFAULT_CONTEXT
        made = Dataset(one.name, one.digest, row_count=one.row_count, created_at=at)
        datasets.use(db, run_id, made, context)
        chosen = "SELECT id FROM datasets WHERE name = ? AND digest = ?"
        db.execute(
            "INSERT OR IGNORE INTO dataset_details(dataset_id, source_type, source, schema, profile) "
            f"VALUES (({chosen}), ?, ?, ?, ?)",
            (one.name, one.digest, one.source_type, one.source, one.schema or None, one.profile or None),
        )
        db.executemany(
            "INSERT OR REPLACE INTO input_tags(run_id, dataset_id, key, value) "
            f"VALUES ((SELECT id FROM runs WHERE run_id = ?), ({chosen}), ?, ?)",
            [(run_id, one.name, one.digest, key, value) for key, value in one.tags.items()],
        )


def add_models(db: sqlite3.Connection, run: int, role: str, used: Iterable[ModelUse]) -> None:
    """Records models that a run (``runs.id``) read or made. Needs a write transaction."""
    db.executemany(
        "INSERT OR IGNORE INTO run_models(run_id, role, model_id, step) VALUES (?, ?, ?, ?)",
        [(run, role, one.model_id, one.step) for one in used],
    )


def datasets_of(db: sqlite3.Connection, chosen: Sequence[int]) -> dict[int, list[DatasetInput]]:
    """The data sets that runs read, by ``runs.id``; runs without any are left out."""
    runs = ",".join(map(str, map(int, chosen)))
    tags: dict[tuple[int, int], dict[str, str]] = {}
    for run, dataset, key, value in db.execute(
        f"SELECT run_id, dataset_id, key, value FROM input_tags WHERE run_id IN ({runs}) ORDER BY key"
    ):
        tags.setdefault((run, dataset), {})[key] = value
    found: dict[int, list[DatasetInput]] = {}
    rows = db.execute(
        "SELECT u.run_id, d.id, u.context, d.name, d.digest, coalesce(t.source_type, 'local'), "
        "coalesce(t.source, nullif(d.path, ''), d.name), coalesce(t.schema, ''), coalesce(t.profile, ''), d.row_count "
        "FROM run_datasets u JOIN datasets d ON d.id = u.dataset_id LEFT JOIN dataset_details t ON t.dataset_id = d.id "
        f"WHERE u.run_id IN ({runs}) AND u.context <> ? ORDER BY u.run_id, d.id",
        (datasets.WRITTEN,),
    )
    for run, dataset, context, name, digest, source_type, source, schema, profile, row_count in rows:
        own = tags.get((run, dataset)) or ({} if context == DEFAULT_CONTEXT else {CONTEXT_TAG: context})
        one = DatasetInput(name, digest, source_type, source, schema, profile, own, row_count)
        found.setdefault(run, []).append(one)
    return found


def summaries(db: sqlite3.Connection, experiments: Sequence[int], limit: int) -> list[tuple[int, str, str, str]]:
    """Experiment, name, digest and use of the different data sets that runs of some experiments read."""
    chosen = ",".join(map(str, map(int, experiments)))
    rows = db.execute(
        "SELECT DISTINCT r.experiment_id, d.name, d.digest, u.context FROM runs r "
        "JOIN run_datasets u ON u.run_id = r.id JOIN datasets d ON d.id = u.dataset_id "
        f"WHERE r.experiment_id IN ({chosen}) AND u.context <> ? ORDER BY d.name, d.digest LIMIT ?",
        (datasets.WRITTEN, limit),
    )
    return [(int(number), str(name), str(digest), str(context)) for number, name, digest, context in rows]


def models_of(db: sqlite3.Connection, chosen: Sequence[int]) -> dict[tuple[int, str], list[ModelUse]]:
    """The models that runs read and made, by ``runs.id`` and role."""
    found: dict[tuple[int, str], list[ModelUse]] = {}
    for run, role, model, step in db.execute(
        "SELECT run_id, role, model_id, step FROM run_models "
        f"WHERE run_id IN ({','.join(map(str, map(int, chosen)))}) ORDER BY rowid"
    ):
        found.setdefault((run, role), []).append(ModelUse(model, step))
    return found
