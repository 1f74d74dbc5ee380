"""Models that MLflow's clients log step by step: made, filled, finished, tagged, found, deleted.

A finished one is among the models of its run (``models.logged``), like one that a script of ours logged in one go;
those are here too. Knows where a model's files are, and not what they mean.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from mlops_store.errors import NotFound
from mlops_store.models import to_json
from mlops_store.run_columns import ARTIFACT_URI
from mlops_store.texts import storable

#: Of a model whose files are not all there yet; of one that is whole; of one that will never be.
PENDING, READY, FAILED = "PENDING", "READY", "FAILED"

_COLUMNS = (
    "l.id, l.model_id, l.experiment_id, l.name, coalesce(r.run_id, l.source_run_id, ''), l.status, l.model_type, "
    f"coalesce(l.location, {ARTIFACT_URI} || '/' || l.name), l.location IS NOT NULL, l.created_at, l.updated_at, "
    "l.deleted_at"
)


class Measured(NamedTuple):
    """A value that was measured of a logged model, by a run and perhaps on a data set; ``ms`` since the epoch."""

    key: str
    value: float
    ms: int
    step: int
    run_id: str
    dataset_name: str
    dataset_digest: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A logged model as its clients see it.

    Attributes:
        number: The store's own.
        model_id: ``m-`` and 32 hexadecimal digits.
        experiment: The number of its experiment.
        name: Its name.
        run_id: The run that logged it, which may be one of another server; "" for none.
        status: ``PENDING``, ``READY`` or ``FAILED``.
        model_type: What its author calls it.
        location: The URI of its files.
        has_own_files: Whether they are its own, and not artifacts of the run under its name.
        created_at: Unix seconds.
        updated_at: Unix seconds.
        deleted_at: When it was deleted.
        tags: Texts.
        params: Texts.
        metrics: All values that were measured of it, in the order in which they came.
    """

    number: int
    model_id: str
    experiment: int
    name: str
    run_id: str
    status: str
    model_type: str
    location: str
    has_own_files: bool
    created_at: float
    updated_at: float
    deleted_at: float | None
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[Measured, ...] = ()


def create(
    db: sqlite3.Connection,
    model_id: str,
    *,
    experiment: int,
    name: str,
    run_id: str,
    model_type: str,
    location: str,
    params: Mapping[str, str],
    tags: Mapping[str, str],
) -> Entry:
    """A new pending model. Needs a write transaction; see ``Entry`` for the arguments."""
    run = db.execute("SELECT id FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    now = time.time()
    cursor = db.execute(
        "INSERT INTO logged_models (model_id, experiment_id, run_id, name, flavor, digest, size_bytes, created_at, "
        "updated_at, status, model_type, location, source_run_id) VALUES (?, ?, ?, ?, '', '', 0, ?5, ?5, ?, ?, ?, ?)",
        (
            *(model_id, experiment, run[0] if run else None, storable(name), now, PENDING, storable(model_type)),
            *(location, storable(run_id) if run_id and not run else None),
        ),
    )
    number = cursor.lastrowid
    assert number is not None
    set_texts(db, "tags", number, tags)
    set_texts(db, "params", number, params)
    return get(db, model_id)


def get(db: sqlite3.Connection, model_id: str, *, with_deleted: bool = False) -> Entry:
    """The logged model of an id.

    Raises:
        NotFound: There is none, or it is deleted.
    """
    found = listed(db, "l.model_id = ?" + ("" if with_deleted else " AND l.deleted_at IS NULL"), (model_id,))
    if not found:
        raise NotFound(f"Logged model with ID '{model_id}' not found.")
    return found[0]


def find(db: sqlite3.Connection, model_id: str) -> tuple[int, str, str] | None:
    """Number, location and status of a logged model that is not deleted; None when there is none."""
    row: tuple[int, str, str] | None = db.execute(
        "SELECT id, coalesce(location, ''), status FROM logged_models WHERE model_id = ? AND deleted_at IS NULL",
        (model_id,),
    ).fetchone()
    return row


def listed(
    db: sqlite3.Connection, where: str, arguments: Iterable[object] = (), order: str = "l.id", limit: str = ""
) -> list[Entry]:
    """Logged models with their tags, params and metrics.

    Args:
        db: A connection.
        where: A condition on ``logged_models l`` and its run ``runs r``, as SQL with its values bound.
        arguments: Those values.
        order: What to order by, as SQL.
        limit: ``LIMIT … OFFSET …``, or "".
    """
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM logged_models l LEFT JOIN runs r ON r.id = l.run_id "
        f"WHERE {where} ORDER BY {order} {limit}",
        tuple(arguments),
    ).fetchall()
    chosen = ",".join(str(row[0]) for row in rows)
    tags, params = _texts(db, "tags", chosen), _texts(db, "params", chosen)
    measured = _metrics(db, chosen)
    return [
        replace(
            Entry(*row),
            tags=tags.get(row[0], {}),
            params=params.get(row[0], {}),
            metrics=tuple(measured.get(row[1], ())),
        )
        for row in rows
    ]


def set_status(db: sqlite3.Connection, model_id: str, status: str) -> None:
    """Says how a model stands. Needs a write transaction."""
    db.execute(
        "UPDATE logged_models SET status = ?, updated_at = ? WHERE model_id = ?", (status, time.time(), model_id)
    )


def describe(
    db: sqlite3.Connection,
    number: int,
    *,
    flavor: str,
    digest: str,
    size_bytes: int,
    signature: Mapping[str, Any],
    environment: Mapping[str, Any],
) -> None:
    """Keeps what the files of a model are together. Needs a write transaction."""
    db.execute(
        "UPDATE logged_models SET flavor = ?, digest = ?, size_bytes = ?, signature = ?, environment = ? WHERE id = ?",
        (flavor, digest, size_bytes, to_json(signature or None), to_json(environment or None), number),
    )


def set_texts(db: sqlite3.Connection, kind: str, number: int, texts: Mapping[str, str]) -> None:
    """Stores 'tags' or 'params' of a model, over those of the same keys. Needs a write transaction."""
    db.executemany(
        f"INSERT OR REPLACE INTO logged_model_{kind} (logged_model_id, key, value) VALUES (?, ?, ?)",
        [(number, storable(key), storable(value)) for key, value in texts.items()],
    )


def delete_tag(db: sqlite3.Connection, number: int, key: str) -> bool:
    """Removes a tag; returns whether there was one. Needs a write transaction."""
    return bool(
        db.execute("DELETE FROM logged_model_tags WHERE logged_model_id = ? AND key = ?", (number, key)).rowcount
    )


def delete(db: sqlite3.Connection, number: int) -> None:
    """Hides a model. Needs a write transaction."""
    db.execute("UPDATE logged_models SET deleted_at = ?1, updated_at = ?1 WHERE id = ?2", (time.time(), number))


def _texts(db: sqlite3.Connection, kind: str, chosen: str) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for number, key, value in db.execute(
        f"SELECT logged_model_id, key, value FROM logged_model_{kind} WHERE logged_model_id IN ({chosen}) ORDER BY key"
    ):
        found.setdefault(number, {})[key] = value
    return found


def _metrics(db: sqlite3.Connection, chosen: str) -> dict[str, list[Measured]]:
    found: dict[str, list[Measured]] = {}
    rows: Sequence[Any] = db.execute(
        "SELECT m.model_id, m.key, m.value, m.ms, m.step, r.run_id, m.dataset_name, m.dataset_digest "
        "FROM model_metrics m JOIN runs r ON r.id = m.run_id "
        f"WHERE m.model_id IN (SELECT model_id FROM logged_models WHERE id IN ({chosen})) ORDER BY m.rowid"
    ).fetchall()
    for model_id, key, value, *rest in rows:
        found.setdefault(model_id, []).append(Measured(key, float("nan") if value is None else value, *rest))
    return found
