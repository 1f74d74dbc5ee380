"""The JSON objects of ``--json``. Keys are added in later versions, never renamed or removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_store.records import (
    Alert,
    DataUse,
    Incident,
    IncidentEntry,
    ModelVersion,
    MonitorReport,
    PipelineRun,
    RegisteredModel,
    RunDetail,
    StageRun,
)
from mlops_tui.compare import run_shape
from mlops_tui.registry.formats import kinds

if TYPE_CHECKING:
    from mlops_tui.data.catalogue import Item
    from mlops_tui.data.diff import Difference
    from mlops_tui.data.restore import Plan
    from mlops_tui.data.versions import History, Version
    from mlops_tui.pipeline.reasons import Change
    from mlops_tui.registry.version_details import VersionDetails


def run_detail(detail: RunDetail, now: float) -> dict[str, Any]:
    """Everything about a run but its metric histories; ``metric_summaries`` holds last, min, max and mean."""
    return {
        **run_shape.run(detail.run, now),
        "command": detail.command,
        "cwd": detail.cwd,
        "pid": detail.pid,
        "python_version": detail.python_version,
        "git_branch": detail.git_branch,
        "git_remote": detail.git_remote,
        "git_diff": detail.git_diff,
        "packages": detail.packages,
        "hardware": detail.hardware,
        "error": detail.error,
        "metric_summaries": {
            summary.key: {
                "last": summary.last,
                "last_step": summary.last_step,
                "last_at": summary.last_at,
                "count": summary.count,
                "nan_count": summary.nan_count,
                "min": summary.min,
                "max": summary.max,
                "mean": summary.mean,
            }
            for summary in detail.summaries
        },
        "artifacts": detail.artifacts,
        "datasets": [{"context": use.context, "dataset": use.dataset} for use in detail.datasets],
        "models": detail.models,
        "notes": detail.notes,
        "child_run_ids": detail.child_run_ids,
    }


def model(record: RegisteredModel, signed: Mapping[tuple[str, int], str]) -> dict[str, Any]:
    """A registered model with its versions, newest first; ``stages`` maps a stage to the versions in it.

    Args:
        record: The model.
        signed: (Model, version) -> the fingerprint of the key that signed it last.
    """
    stages: dict[str, list[int]] = {}
    for version in record.versions:
        stages.setdefault(version.stage, []).append(version.version)
    return {
        "name": record.name,
        "description": record.description,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "stages": stages,
        "aliases": record.aliases,
        "tags": record.tags,
        "versions": [model_version(one, signed.get((one.model, one.version))) for one in record.versions],
    }


def model_version(record: ModelVersion, signed_with: str | None) -> dict[str, Any]:
    """A version of a registered model.

    ``signed_with`` is the key's fingerprint, and nothing was verified; ``runs`` is 'pickle' or 'source' where loading
    it runs what the model brings along.
    """
    return {
        "model": record.model,
        "version": record.version,
        "stage": record.stage,
        "aliases": record.aliases,
        "run_id": record.run_id,
        "logged_model_id": record.logged_model_id,
        "source": record.source,
        "parent": record.parent,
        "flavor": record.flavor,
        "runs": kinds.runs(record.flavor) or None,
        "digest": record.digest,
        "size_bytes": record.size_bytes,
        "created_at": record.created_at,
        "created_by": record.created_by,
        "description": record.description,
        "tags": record.tags,
        "lineage": record.lineage,
        "profile_id": record.profile_id,
        "signed_with": signed_with,
    }


def version_details(details: VersionDetails, signed_with: str | None) -> dict[str, Any]:
    """A version with what gates and people said of it, its files, notes, and all that was done to it."""
    holder = details.holder
    return {
        **model_version(details.version, signed_with),
        "run_status": details.run_status,
        "compared": {
            "holder": holder.version if holder else None,
            "stage": holder.stage if holder else None,
            "metrics": [
                {"key": key, "value": ours, "holder": theirs, "verdict": details.verdicts.get(key, "")}
                for key, (ours, theirs) in details.metrics.items()
            ],
        },
        "gates": [
            {
                "stage": one.stage,
                "gate": one.gate,
                "kind": one.kind,
                **(
                    {"state": one.verdict.state, "message": one.verdict.message, "at": one.verdict.at}
                    if one.verdict
                    else {"state": "unchecked", "message": "", "at": None}
                ),
            }
            for one in details.gates
        ],
        "approvals": [
            {
                "stage": one.stage,
                "state": one.state,
                "message": one.message,
                "requested_by": one.requested_by,
                "approved_by": one.approved_by,
                "needed": one.needed,
            }
            for one in details.rounds
        ],
        "files": details.files,
        "notes": details.notes,
        "history": details.acts,
    }


def alert(record: Alert) -> dict[str, Any]:
    """An alert as ``drift list`` prints it."""
    return {
        "alert_id": record.id,
        "report_id": record.report_id,
        "monitor": record.monitor,
        "batch": record.batch,
        "kind": record.kind,
        "subject": record.subject,
        "columns": record.columns,
        "incident_id": record.incident_id,
        "change": record.change,
        "severity": record.severity,
        "state": record.state,
        "title": record.title,
        "opened_at": record.opened_at,
        "acknowledged_at": record.acknowledged_at,
        "acknowledged_by": record.acknowledged_by,
        "resolved_at": record.resolved_at,
    }


def incident(record: Incident) -> dict[str, Any]:
    """An incident as ``drift incidents`` prints it."""
    return {
        "incident_id": record.id,
        "monitor": record.monitor,
        "state": record.state,
        "severity": record.severity,
        "title": record.title,
        "kinds": record.kinds,
        "columns": record.columns,
        "score": record.score,
        "factors": record.factors,
        "opened_at": record.opened_at,
        "updated_at": record.updated_at,
        "first_batch": record.first_batch,
        "last_batch": record.last_batch,
        "last_report_id": record.last_report_id,
        "windows": record.windows,
        "is_flapping": record.is_flapping,
        "snoozed_until": record.snoozed_until,
        "muted_by": record.muted_by,
        "assignee": record.assignee,
        "acknowledged_at": record.acknowledged_at,
        "acknowledged_by": record.acknowledged_by,
        "resolved_at": record.resolved_at,
        "resolved_by": record.resolved_by,
    }


def incident_entry(record: IncidentEntry) -> dict[str, Any]:
    """A line of an incident's history."""
    return {
        "at": record.at,
        "kind": record.kind,
        "actor": record.actor,
        "message": record.message,
        "report_id": record.report_id,
    }


def report(record: MonitorReport, *, with_columns: bool = False) -> dict[str, Any]:
    """A monitor's report; with the check of each column and what was measured of the whole where asked for."""
    shape: dict[str, Any] = {
        "report_id": record.id,
        "monitor": record.monitor,
        "batch": record.batch,
        "path": record.path,
        "digest": record.digest,
        "status": record.status,
        "checked_at": record.checked_at,
        "duration_s": record.duration_s,
        "window_start": record.window_start,
        "window_end": record.window_end,
        "row_count": record.row_count,
        "model": record.model,
        "version": record.version,
        "checked_columns": record.checked_columns,
        "drifted_columns": record.drifted_columns,
        "drift_share": record.drift_share,
        "is_dataset_drift": record.is_dataset_drift,
        "error": record.error,
    }
    if with_columns:
        shape["columns"] = record.columns
        shape["measures"] = record.measures
    return shape


def pipeline_run(record: PipelineRun, now: float) -> dict[str, Any]:
    """A pipeline run with its stages in order."""
    end = record.ended_at if record.ended_at is not None else now
    return {
        "run_id": record.run_id,
        "name": record.name,
        "state": record.state,
        "jobs": record.jobs,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "duration_s": round(max(0.0, end - record.started_at), 3),
        "host": record.host,
        "supervisor_pid": record.supervisor_pid,
        "stages": [stage_run(stage, now) for stage in record.stages],
    }


def change(record: Change) -> dict[str, Any]:
    """One thing that makes a stage stale; what JSON has no word for (a date among params) as its text."""
    return {
        "kind": record.kind,
        "path": record.path,
        "key": record.key,
        "how": record.how,
        "old": _param(record.old),
        "new": _param(record.new),
        "old_size_bytes": record.old_size,
        "new_size_bytes": record.new_size,
    }


def _param(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _param(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_param(item) for item in value]
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def stage_run(record: StageRun, now: float) -> dict[str, Any]:
    """A stage within a pipeline run."""
    duration_s = record.duration_s(now)
    return {
        "stage": record.stage,
        "state": record.state,
        "run_id": record.run_id,
        "reasons": record.reasons,
        "command": record.command,
        "attempt": record.attempt,
        "retry_at": record.retry_at,
        "holding": record.holding,
        "exit_code": record.exit_code,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "duration_s": None if duration_s is None else round(duration_s, 3),
        "log_path": record.log_path,
        "inputs": record.inputs,
        "outputs": record.outputs,
        "error": record.error,
    }


def data_item(record: Item) -> dict[str, Any]:
    """A tracked path; ``versions`` is how many are known, ``run_id`` the last run that used the newest one."""
    summary = record.summary
    return {
        "path": record.path,
        "role": record.role,
        "state": record.state,
        "digest": record.digest or None,
        "locked": record.locked or None,
        "size_bytes": record.size_bytes,
        "files": record.files,
        "is_cached": record.is_cached,
        "versions": record.version_count,
        "since_at": summary.since_at if summary else None,
        "used_at": summary.used_at if summary else None,
        "run_id": summary.run_id or None if summary else None,
        "run_name": summary.run_name or None if summary else None,
        "user": summary.user or None if summary else None,
        "written_by": record.written_by,
        "read_by": record.read_by,
    }


def data_history(item: Item, history: History) -> dict[str, Any]:
    """A tracked path with its versions, the newest first, and what keeping them by content saves."""
    saving = history.saving
    return {
        **data_item(item),
        "versions": [data_version(version) for version in history.versions],
        "saving": {
            "versions": saving.version_count,
            "logical_bytes": saving.logical_bytes,
            "stored_bytes": saving.stored_bytes,
            "saved_bytes": saving.saved_bytes,
            "absent_versions": saving.absent_count,
        },
    }


def data_version(version: Version) -> dict[str, Any]:
    """A version; ``where`` its bytes are is 'cache', 'work tree', 'git' or null for nowhere."""
    record = version.record
    return {
        "digest": record.digest,
        "size_bytes": record.size_bytes,
        "files": record.files,
        "row_count": record.row_count,
        "first_at": record.first_at or None,
        "since_at": record.since_at or None,
        "used_at": record.used_at or None,
        "read_by_runs": record.read_count,
        "written_by_runs": record.written_count,
        "is_current": version.is_current,
        "is_locked": version.is_locked,
        "where": version.where or None,
        "git_commit": version.commit or None,
    }


def data_use(record: DataUse) -> dict[str, Any]:
    """A run that used a version; ``contexts`` says how ('input', 'output', 'training' …)."""
    return {
        "run_id": record.run_id,
        "name": record.run_name,
        "kind": record.kind,
        "status": record.status,
        "started_at": record.started_at,
        "user": record.user,
        "contexts": record.contexts,
    }


def data_difference(record: Difference) -> dict[str, Any]:
    """How two versions differ. ``kind`` says which of ``files``, ``columns`` and ``lines`` has something in it.

    Of a column, ``before`` and ``after`` hold type, count, missing, distinct, mean, sd, min, max, quantiles and top;
    null where that version has no such column.
    """
    return {
        "path": record.path,
        "kind": record.kind,
        "before": record.before,
        "after": record.after,
        "files": record.files,
        "columns": record.columns,
        "lines": record.lines,
        "notes": record.notes,
    }


def data_plan(record: Plan) -> dict[str, Any]:
    """What a restore changes; ``is_lost`` marks content that is not in the cache."""
    return {
        "path": record.path,
        "digest": record.digest,
        "before": record.before or None,
        "changes": record.changes,
        "same_files": record.same_count,
        "copied_bytes": record.copied_bytes,
    }
