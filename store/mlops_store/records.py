"""The frozen records that the store's functions return and every other layer shows.

Times named ``…_at`` are Unix seconds (UTC), lengths ``…_s`` seconds, sizes ``…_bytes`` bytes. Nothing here
touches SQLite. Metric values may be NaN or infinite.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class RunStatus(StrEnum):
    """The state of a run, in MLflow's words."""

    SCHEDULED = "SCHEDULED"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"

    @property
    def is_live(self) -> bool:
        """Whether the run can still change by itself."""
        return self in (RunStatus.SCHEDULED, RunStatus.RUNNING)


class RunKind(StrEnum):
    """What started a run: a script, a whole pipeline, or one stage of a pipeline."""

    RUN = "run"
    PIPELINE = "pipeline"
    STAGE = "stage"


@dataclass(frozen=True, slots=True)
class Experiment:
    """A named group of runs."""

    name: str
    created_at: float
    description: str = ""
    run_count: int = 0


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """What is kept of a metric at write time; NaN values count but are in neither min, max nor mean.

    ``last`` is the value with the highest step, then timestamp, then value (MLflow's rule).
    """

    key: str
    last: float
    last_step: int
    last_at: float
    count: int
    nan_count: int
    min: float
    max: float
    mean: float


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One logged value."""

    step: int
    timestamp: float
    value: float


@dataclass(frozen=True, slots=True)
class Run:
    """A run as lists show it: attributes, params, tags and the last value of each metric."""

    run_id: str
    name: str
    experiment: str
    kind: RunKind
    status: RunStatus
    started_at: float
    ended_at: float | None = None
    parent_run_id: str | None = None
    user: str = ""
    host: str = ""
    source: str = ""
    git_commit: str = ""
    git_dirty: bool = False
    exit_code: int | None = None
    archived_at: float | None = None
    deleted_at: float | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    def duration_s(self, now: float) -> float:
        """Seconds from start to end, or to ``now`` while the run is live."""
        return max(0.0, (self.ended_at if self.ended_at is not None else now) - self.started_at)


@dataclass(frozen=True, slots=True)
class Note:
    """A remark by a person on a run, a model version or an alert."""

    id: int
    subject: str
    body: str
    author: str
    created_at: float


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file logged by a run; its bytes are the object named by ``digest`` (SHA-256, hexadecimal)."""

    path: str
    digest: str
    size_bytes: int
    logged_at: float


@dataclass(frozen=True, slots=True)
class Dataset:
    """A version of some data: a name and the hash of its content."""

    name: str
    digest: str
    path: str = ""
    size_bytes: int | None = None
    files: int | None = None
    row_count: int | None = None
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class DatasetUse:
    """A data set that a run read (``context`` 'input', 'training', …) or wrote ('output')."""

    dataset: Dataset
    context: str


@dataclass(frozen=True, slots=True)
class DataVersion:
    """One content that some data had, over all runs that used it.

    Attributes:
        path: What it is a version of: a path from the project's root, or the name of data that has none.
        digest: Of the content; two versions of a path never share one.
        first_at: When a run first used it.
        since_at: Since when it has been the newest version, for the last time that it was.
        used_at: When a run last used it.
        read_count: Runs that read it.
        written_count: Runs that wrote it.
    """

    path: str
    digest: str
    size_bytes: int | None = None
    files: int | None = None
    row_count: int | None = None
    first_at: float = 0.0
    since_at: float = 0.0
    used_at: float = 0.0
    read_count: int = 0
    written_count: int = 0


@dataclass(frozen=True, slots=True)
class DataSummary:
    """Some data with its newest version, and the last run that used that (a stage's before a pipeline's)."""

    path: str
    version_count: int
    digest: str
    size_bytes: int | None
    files: int | None
    since_at: float
    used_at: float
    run_id: str = ""
    run_name: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class DataUse:
    """A run that used a version; ``contexts`` says how ('input', 'output', 'training' …)."""

    run_id: str
    run_name: str
    kind: RunKind
    status: RunStatus
    started_at: float
    user: str
    contexts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """A model that a run logged; its files are the run's artifacts under ``name/``."""

    model_id: str
    run_id: str
    name: str
    flavor: str
    digest: str
    size_bytes: int
    created_at: float
    signature: Mapping[str, Any] = field(default_factory=dict)
    profile_id: int | None = None


@dataclass(frozen=True, slots=True)
class RunDetail:
    """Everything about one run but the metric histories."""

    run: Run
    command: tuple[str, ...] = ()
    cwd: str = ""
    pid: int | None = None
    python_version: str = ""
    git_branch: str = ""
    git_remote: str = ""
    git_diff: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    summaries: tuple[MetricSummary, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    datasets: tuple[DatasetUse, ...] = ()
    models: tuple[LoggedModel, ...] = ()
    notes: tuple[Note, ...] = ()
    child_run_ids: tuple[str, ...] = ()


class PipelineState(StrEnum):
    """The state of a pipeline run."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def is_live(self) -> bool:
        """Whether a supervisor is still expected to move it."""
        return self in (PipelineState.QUEUED, PipelineState.RUNNING)


class StageState(StrEnum):
    """The state of a stage within a pipeline run."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CACHED = "cached"
    RESTORED = "restored"
    SKIPPED = "skipped"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def is_final(self) -> bool:
        """Whether the stage will not change any more in this pipeline run."""
        return self not in (StageState.WAITING, StageState.RUNNING)

    @property
    def is_good(self) -> bool:
        """Whether the stage's outputs are there and up to date."""
        return self in (StageState.DONE, StageState.CACHED, StageState.RESTORED)


@dataclass(frozen=True, slots=True)
class StageRun:
    """One stage within one pipeline run.

    ``reasons`` says why it was stale, one sentence each. ``inputs`` and ``outputs`` are lists of
    ``{"path", "md5", "size_bytes"}``; ``log_path`` is absolute. ``attempt`` counts from 1, 0 before the first;
    ``retry_at`` is when a stage that has failed may start again. ``holding`` is its share of the machine:
    ``{"cpus", "memory_bytes", "gpus", "mutexes"}``, None when it has none.
    """

    stage: str
    position: int
    state: StageState
    run_id: str | None = None
    reasons: tuple[str, ...] = ()
    command: str = ""
    attempt: int = 0
    pid: int | None = None
    exit_code: int | None = None
    started_at: float | None = None
    ended_at: float | None = None
    log_path: str = ""
    inputs: tuple[Mapping[str, Any], ...] = ()
    outputs: tuple[Mapping[str, Any], ...] = ()
    error: str = ""
    retry_at: float | None = None
    holding: Mapping[str, Any] | None = None

    def duration_s(self, now: float) -> float | None:
        """Seconds it ran, or has been running until ``now``; None before its start."""
        if self.started_at is None:
            return None
        return max(0.0, (self.ended_at if self.ended_at is not None else now) - self.started_at)


@dataclass(frozen=True, slots=True)
class StageAttempt:
    """An attempt of a stage that has failed and was followed by another; ``run_id`` is its own run."""

    attempt: int
    run_id: str | None
    exit_code: int | None
    started_at: float | None
    ended_at: float
    error: str


@dataclass(frozen=True, slots=True)
class QueuedRun:
    """A pipeline run that waits for its turn: the highest ``priority`` first, then the oldest.

    ``run_id`` is the id that it will have. ``request`` is what was asked for, as JSON can hold it.
    """

    run_id: str
    name: str
    priority: int
    queued_at: float
    queued_by: str
    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """One run of the pipeline with its stages in order.

    ``supervisor_ticks`` is when the supervisor started, in clock ticks since the boot ``boot_id``.
    """

    run_id: str
    name: str
    state: PipelineState
    jobs: int
    started_at: float
    ended_at: float | None = None
    host: str = ""
    supervisor_pid: int | None = None
    supervisor_ticks: int | None = None
    boot_id: str = ""
    stop_requested_at: float | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    stages: tuple[StageRun, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a registered model.

    ``lineage`` holds ``run_id``, ``git_commit``, ``git_dirty``, ``metrics``, ``params``, ``datasets`` as they were
    when the version was made.
    """

    model: str
    version: int
    stage: str
    source: str
    flavor: str
    digest: str
    size_bytes: int
    created_at: float
    created_by: str = ""
    run_id: str | None = None
    logged_model_id: str | None = None
    description: str = ""
    aliases: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    lineage: Mapping[str, Any] = field(default_factory=dict)
    profile_id: int | None = None


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A registered model with all its versions, newest first."""

    name: str
    description: str
    created_at: float
    updated_at: float
    versions: tuple[ModelVersion, ...] = ()
    aliases: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StageChange:
    """A move of a version from one registry stage to another."""

    id: int
    model: str
    version: int
    kind: str
    from_stage: str
    to_stage: str
    at: float
    actor: str
    reason: str
    audit_id: int
    cause_id: int | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of the append-only, hash-chained audit log."""

    id: int
    at: float
    actor: str
    host: str
    origin: str
    action: str
    subject: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    reason: str
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A reference profile: per-column summaries, and the digest of the kept sample (a Parquet object)."""

    id: int
    digest: str
    name: str
    row_count: int
    summary: Mapping[str, Any]
    sample_digest: str | None
    created_at: float


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


@dataclass(frozen=True, slots=True)
class TriggerState:
    """What a trigger of ``mlops.toml`` has fired for.

    Attributes:
        name: The trigger.
        definition: When it fires, as it was configured when it was last looked at; '' while it is switched off.
        since: Moments of its schedule count from here on, Unix seconds.
        alert_id: The newest alert that it has answered, 0 for none.
        digest: Of the files that it looks at, as they were when it last fired.
        fired_at: When it last fired.
        run_id: The pipeline run that it started then.
        reason: Why it fired then.
        waits_for: Why it could not start a run although it was due.
    """

    name: str
    definition: str
    since: float
    alert_id: int = 0
    digest: str = ""
    fired_at: float | None = None
    run_id: str = ""
    reason: str = ""
    waits_for: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for the event list: never changed afterwards."""

    id: int
    at: float
    kind: str
    subject: str
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)
