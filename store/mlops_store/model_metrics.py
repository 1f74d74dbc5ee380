"""Metrics that a run logged of a model: which model, and on which data."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple


class ModelMetric(NamedTuple):
    """One value; ``ms`` is Unix milliseconds, ``dataset_name`` and ``dataset_digest`` are "" where none was named."""

    model_id: str
    key: str
    step: int
    ms: int
    value: float
    dataset_name: str = ""
    dataset_digest: str = ""


def add(db: sqlite3.Connection, run: int, logged: Iterable[ModelMetric]) -> None:
    """Stores values that a run (``runs.id``) logged; what is there already stays. Needs a write transaction."""
    db.executemany(
        "INSERT OR IGNORE INTO model_metrics(model_id, run_id, key, step, ms, value, dataset_name, dataset_digest) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                one.model_id,
                run,
                one.key,
                one.step,
                one.ms,
                one.value if one.value == one.value else None,
                one.dataset_name,
                one.dataset_digest,
            )
            for one in logged
        ],
    )
