"""Checks of batches, and alerts. Imported from ``records``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

#: What can be said of a column of a window; what was not compared is 'unchecked' unless a finding says more.
COLUMN_STATES = ("steady", "slight", "drifted", "missing", "empty", "retyped", "extra", "unpredicted", "unchecked")
#: Findings that are states of their own.
_FINDINGS = COLUMN_STATES[3:8]


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

    @property
    def state(self) -> str:
        """One of ``COLUMN_STATES``: 'drifted' is sure and large, 'slight' beyond the threshold but no alarm."""
        if self.score is None:
            finding = self.detail.get("finding")
            kind = finding.get("kind") if isinstance(finding, Mapping) else ""
            return kind if kind in _FINDINGS else "unchecked"
        if not self.is_drifted:
            return "steady"
        return "drifted" if self.detail.get("notable", True) else "slight"


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of one window other than a column's drift: its quality, performance, an estimate of that, and so on.

    Attributes:
        family: Which kind of check made it: 'quality', 'performance', 'estimate', 'multivariate', 'attribution', ….
        name: What was measured: 'row_count', 'missing_share', 'roc_auc', ….
        subject: The column or the slice that it is about; '' for the whole window.
        value: The figure; None where it could not be computed, then ``detail["why"]`` says why.
        low: Lower end of its 95 % interval, where there is one.
        high: Upper end.
        reference: The same figure of the reference.
        threshold: From where on it counts as a breach.
        is_breach: Whether it is beyond the threshold.
        count: How many rows it was computed from.
        detail: What else belongs to it, as JSON.
        at: When it was computed: labels arrive later than the rows.
    """

    family: str
    name: str
    subject: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    reference: float | None = None
    threshold: float | None = None
    is_breach: bool = False
    count: int = 0
    detail: Mapping[str, Any] = field(default_factory=dict)
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class MonitorReport:
    """The check of one batch by one monitor. A batch is a window of rows: a file, so many rows, or a span of time.

    ``status`` is 'error' when the batch could not be checked, 'drift' when the check raised a warning or a critical
    alert, else 'ok'. The counts and the share are over the checked features, as their methods and thresholds say.
    ``notes`` say what had to be guessed or left out, one sentence each. ``window_start`` and ``window_end`` are the
    span of time that the rows are from, as Unix seconds, where that is known; the end does not belong to it.
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
    measures: tuple[Measure, ...] = ()
    window_start: float | None = None
    window_end: float | None = None


class Severity(StrEnum):
    """How urgent an alert is; the least first."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the least, one more for each that is more urgent."""
        return tuple(Severity).index(self)

    @property
    def and_above(self) -> tuple[Severity, ...]:
        """This one and all that are more urgent."""
        return tuple(Severity)[self.rank :]


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that a check of one window found worth a look. It belongs to an incident, which has a state.

    Attributes:
        id: Its number.
        report_id: The report that raised it.
        monitor: Whose report that is.
        batch: The window.
        kind: 'data_drift', 'prediction_drift', 'schema', 'quality', 'unreadable', or the family of a measure.
        severity: How urgent.
        title: One line for people.
        opened_at: When it was raised.
        subject: What it speaks of where that is one thing: a column, a slice, a measure.
        columns: The columns that it speaks of.
        incident_id: The incident; None of an alert that no incident took up.
        change: What it did to the incident: 'opened', 'reopened', 'worsened', 'pending', 'muted'; '' where that only
            went on.
        state: Of the incident: 'open', 'acknowledged' ….
        acknowledged_at: When somebody saw the incident.
        acknowledged_by: Who.
        resolved_at: When the incident was over.
    """

    id: int
    report_id: int
    monitor: str
    batch: str
    kind: str
    severity: Severity
    title: str
    opened_at: float
    subject: str = ""
    columns: tuple[str, ...] = ()
    incident_id: int | None = None
    change: str = ""
    state: str = ""
    acknowledged_at: float | None = None
    acknowledged_by: str = ""
    resolved_at: float | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a monitor tells by one of its ways about one report.

    ``channel`` is 'command', 'webhook', or 'notify' with the number of a URL. ``state`` is 'sending', 'sent', 'failed'
    (it is tried again at ``next_at``) or 'given up'.
    """

    id: int
    monitor: str
    channel: str
    report_id: int
    alert_ids: tuple[int, ...]
    state: str
    attempts: int
    error: str
    at: float
    next_at: float | None = None
