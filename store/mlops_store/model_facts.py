"""Single facts that an act on a model needs: the stages and aliases of its versions, what a run was made with.

Reads only, and cheaper than the whole records of ``models``.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from mlops_store.errors import NotFound
from mlops_store.models import no_version


class Environment(NamedTuple):
    """What a run was made with; ``packages_digest`` is the SHA-256 of its packages as sorted JSON."""

    git_branch: str
    python_version: str
    packages_digest: str


def stage_of(db: sqlite3.Connection, name: str, version: int) -> str:
    """The stage that a version is in.

    Raises:
        NotFound: No such version.
    """
    row = db.execute(
        "SELECT stage FROM model_versions WHERE model_id = (SELECT id FROM registered_models WHERE name = ?) "
        "AND version = ? AND deleted_at IS NULL",
        (name, version),
    ).fetchone()
    if row is None:
        raise no_version(db, name, f"version {version}")
    return str(row[0])


def stages(db: sqlite3.Connection, name: str, stage: str | None = None) -> dict[int, str]:
    """Version -> stage of a model's versions, newest first; only of those in ``stage`` when it is given."""
    where = "" if stage is None else "AND stage = ?"
    rows = db.execute(
        "SELECT version, stage FROM model_versions "
        "WHERE model_id = (SELECT id FROM registered_models WHERE name = ? AND deleted_at IS NULL) "
        # the plus keeps SQLite from walking all versions in order where few are asked for
        f"AND deleted_at IS NULL {where} ORDER BY +version DESC",
        (name,) if stage is None else (name, stage),
    )
    return dict(rows.fetchall())


def environment(db: sqlite3.Connection, run_id: str) -> Environment:
    """What a run was made with.

    Raises:
        NotFound: No such run.
    """
    row = db.execute(
        "SELECT coalesce(git_branch, ''), coalesce(python_version, ''), coalesce(packages_digest, '') FROM runs "
        "WHERE run_id = ?",
        (run_id,),
    ).fetchone()
    if row is None:
        raise NotFound(f"no run has the id {run_id!r}")
    return Environment(*row)


def alias(db: sqlite3.Connection, name: str, alias: str) -> int | None:
    """The version that an alias names, None when the model has no such alias."""
    row = db.execute(
        "SELECT v.version FROM model_aliases AS a JOIN registered_models AS m ON m.id = a.model_id "
        "JOIN model_versions AS v ON v.id = a.version_id WHERE m.name = ? AND a.alias = ?",
        (name, alias),
    ).fetchone()
    return row[0] if row else None


def aliases(db: sqlite3.Connection, name: str) -> dict[str, int]:
    """The aliases of a model and the versions that they name, sorted."""
    rows = db.execute(
        "SELECT a.alias, v.version FROM model_aliases AS a JOIN registered_models AS m ON m.id = a.model_id "
        "JOIN model_versions AS v ON v.id = a.version_id WHERE m.name = ? ORDER BY a.alias",
        (name,),
    )
    return dict(rows.fetchall())
