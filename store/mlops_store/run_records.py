"""Runs and what belongs to them: metrics, notes, artifacts, logged models. Imported from ``records``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mlops_store.data_records import DatasetUse


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


#: By the words that are stored.
STATUS_OF: Mapping[str, RunStatus] = {status.value: status for status in RunStatus}
KIND_OF: Mapping[str, RunKind] = {kind.value: kind for kind in RunKind}


@dataclass(frozen=True, slots=True)
class Experiment:
    """A named group of runs.

    ``artifact_location`` is where clients of the tracking server put artifacts, "" where that follows from ``number``.
    """

    number: int
    name: str
    created_at: float
    description: str = ""
    artifact_location: str = ""
    updated_at: float | None = None
    deleted_at: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


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


class MetricPoint(NamedTuple):
    """One logged value; a tuple, because there may be millions."""

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
class LoggedModel:
    """A logged model whose files are all there.

    ``run_id`` is "" where no run logged it. Its files are the run's artifacts under ``name/``, unless ``location``
    says that it has files of its own. ``environment`` holds ``packages`` (name -> version), ``python_version`` and
    ``platform``, where they were told.
    """

    model_id: str
    run_id: str
    name: str
    flavor: str
    digest: str
    size_bytes: int
    created_at: float
    signature: Mapping[str, Any] = field(default_factory=dict)
    profile_id: int | None = None
    environment: Mapping[str, Any] = field(default_factory=dict)
    location: str = ""


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
    hardware: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    summaries: tuple[MetricSummary, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    datasets: tuple[DatasetUse, ...] = ()
    models: tuple[LoggedModel, ...] = ()
    notes: tuple[Note, ...] = ()
    child_run_ids: tuple[str, ...] = ()
