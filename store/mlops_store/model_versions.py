"""Writing versions of registered models: new ones, their moves between stages, aliases and tags.

Every function runs in the transaction of its caller (``store.write()``), together with the audit entry of the act.
Knows no rule about stages: which move is allowed is decided by the application's ``registry``.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from typing import Any

from mlops_store import model_names
from mlops_store.models import no_model, no_version, to_json
from mlops_store.texts import storable


def add(
    db: sqlite3.Connection,
    name: str,
    *,
    stage: str,
    source: str,
    flavor: str,
    digest: str,
    size_bytes: int,
    created_at: float,
    created_by: str = "",
    run_id: str | None = None,
    logged_model_id: str | None = None,
    description: str = "",
    lineage: Mapping[str, Any] | None = None,
    profile_id: int | None = None,
    parent: int | None = None,
) -> tuple[int, int | None]:
    """The number of a new version, and that of the version which it follows, None for the first.

    The model is made when it is the first. Numbers are never used again.

    It follows the version ``parent``, by default the newest that there is.

    Raises:
        UsageError: The model cannot have that name.
        NotFound: It has no version ``parent``.
    """
    row = db.execute(
        "UPDATE registered_models SET updated_at = ?, deleted_at = NULL WHERE name = ? RETURNING id", (created_at, name)
    ).fetchone()
    if row is None:
        model_names.check_name(name)
        row = db.execute(
            "INSERT INTO registered_models (name, description, created_at, updated_at) VALUES (?, '', ?, ?) "
            "RETURNING id",
            (name, created_at, created_at),
        ).fetchone()
    if parent is not None:
        _require(db, name, row[0], parent)
    number, follows = db.execute(
        "INSERT INTO model_versions (model_id, version, logged_model_id, run_id, source, flavor, digest, size_bytes, "
        "stage, description, lineage, profile_id, created_at, created_by, updated_at, parent) VALUES (?1, "
        "(SELECT coalesce(max(version), 0) + 1 FROM model_versions WHERE model_id = ?1), "
        "(SELECT id FROM logged_models WHERE model_id = ?), (SELECT id FROM runs WHERE run_id = ?), "
        "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce(?, "
        "(SELECT max(version) FROM model_versions WHERE model_id = ?1 AND deleted_at IS NULL))) "
        "RETURNING version, parent",
        (
            *(row[0], logged_model_id, run_id, storable(source), flavor, digest, size_bytes, stage),
            *(storable(description), to_json(lineage), profile_id, created_at, storable(created_by), created_at),
            parent,
        ),
    ).fetchone()
    return number, follows


def _require(db: sqlite3.Connection, name: str, model_id: int, version: int) -> None:
    there = db.execute(
        "SELECT 1 FROM model_versions WHERE model_id = ? AND version = ? AND deleted_at IS NULL", (model_id, version)
    ).fetchone()
    if there is None:
        raise no_version(db, name, f"version {version}")


def enter(db: sqlite3.Connection, name: str, version: int, stage: str, *, audit_id: int, at: float) -> None:
    """Records that a version just added began in a stage: a change of the kind 'register' from the stage ''."""
    db.execute(
        "INSERT INTO stage_changes (version_id, kind, from_stage, to_stage, at, audit_id) VALUES ("
        "(SELECT id FROM model_versions WHERE model_id = (SELECT id FROM registered_models WHERE name = ?) "
        "AND version = ?), 'register', '', ?, ?, ?)",
        (name, version, stage, at, audit_id),
    )


def move(
    db: sqlite3.Connection,
    name: str,
    version: int,
    from_stage: str,
    to_stage: str,
    *,
    kind: str,
    audit_id: int,
    at: float,
    cause_id: int | None = None,
) -> int:
    """Puts a version into a stage and records the change; returns the id of the stage change.

    Args:
        db: The connection of ``store.write()``.
        name: The model.
        version: The version that moves.
        from_stage: Where it comes from.
        to_stage: Where to.
        kind: 'promote', 'demote', 'archive', 'restore', 'replace' or 'rollback'.
        audit_id: The audit entry of the act.
        at: When, Unix seconds.
        cause_id: The stage change that this one follows from or undoes.

    Raises:
        NotFound: No such version.
    """
    row = db.execute(
        "UPDATE model_versions SET stage = ?, updated_at = ? "
        "WHERE model_id = (SELECT id FROM registered_models WHERE name = ?) AND version = ? RETURNING id, model_id",
        (to_stage, at, name, version),
    ).fetchone()
    if row is None:
        raise no_version(db, name, f"version {version}")
    if cause_id is None:
        # what follows from an act happens at its time
        db.execute("UPDATE registered_models SET updated_at = ? WHERE id = ?", (at, row[1]))
    cursor = db.execute(
        "INSERT INTO stage_changes (version_id, kind, from_stage, to_stage, cause_id, at, audit_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (row[0], kind, from_stage, to_stage, cause_id, at, audit_id),
    )
    return int(cursor.lastrowid or 0)


def set_alias(db: sqlite3.Connection, name: str, alias: str, version: int) -> None:
    """Lets the alias name that version, and no other of the model.

    Raises:
        UsageError: The alias is not allowed.
        NotFound: No such version.
    """
    model_names.check_alias(alias)
    row = db.execute(
        "SELECT v.model_id, v.id FROM model_versions AS v JOIN registered_models AS m ON m.id = v.model_id "
        "WHERE m.name = ? AND v.version = ? AND v.deleted_at IS NULL",
        (name, version),
    ).fetchone()
    if row is None:
        raise no_version(db, name, f"version {version}")
    db.execute(
        "INSERT OR REPLACE INTO model_aliases (model_id, alias, version_id) VALUES (?, ?, ?)", (row[0], alias, row[1])
    )


def remove_alias(db: sqlite3.Connection, name: str, alias: str) -> None:
    """Takes the alias away; nothing happens when the model has no such alias."""
    db.execute(
        "DELETE FROM model_aliases WHERE alias = ? AND model_id = (SELECT id FROM registered_models WHERE name = ?)",
        (alias, name),
    )


def set_tags(db: sqlite3.Connection, name: str, tags: Mapping[str, str], *, version: int = 0) -> None:
    """Sets tags of a model, or of one of its versions; 0 stands for the model itself.

    Raises:
        NotFound: No such model.
    """
    row = db.execute("SELECT id FROM registered_models WHERE name = ? AND deleted_at IS NULL", (name,)).fetchone()
    if row is None:
        raise no_model(db, name)
    db.executemany(
        "INSERT OR REPLACE INTO model_tags (model_id, version, key, value) VALUES (?, ?, ?, ?)",
        [(row[0], version, storable(key), storable(value)) for key, value in tags.items()],
    )


def remove_tags(db: sqlite3.Connection, name: str, keys: Iterable[str], *, version: int = 0) -> None:
    """Removes tags of a model, or of one of its versions; see ``set_tags``. Tags that are not there are passed over."""
    db.executemany(
        "DELETE FROM model_tags WHERE model_id = (SELECT id FROM registered_models WHERE name = ?) "
        "AND version = ? AND key = ?",
        [(name, version, storable(key)) for key in keys],
    )


def describe(db: sqlite3.Connection, name: str, text: str, *, version: int = 0) -> None:
    """Sets the description of a model, or of one of its versions; 0 stands for the model itself.

    Nothing happens where there is no such model or version.
    """
    if version:
        db.execute(
            "UPDATE model_versions SET description = ? "
            "WHERE model_id = (SELECT id FROM registered_models WHERE name = ?) AND version = ?",
            (storable(text), name, version),
        )
    else:
        db.execute(
            "UPDATE registered_models SET description = ?, updated_at = ? WHERE name = ?",
            (storable(text), time.time(), name),
        )


def allow(db: sqlite3.Connection, name: str, version: int, what: Iterable[str]) -> None:
    """Keeps what a version may run when it is loaded."""
    where = "WHERE model_id = (SELECT id FROM registered_models WHERE name = ?) AND version = ?"
    (lineage,) = db.execute(f"SELECT lineage FROM model_versions {where}", (name, version)).fetchone()
    # not json_set: a metric may be NaN, which Python's JSON has and SQLite's has not
    kept = {**(json.loads(lineage) if lineage else {}), "allowed": sorted(what)}
    db.execute(f"UPDATE model_versions SET lineage = ? {where}", (to_json(kept), name, version))


def create_model(db: sqlite3.Connection, name: str, description: str, at: float) -> None:
    """A registered model without versions; one of that name that was deleted comes back so.

    Raises:
        UsageError: No model can have that name.
    """
    model_names.check_name(name)
    db.execute(
        "INSERT INTO registered_models (name, description, created_at, updated_at) VALUES (?1, ?2, ?3, ?3) "
        "ON CONFLICT(name) DO UPDATE SET description = excluded.description, created_at = excluded.created_at, "
        "updated_at = excluded.updated_at, deleted_at = NULL",
        (name, storable(description), at),
    )


def rename_model(db: sqlite3.Connection, name: str, new_name: str, at: float) -> None:
    """Gives a model another name; a deleted model that had it gives it up.

    Raises:
        UsageError: No model can have that name.
    """
    model_names.check_name(new_name)
    db.execute(
        "UPDATE registered_models SET name = name || ' (deleted ' || id || ')' "
        "WHERE name = ? AND deleted_at IS NOT NULL",
        (new_name,),
    )
    db.execute("UPDATE registered_models SET name = ?, updated_at = ? WHERE name = ?", (new_name, at, name))


def delete_model(db: sqlite3.Connection, name: str, at: float) -> None:
    """Hides a model with its versions, and forgets its aliases and tags."""
    (number,) = db.execute("SELECT id FROM registered_models WHERE name = ?", (name,)).fetchone()
    db.execute("DELETE FROM model_aliases WHERE model_id = ?", (number,))
    db.execute("DELETE FROM model_tags WHERE model_id = ?", (number,))
    db.execute("UPDATE model_versions SET deleted_at = ? WHERE model_id = ? AND deleted_at IS NULL", (at, number))
    db.execute("UPDATE registered_models SET deleted_at = ?1, updated_at = ?1 WHERE id = ?2", (at, number))


def delete(db: sqlite3.Connection, name: str, version: int, at: float) -> None:
    """Hides a version, and forgets its aliases and tags."""
    row = db.execute(
        "UPDATE model_versions SET deleted_at = ?1, updated_at = ?1 "
        "WHERE model_id = (SELECT id FROM registered_models WHERE name = ?2) AND version = ?3 RETURNING id, model_id",
        (at, name, version),
    ).fetchone()
    db.execute("DELETE FROM model_aliases WHERE version_id = ?", (row[0],))
    db.execute("DELETE FROM model_tags WHERE model_id = ? AND version = ?", (row[1], version))
    db.execute("UPDATE registered_models SET updated_at = ? WHERE id = ?", (at, row[1]))
