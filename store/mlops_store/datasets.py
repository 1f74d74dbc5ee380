"""Versions of data and which runs read or wrote them."""

from __future__ import annotations

import sqlite3
import time

from mlops_store.records import Dataset, DatasetUse
from mlops_store.runs import number


def use(db: sqlite3.Connection, run_id: str, dataset: Dataset, context: str) -> None:
    """Records that a run read or wrote a data set. Needs a write transaction.

    Args:
        db: The connection of a write transaction.
        run_id: The run.
        dataset: Stored once for each name and digest.
        context: 'input', 'training', 'output' … — how the run used it.

    Raises:
        NotFound: No such run.
    """
    run = number(db, run_id)
    db.execute(
        "INSERT OR IGNORE INTO datasets(name, digest, path, size_bytes, files, row_count, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            dataset.name,
            dataset.digest,
            dataset.path,
            dataset.size_bytes,
            dataset.files,
            dataset.row_count,
            dataset.created_at or time.time(),
        ),
    )
    db.execute(
        "INSERT OR IGNORE INTO run_datasets(run_id, dataset_id, context) "
        "SELECT ?, id, ? FROM datasets WHERE name = ? AND digest = ?",
        (run, context, dataset.name, dataset.digest),
    )


def of_run(db: sqlite3.Connection, run_id: str) -> tuple[DatasetUse, ...]:
    """The data sets of a run, by context and name."""
    rows = db.execute(
        "SELECT d.name, d.digest, coalesce(d.path, ''), d.size_bytes, d.files, d.row_count, d.created_at, u.context "
        "FROM run_datasets u JOIN datasets d ON d.id = u.dataset_id "
        "WHERE u.run_id = (SELECT id FROM runs WHERE run_id = ?) ORDER BY u.context, d.name, d.id",
        (run_id,),
    ).fetchall()
    return tuple(DatasetUse(Dataset(*row[:7]), row[7]) for row in rows)
