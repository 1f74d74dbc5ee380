"""Checks of batches, and alerts. Imported from ``records``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """The check of one column of one batch.

    ``role`` is 'feature', 'prediction' or 'target'; ``kind`` 'numerical' or 'categorical'. ``score`` is a p-value or
    a distance as ``method`` defines it, None where nothing could be computed. ``effect`` is a size comparable
    between columns (0 means no change). ``detail`` holds ``reference`` and ``current`` summaries, both binned the
    same way: ``{"edges" | "labels", "counts", "missing", "mean", "std", "quantiles", …}``.
    """

    column: str
    role: str
    kind: str
    method: str | None
    score: float | None
    threshold: float | None
    is_drifted: bool
    effect: float | None
    reference_count: int
    current_count: int
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MonitorReport:
    """The check of one batch by one monitor.

    ``status`` is 'error' when the batch could not be checked, 'drift' when the check raised a warning or a critical
    alert, else 'ok'. The counts and the share are over the checked features, as their methods and thresholds say.
    ``notes`` say what had to be guessed or left out, one sentence each.
    """

    id: int
    monitor: str
    batch: str
    path: str
    digest: str
    status: str
    checked_at: float
    row_count: int | None = None
    model: str | None = None
    version: int | None = None
    checked_columns: int = 0
    drifted_columns: int = 0
    drift_share: float = 0.0
    is_dataset_drift: bool = False
    duration_s: float = 0.0
    error: str = ""
    notes: tuple[str, ...] = ()
    columns: tuple[ColumnReport, ...] = ()


class Severity(StrEnum):
    """How urgent an alert is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class AlertState(StrEnum):
    """Where an alert is in its life."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that a monitor wants a person to see.

    ``kind`` is 'data_drift', 'prediction_drift', 'schema', 'quality' or 'unreadable'.
    """

    id: int
    report_id: int
    monitor: str
    batch: str
    kind: str
    severity: Severity
    title: str
    state: AlertState
    opened_at: float
    acknowledged_at: float | None = None
    acknowledged_by: str = ""
    resolved_at: float | None = None
