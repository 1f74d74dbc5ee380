"""Experiments: made, found, renamed, tagged, deleted and brought back.

``run_rows.experiment_number`` makes them in passing, when a run names a new one.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping

from mlops_store import run_rows
from mlops_store.errors import NotFound
from mlops_store.records import Experiment

#: The number of the experiment that runs are in when none is named.
DEFAULT = 0
#: The tag that is an experiment's description; MLflow's word for it.
DESCRIPTION_TAG = "mlflow.note.content"

_COLUMNS = "e.id, e.name, e.created_at, e.description, coalesce(e.artifact_location, ''), e.updated_at, e.deleted_at"


def create(
    db: sqlite3.Connection, name: str, *, artifact_location: str = "", tags: Mapping[str, str] | None = None
) -> int:
    """Stores a new experiment and returns its number. Needs a write transaction.

    Raises:
        sqlite3.IntegrityError: There is one of that name, deleted ones included.
    """
    now = time.time()
    cursor = db.execute(
        "INSERT INTO experiments(id, name, created_at, updated_at, artifact_location) "
        f"VALUES ({run_rows.EXPERIMENT_NUMBER}, ?, ?, ?, ?)",
        (name, name, now, now, artifact_location or None),
    )
    number = cursor.lastrowid
    assert number is not None
    for key, value in (tags or {}).items():
        set_tag(db, number, key, value)
    return number


def require_default(db: sqlite3.Connection) -> None:
    """Makes the experiment that is used when none is named unless there is one. Needs a write transaction."""
    if not listed(db, "e.id = ?", (DEFAULT,)):
        create(db, "default")


def get(db: sqlite3.Connection, number: int) -> Experiment:
    """The experiment of a number, deleted ones included.

    Raises:
        NotFound: There is none.
    """
    found = listed(db, "e.id = ?", (number,))
    if not found:
        raise NotFound(f"no experiment with the number {number}")
    return found[0]


def find(db: sqlite3.Connection, name: str) -> Experiment | None:
    """The experiment of a name, deleted ones included; None when there is none."""
    return next(iter(listed(db, "e.name = ?", (name,))), None)


def listed(
    db: sqlite3.Connection, where: str, arguments: Iterable[object] = (), order: str = "e.id", limit: str = ""
) -> list[Experiment]:
    """Experiments with their tags.

    Args:
        db: A connection.
        where: A condition on ``experiments e``, as SQL with its values bound.
        arguments: Those values.
        order: What to order by, as SQL.
        limit: ``LIMIT … OFFSET …``, or "".
    """
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM experiments e WHERE {where} ORDER BY {order} {limit}", tuple(arguments)
    ).fetchall()
    tags: dict[int, dict[str, str]] = {}
    chosen = ",".join(str(row[0]) for row in rows)
    for number, key, value in db.execute(
        f"SELECT experiment_id, key, value FROM experiment_tags WHERE experiment_id IN ({chosen}) ORDER BY key"
    ):
        tags.setdefault(number, {})[key] = value
    found = []
    for number, name, created_at, description, location, updated_at, deleted_at in rows:
        own = tags.get(number, {})
        if description:
            own[DESCRIPTION_TAG] = description
        found.append(Experiment(number, name, created_at, description, location, updated_at, deleted_at, own))
    return found


def rename(db: sqlite3.Connection, number: int, name: str) -> None:
    """Gives an experiment another name. Needs a write transaction.

    Raises:
        sqlite3.IntegrityError: There is one of that name.
    """
    db.execute("UPDATE experiments SET name = ?, updated_at = ? WHERE id = ?", (name, time.time(), number))


def delete(db: sqlite3.Connection, number: int) -> None:
    """Hides an experiment and all its runs. Needs a write transaction."""
    now = time.time()
    db.execute("UPDATE experiments SET deleted_at = ?, updated_at = ? WHERE id = ?", (now, now, number))
    db.execute("UPDATE runs SET deleted_at = ? WHERE experiment_id = ? AND deleted_at IS NULL", (now, number))


def restore(db: sqlite3.Connection, number: int) -> None:
    """Shows a deleted experiment and all its runs again. Needs a write transaction."""
    db.execute("UPDATE experiments SET deleted_at = NULL, updated_at = ? WHERE id = ?", (time.time(), number))
    db.execute("UPDATE runs SET deleted_at = NULL WHERE experiment_id = ? AND deleted_at IS NOT NULL", (number,))


def set_tag(db: sqlite3.Connection, number: int, key: str, value: str) -> None:
    """Stores a tag, replacing one of the same key. Needs a write transaction."""
    if key == DESCRIPTION_TAG:
        db.execute("UPDATE experiments SET description = ? WHERE id = ?", (value, number))
        return
    db.execute(
        "INSERT INTO experiment_tags(experiment_id, key, value) VALUES (?, ?, ?) "
        "ON CONFLICT(experiment_id, key) DO UPDATE SET value = excluded.value",
        (number, key, value),
    )


def delete_tag(db: sqlite3.Connection, number: int, key: str) -> bool:
    """Removes a tag; returns whether there was one. Needs a write transaction."""
    if key == DESCRIPTION_TAG:
        changed = db.execute(
            "UPDATE experiments SET description = '' WHERE id = ? AND description <> ''", (number,)
        ).rowcount
    else:
        changed = db.execute("DELETE FROM experiment_tags WHERE experiment_id = ? AND key = ?", (number, key)).rowcount
    return bool(changed)
