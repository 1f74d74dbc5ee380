"""The newest schema in one step. Made by ``python -m mlops_store.schema``; never edited by hand."""

# ruff: noqa: E501

from __future__ import annotations

#: The migrations that a new store has had.
MIGRATIONS = (
    "m001_tracking",
    "m002_pipelines",
    "m003_registry",
    "m004_drift",
    "m005_queue",
    "m006_triggers",
    "m007_data_versions",
    "m008_metric_outlines",
    "m009_run_lists",
    "m010_hardware",
    "m011_gate_verdicts",
    "m012_run_views",
    "m013_model_signatures",
    "m014_boards",
    "m015_outline_widths",
    "m016_mirror_marks",
    "m017_metric_summaries",
    "m018_cards",
    "m019_stage_change_entries",
    "m020_logged_environments",
    "m021_windows",
    "m022_loops",
    "m023_heat",
    "m024_incidents",
    "m025_window_parts",
    "m026_labels",
    "m027_approval_rounds",
    "m028_report_profiles",
    "m029_experiments",
    "m030_traffic",
    "m031_logged_models",
    "m032_traffic_labels",
    "m033_source_runs",
    "m034_figures",
    "m035_last_rows",
    "m036_metric_sheets",
    "m037_lean_summaries",
)

#: What makes the tables, indexes and triggers, in order.
STATEMENTS = (
    """CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
)""",
    """CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name")""",
    """CREATE TABLE "experiments" (
   "id" INTEGER PRIMARY KEY,
   "name" TEXT NOT NULL,
   "description" TEXT NOT NULL DEFAULT '',
   "created_at" REAL NOT NULL,
   "deleted_at" REAL
, artifact_location TEXT, updated_at REAL) STRICT""",
    """CREATE UNIQUE INDEX "idx_experiments_name"
    ON "experiments" ("name")""",
    """CREATE TABLE "keys" (
   "id" INTEGER PRIMARY KEY,
   "name" TEXT NOT NULL
) STRICT""",
    """CREATE UNIQUE INDEX "idx_keys_name"
    ON "keys" ("name")""",
    """CREATE TABLE "texts" (
   "digest" TEXT PRIMARY KEY,
   "body" BLOB NOT NULL
) STRICT""",
    """CREATE TABLE "runs" (
   "id" INTEGER PRIMARY KEY,
   "run_id" TEXT NOT NULL,
   "experiment_id" INTEGER NOT NULL REFERENCES "experiments"("id"),
   "name" TEXT NOT NULL,
   "kind" TEXT NOT NULL,
   "status" TEXT NOT NULL,
   "parent_id" INTEGER REFERENCES "runs"("id"),
   "started_at" REAL NOT NULL,
   "ended_at" REAL,
   "exit_code" INTEGER,
   "user" TEXT,
   "host" TEXT,
   "pid" INTEGER,
   "process_started_at" REAL,
   "boot_id" TEXT,
   "command" TEXT,
   "source" TEXT,
   "cwd" TEXT,
   "python_version" TEXT,
   "git_commit" TEXT,
   "git_branch" TEXT,
   "git_remote" TEXT,
   "git_dirty" INTEGER,
   "git_diff_digest" TEXT,
   "packages_digest" TEXT,
   "error" TEXT,
   "updated_at" REAL NOT NULL,
   "archived_at" REAL,
   "deleted_at" REAL
, hardware_digest TEXT) STRICT""",
    """CREATE UNIQUE INDEX "idx_runs_run_id"
    ON "runs" ("run_id")""",
    """CREATE INDEX "idx_runs_experiment_id_started_at"
    ON "runs" ("experiment_id", "started_at")""",
    """CREATE INDEX "idx_runs_name_started_at"
    ON "runs" ("name", "started_at")""",
    """CREATE INDEX runs_parent ON runs(parent_id) WHERE parent_id IS NOT NULL""",
    """CREATE INDEX runs_live ON runs(status) WHERE status IN ('RUNNING', 'SCHEDULED')""",
    """CREATE TABLE params (run_id INTEGER NOT NULL REFERENCES runs(id), key_id INTEGER NOT NULL REFERENCES keys(id), value TEXT NOT NULL, number REAL, PRIMARY KEY (run_id, key_id)) STRICT, WITHOUT ROWID""",
    """CREATE INDEX "idx_params_key_id_value"
    ON "params" ("key_id", "value")""",
    """CREATE TABLE tags (run_id INTEGER NOT NULL REFERENCES runs(id), key_id INTEGER NOT NULL REFERENCES keys(id), value TEXT NOT NULL, PRIMARY KEY (run_id, key_id)) STRICT, WITHOUT ROWID""",
    """CREATE INDEX "idx_tags_key_id_value"
    ON "tags" ("key_id", "value")""",
    """CREATE INDEX params_number ON params(key_id, number) WHERE number IS NOT NULL""",
    """CREATE TABLE "notes" (
   "id" INTEGER PRIMARY KEY,
   "subject" TEXT NOT NULL,
   "body" TEXT NOT NULL,
   "author" TEXT NOT NULL,
   "created_at" REAL NOT NULL,
   "deleted_at" REAL
) STRICT""",
    """CREATE INDEX "idx_notes_subject"
    ON "notes" ("subject")""",
    """CREATE TABLE "artifacts" (
   "run_id" INTEGER REFERENCES "runs"("id"),
   "path" TEXT,
   "digest" TEXT NOT NULL,
   "size_bytes" INTEGER NOT NULL,
   "logged_at" REAL NOT NULL,
   PRIMARY KEY ("run_id", "path")
) STRICT""",
    """CREATE INDEX "idx_artifacts_digest"
    ON "artifacts" ("digest")""",
    """CREATE TABLE "datasets" (
   "id" INTEGER PRIMARY KEY,
   "name" TEXT NOT NULL,
   "digest" TEXT NOT NULL,
   "path" TEXT,
   "size_bytes" INTEGER,
   "files" INTEGER,
   "row_count" INTEGER,
   "columns" TEXT,
   "created_at" REAL NOT NULL
, place TEXT GENERATED ALWAYS AS (coalesce(nullif(path, ''), name)) VIRTUAL, used_at REAL, since_at REAL, last_run_id INTEGER REFERENCES runs(id)) STRICT""",
    """CREATE UNIQUE INDEX "idx_datasets_name_digest"
    ON "datasets" ("name", "digest")""",
    """CREATE TABLE "run_datasets" (
   "run_id" INTEGER REFERENCES "runs"("id"),
   "dataset_id" INTEGER REFERENCES "datasets"("id"),
   "context" TEXT,
   PRIMARY KEY ("run_id", "dataset_id", "context")
) STRICT""",
    """CREATE TABLE "journals" (
   "name" TEXT PRIMARY KEY,
   "offset" INTEGER NOT NULL,
   "keysets" TEXT NOT NULL,
   "runs" TEXT NOT NULL,
   "process" TEXT NOT NULL,
   "folded_at" REAL NOT NULL
) STRICT""",
    """CREATE TABLE "events" (
   "id" INTEGER PRIMARY KEY,
   "at" REAL NOT NULL,
   "kind" TEXT NOT NULL,
   "subject" TEXT NOT NULL,
   "message" TEXT NOT NULL,
   "data" TEXT
) STRICT""",
    """CREATE TABLE "pipeline_runs" (
   "run_id" INTEGER PRIMARY KEY REFERENCES "runs"("id"),
   "request" TEXT NOT NULL,
   "jobs" INTEGER NOT NULL,
   "state" TEXT NOT NULL,
   "host" TEXT,
   "supervisor_pid" INTEGER,
   "supervisor_ticks" INTEGER,
   "boot_id" TEXT,
   "stop_requested_at" REAL,
   "stop_requested_by" TEXT
) STRICT""",
    """CREATE INDEX pipeline_runs_live ON pipeline_runs(state) WHERE state IN ('queued', 'running')""",
    """CREATE TABLE "stage_runs" (
   "id" INTEGER PRIMARY KEY,
   "pipeline_run_id" INTEGER NOT NULL REFERENCES "pipeline_runs"("run_id"),
   "stage" TEXT NOT NULL,
   "position" INTEGER NOT NULL,
   "run_id" INTEGER REFERENCES "runs"("id"),
   "state" TEXT NOT NULL,
   "reasons" TEXT,
   "command" TEXT,
   "attempt" INTEGER NOT NULL,
   "pid" INTEGER,
   "process_ticks" INTEGER,
   "exit_code" INTEGER,
   "started_at" REAL,
   "ended_at" REAL,
   "log_path" TEXT,
   "inputs" TEXT,
   "outputs" TEXT,
   "error" TEXT
, "retry_at" REAL, "holding" TEXT) STRICT""",
    """CREATE UNIQUE INDEX "idx_stage_runs_pipeline_run_id_stage"
    ON "stage_runs" ("pipeline_run_id", "stage")""",
    """CREATE INDEX "idx_stage_runs_run_id"
    ON "stage_runs" ("run_id")""",
    """CREATE INDEX "idx_stage_runs_stage_started_at"
    ON "stage_runs" ("stage", "started_at")""",
    """CREATE TABLE "profiles" (
   "id" INTEGER PRIMARY KEY,
   "digest" TEXT NOT NULL,
   "name" TEXT NOT NULL,
   "row_count" INTEGER NOT NULL,
   "summary" TEXT NOT NULL,
   "sample_digest" TEXT,
   "created_at" REAL NOT NULL
) STRICT""",
    """CREATE UNIQUE INDEX "idx_profiles_digest"
    ON "profiles" ("digest")""",
    """CREATE TABLE "registered_models" (
   "id" INTEGER PRIMARY KEY,
   "name" TEXT NOT NULL,
   "description" TEXT NOT NULL,
   "created_at" REAL NOT NULL,
   "updated_at" REAL NOT NULL,
   "deleted_at" REAL
) STRICT""",
    """CREATE UNIQUE INDEX "idx_registered_models_name"
    ON "registered_models" ("name")""",
    """CREATE TABLE "model_versions" (
   "id" INTEGER PRIMARY KEY,
   "model_id" INTEGER NOT NULL REFERENCES "registered_models"("id"),
   "version" INTEGER NOT NULL,
   "logged_model_id" INTEGER REFERENCES "logged_models"("id"),
   "run_id" INTEGER REFERENCES "runs"("id"),
   "source" TEXT NOT NULL,
   "flavor" TEXT NOT NULL,
   "digest" TEXT NOT NULL,
   "size_bytes" INTEGER,
   "stage" TEXT NOT NULL,
   "description" TEXT NOT NULL,
   "lineage" TEXT,
   "profile_id" INTEGER REFERENCES "profiles"("id"),
   "created_at" REAL NOT NULL,
   "created_by" TEXT,
   "updated_at" REAL,
   "deleted_at" REAL
, parent INTEGER) STRICT""",
    """CREATE UNIQUE INDEX "idx_model_versions_model_id_version"
    ON "model_versions" ("model_id", "version")""",
    """CREATE INDEX "idx_model_versions_run_id"
    ON "model_versions" ("run_id")""",
    """CREATE TABLE "model_aliases" (
   "model_id" INTEGER REFERENCES "registered_models"("id"),
   "alias" TEXT,
   "version_id" INTEGER NOT NULL REFERENCES "model_versions"("id"),
   PRIMARY KEY ("model_id", "alias")
) STRICT""",
    """CREATE TABLE "model_tags" (
   "model_id" INTEGER REFERENCES "registered_models"("id"),
   "version" INTEGER,
   "key" TEXT,
   "value" TEXT NOT NULL,
   PRIMARY KEY ("model_id", "version", "key")
) STRICT""",
    """CREATE TABLE "audit" (
   "id" INTEGER PRIMARY KEY,
   "at" REAL NOT NULL,
   "actor" TEXT NOT NULL,
   "host" TEXT NOT NULL,
   "origin" TEXT NOT NULL,
   "action" TEXT NOT NULL,
   "subject" TEXT NOT NULL,
   "before" TEXT NOT NULL,
   "after" TEXT NOT NULL,
   "reason" TEXT NOT NULL,
   "previous_hash" TEXT,
   "hash" TEXT NOT NULL
) STRICT""",
    """CREATE INDEX "idx_audit_subject"
    ON "audit" ("subject")""",
    """CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TABLE "stage_changes" (
   "id" INTEGER PRIMARY KEY,
   "version_id" INTEGER NOT NULL REFERENCES "model_versions"("id"),
   "kind" TEXT NOT NULL,
   "from_stage" TEXT NOT NULL,
   "to_stage" TEXT NOT NULL,
   "cause_id" INTEGER REFERENCES "stage_changes"("id"),
   "at" REAL NOT NULL,
   "audit_id" INTEGER NOT NULL REFERENCES "audit"("id")
) STRICT""",
    """CREATE TABLE "monitor_reports" (
   "id" INTEGER PRIMARY KEY,
   "monitor" TEXT NOT NULL,
   "batch" TEXT NOT NULL,
   "path" TEXT NOT NULL,
   "digest" TEXT NOT NULL,
   "row_count" INTEGER,
   "version_id" INTEGER REFERENCES "model_versions"("id"),
   "profile_id" INTEGER REFERENCES "profiles"("id"),
   "status" TEXT NOT NULL,
   "checked_columns" INTEGER,
   "drifted_columns" INTEGER,
   "drift_share" REAL,
   "is_dataset_drift" INTEGER,
   "checked_at" REAL NOT NULL,
   "duration_s" REAL,
   "error" TEXT,
   "notes" TEXT,
   "size_bytes" INTEGER,
   "modified_ns" INTEGER
, "window_start" REAL, "window_end" REAL, "window_id" INTEGER, "replaced_by" INTEGER) STRICT""",
    """CREATE INDEX "idx_monitor_reports_monitor_checked_at"
    ON "monitor_reports" ("monitor", "checked_at")""",
    """CREATE INDEX "idx_monitor_reports_monitor_batch_digest"
    ON "monitor_reports" ("monitor", "batch", "digest")""",
    """CREATE TABLE "monitor_columns" (
   "report_id" INTEGER REFERENCES "monitor_reports"("id"),
   "position" INTEGER,
   "column" TEXT NOT NULL,
   "role" TEXT NOT NULL,
   "kind" TEXT NOT NULL,
   "method" TEXT,
   "score" REAL,
   "threshold" REAL,
   "is_drifted" INTEGER NOT NULL,
   "effect" REAL,
   "reference_count" INTEGER,
   "current_count" INTEGER,
   "detail" TEXT NOT NULL,
   PRIMARY KEY ("report_id", "position")
) STRICT""",
    """CREATE TABLE "alerts" (
   "id" INTEGER PRIMARY KEY,
   "report_id" INTEGER NOT NULL REFERENCES "monitor_reports"("id"),
   "monitor" TEXT NOT NULL,
   "kind" TEXT NOT NULL,
   "severity" TEXT NOT NULL,
   "title" TEXT NOT NULL,
   "opened_at" REAL NOT NULL,
   "subject" TEXT NOT NULL DEFAULT '', "incident_id" INTEGER, "change" TEXT NOT NULL DEFAULT '', "columns" TEXT NOT NULL DEFAULT '[]') STRICT""",
    """CREATE INDEX "idx_alerts_report_id"
    ON "alerts" ("report_id")""",
    """CREATE TABLE "stage_attempts" (
   "pipeline_run_id" INTEGER REFERENCES "pipeline_runs"("run_id"),
   "stage" TEXT,
   "attempt" INTEGER,
   "run_id" INTEGER REFERENCES "runs"("id"),
   "exit_code" INTEGER,
   "started_at" REAL,
   "ended_at" REAL,
   "error" TEXT NOT NULL,
   PRIMARY KEY ("pipeline_run_id", "stage", "attempt")
) STRICT""",
    """CREATE TABLE "pipeline_queue" (
   "id" INTEGER PRIMARY KEY,
   "run_id" TEXT NOT NULL,
   "name" TEXT NOT NULL,
   "priority" INTEGER NOT NULL,
   "request" TEXT NOT NULL,
   "queued_at" REAL NOT NULL,
   "queued_by" TEXT NOT NULL
) STRICT""",
    """CREATE UNIQUE INDEX "idx_pipeline_queue_run_id"
    ON "pipeline_queue" ("run_id")""",
    """CREATE TABLE "triggers" (
   "name" TEXT PRIMARY KEY,
   "definition" TEXT NOT NULL,
   "since" REAL NOT NULL,
   "alert_id" INTEGER NOT NULL,
   "digest" TEXT NOT NULL,
   "fired_at" REAL,
   "run_id" TEXT NOT NULL,
   "reason" TEXT NOT NULL,
   "waits_for" TEXT NOT NULL
) STRICT""",
    """CREATE INDEX run_datasets_newest ON run_datasets(dataset_id, run_id, context)""",
    """CREATE INDEX datasets_newest ON datasets(place, used_at, digest)""",
    """CREATE INDEX runs_hidden ON runs(id) WHERE deleted_at IS NOT NULL OR archived_at IS NOT NULL""",
    """CREATE TABLE "gate_verdicts" (
   "version_id" INTEGER REFERENCES "model_versions"("id"),
   "stage" TEXT,
   "gate" TEXT,
   "kind" TEXT NOT NULL,
   "state" TEXT NOT NULL,
   "message" TEXT NOT NULL,
   "facts" TEXT NOT NULL,
   "at" REAL NOT NULL,
   "duration_s" REAL NOT NULL,
   "key" TEXT NOT NULL,
   PRIMARY KEY ("version_id", "stage", "gate")
) STRICT""",
    """CREATE TABLE "run_views" (
   "name" TEXT PRIMARY KEY,
   "body" TEXT NOT NULL,
   "author" TEXT NOT NULL,
   "saved_at" REAL NOT NULL
) STRICT""",
    """CREATE TABLE "model_signatures" (
   "version_id" INTEGER REFERENCES "model_versions"("id"),
   "key" TEXT,
   "bundle" TEXT NOT NULL,
   "digest" TEXT NOT NULL,
   "signed_at" REAL NOT NULL,
   "signed_by" TEXT NOT NULL,
   PRIMARY KEY ("version_id", "key")
) STRICT""",
    """CREATE INDEX model_versions_by_stage ON model_versions(stage, updated_at, model_id) WHERE deleted_at IS NULL""",
    """CREATE INDEX audit_by_action ON audit(action)""",
    """CREATE INDEX audit_with_gates ON audit(subject) WHERE instr(after, '"gates":') > 0""",
    """CREATE TABLE "mirror_marks" (
   "mirror" TEXT,
   "model" TEXT,
   "mark" TEXT,
   "agreed" TEXT,
   "error" TEXT NOT NULL,
   "tried_at" REAL NOT NULL,
   PRIMARY KEY ("mirror", "model", "mark")
) STRICT""",
    """CREATE TABLE "metric_points" (metric_id INTEGER, seq INTEGER, step INTEGER NOT NULL, ms INTEGER NOT NULL, value REAL, PRIMARY KEY (metric_id, seq)) STRICT, WITHOUT ROWID""",
    """CREATE INDEX runs_by_status ON runs(status, started_at DESC, id DESC)""",
    """CREATE INDEX runs_by_duration ON runs(ended_at - started_at, started_at) WHERE ended_at IS NOT NULL""",
    """CREATE INDEX runs_not_ended ON runs(started_at) WHERE ended_at IS NULL""",
    """CREATE TABLE "card_texts" (
   "id" INTEGER PRIMARY KEY,
   "version_id" INTEGER NOT NULL REFERENCES "model_versions"("id"),
   "section" TEXT NOT NULL,
   "body" TEXT,
   "author" TEXT NOT NULL,
   "at" REAL NOT NULL
) STRICT""",
    """CREATE INDEX "idx_card_texts_version_id_section"
    ON "card_texts" ("version_id", "section")""",
    """CREATE TABLE "version_measures" (
   "version_id" INTEGER REFERENCES "model_versions"("id"),
   "kind" TEXT,
   "key" TEXT,
   "body" TEXT NOT NULL,
   "at" REAL NOT NULL,
   "duration_s" REAL NOT NULL,
   PRIMARY KEY ("version_id", "kind", "key")
) STRICT""",
    """CREATE INDEX stage_changes_by_entry ON stage_changes(version_id, audit_id)""",
    """CREATE TABLE "monitor_measures" (
   "report_id" INTEGER REFERENCES "monitor_reports"("id"),
   "family" TEXT,
   "name" TEXT,
   "subject" TEXT,
   "value" REAL,
   "low" REAL,
   "high" REAL,
   "reference" REAL,
   "threshold" REAL,
   "is_breach" INTEGER NOT NULL,
   "count" INTEGER NOT NULL,
   "detail" TEXT NOT NULL,
   "at" REAL NOT NULL,
   PRIMARY KEY ("report_id", "family", "name", "subject")
) STRICT""",
    """CREATE TABLE "firings" (
   "id" INTEGER PRIMARY KEY,
   "trigger" TEXT NOT NULL,
   "at" REAL NOT NULL,
   "reason" TEXT NOT NULL,
   "alert_id" INTEGER REFERENCES "alerts"("id"),
   "run_ids" TEXT NOT NULL,
   "stage" TEXT NOT NULL,
   "state" TEXT NOT NULL,
   "note" TEXT NOT NULL,
   "settled_at" REAL
) STRICT""",
    """CREATE INDEX "idx_firings_trigger_at"
    ON "firings" ("trigger", "at")""",
    """CREATE INDEX firings_open ON firings(id) WHERE state = 'started'""",
    """CREATE TABLE "firing_versions" (
   "firing_id" INTEGER REFERENCES "firings"("id"),
   "version_id" INTEGER REFERENCES "model_versions"("id"),
   PRIMARY KEY ("firing_id", "version_id")
) STRICT""",
    """CREATE INDEX "idx_firing_versions_version_id"
    ON "firing_versions" ("version_id")""",
    """CREATE TABLE "deliveries" (
   "id" INTEGER PRIMARY KEY,
   "monitor" TEXT NOT NULL,
   "channel" TEXT NOT NULL,
   "report_id" INTEGER NOT NULL REFERENCES "monitor_reports"("id"),
   "state" TEXT NOT NULL,
   "attempts" INTEGER NOT NULL,
   "error" TEXT NOT NULL,
   "at" REAL NOT NULL,
   "next_at" REAL
) STRICT""",
    """CREATE TABLE "delivered_alerts" (
   "alert_id" INTEGER REFERENCES "alerts"("id"),
   "channel" TEXT,
   "delivery_id" INTEGER NOT NULL REFERENCES "deliveries"("id"),
   PRIMARY KEY ("alert_id", "channel")
) STRICT""",
    """CREATE INDEX "idx_delivered_alerts_delivery_id"
    ON "delivered_alerts" ("delivery_id")""",
    """CREATE INDEX "idx_deliveries_report_id"
    ON "deliveries" ("report_id")""",
    """CREATE INDEX deliveries_open ON deliveries(id) WHERE state IN ('sending', 'failed')""",
    """CREATE TABLE "monitor_column_lists" (
   "id" INTEGER PRIMARY KEY,
   "digest" TEXT NOT NULL,
   "names" TEXT NOT NULL
) STRICT""",
    """CREATE UNIQUE INDEX "idx_monitor_column_lists_digest"
    ON "monitor_column_lists" ("digest")""",
    """CREATE TABLE "monitor_heat" (
   "report_id" INTEGER PRIMARY KEY REFERENCES "monitor_reports"("id"),
   "list_id" INTEGER NOT NULL REFERENCES "monitor_column_lists"("id"),
   "states" BLOB NOT NULL,
   "effects" BLOB NOT NULL
, methods TEXT NOT NULL DEFAULT '', figures BLOB NOT NULL DEFAULT x'') STRICT""",
    """CREATE INDEX monitor_windows ON monitor_reports(monitor, window_start, window_id) WHERE replaced_by IS NULL""",
    """CREATE TABLE "incidents" (
   "id" INTEGER PRIMARY KEY,
   "monitor" TEXT NOT NULL,
   "state" TEXT NOT NULL,
   "severity" TEXT NOT NULL,
   "title" TEXT NOT NULL,
   "kinds" TEXT NOT NULL,
   "columns" TEXT NOT NULL,
   "score" REAL NOT NULL,
   "factors" TEXT NOT NULL,
   "opened_at" REAL,
   "updated_at" REAL NOT NULL,
   "is_flapping" INTEGER NOT NULL,
   "snoozed_until" REAL,
   "muted_by" TEXT NOT NULL,
   "assignee" TEXT NOT NULL,
   "acknowledged_at" REAL,
   "acknowledged_by" TEXT NOT NULL,
   "resolved_at" REAL,
   "resolved_by" TEXT NOT NULL
) STRICT""",
    """CREATE INDEX "idx_incidents_monitor_state"
    ON "incidents" ("monitor", "state")""",
    """CREATE TABLE "incident_entries" (
   "id" INTEGER PRIMARY KEY,
   "incident_id" INTEGER NOT NULL REFERENCES "incidents"("id"),
   "at" REAL NOT NULL,
   "kind" TEXT NOT NULL,
   "actor" TEXT NOT NULL,
   "message" TEXT NOT NULL,
   "report_id" INTEGER REFERENCES "monitor_reports"("id")
) STRICT""",
    """CREATE INDEX "idx_incident_entries_incident_id"
    ON "incident_entries" ("incident_id")""",
    """CREATE INDEX "idx_alerts_incident_id"
    ON "alerts" ("incident_id")""",
    """CREATE TABLE "monitor_sources" (
   "monitor" TEXT,
   "plan" TEXT,
   "source" TEXT,
   "size_bytes" INTEGER NOT NULL,
   "modified_ns" INTEGER NOT NULL,
   "row_count" INTEGER NOT NULL,
   "mark" TEXT NOT NULL,
   "looked_at" REAL NOT NULL,
   PRIMARY KEY ("monitor", "plan", "source")
) STRICT""",
    """CREATE TABLE "monitor_parts" (
   "id" INTEGER PRIMARY KEY,
   "monitor" TEXT NOT NULL,
   "plan" TEXT NOT NULL,
   "window" REAL NOT NULL,
   "source" TEXT NOT NULL,
   "first_row" INTEGER NOT NULL,
   "row_count" INTEGER NOT NULL,
   "digest" TEXT NOT NULL,
   "is_checked" INTEGER NOT NULL
) STRICT""",
    """CREATE INDEX "idx_monitor_parts_monitor_plan_window"
    ON "monitor_parts" ("monitor", "plan", "window")""",
    """CREATE TABLE "monitor_rows" (
   "monitor" TEXT,
   "plan" TEXT,
   "batch" TEXT,
   "position" REAL NOT NULL,
   "start" REAL,
   "row_count" INTEGER NOT NULL,
   "sample_digest" TEXT NOT NULL,
   PRIMARY KEY ("monitor", "plan", "batch")
) STRICT""",
    """CREATE TABLE "window_rows" (
   "report_id" INTEGER PRIMARY KEY REFERENCES "monitor_reports"("id"),
   "object" TEXT NOT NULL,
   "low" TEXT NOT NULL,
   "high" TEXT NOT NULL,
   "about" TEXT NOT NULL
) STRICT""",
    """CREATE TABLE "label_files" (
   "id" INTEGER PRIMARY KEY,
   "monitor" TEXT NOT NULL,
   "path" TEXT NOT NULL,
   "size_bytes" INTEGER NOT NULL,
   "modified_ns" INTEGER NOT NULL,
   "digest" TEXT NOT NULL,
   "object" TEXT,
   "rows" INTEGER NOT NULL,
   "low" TEXT NOT NULL,
   "high" TEXT NOT NULL,
   "problem" TEXT NOT NULL,
   "notes" TEXT NOT NULL,
   "at" REAL NOT NULL,
   "last_report" INTEGER NOT NULL
) STRICT""",
    """CREATE UNIQUE INDEX "idx_label_files_monitor_path"
    ON "label_files" ("monitor", "path")""",
    """CREATE TABLE "label_matches" (
   "file_id" INTEGER REFERENCES "label_files"("id"),
   "report_id" INTEGER REFERENCES "monitor_reports"("id"),
   "rows" INTEGER NOT NULL,
   PRIMARY KEY ("file_id", "report_id")
) STRICT""",
    """CREATE INDEX "idx_label_matches_report_id"
    ON "label_matches" ("report_id")""",
    """CREATE TABLE "approval_rounds" (
   "id" INTEGER PRIMARY KEY,
   "version_id" INTEGER NOT NULL REFERENCES "model_versions"("id"),
   "stage" TEXT NOT NULL,
   "state" TEXT NOT NULL,
   "opened_at" REAL NOT NULL
) STRICT""",
    """CREATE UNIQUE INDEX "idx_approval_rounds_version_id_stage"
    ON "approval_rounds" ("version_id", "stage")""",
    """CREATE INDEX approval_rounds_in_turn ON approval_rounds(state, opened_at)""",
    """CREATE TRIGGER audit_opens_rounds AFTER INSERT ON audit WHEN NEW.action >= 'approval.' AND NEW.action < 'approval/' BEGIN INSERT INTO approval_rounds (version_id, stage, state, opened_at) SELECT version_id, stage, state, opened_at FROM (SELECT (SELECT v.id FROM registered_models AS m JOIN model_versions AS v ON v.model_id = m.id WHERE m.name = substr(rtrim(NEW.subject, '0123456789'), 7, length(rtrim(NEW.subject, '0123456789')) - 7) AND v.version = CAST(substr(NEW.subject, length(rtrim(NEW.subject, '0123456789')) + 1) AS INTEGER)) AS version_id, CASE WHEN json_valid(NEW.after) THEN json_extract(NEW.after, '$.stage') END AS stage, CASE NEW.action WHEN 'approval.reject' THEN 'rejected' ELSE 'open' END AS state, NEW.at AS opened_at) WHERE version_id IS NOT NULL AND stage IS NOT NULL ON CONFLICT (version_id, stage) DO UPDATE SET opened_at = CASE WHEN NEW.action = 'approval.request' OR state = 'done' THEN excluded.opened_at ELSE opened_at END, state = excluded.state; END""",
    """CREATE TRIGGER stage_changes_end_rounds AFTER INSERT ON stage_changes WHEN NEW.kind NOT IN ('replace', 'register') BEGIN UPDATE approval_rounds SET state = 'done' WHERE version_id = NEW.version_id AND stage = NEW.to_stage; END""",
    """CREATE INDEX model_versions_of_stages ON model_versions(model_id, stage, version) WHERE deleted_at IS NULL""",
    """CREATE TABLE "report_profiles" (
   "report_id" INTEGER PRIMARY KEY REFERENCES "monitor_reports"("id"),
   "object" TEXT NOT NULL
) STRICT""",
    """CREATE TABLE "experiment_tags" (
   "experiment_id" INTEGER REFERENCES "experiments"("id"),
   "key" TEXT,
   "value" TEXT NOT NULL,
   PRIMARY KEY ("experiment_id", "key")
) STRICT""",
    """CREATE TABLE "dataset_details" (
   "dataset_id" INTEGER PRIMARY KEY REFERENCES "datasets"("id"),
   "source_type" TEXT NOT NULL,
   "source" TEXT NOT NULL,
   "schema" TEXT,
   "profile" TEXT
) STRICT""",
    """CREATE TABLE "input_tags" (
   "run_id" INTEGER REFERENCES "runs"("id"),
   "dataset_id" INTEGER REFERENCES "datasets"("id"),
   "key" TEXT,
   "value" TEXT NOT NULL,
   PRIMARY KEY ("run_id", "dataset_id", "key")
) STRICT""",
    """CREATE TABLE "run_models" (
   "run_id" INTEGER REFERENCES "runs"("id"),
   "role" TEXT,
   "model_id" TEXT,
   "step" INTEGER,
   PRIMARY KEY ("run_id", "role", "model_id", "step")
) STRICT""",
    """CREATE INDEX "idx_run_models_model_id"
    ON "run_models" ("model_id")""",
    """CREATE TABLE "model_metrics" (
   "model_id" TEXT NOT NULL,
   "run_id" INTEGER NOT NULL REFERENCES "runs"("id"),
   "key" TEXT NOT NULL,
   "step" INTEGER NOT NULL,
   "ms" INTEGER NOT NULL,
   "value" REAL,
   "dataset_name" TEXT NOT NULL,
   "dataset_digest" TEXT NOT NULL
) STRICT""",
    """CREATE UNIQUE INDEX "idx_model_metrics_model_id_key_step_ms_run_id"
    ON "model_metrics" ("model_id", "key", "step", "ms", "run_id")""",
    """CREATE INDEX "idx_model_metrics_run_id"
    ON "model_metrics" ("run_id")""",
    """CREATE TABLE "traffic_splits" (
   "model_id" INTEGER PRIMARY KEY REFERENCES "registered_models"("id"),
   "revision" INTEGER NOT NULL,
   "trial" INTEGER NOT NULL,
   "stable" TEXT NOT NULL,
   "weights" TEXT NOT NULL,
   "shadows" TEXT NOT NULL,
   "key" TEXT NOT NULL,
   "paused_at" REAL,
   "paused_why" TEXT NOT NULL,
   "changed_at" REAL NOT NULL,
   "is_ended" INTEGER NOT NULL
) STRICT""",
    """CREATE TABLE "traffic_counts" (
   "model_id" INTEGER REFERENCES "registered_models"("id"),
   "version" INTEGER,
   "is_shadow" INTEGER,
   "width_s" INTEGER,
   "at" INTEGER,
   "requests" INTEGER NOT NULL,
   "errors" INTEGER NOT NULL,
   "diverted" INTEGER NOT NULL,
   "lengths" TEXT NOT NULL,
   PRIMARY KEY ("model_id", "at", "width_s", "version", "is_shadow")
) STRICT""",
    """CREATE TABLE "traffic_periods" (
   "id" INTEGER PRIMARY KEY,
   "model_id" INTEGER NOT NULL REFERENCES "registered_models"("id"),
   "trial" INTEGER NOT NULL,
   "candidate" INTEGER NOT NULL,
   "stable" INTEGER NOT NULL,
   "share" REAL NOT NULL,
   "began_at" REAL NOT NULL
) STRICT""",
    """CREATE INDEX "idx_traffic_periods_model_id_trial"
    ON "traffic_periods" ("model_id", "trial")""",
    """CREATE TABLE "traffic_tallies" (
   "period_id" INTEGER REFERENCES "traffic_periods"("id"),
   "is_candidate" INTEGER,
   "requests" INTEGER NOT NULL,
   "errors" INTEGER NOT NULL,
   "timed" INTEGER NOT NULL,
   "log_sum" REAL NOT NULL,
   "log_squares" REAL NOT NULL, labelled INTEGER NOT NULL DEFAULT 0, wrong INTEGER NOT NULL DEFAULT 0, measured INTEGER NOT NULL DEFAULT 0, distance_sum REAL NOT NULL DEFAULT 0, distance_squares REAL NOT NULL DEFAULT 0,
   PRIMARY KEY ("period_id", "is_candidate")
) STRICT""",
    """CREATE TABLE "traffic_shadows" (
   "model_id" INTEGER REFERENCES "registered_models"("id"),
   "version" INTEGER,
   "against" INTEGER,
   "at" INTEGER,
   "compared" INTEGER NOT NULL,
   "agreed" INTEGER NOT NULL,
   "failed" INTEGER NOT NULL,
   "skipped" INTEGER NOT NULL,
   "numbers" INTEGER NOT NULL,
   "distance_sum" REAL NOT NULL,
   PRIMARY KEY ("model_id", "at", "version", "against")
) STRICT""",
    """CREATE TABLE "traffic_routers" (
   "model_id" INTEGER REFERENCES "registered_models"("id"),
   "host" TEXT,
   "pid" INTEGER,
   "ticks" INTEGER NOT NULL,
   "url" TEXT NOT NULL,
   "started_at" REAL NOT NULL,
   "arms" TEXT NOT NULL,
   PRIMARY KEY ("model_id", "host", "pid")
) STRICT""",
    """CREATE TABLE "traffic_keys" (
   "model_id" INTEGER REFERENCES "registered_models"("id"),
   "trial" INTEGER,
   "key" INTEGER,
   PRIMARY KEY ("model_id", "trial", "key")
) STRICT""",
    """CREATE TABLE "logged_models" (
   "id" INTEGER PRIMARY KEY,
   "model_id" TEXT NOT NULL,
   "experiment_id" INTEGER NOT NULL REFERENCES "experiments"("id"),
   "run_id" INTEGER REFERENCES "runs"("id"),
   "name" TEXT NOT NULL,
   "flavor" TEXT NOT NULL,
   "digest" TEXT NOT NULL,
   "size_bytes" INTEGER NOT NULL,
   "signature" TEXT,
   "profile_id" INTEGER REFERENCES "profiles"("id"),
   "created_at" REAL NOT NULL,
   "environment" TEXT,
   "status" TEXT NOT NULL,
   "model_type" TEXT NOT NULL,
   "location" TEXT,
   "updated_at" REAL NOT NULL,
   "deleted_at" REAL
, source_run_id TEXT) STRICT""",
    """CREATE UNIQUE INDEX "idx_logged_models_model_id"
    ON "logged_models" ("model_id")""",
    """CREATE INDEX "idx_logged_models_run_id_name"
    ON "logged_models" ("run_id", "name")""",
    """CREATE INDEX "idx_logged_models_experiment_id_created_at"
    ON "logged_models" ("experiment_id", "created_at")""",
    """CREATE TABLE "logged_model_params" (
   "logged_model_id" INTEGER REFERENCES "logged_models"("id"),
   "key" TEXT,
   "value" TEXT NOT NULL,
   PRIMARY KEY ("logged_model_id", "key")
) STRICT""",
    """CREATE TABLE "logged_model_tags" (
   "logged_model_id" INTEGER REFERENCES "logged_models"("id"),
   "key" TEXT,
   "value" TEXT NOT NULL,
   PRIMARY KEY ("logged_model_id", "key")
) STRICT""",
    """CREATE TABLE "logged_model_files" (
   "logged_model_id" INTEGER REFERENCES "logged_models"("id"),
   "path" TEXT,
   "digest" TEXT NOT NULL,
   "size_bytes" INTEGER NOT NULL,
   "logged_at" REAL NOT NULL,
   PRIMARY KEY ("logged_model_id", "path")
) STRICT""",
    """CREATE TABLE "loose_files" (
   "path" TEXT PRIMARY KEY,
   "digest" TEXT NOT NULL,
   "size_bytes" INTEGER NOT NULL,
   "logged_at" REAL NOT NULL
) STRICT""",
    """CREATE TABLE "traffic_answers" (
   "period_id" INTEGER REFERENCES "traffic_periods"("id"),
   "request" TEXT,
   "is_candidate" INTEGER NOT NULL,
   "prediction" TEXT NOT NULL,
   "at" REAL NOT NULL,
   PRIMARY KEY ("request", "period_id")
) STRICT""",
    """CREATE INDEX "idx_traffic_answers_at"
    ON "traffic_answers" ("at")""",
    """CREATE TABLE "last_rows" (
   "report_id" INTEGER PRIMARY KEY REFERENCES "monitor_reports"("id"),
   "object" TEXT NOT NULL
) STRICT""",
    """CREATE TABLE metric_sheets (id INTEGER PRIMARY KEY, series INTEGER NOT NULL, sheets INTEGER NOT NULL, base INTEGER NOT NULL, body BLOB NOT NULL) STRICT""",
    """CREATE TABLE "metric_chunks" (id INTEGER PRIMARY KEY, metric_id INTEGER NOT NULL, first_seq INTEGER NOT NULL, count INTEGER NOT NULL, nan_count INTEGER NOT NULL, min_step INTEGER NOT NULL, max_step INTEGER NOT NULL, min_ms INTEGER NOT NULL, max_ms INTEGER NOT NULL, min_value REAL, max_value REAL, widest_step INTEGER, widest_ms INTEGER, outline BLOB, body BLOB NOT NULL) STRICT""",
    """CREATE UNIQUE INDEX metric_chunks_of ON metric_chunks(metric_id, first_seq)""",
    """CREATE TABLE "metrics" (key_id INTEGER NOT NULL REFERENCES keys(id), run_id INTEGER NOT NULL REFERENCES runs(id), id INTEGER, count INTEGER NOT NULL, nan_count INTEGER NOT NULL, last_step INTEGER NOT NULL, last_ms INTEGER NOT NULL, last_value REAL, min_value REAL, max_value REAL, total REAL, chunked INTEGER NOT NULL, PRIMARY KEY (key_id, run_id)) STRICT, WITHOUT ROWID""",
    """CREATE INDEX metrics_of_run ON metrics(run_id, key_id)""",
    """CREATE INDEX metrics_last ON metrics(key_id, last_value, run_id)""",
    """CREATE INDEX metrics_min ON metrics(key_id, min_value, run_id) WHERE min_value IS NOT NULL""",
    """CREATE INDEX metrics_max ON metrics(key_id, max_value, run_id) WHERE max_value IS NOT NULL""",
    """CREATE INDEX runs_newest ON runs(started_at, id, kind, archived_at, deleted_at, ended_at, status, experiment_id, name, user) WHERE deleted_at IS NULL""",
)
