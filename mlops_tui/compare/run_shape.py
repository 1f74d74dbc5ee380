"""A run as JSON shows it, in lists and in comparisons."""

from __future__ import annotations

from typing import Any

from mlops_store.records import Run


def run(record: Run, now: float) -> dict[str, Any]:
    """A run as ``runs list`` prints it; ``duration_s`` counts until ``now`` while the run is live."""
    return {
        "run_id": record.run_id,
        "name": record.name,
        "experiment": record.experiment,
        "status": record.status,
        "kind": record.kind,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "duration_s": round(record.duration_s(now), 3),
        "params": record.params,
        "metrics": record.metrics,
        "tags": record.tags,
        "parent_run_id": record.parent_run_id,
        "user": record.user,
        "host": record.host,
        "source": record.source,
        "git_commit": record.git_commit,
        "git_dirty": record.git_dirty,
        "exit_code": record.exit_code,
        "archived_at": record.archived_at,
        "deleted_at": record.deleted_at,
    }
