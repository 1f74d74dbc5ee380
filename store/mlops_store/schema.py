"""The schema and its versioned migrations, owned by sqlite-utils.

One decorated function is one step; ``PRAGMA user_version`` counts the steps that a file has had. This module is
imported only when a file is behind, because importing sqlite-utils costs more than everything else at start.

Conventions: ``…_at`` and ``…_s`` are Unix seconds (UTC) and seconds, ``…_ms`` milliseconds, ``…_bytes`` bytes.
A NULL metric value is NaN, because SQLite stores NaN as NULL. Names of params, metrics and tags are interned in
``keys``. Whole numbers named ``id`` are private to the store; people and other tables outside see ``run_id`` etc.
"""

from __future__ import annotations

import json
import sqlite3
import sys

from sqlite_utils import Database, Migrations

from mlops_store import figures, heat

migrations = Migrations("mlops_store")


def migrate(connection: sqlite3.Connection) -> None:
    """Brings the database to the newest schema. The caller holds an IMMEDIATE transaction."""
    database = Database(connection)
    migrations.apply(database)
    connection.execute(f"PRAGMA user_version = {len(migrations.applied(database))}")


def fresh() -> str:
    """The source of ``fresh.py``: what all migrations together make of an empty file.

    A new store is made from it, without the cost of sqlite-utils, which would also fall on a training script. After a
    change here: ``python -m mlops_store.schema > store/mlops_store/fresh.py``.
    """
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    made = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid").fetchall()
    names = connection.execute("SELECT name FROM _sqlite_migrations ORDER BY id").fetchall()
    lines = [
        '"""The newest schema in one step. Made by ``python -m mlops_store.schema``; never edited by hand."""',
        "",
        "# ruff: noqa: E501",
        "",
        "from __future__ import annotations",
        "",
        "#: The migrations that a new store has had.",
        "MIGRATIONS = (",
        *(f'    "{name}",' for (name,) in names),
        ")",
        "",
        "#: What makes the tables, indexes and triggers, in order.",
        "STATEMENTS = (",
        *(f'    """{sql}""",' for (sql,) in made),
        ")",
    ]
    return "\n".join(lines) + "\n"


@migrations()
def m001_tracking(db: Database) -> None:
    """Experiments, runs, their params, tags, notes, metrics, artifacts and data sets."""
    db.create_table(
        "experiments",
        {"id": int, "name": str, "description": str, "created_at": float, "deleted_at": float},
        pk="id",
        not_null={"name", "description", "created_at"},
        defaults={"description": ""},
        strict=True,
    )
    db.table("experiments").create_index(["name"], unique=True)
    db.create_table("keys", {"id": int, "name": str}, pk="id", not_null={"name"}, strict=True)
    db.table("keys").create_index(["name"], unique=True)
    db.create_table("texts", {"digest": str, "body": bytes}, pk="digest", not_null={"body"}, strict=True)
    db.create_table(
        "runs",
        {
            "id": int,
            "run_id": str,
            "experiment_id": int,
            "name": str,
            "kind": str,
            "status": str,
            "parent_id": int,
            "started_at": float,
            "ended_at": float,
            "exit_code": int,
            "user": str,
            "host": str,
            "pid": int,
            "process_started_at": float,
            "boot_id": str,
            "command": str,
            "source": str,
            "cwd": str,
            "python_version": str,
            "git_commit": str,
            "git_branch": str,
            "git_remote": str,
            "git_dirty": int,
            "git_diff_digest": str,
            "packages_digest": str,
            "error": str,
            "updated_at": float,
            "archived_at": float,
            "deleted_at": float,
        },
        pk="id",
        foreign_keys=[("experiment_id", "experiments", "id"), ("parent_id", "runs", "id")],
        not_null={"run_id", "experiment_id", "name", "kind", "status", "started_at", "updated_at"},
        strict=True,
    )
    db.table("runs").create_index(["run_id"], unique=True)
    # Covers the lists of run ids, so that none of them touches the wide rows.
    db.execute(
        "CREATE INDEX runs_newest ON runs(started_at DESC, id DESC, kind, archived_at, deleted_at, ended_at) "
        "WHERE deleted_at IS NULL"
    )
    db.table("runs").create_index(["experiment_id", "started_at"])
    db.table("runs").create_index(["name", "started_at"])
    db.execute("CREATE INDEX runs_parent ON runs(parent_id) WHERE parent_id IS NOT NULL")
    db.execute("CREATE INDEX runs_live ON runs(status) WHERE status IN ('RUNNING', 'SCHEDULED')")
    # WITHOUT ROWID keeps a run's rows side by side: a runs window reads them by one key range each.
    for table in ("params", "tags"):
        number = ", number REAL" if table == "params" else ""
        db.execute(
            f"CREATE TABLE {table} (run_id INTEGER NOT NULL REFERENCES runs(id), "
            f"key_id INTEGER NOT NULL REFERENCES keys(id), value TEXT NOT NULL{number}, "
            "PRIMARY KEY (run_id, key_id)) STRICT, WITHOUT ROWID"
        )
        db.table(table).create_index(["key_id", "value"])
    db.execute("CREATE INDEX params_number ON params(key_id, number) WHERE number IS NOT NULL")
    db.create_table(
        "metrics",
        {
            "id": int,
            "run_id": int,
            "key_id": int,
            "count": int,
            "nan_count": int,
            "last_step": int,
            "last_ms": int,
            "last_value": float,
            "min_value": float,
            "max_value": float,
            "total": float,
            "chunked": int,
        },
        pk="id",
        foreign_keys=[("run_id", "runs", "id"), ("key_id", "keys", "id")],
        # the total may be NaN (infinity less infinity), which is NULL
        not_null={"run_id", "key_id", "count", "nan_count", "last_step", "last_ms", "chunked"},
        strict=True,
    )
    db.table("metrics").create_index(["run_id", "key_id"], unique=True)
    db.table("metrics").create_index(["key_id", "last_value", "run_id"])
    # Newest points are rows; older ones are moved into compressed chunks, which take a third of the space.
    db.execute(
        "CREATE TABLE metric_points (metric_id INTEGER NOT NULL REFERENCES metrics(id), seq INTEGER NOT NULL, "
        "step INTEGER NOT NULL, ms INTEGER NOT NULL, value REAL, "
        "PRIMARY KEY (metric_id, seq)) STRICT, WITHOUT ROWID"
    )
    db.create_table(
        "metric_chunks",
        {
            "metric_id": int,
            "first_seq": int,
            "count": int,
            "nan_count": int,
            "min_step": int,
            "max_step": int,
            "min_ms": int,
            "max_ms": int,
            "min_value": float,
            "max_value": float,
            "body": bytes,
        },
        pk=("metric_id", "first_seq"),
        foreign_keys=[("metric_id", "metrics", "id")],
        not_null={"count", "nan_count", "min_step", "max_step", "min_ms", "max_ms", "body"},
        strict=True,
    )
    db.create_table(
        "notes",
        {"id": int, "subject": str, "body": str, "author": str, "created_at": float, "deleted_at": float},
        pk="id",
        not_null={"subject", "body", "author", "created_at"},
        strict=True,
    )
    db.table("notes").create_index(["subject"])
    db.create_table(
        "artifacts",
        {"run_id": int, "path": str, "digest": str, "size_bytes": int, "logged_at": float},
        pk=("run_id", "path"),
        foreign_keys=[("run_id", "runs", "id")],
        not_null={"digest", "size_bytes", "logged_at"},
        strict=True,
    )
    db.table("artifacts").create_index(["digest"])
    db.create_table(
        "datasets",
        {
            "id": int,
            "name": str,
            "digest": str,
            "path": str,
            "size_bytes": int,
            "files": int,
            "row_count": int,
            "columns": str,
            "created_at": float,
        },
        pk="id",
        not_null={"name", "digest", "created_at"},
        strict=True,
    )
    db.table("datasets").create_index(["name", "digest"], unique=True)
    db.create_table(
        "run_datasets",
        {"run_id": int, "dataset_id": int, "context": str},
        pk=("run_id", "dataset_id", "context"),
        foreign_keys=[("run_id", "runs", "id"), ("dataset_id", "datasets", "id")],
        strict=True,
    )
    db.table("run_datasets").create_index(["dataset_id"])
    # How far each journal has been folded; moved in the transaction that inserts what was read.
    db.create_table(
        "journals",
        # key sets: a list of [run id, name …], null where the run has ended; runs: run id -> whether it ends with the
        # writer, of those that have not ended; process: columns of runs that all runs of the writer have in common
        {"name": str, "offset": int, "keysets": str, "runs": str, "process": str, "folded_at": float},
        pk="name",
        not_null={"offset", "keysets", "runs", "process", "folded_at"},
        strict=True,
    )
    db.create_table(
        "events",
        {"id": int, "at": float, "kind": str, "subject": str, "message": str, "data": str},
        pk="id",
        not_null={"at", "kind", "subject", "message"},
        strict=True,
    )


@migrations()
def m002_pipelines(db: Database) -> None:
    """Pipeline runs and the state of each of their stages."""
    db.create_table(
        "pipeline_runs",
        {
            "run_id": int,
            "request": str,
            "jobs": int,
            "state": str,
            "host": str,
            "supervisor_pid": int,
            "supervisor_ticks": int,
            "boot_id": str,
            "stop_requested_at": float,
            "stop_requested_by": str,
        },
        pk="run_id",
        foreign_keys=[("run_id", "runs", "id")],
        not_null={"request", "jobs", "state"},
        strict=True,
    )
    db.execute("CREATE INDEX pipeline_runs_live ON pipeline_runs(state) WHERE state IN ('queued', 'running')")
    db.create_table(
        "stage_runs",
        {
            "id": int,
            "pipeline_run_id": int,
            "stage": str,
            "position": int,
            "run_id": int,
            "state": str,
            "reasons": str,
            "command": str,
            "attempt": int,
            "pid": int,
            "process_ticks": int,
            "exit_code": int,
            "started_at": float,
            "ended_at": float,
            "log_path": str,
            "inputs": str,
            "outputs": str,
            "error": str,
        },
        pk="id",
        foreign_keys=[("pipeline_run_id", "pipeline_runs", "run_id"), ("run_id", "runs", "id")],
        not_null={"pipeline_run_id", "stage", "position", "state", "attempt"},
        strict=True,
    )
    db.table("stage_runs").create_index(["pipeline_run_id", "stage"], unique=True)
    db.table("stage_runs").create_index(["run_id"])
    db.table("stage_runs").create_index(["stage", "started_at"])


@migrations()
def m003_registry(db: Database) -> None:
    """Registered models, versions, aliases, stage changes and the append-only audit log."""
    db.create_table(
        "profiles",
        {
            "id": int,
            "digest": str,
            "name": str,
            "row_count": int,
            "summary": str,
            "sample_digest": str,
            "created_at": float,
        },
        pk="id",
        not_null={"digest", "name", "row_count", "summary", "created_at"},
        strict=True,
    )
    db.table("profiles").create_index(["digest"], unique=True)
    db.create_table(
        "logged_models",
        {
            "id": int,
            "model_id": str,
            "run_id": int,
            "name": str,
            "flavor": str,
            "digest": str,
            "size_bytes": int,
            "signature": str,
            "profile_id": int,
            "created_at": float,
        },
        pk="id",
        foreign_keys=[("run_id", "runs", "id"), ("profile_id", "profiles", "id")],
        not_null={"model_id", "run_id", "name", "flavor", "digest", "size_bytes", "created_at"},
        strict=True,
    )
    db.table("logged_models").create_index(["model_id"], unique=True)
    db.table("logged_models").create_index(["run_id", "name"])
    db.create_table(
        "registered_models",
        {
            "id": int,
            "name": str,
            "description": str,
            "created_at": float,
            "updated_at": float,
            "deleted_at": float,
        },
        pk="id",
        not_null={"name", "description", "created_at", "updated_at"},
        strict=True,
    )
    db.table("registered_models").create_index(["name"], unique=True)
    db.create_table(
        "model_versions",
        {
            "id": int,
            "model_id": int,
            "version": int,
            "logged_model_id": int,
            "run_id": int,
            "source": str,
            "flavor": str,
            "digest": str,
            "size_bytes": int,
            "stage": str,
            "description": str,
            "lineage": str,
            "profile_id": int,
            "created_at": float,
            "created_by": str,
            "updated_at": float,
            "deleted_at": float,
        },
        pk="id",
        foreign_keys=[
            ("model_id", "registered_models", "id"),
            ("logged_model_id", "logged_models", "id"),
            ("run_id", "runs", "id"),
            ("profile_id", "profiles", "id"),
        ],
        not_null={"model_id", "version", "source", "flavor", "digest", "stage", "description", "created_at"},
        strict=True,
    )
    db.table("model_versions").create_index(["model_id", "version"], unique=True)
    db.table("model_versions").create_index(["model_id", "stage"])
    db.table("model_versions").create_index(["run_id"])
    db.create_table(
        "model_aliases",
        {"model_id": int, "alias": str, "version_id": int},
        pk=("model_id", "alias"),
        foreign_keys=[("model_id", "registered_models", "id"), ("version_id", "model_versions", "id")],
        not_null={"version_id"},
        strict=True,
    )
    db.create_table(
        "model_tags",
        # version 0 stands for the model itself
        {"model_id": int, "version": int, "key": str, "value": str},
        pk=("model_id", "version", "key"),
        foreign_keys=[("model_id", "registered_models", "id")],
        not_null={"value"},
        strict=True,
    )
    db.create_table(
        "audit",
        {
            "id": int,
            "at": float,
            "actor": str,
            "host": str,
            "origin": str,
            "action": str,
            "subject": str,
            "before": str,
            "after": str,
            "reason": str,
            "previous_hash": str,
            "hash": str,
        },
        pk="id",
        not_null={"at", "actor", "host", "origin", "action", "subject", "before", "after", "reason", "hash"},
        strict=True,
    )
    db.table("audit").create_index(["subject"])
    for act in ("UPDATE", "DELETE"):
        db.execute(
            f"CREATE TRIGGER audit_no_{act.lower()} BEFORE {act} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )
    db.create_table(
        "stage_changes",
        {
            "id": int,
            "version_id": int,
            "kind": str,
            "from_stage": str,
            "to_stage": str,
            # the stage change that this one caused or undid, so that an act and its consequences stay together
            "cause_id": int,
            "at": float,
            "audit_id": int,
        },
        pk="id",
        foreign_keys=[
            ("version_id", "model_versions", "id"),
            ("audit_id", "audit", "id"),
            ("cause_id", "stage_changes", "id"),
        ],
        not_null={"version_id", "kind", "from_stage", "to_stage", "at", "audit_id"},
        strict=True,
    )
    db.table("stage_changes").create_index(["version_id", "at"])


@migrations()
def m004_drift(db: Database) -> None:
    """Monitor reports, their columns, and alerts."""
    db.create_table(
        "monitor_reports",
        {
            "id": int,
            "monitor": str,
            "batch": str,
            "path": str,
            "digest": str,
            "row_count": int,
            "version_id": int,
            "profile_id": int,
            "status": str,
            "checked_columns": int,
            "drifted_columns": int,
            "drift_share": float,
            "is_dataset_drift": int,
            "checked_at": float,
            "duration_s": float,
            "error": str,
            "notes": str,
            # of the file when it was read: unchanged ones need not be hashed again
            "size_bytes": int,
            "modified_ns": int,
        },
        pk="id",
        foreign_keys=[("version_id", "model_versions", "id"), ("profile_id", "profiles", "id")],
        not_null={"monitor", "batch", "path", "digest", "status", "checked_at"},
        strict=True,
    )
    db.table("monitor_reports").create_index(["monitor", "checked_at"])
    db.table("monitor_reports").create_index(["monitor", "batch", "digest"])
    db.create_table(
        "monitor_columns",
        {
            "report_id": int,
            "position": int,
            "column": str,
            "role": str,
            "kind": str,
            "method": str,
            "score": float,
            "threshold": float,
            "is_drifted": int,
            "effect": float,
            "reference_count": int,
            "current_count": int,
            "detail": str,
        },
        pk=("report_id", "position"),
        foreign_keys=[("report_id", "monitor_reports", "id")],
        not_null={"column", "role", "kind", "is_drifted", "detail"},
        strict=True,
    )
    db.create_table(
        "alerts",
        {
            "id": int,
            "report_id": int,
            "monitor": str,
            "kind": str,
            "severity": str,
            "title": str,
            "state": str,
            "opened_at": float,
            "acknowledged_at": float,
            "acknowledged_by": str,
            "resolved_at": float,
        },
        pk="id",
        foreign_keys=[("report_id", "monitor_reports", "id")],
        not_null={"report_id", "monitor", "kind", "severity", "title", "state", "opened_at"},
        strict=True,
    )
    db.table("alerts").create_index(["state", "opened_at"])
    db.table("alerts").create_index(["report_id"])


@migrations()
def m005_queue(db: Database) -> None:
    """Stages that are tried again and share the machine; pipeline runs that wait for their turn."""
    # retry_at: when a stage that has failed may start again; holding: its share of the machine, as JSON
    for name, kind in (("retry_at", float), ("holding", str)):
        db.table("stage_runs").add_column(name, kind)
    db.create_table(
        "stage_attempts",
        {
            "pipeline_run_id": int,
            "stage": str,
            "attempt": int,
            "run_id": int,
            "exit_code": int,
            "started_at": float,
            "ended_at": float,
            "error": str,
        },
        pk=("pipeline_run_id", "stage", "attempt"),
        foreign_keys=[("pipeline_run_id", "pipeline_runs", "run_id"), ("run_id", "runs", "id")],
        not_null={"error"},
        strict=True,
    )
    db.create_table(
        "pipeline_queue",
        {
            "id": int,
            "run_id": str,
            "name": str,
            "priority": int,
            "request": str,
            "queued_at": float,
            "queued_by": str,
        },
        pk="id",
        not_null={"run_id", "name", "priority", "request", "queued_at", "queued_by"},
        strict=True,
    )
    db.table("pipeline_queue").create_index(["run_id"], unique=True)


@migrations()
def m006_triggers(db: Database) -> None:
    """What each trigger of ``mlops.toml`` has fired for, and since when it looks."""
    db.create_table(
        "triggers",
        {
            "name": str,
            # when it fires, as configured; '' while it is switched off
            "definition": str,
            # moments of its schedule count from here on
            "since": float,
            # the newest alert that it has answered
            "alert_id": int,
            # of the files that it looks at, as they were
            "digest": str,
            "fired_at": float,
            "run_id": str,
            "reason": str,
            # why it could not start a run although it was due
            "waits_for": str,
        },
        pk="name",
        not_null={"definition", "since", "alert_id", "digest", "run_id", "reason", "waits_for"},
        strict=True,
    )


@migrations()
def m007_data_versions(db: Database) -> None:
    """When each version of some data was last used, by which run, and since when it has been the newest one."""
    db.execute(
        # what a version is a version of: its path, or its name where it has none
        "ALTER TABLE datasets ADD COLUMN place TEXT GENERATED ALWAYS AS (coalesce(nullif(path, ''), name)) VIRTUAL"
    )
    db.execute("ALTER TABLE datasets ADD COLUMN used_at REAL")
    db.execute("ALTER TABLE datasets ADD COLUMN since_at REAL")
    db.execute("ALTER TABLE datasets ADD COLUMN last_run_id INTEGER REFERENCES runs(id)")
    db.execute("DROP INDEX idx_run_datasets_dataset_id")
    db.execute("CREATE INDEX run_datasets_newest ON run_datasets(dataset_id, run_id, context)")
    db.execute(
        "UPDATE datasets SET since_at = created_at, "
        "last_run_id = (SELECT max(run_id) FROM run_datasets WHERE dataset_id = datasets.id)"
    )
    db.execute(
        "UPDATE datasets SET used_at = "
        "max(created_at, coalesce((SELECT started_at FROM runs WHERE id = last_run_id), created_at))"
    )
    db.execute("CREATE INDEX datasets_newest ON datasets(place, used_at, digest)")


@migrations()
def m008_metric_outlines(db: Database) -> None:
    """The outline of each long chunk of points, from which charts are drawn."""
    db.create_table(
        "metric_outlines",
        {"metric_id": int, "first_seq": int, "body": bytes},
        pk=("metric_id", "first_seq"),
        foreign_keys=[("metric_id", "metrics", "id")],
        not_null={"body"},
        strict=True,
    )


@migrations()
def m009_run_lists(db: Database) -> None:
    """What lists of runs are sorted, filtered and grouped by stands in indexes, so that no row is looked at for it."""
    # all that is kept of a metric, by key: 50 bytes a series, which an order by the greatest or the mean reads through
    db.execute(
        "CREATE INDEX metrics_by_key ON metrics(key_id, run_id, count, nan_count, last_step, last_value, "
        "min_value, max_value, total)"
    )
    db.execute("CREATE INDEX runs_hidden ON runs(id) WHERE deleted_at IS NOT NULL OR archived_at IS NOT NULL")
    db.execute("DROP INDEX runs_newest")
    db.execute(
        "CREATE INDEX runs_newest ON runs(started_at DESC, id DESC, kind, archived_at, deleted_at, ended_at, status, "
        "experiment_id, name, user) WHERE deleted_at IS NULL"
    )


@migrations()
def m010_hardware(db: Database) -> None:
    """What machine a run was made on: a JSON object among the shared texts."""
    db.execute("ALTER TABLE runs ADD COLUMN hardware_digest TEXT")


@migrations()
def m011_gate_verdicts(db: Database) -> None:
    """What each gate has found of a version that was to go to a stage."""
    db.create_table(
        "gate_verdicts",
        {
            "version_id": int,
            "stage": str,
            "gate": str,
            "kind": str,
            "state": str,
            "message": str,
            # the numbers, as JSON
            "facts": str,
            "at": float,
            "duration_s": float,
            # the digest of all that the verdict depends on; '' for what must be looked at each time
            "key": str,
        },
        pk=("version_id", "stage", "gate"),
        foreign_keys=[("version_id", "model_versions", "id")],
        not_null={"kind", "state", "message", "facts", "at", "duration_s", "key"},
        strict=True,
    )


@migrations()
def m012_run_views(db: Database) -> None:
    """Views of runs saved by name."""
    db.create_table(
        "run_views",
        {"name": str, "body": str, "author": str, "saved_at": float},
        pk="name",
        not_null={"body", "author", "saved_at"},
        strict=True,
    )


@migrations()
def m013_model_signatures(db: Database) -> None:
    """The signatures of model versions, one for each key that signed."""
    db.create_table(
        "model_signatures",
        {
            "version_id": int,
            # the fingerprint of the key: the SHA-256 of its public half as PEM
            "key": str,
            # a Sigstore bundle, JSON
            "bundle": str,
            "digest": str,
            "signed_at": float,
            "signed_by": str,
        },
        pk=("version_id", "key"),
        foreign_keys=[("version_id", "model_versions", "id")],
        not_null={"bundle", "digest", "signed_at", "signed_by"},
        strict=True,
    )


@migrations()
def m014_boards(db: Database) -> None:
    """The versions of a stage by their arrival, and acts by name, without a look at the rows themselves."""
    db.execute(
        "CREATE INDEX model_versions_by_stage ON model_versions(stage, updated_at, model_id) WHERE deleted_at IS NULL"
    )
    db.execute("CREATE INDEX audit_by_action ON audit(action)")
    db.execute("CREATE INDEX audit_with_gates ON audit(subject) WHERE instr(after, '\"gates\":') > 0")


@migrations()
def m015_outline_widths(db: Database) -> None:
    """How wide the widest stretch of an outline is, so that a chart knows whether it may be drawn from it."""
    db.execute("ALTER TABLE metric_outlines ADD COLUMN widest_step INTEGER")
    db.execute("ALTER TABLE metric_outlines ADD COLUMN widest_ms INTEGER")


@migrations()
def m016_mirror_marks(db: Database) -> None:
    """What was last seen of ours in other registries, and what could not be written there."""
    db.create_table(
        "mirror_marks",
        {
            "mirror": str,
            "model": str,
            "mark": str,
            # both registries held this once
            "agreed": str,
            # why the last write failed; '' when it did not
            "error": str,
            "tried_at": float,
        },
        pk=("mirror", "model", "mark"),
        not_null={"error", "tried_at"},
        strict=True,
    )


@migrations()
def m017_metric_summaries(db: Database) -> None:
    """What is kept of a metric lies by key: one table in the place of a table, its key and an index that repeats it."""
    for name, columns in (
        ("metric_points", "metric_id INTEGER, seq INTEGER, step INTEGER NOT NULL, ms INTEGER NOT NULL, value REAL"),
        (
            "metric_chunks",
            "metric_id INTEGER, first_seq INTEGER, count INTEGER NOT NULL, nan_count INTEGER NOT NULL, "
            "min_step INTEGER NOT NULL, max_step INTEGER NOT NULL, min_ms INTEGER NOT NULL, max_ms INTEGER NOT NULL, "
            "min_value REAL, max_value REAL, body BLOB NOT NULL",
        ),
        (
            "metric_outlines",
            "metric_id INTEGER, first_seq INTEGER, body BLOB NOT NULL, widest_step INTEGER, widest_ms INTEGER",
        ),
    ):
        # metric_id is metrics.id: not declared, because that would need an index on it for nothing else
        key = "metric_id, seq" if name == "metric_points" else "metric_id, first_seq"
        db.execute(f"CREATE TABLE {name}_new ({columns}, PRIMARY KEY ({key})) STRICT, WITHOUT ROWID")
        db.execute(f"INSERT INTO {name}_new SELECT * FROM {name} ORDER BY {key}")
        db.execute(f"DROP TABLE {name}")
        db.execute(f"ALTER TABLE {name}_new RENAME TO {name}")
    kept = "count, nan_count, last_step, last_ms, last_value, min_value, max_value, total, chunked"
    db.execute(
        # id: under which the points stand; NULL for a series of one point, which stands here alone
        "CREATE TABLE metrics_new (key_id INTEGER NOT NULL REFERENCES keys(id), "
        "run_id INTEGER NOT NULL REFERENCES runs(id), id INTEGER, count INTEGER NOT NULL, nan_count INTEGER NOT NULL, "
        "last_step INTEGER NOT NULL, last_ms INTEGER NOT NULL, last_value REAL, min_value REAL, max_value REAL, "
        "total REAL, chunked INTEGER NOT NULL, PRIMARY KEY (key_id, run_id)) STRICT, WITHOUT ROWID"
    )
    db.execute(
        f"INSERT INTO metrics_new(key_id, run_id, id, {kept}) "
        f"SELECT key_id, run_id, CASE WHEN count > 1 OR chunked THEN id END, {kept} FROM metrics "
        "ORDER BY key_id, run_id"
    )
    db.execute("DROP TABLE metrics")
    db.execute("ALTER TABLE metrics_new RENAME TO metrics")
    db.execute("CREATE INDEX metrics_of_run ON metrics(run_id, key_id)")
    db.execute("CREATE INDEX metrics_last ON metrics(key_id, last_value, run_id)")
    # only of series whose extreme is not their last value: the others are found by that
    for part in ("min", "max"):
        db.execute(
            f"CREATE INDEX metrics_{part} ON metrics(key_id, {part}_value, run_id) WHERE {part}_value IS NOT last_value"
        )
    # what lists are sorted by, and how many runs failed
    db.execute("CREATE INDEX runs_by_status ON runs(status, started_at DESC, id DESC)")
    db.execute("CREATE INDEX runs_by_duration ON runs(ended_at - started_at, started_at) WHERE ended_at IS NOT NULL")
    db.execute("CREATE INDEX runs_not_ended ON runs(started_at) WHERE ended_at IS NULL")


@migrations()
def m018_cards(db: Database) -> None:
    """The version that each version follows, what people wrote on model cards, and what was measured for them."""
    db.execute("ALTER TABLE model_versions ADD COLUMN parent INTEGER")
    db.execute(
        "UPDATE model_versions SET parent = (SELECT max(other.version) FROM model_versions other "
        "WHERE other.model_id = model_versions.model_id AND other.version < model_versions.version)"
    )
    db.create_table(
        "card_texts",
        {
            "id": int,
            "version_id": int,
            "section": str,
            # NULL: what the parent says counts again
            "body": str,
            "author": str,
            "at": float,
        },
        pk="id",
        foreign_keys=[("version_id", "model_versions", "id")],
        not_null={"version_id", "section", "author", "at"},
        strict=True,
    )
    db.table("card_texts").create_index(["version_id", "section"])
    db.create_table(
        "version_measures",
        {
            "version_id": int,
            "kind": str,
            # the digest of all that it depends on
            "key": str,
            # what was found, as JSON
            "body": str,
            "at": float,
            "duration_s": float,
        },
        pk=("version_id", "kind", "key"),
        foreign_keys=[("version_id", "model_versions", "id")],
        not_null={"body", "at", "duration_s"},
        strict=True,
    )


@migrations()
def m019_stage_change_entries(db: Database) -> None:
    """Where a version stood after an entry of the audit log is one look into an index."""
    db.execute("CREATE INDEX stage_changes_by_entry ON stage_changes(version_id, audit_id)")
    db.execute('DROP INDEX "idx_stage_changes_version_id_at"')


@migrations()
def m020_logged_environments(db: Database) -> None:
    """The environment of a logged model, so that registering it need not read its files."""
    db.table("logged_models").add_column("environment", str)


@migrations()
def m021_windows(db: Database) -> None:
    """The time that a window of rows spans, what was measured of it as a whole, and what an alert speaks of."""
    reports = db.table("monitor_reports")
    reports.add_column("window_start", float)
    reports.add_column("window_end", float)
    db.table("alerts").add_column("subject", str, not_null_default="")
    db.create_table(
        "monitor_measures",
        {
            "report_id": int,
            "family": str,
            "name": str,
            # a column, a slice as text, or '' for the whole window
            "subject": str,
            "value": float,
            "low": float,
            "high": float,
            "reference": float,
            "threshold": float,
            "is_breach": int,
            # how many rows it was computed from
            "count": int,
            "detail": str,
            "at": float,
        },
        pk=("report_id", "family", "name", "subject"),
        foreign_keys=[("report_id", "monitor_reports", "id")],
        not_null={"is_breach", "count", "detail", "at"},
        strict=True,
    )


@migrations()
def m022_loops(db: Database) -> None:
    """Every time that a trigger fired and what came of it, and what was told to whom."""
    db.create_table(
        "firings",
        {
            "id": int,
            "trigger": str,
            "at": float,
            "reason": str,
            # the alert that was answered, NULL for a schedule or a change
            "alert_id": int,
            # what runs, by their public ids, as a list in JSON: some may still wait for their turn
            "run_ids": str,
            # the stage that a candidate is to be proposed for, '' for none
            "stage": str,
            # started, failed, ended, made, empty, refused, asked
            "state": str,
            "note": str,
            "settled_at": float,
        },
        pk="id",
        foreign_keys=[("alert_id", "alerts", "id")],
        not_null={"trigger", "at", "reason", "run_ids", "stage", "state", "note"},
        strict=True,
    )
    db.table("firings").create_index(["trigger", "at"])
    db.execute("CREATE INDEX firings_open ON firings(id) WHERE state = 'started'")
    db.create_table(
        "firing_versions",
        {"firing_id": int, "version_id": int},
        pk=("firing_id", "version_id"),
        foreign_keys=[("firing_id", "firings", "id"), ("version_id", "model_versions", "id")],
        strict=True,
    )
    db.table("firing_versions").create_index(["version_id"])
    db.create_table(
        "deliveries",
        {
            "id": int,
            "monitor": str,
            # which of the monitor's ways: command, webhook, notify 1, …
            "channel": str,
            "report_id": int,
            # sending, sent, failed (will be tried again), given up
            "state": str,
            "attempts": int,
            "error": str,
            "at": float,
            "next_at": float,
        },
        pk="id",
        foreign_keys=[("report_id", "monitor_reports", "id")],
        not_null={"monitor", "channel", "report_id", "state", "attempts", "error", "at"},
        strict=True,
    )
    db.create_table(
        "delivered_alerts",
        {"alert_id": int, "channel": str, "delivery_id": int},
        pk=("alert_id", "channel"),
        foreign_keys=[("alert_id", "alerts", "id"), ("delivery_id", "deliveries", "id")],
        not_null={"delivery_id"},
        strict=True,
    )
    db.table("delivered_alerts").create_index(["delivery_id"])
    db.table("deliveries").create_index(["report_id"])
    db.execute("CREATE INDEX deliveries_open ON deliveries(id) WHERE state IN ('sending', 'failed')")


@migrations()
def m023_heat(db: Database) -> None:
    """Two bytes of each column of each report, for the table of columns and windows."""
    db.create_table(
        "monitor_column_lists",
        # names: [[name, role], …] as JSON
        {"id": int, "digest": str, "names": str},
        pk="id",
        not_null={"digest", "names"},
        strict=True,
    )
    db.table("monitor_column_lists").create_index(["digest"], unique=True)
    db.create_table(
        "monitor_heat",
        {"report_id": int, "list_id": int, "states": bytes, "effects": bytes},
        pk="report_id",
        foreign_keys=[("report_id", "monitor_reports", "id"), ("list_id", "monitor_column_lists", "id")],
        not_null={"list_id", "states", "effects"},
        strict=True,
    )


@migrations()
def m024_incidents(db: Database) -> None:
    """Incidents: alerts of one cause over windows, what people did about them, and which report replaced which."""
    reports = db.table("monitor_reports")
    # the first report on the window, by which windows keep their order when one is checked again
    reports.add_column("window_id", int)
    # the next report on the same window: only the last one counts
    reports.add_column("replaced_by", int)
    same = "FROM monitor_reports o WHERE o.monitor = monitor_reports.monitor AND o.batch = monitor_reports.batch"
    db.execute(
        f"UPDATE monitor_reports SET window_id = (SELECT min(o.id) {same}), "
        f"replaced_by = (SELECT min(o.id) {same} AND o.id > monitor_reports.id)"
    )
    db.execute(
        "CREATE INDEX monitor_windows ON monitor_reports(monitor, window_start, window_id) WHERE replaced_by IS NULL"
    )
    db.create_table(
        "incidents",
        {
            "id": int,
            "monitor": str,
            "state": str,
            "severity": str,
            "title": str,
            # kinds of its alerts and columns that they speak of, as JSON arrays
            "kinds": str,
            "columns": str,
            # what it is ranked by, and what that is made of, as JSON
            "score": float,
            "factors": str,
            # NULL until it was seen in so many windows as the monitor asks for
            "opened_at": float,
            "updated_at": float,
            "is_flapping": int,
            "snoozed_until": float,
            "muted_by": str,
            "assignee": str,
            "acknowledged_at": float,
            "acknowledged_by": str,
            "resolved_at": float,
            # '' where it resolved by itself
            "resolved_by": str,
        },
        pk="id",
        not_null={
            *("monitor", "state", "severity", "title", "kinds", "columns", "score", "factors", "updated_at"),
            *("is_flapping", "muted_by", "assignee", "acknowledged_by", "resolved_by"),
        },
        strict=True,
    )
    db.table("incidents").create_index(["monitor", "state"])
    db.create_table(
        "incident_entries",
        {"id": int, "incident_id": int, "at": float, "kind": str, "actor": str, "message": str, "report_id": int},
        pk="id",
        foreign_keys=[("incident_id", "incidents", "id"), ("report_id", "monitor_reports", "id")],
        not_null={"incident_id", "at", "kind", "actor", "message"},
        strict=True,
    )
    db.table("incident_entries").create_index(["incident_id"])
    db.execute(
        "INSERT INTO incidents (id, monitor, state, severity, title, kinds, columns, score, factors, opened_at, "
        "updated_at, is_flapping, muted_by, assignee, acknowledged_at, acknowledged_by, resolved_at, resolved_by) "
        "SELECT id, monitor, state, severity, title, json_array(kind), '[]', 0.0, '{}', opened_at, "
        "coalesce(resolved_at, acknowledged_at, opened_at), 0, '', '', acknowledged_at, "
        "coalesce(acknowledged_by, ''), resolved_at, '' FROM alerts"
    )
    alerts = db.table("alerts")
    alerts.add_column("incident_id", int)
    # what the alert did to its incident: 'opened', 'reopened', 'worsened', …; '' where it only went on
    alerts.add_column("change", str, not_null_default="")
    alerts.add_column("columns", str, not_null_default="[]")
    db.execute("UPDATE alerts SET incident_id = id, change = 'opened'")
    db.execute('DROP INDEX "idx_alerts_state_opened_at"')
    for column in ("state", "acknowledged_at", "acknowledged_by", "resolved_at"):
        db.execute(f"ALTER TABLE alerts DROP COLUMN {column}")
    alerts.create_index(["incident_id"])


@migrations()
def m025_window_parts(db: Database) -> None:
    """Which rows of files and queries belong to which window, and which of them were kept to compare with."""
    db.create_table(
        "monitor_sources",
        {
            "monitor": str,
            # how rows are cut into windows
            "plan": str,
            "source": str,
            "size_bytes": int,
            "modified_ns": int,
            "row_count": int,
            "mark": str,
            "looked_at": float,
        },
        pk=("monitor", "plan", "source"),
        not_null={"size_bytes", "modified_ns", "row_count", "mark", "looked_at"},
        strict=True,
    )
    db.create_table(
        "monitor_parts",
        {
            "id": int,
            "monitor": str,
            "plan": str,
            # its number, or the time at which it begins
            "window": float,
            "source": str,
            "first_row": int,
            "row_count": int,
            "digest": str,
            "is_checked": int,
        },
        pk="id",
        not_null={"monitor", "plan", "window", "source", "first_row", "row_count", "digest", "is_checked"},
        strict=True,
    )
    db.table("monitor_parts").create_index(["monitor", "plan", "window"])
    db.create_table(
        "monitor_rows",
        {
            "monitor": str,
            "plan": str,
            "batch": str,
            "position": float,
            "start": float,
            "row_count": int,
            "sample_digest": str,
        },
        pk=("monitor", "plan", "batch"),
        not_null={"position", "row_count", "sample_digest"},
        strict=True,
    )


@migrations()
def m026_labels(db: Database) -> None:
    """Rows of windows that wait for labels, the files that brought labels, and which belong to which."""
    db.create_table(
        "window_rows",
        {
            "report_id": int,
            # ids, predictions and probabilities
            "object": str,
            "low": str,
            "high": str,
            "about": str,
        },
        pk="report_id",
        foreign_keys=[("report_id", "monitor_reports", "id")],
        not_null={"object", "low", "high", "about"},
        strict=True,
    )
    db.create_table(
        "label_files",
        {
            "id": int,
            "monitor": str,
            "path": str,
            "size_bytes": int,
            "modified_ns": int,
            "digest": str,
            # ids and labels; NULL where the file cannot be read
            "object": str,
            "rows": int,
            "low": str,
            "high": str,
            "problem": str,
            "notes": str,
            "at": float,
            "last_report": int,
        },
        pk="id",
        not_null={
            "monitor", "path", "size_bytes", "modified_ns", "digest", "rows", "low", "high", "problem", "notes", "at",
            "last_report",
        },
        strict=True,
    )  # fmt: skip
    db.table("label_files").create_index(["monitor", "path"], unique=True)
    db.create_table(
        "label_matches",
        {"file_id": int, "report_id": int, "rows": int},
        pk=("file_id", "report_id"),
        foreign_keys=[("file_id", "label_files", "id"), ("report_id", "monitor_reports", "id")],
        not_null={"rows"},
        strict=True,
    )
    db.table("label_matches").create_index(["report_id"])


@migrations()
def m027_approval_rounds(db: Database) -> None:
    """Where people asked for, gave and refused approvals, kept by triggers from what the audit log and the moves say.

    Also an index that counts the versions of each model's stages and names the newest of them.
    """
    db.create_table(
        "approval_rounds",
        {
            "id": int,
            "version_id": int,
            "stage": str,
            # 'open', 'rejected', or 'done': the version has gone to the stage since
            "state": str,
            # when its first act was done
            "opened_at": float,
        },
        pk="id",
        foreign_keys=[("version_id", "model_versions", "id")],
        not_null={"version_id", "stage", "state", "opened_at"},
        strict=True,
    )
    db.table("approval_rounds").create_index(["version_id", "stage"], unique=True)
    db.execute("CREATE INDEX approval_rounds_in_turn ON approval_rounds(state, opened_at)")
    # the version that an entry is about: subjects read model:NAME/NUMBER
    stem = "rtrim({0}.subject, '0123456789')"
    version = (
        "(SELECT v.id FROM registered_models AS m JOIN model_versions AS v ON v.model_id = m.id "
        f"WHERE m.name = substr({stem}, 7, length({stem}) - 7) "
        f"AND v.version = CAST(substr({{0}}.subject, length({stem}) + 1) AS INTEGER))"
    )
    # an entry that was tampered with need not be JSON
    stage = "CASE WHEN json_valid({0}.after) THEN json_extract({0}.after, '$.stage') END"
    state = "CASE {0}.action WHEN 'approval.reject' THEN 'rejected' ELSE 'open' END"
    found = f"SELECT {version} AS version_id, {stage} AS stage, {state} AS state, {{0}}.at AS opened_at"
    taken = (
        "INSERT INTO approval_rounds (version_id, stage, state, opened_at) "
        "SELECT version_id, stage, state, opened_at FROM ({0}) WHERE version_id IS NOT NULL AND stage IS NOT NULL "
        "ON CONFLICT (version_id, stage) DO UPDATE SET opened_at = CASE WHEN {1} = 'approval.request' "
        "OR state = 'done' THEN excluded.opened_at ELSE opened_at END, state = excluded.state"
    )
    ended = "UPDATE approval_rounds SET state = 'done' WHERE version_id = {0} AND stage = {1}"
    db.execute(
        "CREATE TRIGGER audit_opens_rounds AFTER INSERT ON audit WHEN NEW.action >= 'approval.' "
        f"AND NEW.action < 'approval/' BEGIN {taken.format(found.format('NEW'), 'NEW.action')}; END"
    )
    db.execute(
        "CREATE TRIGGER stage_changes_end_rounds AFTER INSERT ON stage_changes "
        "WHEN NEW.kind NOT IN ('replace', 'register') "
        f"BEGIN {ended.format('NEW.version_id', 'NEW.to_stage')}; END"
    )
    # what was done before, in its order
    for entry_id, action, version_id, to_stage in db.execute(
        "SELECT id, action, NULL, NULL FROM audit WHERE action >= 'approval.' AND action < 'approval/' UNION ALL "
        "SELECT audit_id, NULL, version_id, to_stage FROM stage_changes WHERE kind NOT IN ('replace', 'register') "
        "ORDER BY 1"
    ).fetchall():
        if action is None:
            db.execute(ended.format("?", "?"), (version_id, to_stage))
        else:
            db.execute(taken.format(f"{found.format('e')} FROM audit AS e WHERE e.id = ?", "?"), (entry_id, action))
    db.execute("DROP INDEX idx_model_versions_model_id_stage")
    db.execute(
        "CREATE INDEX model_versions_of_stages ON model_versions(model_id, stage, version) WHERE deleted_at IS NULL"
    )


@migrations()
def m028_report_profiles(db: Database) -> None:
    """The profiles of windows, which can be put together without their rows."""
    db.create_table(
        "report_profiles",
        {"report_id": int, "object": str},
        pk="report_id",
        foreign_keys=[("report_id", "monitor_reports", "id")],
        not_null={"object"},
        strict=True,
    )


@migrations()
def m029_experiments(db: Database) -> None:
    """What MLflow's clients say of experiments and of what runs read: tags, places, data sets, models.

    The experiment 'default' gets the number 0, which clients take for the one that is always there.
    """
    db.execute("ALTER TABLE experiments ADD COLUMN artifact_location TEXT")
    db.execute("ALTER TABLE experiments ADD COLUMN updated_at REAL")
    db.execute("PRAGMA defer_foreign_keys = ON")
    number = db.execute("SELECT id FROM experiments WHERE name = 'default'").fetchone()
    if number is not None:
        db.execute("UPDATE experiments SET id = 0 WHERE id = ?", number)
        db.execute("UPDATE runs SET experiment_id = 0 WHERE experiment_id = ?", number)
    db.create_table(
        "experiment_tags",
        {"experiment_id": int, "key": str, "value": str},
        pk=("experiment_id", "key"),
        foreign_keys=[("experiment_id", "experiments", "id")],
        not_null={"value"},
        strict=True,
    )
    db.create_table(
        "dataset_details",
        # where the data are from, their columns and what is counted of them, as the client words it
        {"dataset_id": int, "source_type": str, "source": str, "schema": str, "profile": str},
        pk="dataset_id",
        foreign_keys=[("dataset_id", "datasets", "id")],
        not_null={"source_type", "source"},
        strict=True,
    )
    db.create_table(
        "input_tags",
        {"run_id": int, "dataset_id": int, "key": str, "value": str},
        pk=("run_id", "dataset_id", "key"),
        foreign_keys=[("run_id", "runs", "id"), ("dataset_id", "datasets", "id")],
        not_null={"value"},
        strict=True,
    )
    db.create_table(
        "run_models",
        # role: 'input' or 'output'; step: at which the model was made
        {"run_id": int, "role": str, "model_id": str, "step": int},
        pk=("run_id", "role", "model_id", "step"),
        foreign_keys=[("run_id", "runs", "id")],
        strict=True,
    )
    db.table("run_models").create_index(["model_id"])
    db.create_table(
        "model_metrics",
        {
            "model_id": str,
            "run_id": int,
            "key": str,
            "step": int,
            "ms": int,
            # NULL is NaN
            "value": float,
            "dataset_name": str,
            "dataset_digest": str,
        },
        foreign_keys=[("run_id", "runs", "id")],
        not_null={"model_id", "run_id", "key", "step", "ms", "dataset_name", "dataset_digest"},
        strict=True,
    )
    db.table("model_metrics").create_index(["model_id", "key", "step", "ms", "run_id"], unique=True)
    db.table("model_metrics").create_index(["run_id"])


@migrations()
def m030_traffic(db: Database) -> None:
    """How requests are shared out among the versions of a model, and what was counted of them."""
    model = [("model_id", "registered_models", "id")]
    db.create_table(
        "traffic_splits",
        {
            "model_id": int,
            "revision": int,
            "trial": int,
            "stable": str,
            # JSON: candidate -> per cent, and a list of shadows
            "weights": str,
            "shadows": str,
            "key": str,
            "paused_at": float,
            "paused_why": str,
            "changed_at": float,
            # it is kept, so that revisions and trials go on
            "is_ended": int,
        },
        pk="model_id",
        foreign_keys=model,
        not_null={
            "revision", "trial", "stable", "weights", "shadows", "key", "paused_why", "changed_at", "is_ended",
        },
        strict=True,
    )  # fmt: skip
    db.create_table(
        "traffic_counts",
        {
            "model_id": int,
            "version": int,
            "is_shadow": int,
            # 1, or 60 of what is older
            "width_s": int,
            "at": int,
            "requests": int,
            "errors": int,
            "diverted": int,
            # JSON: bucket of time -> answers
            "lengths": str,
        },
        pk=("model_id", "at", "width_s", "version", "is_shadow"),
        foreign_keys=model,
        not_null={"requests", "errors", "diverted", "lengths"},
        strict=True,
    )
    db.create_table(
        "traffic_periods",
        {"id": int, "model_id": int, "trial": int, "candidate": int, "stable": int, "share": float, "began_at": float},
        pk="id",
        foreign_keys=model,
        not_null={"model_id", "trial", "candidate", "stable", "share", "began_at"},
        strict=True,
    )
    db.table("traffic_periods").create_index(["model_id", "trial"])
    db.create_table(
        "traffic_tallies",
        {
            "period_id": int,
            "is_candidate": int,
            "requests": int,
            "errors": int,
            "timed": int,
            "log_sum": float,
            "log_squares": float,
        },
        pk=("period_id", "is_candidate"),
        foreign_keys=[("period_id", "traffic_periods", "id")],
        not_null={"requests", "errors", "timed", "log_sum", "log_squares"},
        strict=True,
    )
    db.create_table(
        "traffic_shadows",
        {
            "model_id": int,
            "version": int,
            "against": int,
            "at": int,
            "compared": int,
            "agreed": int,
            "failed": int,
            "skipped": int,
            "numbers": int,
            "distance_sum": float,
        },
        pk=("model_id", "at", "version", "against"),
        foreign_keys=model,
        not_null={"compared", "agreed", "failed", "skipped", "numbers", "distance_sum"},
        strict=True,
    )
    db.create_table(
        "traffic_routers",
        {
            "model_id": int,
            "host": str,
            "pid": int,
            "ticks": int,
            "url": str,
            "started_at": float,
            # JSON: of each version that it runs whether it answers, and why not
            "arms": str,
        },
        pk=("model_id", "host", "pid"),
        foreign_keys=model,
        not_null={"ticks", "url", "started_at", "arms"},
        strict=True,
    )
    db.create_table(
        "traffic_keys",
        # of keys that decide who gets which version: a hash of those whose first request was counted
        {"model_id": int, "trial": int, "key": int},
        pk=("model_id", "trial", "key"),
        foreign_keys=model,
        strict=True,
    )


@migrations()
def m031_logged_models(db: Database) -> None:
    """Logged models that clients of MLflow make step by step, with or without a run, and files that no run has.

    ``location`` is where such a model's own files are put; NULL where they are artifacts of the run below its name.
    """
    held = db.execute("SELECT id, logged_model_id FROM model_versions WHERE logged_model_id IS NOT NULL").fetchall()
    db.execute("UPDATE model_versions SET logged_model_id = NULL WHERE logged_model_id IS NOT NULL")
    db.create_table(
        "new_logged_models",
        {
            "id": int,
            "model_id": str,
            "experiment_id": int,
            "run_id": int,
            "name": str,
            "flavor": str,
            "digest": str,
            "size_bytes": int,
            "signature": str,
            "profile_id": int,
            "created_at": float,
            "environment": str,
            "status": str,
            "model_type": str,
            "location": str,
            "updated_at": float,
            "deleted_at": float,
        },
        pk="id",
        foreign_keys=[
            ("experiment_id", "experiments", "id"),
            ("run_id", "runs", "id"),
            ("profile_id", "profiles", "id"),
        ],
        not_null={
            *("model_id", "experiment_id", "name", "flavor", "digest", "size_bytes", "created_at", "status"),
            *("model_type", "updated_at"),
        },
        strict=True,
    )
    db.execute(
        "INSERT INTO new_logged_models (id, model_id, experiment_id, run_id, name, flavor, digest, size_bytes, "
        "signature, profile_id, created_at, environment, status, model_type, updated_at) "
        "SELECT l.id, l.model_id, r.experiment_id, l.run_id, l.name, l.flavor, l.digest, l.size_bytes, l.signature, "
        "l.profile_id, l.created_at, l.environment, 'READY', '', l.created_at "
        "FROM logged_models AS l JOIN runs AS r ON r.id = l.run_id"
    )
    db.execute("DROP TABLE logged_models")
    db.execute("ALTER TABLE new_logged_models RENAME TO logged_models")
    db.conn.executemany("UPDATE model_versions SET logged_model_id = ?2 WHERE id = ?1", held)
    db.table("logged_models").create_index(["model_id"], unique=True)
    db.table("logged_models").create_index(["run_id", "name"])
    db.table("logged_models").create_index(["experiment_id", "created_at"])
    for table in ("logged_model_params", "logged_model_tags"):
        db.create_table(
            table,
            {"logged_model_id": int, "key": str, "value": str},
            pk=("logged_model_id", "key"),
            foreign_keys=[("logged_model_id", "logged_models", "id")],
            not_null={"value"},
            strict=True,
        )
    file = {"path": str, "digest": str, "size_bytes": int, "logged_at": float}
    db.create_table(
        "logged_model_files",
        {"logged_model_id": int, **file},
        pk=("logged_model_id", "path"),
        foreign_keys=[("logged_model_id", "logged_models", "id")],
        not_null={"digest", "size_bytes", "logged_at"},
        strict=True,
    )
    # what clients put elsewhere than at the place of a run or a model
    db.create_table("loose_files", file, pk="path", not_null={"digest", "size_bytes", "logged_at"}, strict=True)


@migrations()
def m032_traffic_labels(db: Database) -> None:
    """Answers of versions that are compared, until a label for them comes, and what labels said of them."""
    for column in (
        "labelled INTEGER",
        "wrong INTEGER",
        "measured INTEGER",
        "distance_sum REAL",
        "distance_squares REAL",
    ):
        db.execute(f"ALTER TABLE traffic_tallies ADD COLUMN {column} NOT NULL DEFAULT 0")
    db.create_table(
        "traffic_answers",
        # prediction: JSON
        {"period_id": int, "request": str, "is_candidate": int, "prediction": str, "at": float},
        pk=("request", "period_id"),
        foreign_keys=[("period_id", "traffic_periods", "id")],
        not_null={"is_candidate", "prediction", "at"},
        strict=True,
    )
    db.table("traffic_answers").create_index(["at"])


@migrations()
def m033_source_runs(db: Database) -> None:
    """The run that a logged model is from, by the id that its client named, where no run has that here."""
    db.execute("ALTER TABLE logged_models ADD COLUMN source_run_id TEXT")


@migrations()
def m034_figures(db: Database) -> None:
    """What columns of reports are judged by, beside the two bytes that the table of columns and windows has of each."""
    # methods: ids with spaces between; figures: see ``figures``
    db.execute("ALTER TABLE monitor_heat ADD COLUMN methods TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE monitor_heat ADD COLUMN figures BLOB NOT NULL DEFAULT x''")
    reports = db.execute("SELECT DISTINCT report_id FROM monitor_columns ORDER BY report_id").fetchall()
    for (report_id,) in reports:  # one at a time: the columns of all may not fit into memory
        rows = db.execute(
            'SELECT "column", role, CASE WHEN score IS NULL THEN '
            "coalesce(json_extract(detail, '$.finding.kind'), '') WHEN NOT is_drifted THEN 'steady' "
            "WHEN coalesce(json_extract(detail, '$.notable'), 1) THEN 'drifted' ELSE 'slight' END, "
            "method, score, threshold, effect, json_extract(detail, '$.p_value') "
            "FROM monitor_columns WHERE report_id = ? ORDER BY position",
            (report_id,),
        ).fetchall()
        names = json.dumps([[row[0], row[1]] for row in rows], separators=(",", ":"))
        states = bytes(heat.CODES.get(row[2], heat.CODES["unchecked"]) for row in rows)
        effects = bytes(heat.step(row[6]) for row in rows)
        heat.keep(db.conn, report_id, names, states, effects, *figures.packed(row[3:] for row in rows))


@migrations()
def m035_last_rows(db: Database) -> None:
    """The last rows of windows, by the reports on these, as far as columns are followed row by row."""
    db.create_table(
        "last_rows",
        {"report_id": int, "object": str},
        pk="report_id",
        foreign_keys=[("report_id", "monitor_reports", "id")],
        not_null={"object"},
        strict=True,
    )


@migrations()
def m036_metric_sheets(db: Database) -> None:
    """Short series of ended runs lie several in a row (see ``sheets``); chunks fill the pages that they begin."""
    # id: metrics.id of the first series; those of the others follow
    db.execute(
        "CREATE TABLE metric_sheets (id INTEGER PRIMARY KEY, series INTEGER NOT NULL, sheets INTEGER NOT NULL, "
        "base INTEGER NOT NULL, body BLOB NOT NULL) STRICT"
    )
    kept = "metric_id, first_seq, count, nan_count, min_step, max_step, min_ms, max_ms, min_value, max_value"
    db.execute(
        # a row of a table without rowid has at most a quarter of a page beside others, and the rest in pages of its own
        "CREATE TABLE metric_chunks_new (id INTEGER PRIMARY KEY, metric_id INTEGER NOT NULL, "
        "first_seq INTEGER NOT NULL, count INTEGER NOT NULL, nan_count INTEGER NOT NULL, min_step INTEGER NOT NULL, "
        "max_step INTEGER NOT NULL, min_ms INTEGER NOT NULL, max_ms INTEGER NOT NULL, min_value REAL, max_value REAL, "
        "widest_step INTEGER, widest_ms INTEGER, outline BLOB, body BLOB NOT NULL) STRICT"
    )
    moved = db.execute("SELECT metric_id, first_seq FROM metric_chunks ORDER BY metric_id, first_seq").fetchall()
    within = "(metric_id, first_seq) BETWEEN (?, ?) AND (?, ?)"
    for start in range(0, len(moved), 100):  # what some have left others fill: the file hardly grows
        some = (*moved[start], *moved[start : start + 100][-1])
        db.execute(
            f"INSERT INTO metric_chunks_new({kept}, widest_step, widest_ms, outline, body) "
            f"SELECT {kept}, o.widest_step, o.widest_ms, o.body, c.body FROM metric_chunks c "
            "LEFT JOIN metric_outlines o USING (metric_id, first_seq) "
            f"WHERE {within} ORDER BY metric_id, first_seq",
            some,
        )
        db.execute(f"DELETE FROM metric_chunks WHERE {within}", some)
        db.execute(f"DELETE FROM metric_outlines WHERE {within}", some)
    db.execute("DROP TABLE metric_outlines")
    db.execute("DROP TABLE metric_chunks")
    db.execute("ALTER TABLE metric_chunks_new RENAME TO metric_chunks")
    db.execute("CREATE UNIQUE INDEX metric_chunks_of ON metric_chunks(metric_id, first_seq)")


@migrations()
def m037_lean_summaries(db: Database) -> None:
    """What a summary has of a metric besides its last value is NULL where it is the same (see ``metrics``)."""
    for name in ("metrics_of_run", "metrics_last", "metrics_min", "metrics_max"):
        db.execute(f"DROP INDEX {name}")
    db.execute(
        "CREATE TABLE metrics_new (key_id INTEGER NOT NULL REFERENCES keys(id), "
        "run_id INTEGER NOT NULL REFERENCES runs(id), id INTEGER, count INTEGER NOT NULL, nan_count INTEGER NOT NULL, "
        "last_step INTEGER NOT NULL, last_ms INTEGER NOT NULL, last_value REAL, min_value REAL, max_value REAL, "
        "total REAL, chunked INTEGER NOT NULL, PRIMARY KEY (key_id, run_id)) STRICT, WITHOUT ROWID"
    )
    kept = "key_id, run_id, id, count, nan_count, last_step, last_ms, last_value"
    for (key,) in db.execute("SELECT id FROM keys").fetchall():  # what one has left the next fills
        db.execute(
            f"INSERT INTO metrics_new({kept}, min_value, max_value, total, chunked) "
            f"SELECT {kept}, nullif(min_value, last_value), nullif(max_value, last_value), "
            "iif(count = 1, NULL, total), chunked FROM metrics WHERE key_id = ? ORDER BY run_id",
            (key,),
        )
        db.execute("DELETE FROM metrics WHERE key_id = ?", (key,))
    db.execute("DROP TABLE metrics")
    db.execute("ALTER TABLE metrics_new RENAME TO metrics")
    db.execute("CREATE INDEX metrics_of_run ON metrics(run_id, key_id)")
    db.execute("CREATE INDEX metrics_last ON metrics(key_id, last_value, run_id)")
    for part in ("min", "max"):
        db.execute(
            f"CREATE INDEX metrics_{part} ON metrics(key_id, {part}_value, run_id) WHERE {part}_value IS NOT NULL"
        )
    # ascending: a new run is put behind the others, which leaves no page half empty
    db.execute("DROP INDEX runs_newest")
    db.execute(
        "CREATE INDEX runs_newest ON runs(started_at, id, kind, archived_at, deleted_at, ended_at, status, "
        "experiment_id, name, user) WHERE deleted_at IS NULL"
    )


if __name__ == "__main__":
    sys.stdout.write(fresh())
