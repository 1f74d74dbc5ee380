"""Registered models with their versions, aliases, tags and stage changes as records; and the models that runs logged.

Reads the tables of the registry (``model_versions`` writes them). Knows no rule about stages: which move is allowed is
decided by the application's ``registry``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mlops_store import model_names
from mlops_store.errors import NotFound, nearest
from mlops_store.records import LoggedModel, ModelSummary, ModelVersion, RegisteredModel, StageChange, StageHolders
from mlops_store.texts import storable


class Standing(NamedTuple):
    """Where a version stands: its stage, its run with that run's status, and the files that it consists of.

    ``is_whole``: it was made of a finished model with files of its own, to which the run adds nothing.
    """

    stage: str
    run_id: str | None
    run_status: str | None
    digest: str
    files: Mapping[str, Any]
    is_whole: bool


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
_VERSION = """
    SELECT m.name, v.version, v.stage, v.source, v.flavor, v.digest, coalesce(v.size_bytes, 0), v.created_at,
           coalesce(v.created_by, ''), r.run_id, l.model_id, v.description,
           {aliases}, {tags}, v.lineage, v.profile_id, v.parent, coalesce(v.updated_at, v.created_at)
      FROM model_versions AS v
      JOIN registered_models AS m ON m.id = v.model_id AND m.deleted_at IS NULL
      LEFT JOIN runs AS r ON r.id = v.run_id
      LEFT JOIN logged_models AS l ON l.id = v.logged_model_id
     WHERE v.deleted_at IS NULL
"""
_ONE = _VERSION.format(
    aliases="(SELECT json_group_array(alias) FROM model_aliases AS a WHERE a.version_id = v.id)",
    tags="(SELECT json_group_object(key, value) FROM model_tags AS t "
    "WHERE t.model_id = m.id AND t.version = v.version)",
)

_LOGGED = """
    SELECT l.model_id, coalesce(r.run_id, ''), l.name, l.flavor, l.digest, l.size_bytes, l.created_at, l.signature,
           l.profile_id, l.environment, l.location
      FROM logged_models AS l LEFT JOIN runs AS r ON r.id = l.run_id
     WHERE l.status = 'READY' AND l.deleted_at IS NULL
"""


#: That a model is no prompt of MLflow's.
_NO_PROMPT = (
    "AND NOT EXISTS (SELECT 1 FROM model_tags AS p WHERE p.model_id = m.id AND p.version = 0 "
    "AND p.key = 'mlflow.prompt.is_prompt' AND p.value = 'true')"
)
#: Versions of each stage that a summary names.
NAMED = 2


def summaries(db: sqlite3.Connection) -> list[ModelSummary]:
    """Every registered model as lists show it, by name; of ten thousand versions only those that are named are read.

    Prompts, which MLflow's clients register like models, are none.
    """
    stages: dict[int, dict[str, StageHolders]] = {}
    for model_id, stage, count, newest in db.execute(
        "SELECT g.model_id, g.stage, g.count, (SELECT json_group_array(json_array(n.version, n.flavor)) FROM "
        "(SELECT version, flavor FROM model_versions WHERE model_id = g.model_id AND stage = g.stage "
        "AND deleted_at IS NULL ORDER BY version DESC LIMIT ?) AS n) "
        "FROM (SELECT model_id, stage, count(*) AS count FROM model_versions WHERE deleted_at IS NULL "
        "GROUP BY model_id, stage) AS g",
        (NAMED,),
    ):
        named = tuple((version, flavor) for version, flavor in json.loads(newest))
        stages.setdefault(model_id, {})[stage] = StageHolders(count, named)
    aliases: dict[int, dict[str, int]] = {}
    for model_id, alias, version in db.execute(
        "SELECT a.model_id, a.alias, v.version FROM model_aliases AS a JOIN model_versions AS v ON v.id = a.version_id"
    ):
        aliases.setdefault(model_id, {})[alias] = version
    tags: dict[int, dict[str, str]] = {}
    for model_id, key, value in db.execute("SELECT model_id, key, value FROM model_tags WHERE version = 0"):
        tags.setdefault(model_id, {})[key] = value
    rows = db.execute(
        "SELECT m.id, m.name, m.description, m.updated_at FROM registered_models AS m "
        f"WHERE m.deleted_at IS NULL {_NO_PROMPT} ORDER BY m.name"
    )
    return [
        ModelSummary(
            name=name,
            description=description,
            updated_at=updated_at,
            newest=max((holders.newest[0][0] for holders in stages.get(number, {}).values()), default=0),
            versions=sum(holders.count for holders in stages.get(number, {}).values()),
            stages=stages.get(number, {}),
            aliases=aliases.get(number, {}),
            tags=tags.get(number, {}),
        )
        for number, name, description, updated_at in rows
    ]


def all(db: sqlite3.Connection) -> list[RegisteredModel]:  # noqa: A001 — models.all reads well
    """Every registered model with its versions (newest first), by name; prompts are none."""
    return _models(db, _NO_PROMPT, ())


def get(db: sqlite3.Connection, name: str) -> RegisteredModel:
    """The registered model of that name.

    Raises:
        NotFound: There is none; the hint names the nearest.
    """
    found = _models(db, "AND m.name = ?", (name,))
    if not found:
        raise no_model(db, name)
    return found[0]


def identifier(db: sqlite3.Connection, name: str) -> int:
    """The store's own number of a registered model.

    Raises:
        NotFound: There is none; the hint names the nearest.
    """
    row = db.execute("SELECT id FROM registered_models WHERE name = ? AND deleted_at IS NULL", (name,)).fetchone()
    if row is None:
        raise no_model(db, name)
    return int(row[0])


def name_of(db: sqlite3.Connection, number: int) -> str:
    """The name of the registered model with that number of the store's own.

    Raises:
        NotFound: There is none.
    """
    row = db.execute("SELECT name FROM registered_models WHERE id = ? AND deleted_at IS NULL", (number,)).fetchone()
    if row is None:
        raise NotFound(f"no registered model has the number {number}")
    return str(row[0])


def names(db: sqlite3.Connection) -> list[str]:
    """The names of all registered models, sorted."""
    rows = db.execute("SELECT name FROM registered_models WHERE deleted_at IS NULL ORDER BY name")
    return [row[0] for row in rows]


def version(db: sqlite3.Connection, name: str, version: int) -> ModelVersion:
    """One version of a model.

    Raises:
        NotFound: No such model, or it has no such version.
    """
    row = db.execute(_ONE + "AND m.name = ? AND v.version = ?", (name, version)).fetchone()
    if row is None:
        raise no_version(db, name, f"version {version}")
    return _version(row)


def resolve(db: sqlite3.Connection, text: str) -> ModelVersion:
    """The version that a reference names.

    ``name/3`` is a version, ``name`` and ``name/latest`` the newest one, ``name/Production`` the newest in a stage
    (any case), ``name@champion`` the one with the alias; where no alias has that name, ``name@production`` is the
    newest in the stage, and ``name@3`` is version 3. All may begin with ``models:/``.

    Raises:
        UsageError: The text is no reference.
        NotFound: Nothing fits it.
    """
    reference = model_names.parse(text)
    name = reference.name
    if reference.alias:
        aliased = "AND v.id = (SELECT version_id FROM model_aliases WHERE model_id = m.id AND alias = ?)"
        row = db.execute(f"{_ONE} AND m.name = ? {aliased}", (name, reference.alias)).fetchone()
        if row is not None:
            return _version(row)
    if reference.version is not None:
        return version(db, name, reference.version)
    stage = reference.stage or reference.alias
    where, arguments = ("AND lower(v.stage) = ?", (name, stage.lower())) if stage else ("", (name,))
    row = db.execute(f"{_ONE} AND m.name = ? {where} ORDER BY v.version DESC LIMIT 1", arguments).fetchone()
    if row is not None:
        return _version(row)
    if not stage:
        raise no_version(db, name, "version")
    kind = "version in the stage" if reference.stage else "alias or stage"
    raise no_version(db, name, f"{kind} {stage!r}", stage)


def version_query() -> str:
    """What reads whole versions, for ``versions_of``: a condition on ``v`` and ``m`` follows, after AND."""
    return _ONE


def versions_of(db: sqlite3.Connection, query: str, arguments: Sequence[object]) -> list[ModelVersion]:
    """The versions that a query reads which begins with ``version_query()``."""
    return [_version(row) for row in db.execute(query, arguments)]


def standing(db: sqlite3.Connection, name: str, version: int) -> Standing:
    """Where a version stands now: what a move needs to know, and cheaper than the whole record.

    Raises:
        NotFound: No such version.
    """
    row = db.execute(
        "SELECT v.stage, r.run_id, r.status, v.digest, v.lineage, l.location IS NOT NULL FROM model_versions AS v "
        "JOIN registered_models AS m ON m.id = v.model_id LEFT JOIN runs AS r ON r.id = v.run_id "
        "LEFT JOIN logged_models AS l ON l.id = v.logged_model_id "
        "WHERE m.name = ? AND v.version = ? AND v.deleted_at IS NULL AND m.deleted_at IS NULL",
        (name, version),
    ).fetchone()
    if row is None:
        raise no_version(db, name, f"version {version}")
    stage, run_id, run_status, digest, lineage, is_whole = row
    # not json_extract: a metric may be NaN, which Python's JSON has and SQLite's has not
    files = json.loads(lineage).get("files", {}) if lineage else {}
    return Standing(stage, run_id, run_status, digest, files, bool(is_whole))


def in_stage(db: sqlite3.Connection, name: str, stage: str) -> list[ModelVersion]:
    """The versions of a model in a stage, newest first; empty when the model or the stage has none."""
    rows = db.execute(_ONE + "AND m.name = ? AND v.stage = ? ORDER BY v.version DESC", (name, stage))
    return [_version(row) for row in rows]


def changes(db: sqlite3.Connection, name: str, *, version: int | None = None, limit: int = -1) -> list[StageChange]:
    """The stage changes of a model or a version, newest first; registrations are among them, from the stage ''."""
    only, arguments = ("", (name, limit)) if version is None else ("AND v.version = ?", (name, version, limit))
    rows = db.execute(
        f"""
        SELECT c.id, m.name, v.version, c.kind, c.from_stage, c.to_stage, c.at, a.actor, a.reason,
               c.audit_id, c.cause_id
          FROM registered_models AS m
          JOIN model_versions AS v ON v.model_id = m.id
          JOIN stage_changes AS c ON c.version_id = v.id
          JOIN audit AS a ON a.id = c.audit_id
         WHERE m.name = ? {only} ORDER BY c.id DESC LIMIT ?
        """,
        arguments,
    )
    return [StageChange(*row) for row in rows]


def logged(db: sqlite3.Connection, run_id: str) -> tuple[LoggedModel, ...]:
    """The finished models that a run logged, newest first."""
    rows = db.execute(_LOGGED + "AND r.run_id = ? ORDER BY l.id DESC", (run_id,))
    return tuple(_logged(row) for row in rows)


def logged_model(db: sqlite3.Connection, model_id: str) -> LoggedModel:
    """The finished logged model of that id.

    Raises:
        NotFound: There is none.
    """
    row = db.execute(_LOGGED + "AND l.model_id = ?", (model_id,)).fetchone()
    if row is None:
        raise NotFound(f"no run logged a model with the id {model_id!r}", "'mlops-tui runs show RUN' lists its models")
    return _logged(row)


def add_logged(
    db: sqlite3.Connection,
    run_id: str,
    *,
    model_id: str,
    name: str,
    flavor: str,
    digest: str,
    size_bytes: int,
    created_at: float,
    signature: Mapping[str, Any] | None = None,
    profile_id: int | None = None,
    environment: Mapping[str, Any] | None = None,
) -> None:
    """Records that a run logged a model whose files are its artifacts under ``name/``.

    Raises:
        NotFound: No such run.
    """
    row = db.execute("SELECT id, experiment_id FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    if row is None:
        raise NotFound(f"no run has the id {run_id!r}")
    db.execute(
        "INSERT INTO logged_models (model_id, run_id, experiment_id, name, flavor, digest, size_bytes, signature, "
        "profile_id, created_at, updated_at, environment, status, model_type) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?10, ?10, ?, 'READY', '')",
        (
            *(model_id, *row, storable(name), flavor, digest, size_bytes, to_json(signature), profile_id),
            *(created_at, to_json(environment)),
        ),
    )


def _models(db: sqlite3.Connection, where: str, arguments: Sequence[object]) -> list[RegisteredModel]:
    # aliases and tags are read once for all: a subquery for each of thousands of versions takes three times as long
    aliases = _grouped(
        db,
        "SELECT m.name, v.version, a.alias, v.version FROM model_aliases AS a "
        "JOIN model_versions AS v ON v.id = a.version_id JOIN registered_models AS m ON m.id = a.model_id "
        f"WHERE TRUE {where} ORDER BY a.alias",
        arguments,
    )
    tags = _grouped(
        db,
        "SELECT m.name, t.version, t.key, t.value FROM model_tags AS t "
        f"JOIN registered_models AS m ON m.id = t.model_id WHERE TRUE {where}",
        arguments,
    )
    query = _VERSION.format(aliases="NULL", tags="NULL")
    versions: dict[str, list[ModelVersion]] = {}
    # both descending: the index is walked backwards and nothing is sorted
    for row in db.execute(f"{query} {where} ORDER BY v.model_id DESC, v.version DESC", arguments):
        key = row[:2]
        known = json.loads(row[14]) if row[14] else {}
        values = [*row[:12], tuple(aliases.get(key, ())), tags.get(key, {}), known, *row[15:]]
        versions.setdefault(row[0], []).append(ModelVersion(*values))
    named: dict[str, dict[str, int]] = {}
    for (name, _), numbers in aliases.items():
        named.setdefault(name, {}).update(numbers)
    rows = db.execute(
        "SELECT m.name, m.description, m.created_at, m.updated_at FROM registered_models AS m "
        f"WHERE m.deleted_at IS NULL {where} ORDER BY m.name",
        arguments,
    )
    return [
        RegisteredModel(
            name,
            description,
            made,
            changed,
            tuple(versions.get(name, ())),
            named.get(name, {}),
            tags.get((name, 0), {}),
        )
        for name, description, made, changed in rows
    ]


def _grouped(db: sqlite3.Connection, query: str, arguments: Sequence[object]) -> dict[tuple[str, int], dict[str, Any]]:
    """(Model, version) -> the pairs of each row's last two columns."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for name, version, key, value in db.execute(query, arguments):
        found.setdefault((name, version), {})[key] = value
    return found


def _version(row: Sequence[Any]) -> ModelVersion:
    values = list(row)
    values[12] = tuple(sorted(json.loads(row[12])))
    values[13] = json.loads(row[13])
    values[14] = json.loads(row[14]) if row[14] else {}
    return ModelVersion(*values)


def _logged(row: Sequence[Any]) -> LoggedModel:
    values = list(row)
    values[7] = json.loads(row[7]) if row[7] else {}
    values[9] = json.loads(row[9]) if row[9] else {}
    values[10] = row[10] or ""
    return LoggedModel(*values)


def to_json(value: Mapping[str, Any] | None) -> str | None:
    """A JSON column's text; NULL for None."""
    return None if value is None else storable(_ENCODER.encode(value))


def no_model(db: sqlite3.Connection, name: str) -> NotFound:
    """The error to raise where no model has that name; the hint names the nearest."""
    known = names(db)
    hint = nearest(name, known) or "register one: mlops-tui models register NAME RUN"
    return NotFound(f"no registered model is called {name!r}", hint)


def no_version(db: sqlite3.Connection, name: str, what: str, word: str = "") -> NotFound:
    """The error to raise where the model has no ``what``; the hint names what is nearest to ``word``."""
    if name not in names(db):
        return no_model(db, name)
    model = get(db, name)
    known = [*model.aliases, *(entry.stage for entry in model.versions)]
    newest = f"its newest version is {model.versions[0].version}" if model.versions else "it has no versions"
    hint = nearest(word, known) if word else newest
    return NotFound(f"model {name!r} has no {what}", hint)
