"""Versions of data and which runs read or wrote them.

A version is a content that a path had (for data without a path: a name). What lists need is kept at write time, so that
none of them looks at every run.
"""

from __future__ import annotations

import sqlite3
import time

from mlops_store.errors import NotFound
from mlops_store.records import Dataset, DatasetUse, DataSummary, DataUse, DataVersion, RunKind, RunStatus
from mlops_store.runs import number

#: The context of what a run wrote; every other one is of what it read.
WRITTEN = "output"

_NEWEST_OTHER = (
    "(SELECT other.used_at FROM datasets other WHERE other.place = datasets.place "
    "AND other.digest <> datasets.digest ORDER BY other.used_at DESC LIMIT 1)"
)
_USE = (
    "INSERT INTO datasets"
    "(name, digest, path, size_bytes, files, row_count, created_at, used_at, since_at, last_run_id) "
    "VALUES (:name, :digest, :path, :size_bytes, :files, :row_count, :at, :at, :at, :run) "
    "ON CONFLICT(name, digest) DO UPDATE SET "
    f"since_at = CASE WHEN {_NEWEST_OTHER} BETWEEN used_at AND :at THEN :at ELSE since_at END, "
    "used_at = max(used_at, :at), "
    # a stage says more about its data than the pipeline run around it, which comes later
    "last_run_id = CASE WHEN :at < used_at OR (:is_pipeline AND last_run_id IS NOT NULL) THEN last_run_id ELSE :run END"
)


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
    values = {
        "name": dataset.name,
        "digest": dataset.digest,
        "path": dataset.path,
        "size_bytes": dataset.size_bytes,
        "files": dataset.files,
        "row_count": dataset.row_count,
        "at": dataset.created_at or time.time(),
        "run": run,
        "is_pipeline": db.execute("SELECT kind = 'pipeline' FROM runs WHERE id = ?", (run,)).fetchone()[0],
    }
    db.execute(_USE, values)
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


def summaries(db: sqlite3.Connection) -> tuple[DataSummary, ...]:
    """All data that runs have used, by path."""
    rows = db.execute(
        "SELECT s.place, s.versions, d.digest, d.size_bytes, d.files, d.since_at, d.used_at, "
        "coalesce(r.run_id, ''), coalesce(r.name, ''), coalesce(r.user, '') "
        "FROM (SELECT place, count(DISTINCT digest) AS versions, id, max(used_at) FROM datasets GROUP BY place) s "
        "JOIN datasets d ON d.id = s.id LEFT JOIN runs r ON r.id = d.last_run_id ORDER BY s.place"
    )
    return tuple(DataSummary(*row) for row in rows)


def versions(db: sqlite3.Connection, path: str, limit: int = 1000) -> tuple[DataVersion, ...]:
    """The versions of some data, the last used first.

    Args:
        db: A connection.
        path: A path from the project's root, or the name of data without one.
        limit: Versions at most.
    """
    rows = db.execute(
        # the same content under two names of one path is one version
        "SELECT place, digest, max(size_bytes), max(files), max(row_count), min(created_at), max(since_at), "
        f"max(used_at), sum({_COUNT.format('<>')}), sum({_COUNT.format('=')}) "
        "FROM (SELECT * FROM datasets WHERE place = ? ORDER BY used_at DESC LIMIT ?) d "
        "GROUP BY digest ORDER BY max(used_at) DESC, max(id) DESC",
        (WRITTEN, WRITTEN, path, limit),
    )
    return tuple(DataVersion(*row) for row in rows)


_COUNT = "(SELECT count(DISTINCT u.run_id) FROM run_datasets u WHERE u.dataset_id = d.id AND u.context {} ?)"


def matching(db: sqlite3.Connection, path: str, beginning: str, limit: int = 2) -> tuple[str, ...]:
    """The digests of some data's versions that begin with a text, the last used first."""
    rows = db.execute(
        "SELECT digest FROM datasets WHERE place = ? AND substr(digest, 1, ?) = ? "
        "GROUP BY digest ORDER BY max(used_at) DESC LIMIT ?",
        (path, len(beginning), beginning, limit),
    )
    return tuple(str(row[0]) for row in rows)


def sizes(db: sqlite3.Connection, path: str | None = None) -> dict[tuple[str, str], int]:
    """The size of every version by path and digest, in bytes; 0 where it is not known.

    Args:
        db: A connection.
        path: Only of this path.
    """
    rows = db.execute(
        "SELECT place, digest, max(coalesce(size_bytes, 0)) FROM datasets "
        + ("GROUP BY place, digest" if path is None else "WHERE place = ? GROUP BY digest"),
        () if path is None else (path,),
    )
    return {(str(place), str(digest)): int(size) for place, digest, size in rows}


def uses(db: sqlite3.Connection, path: str, digest: str, limit: int = 1000) -> tuple[DataUse, ...]:
    """The runs that used a version of some data, the newest first; deleted runs are left out.

    Args:
        db: A connection.
        path: A path from the project's root, or the name of data without one.
        digest: The whole digest.
        limit: Runs at most.
    """
    ids = db.execute("SELECT id FROM datasets WHERE place = ? AND digest = ?", (path, digest)).fetchall()
    found: dict[int, set[str]] = {}
    for (dataset_id,) in ids:
        for run, context in db.execute(_RUNS, (dataset_id, limit)):
            found.setdefault(run, set()).add(context)
    return tuple(_use(db, run, found[run]) for run in sorted(found, reverse=True)[:limit])


_RUNS = (
    "SELECT u.run_id, u.context FROM run_datasets u CROSS JOIN runs r ON r.id = u.run_id AND r.deleted_at IS NULL "
    "WHERE u.dataset_id = ? ORDER BY u.run_id DESC LIMIT ?"
)


def _use(db: sqlite3.Connection, run: int, contexts: set[str]) -> DataUse:
    row = db.execute(
        "SELECT run_id, name, kind, status, started_at, coalesce(user, '') FROM runs WHERE id = ?", (run,)
    ).fetchone()
    return DataUse(row[0], row[1], RunKind(row[2]), RunStatus(row[3]), row[4], row[5], tuple(sorted(contexts)))


def of_run_at(db: sqlite3.Connection, run_id: str, path: str) -> str:
    """The digest of the version of some data that a run wrote or, if it wrote none, read.

    Raises:
        NotFound: No such run, or it did not use the data.
    """
    row = db.execute(
        "SELECT d.digest FROM run_datasets u JOIN datasets d ON d.id = u.dataset_id "
        "WHERE u.run_id = ? AND d.place = ? ORDER BY u.context = ? DESC, d.used_at DESC LIMIT 1",
        (number(db, run_id), path, WRITTEN),
    ).fetchone()
    if row is None:
        raise NotFound(f"run {run_id} did not use {path}", "mlops-tui runs show RUN lists the data of a run")
    return str(row[0])
