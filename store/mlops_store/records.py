"""The frozen records that the store's functions return and every other layer shows.

Times named ``…_at`` are Unix seconds (UTC), lengths ``…_s`` seconds, sizes ``…_bytes`` bytes. Nothing here
touches SQLite. Metric values may be NaN or infinite.

Each kind stands in a module of its own, which is loaded when one of its records is first imported from here: making all
of these classes takes longer than many a command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_store.data_records import Dataset, DatasetUse, DataSummary, DataUse, DataVersion
    from mlops_store.drift_records import (
        COLUMN_STATES,
        Alert,
        ColumnReport,
        Delivery,
        Measure,
        MonitorReport,
        Severity,
    )
    from mlops_store.event_records import Event
    from mlops_store.incident_records import Incident, IncidentEntry, IncidentState
    from mlops_store.model_records import (
        AuditEntry,
        ModelSummary,
        ModelVersion,
        Profile,
        RegisteredModel,
        StageChange,
        StageHolders,
    )
    from mlops_store.pipeline_records import (
        Firing,
        PipelineRun,
        PipelineState,
        QueuedRun,
        StageAttempt,
        StageRun,
        StageState,
        TriggerState,
    )
    from mlops_store.run_records import (
        Artifact,
        Experiment,
        LoggedModel,
        MetricPoint,
        MetricSummary,
        Note,
        Run,
        RunDetail,
        RunKind,
        RunStatus,
    )
    from mlops_store.traffic_records import (
        Period,
        Router,
        ShadowCount,
        Split,
        Tally,
        TrafficCount,
        WaitingAnswer,
    )

_KINDS = {
    "data_records": (
        "Dataset",
        "DatasetUse",
        "DataVersion",
        "DataSummary",
        "DataUse",
    ),
    "drift_records": (
        "COLUMN_STATES",
        "ColumnReport",
        "Measure",
        "MonitorReport",
        "Severity",
        "Alert",
        "Delivery",
    ),
    "event_records": ("Event",),
    "incident_records": (
        "IncidentState",
        "Incident",
        "IncidentEntry",
    ),
    "model_records": (
        "ModelSummary",
        "ModelVersion",
        "RegisteredModel",
        "StageChange",
        "StageHolders",
        "AuditEntry",
        "Profile",
    ),
    "pipeline_records": (
        "PipelineState",
        "StageState",
        "StageRun",
        "StageAttempt",
        "QueuedRun",
        "PipelineRun",
        "TriggerState",
        "Firing",
    ),
    "run_records": (
        "RunStatus",
        "RunKind",
        "Experiment",
        "MetricSummary",
        "MetricPoint",
        "Run",
        "Note",
        "Artifact",
        "LoggedModel",
        "RunDetail",
    ),
    "traffic_records": ("Split", "TrafficCount", "Tally", "Period", "Router", "ShadowCount", "WaitingAnswer"),
}
_HOMES = {name: module for module, names in _KINDS.items() for name in names}

__all__ = [
    "COLUMN_STATES",
    "Alert",
    "Artifact",
    "AuditEntry",
    "ColumnReport",
    "DataSummary",
    "DataUse",
    "DataVersion",
    "Dataset",
    "DatasetUse",
    "Delivery",
    "Event",
    "Experiment",
    "Firing",
    "Incident",
    "IncidentEntry",
    "IncidentState",
    "LoggedModel",
    "Measure",
    "MetricPoint",
    "MetricSummary",
    "ModelSummary",
    "ModelVersion",
    "MonitorReport",
    "Note",
    "Period",
    "PipelineRun",
    "PipelineState",
    "Profile",
    "QueuedRun",
    "RegisteredModel",
    "Router",
    "Run",
    "RunDetail",
    "RunKind",
    "RunStatus",
    "Severity",
    "ShadowCount",
    "Split",
    "StageAttempt",
    "StageChange",
    "StageHolders",
    "StageRun",
    "StageState",
    "Tally",
    "TrafficCount",
    "TriggerState",
    "WaitingAnswer",
]


def __getattr__(name: str) -> Any:
    module = _HOMES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    record = getattr(import_module(f"mlops_store.{module}"), name)
    globals()[name] = record
    return record
