"""What many runs were made with: command, code, packages, machine and data, in a few statements for all of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlops_store import shared_texts
from mlops_store.records import Dataset, DatasetUse


@dataclass(frozen=True, slots=True)
class Origin:
    """What a run was made with, as in ``RunDetail``."""

    command: tuple[str, ...] = ()
    python_version: str = ""
    git_branch: str = ""
    git_diff: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    hardware: Mapping[str, str] = field(default_factory=dict)
    datasets: tuple[DatasetUse, ...] = ()


def of_runs(db: sqlite3.Connection, numbers: Sequence[int]) -> list[Origin]:
    """The origins of runs by the store's own numbers, in their order."""
    chosen = ",".join(map(str, map(int, numbers)))
    rows = db.execute(
        "SELECT id, command, python_version, git_branch, git_diff_digest, packages_digest, hardware_digest "
        f"FROM runs WHERE id IN ({chosen})"
    ).fetchall()
    texts = {digest: shared_texts.get(db, digest) for digest in {digest for row in rows for digest in row[4:]}}
    # most runs share what they were made with: it is decoded once
    maps = {row[place]: json.loads(texts[row[place]] or "{}") for row in rows for place in (5, 6)}
    data = _datasets(db, chosen)
    found = {
        row[0]: Origin(
            command=tuple(json.loads(row[1])) if row[1] else (),
            python_version=row[2] or "",
            git_branch=row[3] or "",
            git_diff=texts[row[4]],
            packages=maps[row[5]],
            hardware=maps[row[6]],
            datasets=tuple(data.get(row[0], ())),
        )
        for row in rows
    }
    return [found[number] for number in numbers]


def _datasets(db: sqlite3.Connection, chosen: str) -> dict[int, list[DatasetUse]]:
    rows = db.execute(
        "SELECT u.run_id, d.name, d.digest, coalesce(d.path, ''), d.size_bytes, d.files, d.row_count, d.created_at, "
        f"u.context FROM run_datasets u JOIN datasets d ON d.id = u.dataset_id WHERE u.run_id IN ({chosen}) "
        "ORDER BY u.run_id, u.context, d.name, d.id"
    )
    found: dict[int, list[DatasetUse]] = {}
    for run, *dataset, context in rows:
        found.setdefault(run, []).append(DatasetUse(Dataset(*dataset), context))
    return found


__all__ = ["Origin", "of_runs"]
