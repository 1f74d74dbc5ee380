"""Lists of registered models and of versions by conditions, page by page, without what a list does not show."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mlops_store.models import version_query, versions_of
from mlops_store.records import ModelVersion

#: When a version was last written about, as SQL over ``model_versions v`` and ``registered_models m``; NULL for never.
DESCRIBED_AT = (
    "(SELECT max(a.at) FROM audit a WHERE a.subject = 'model:' || m.name || '/' || v.version "
    "AND a.action = 'model.describe')"
)


@dataclass(frozen=True, slots=True)
class Named:
    """A registered model without its versions; ``number`` is the store's own."""

    number: int
    name: str
    description: str
    created_at: float
    updated_at: float
    tags: Mapping[str, str]
    aliases: Mapping[str, int]


def models(
    db: sqlite3.Connection, where: str, arguments: Iterable[object] = (), order: str = "m.name", limit: str = ""
) -> list[Named]:
    """Registered models that are not deleted.

    Args:
        db: A connection.
        where: A condition on ``registered_models m``, as SQL with its values bound.
        arguments: Those values.
        order: What to order by, as SQL.
        limit: ``LIMIT … OFFSET …``, or "".
    """
    rows = db.execute(
        "SELECT m.id, m.name, m.description, m.created_at, m.updated_at, "
        "(SELECT json_group_object(key, value) FROM model_tags t WHERE t.model_id = m.id AND t.version = 0), "
        "(SELECT json_group_object(a.alias, w.version) FROM model_aliases a JOIN model_versions w "
        "ON w.id = a.version_id WHERE a.model_id = m.id) "
        f"FROM registered_models m WHERE m.deleted_at IS NULL AND {where} ORDER BY {order} {limit}",
        tuple(arguments),
    )
    return [
        Named(number, name, description, created_at, updated_at, json.loads(tags), json.loads(aliases))
        for number, name, description, created_at, updated_at, tags, aliases in rows.fetchall()
    ]


def versions(
    db: sqlite3.Connection, where: str, arguments: Iterable[object] = (), order: str = "v.id", limit: str = ""
) -> list[ModelVersion]:
    """Versions that are not deleted, of models that are not; see ``models``.

    Conditions are on ``model_versions v``, their model ``registered_models m`` and their run ``runs r``.
    """
    return versions_of(db, f"{version_query()} AND {where} ORDER BY {order} {limit}", tuple(arguments))


def newest(db: sqlite3.Connection, model: int) -> list[ModelVersion]:
    """The newest version of each stage of a model (``registered_models.id``)."""
    chosen = (
        "v.id IN (SELECT (SELECT w.id FROM model_versions w WHERE w.model_id = ?1 AND w.stage = s.stage "
        "AND w.deleted_at IS NULL ORDER BY w.version DESC LIMIT 1) FROM (SELECT DISTINCT stage FROM model_versions "
        "WHERE model_id = ?1 AND deleted_at IS NULL) s)"
    )
    return versions(db, chosen, (model,), "v.version")


def described_at(db: sqlite3.Connection, found: Sequence[ModelVersion]) -> dict[tuple[str, int], float]:
    """(Model, version) -> when it was last written about, of those that were."""
    subjects = json.dumps([f"model:{one.model}/{one.version}" for one in found])
    rows = db.execute(
        "SELECT subject, max(at) FROM audit WHERE subject IN (SELECT value FROM json_each(?)) "
        "AND action = 'model.describe' GROUP BY subject",
        (subjects,),
    )
    at = dict(rows.fetchall())
    keyed = {(one.model, one.version): at.get(f"model:{one.model}/{one.version}") for one in found}
    return {key: value for key, value in keyed.items() if value is not None}
