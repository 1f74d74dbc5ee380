"""Pipeline runs, their stages, the queue, and triggers. Imported from ``records``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


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
class Firing:
    """One time that a trigger fired, and what came of it.

    Attributes:
        id: Its number.
        trigger: The trigger.
        at: When, Unix seconds.
        reason: Why, in words.
        alert_id: The alert that it answers, None for a schedule or a change.
        run_ids: The pipeline runs that it started, or that wait for their turn.
        stage: The stage that a candidate is proposed for; '' for none.
        state: 'started', then 'failed' (no run finished), 'ended' (nothing was to be proposed), 'made' (they made a
            version, which was not to be), 'empty' (they made none), 'refused' (by a gate) or 'asked' (a person is to
            approve).
        note: What is to be said about that, in one sentence.
        settled_at: When that was known.
        versions: The versions (model, number) that the runs made.
    """

    id: int
    trigger: str
    at: float
    reason: str
    alert_id: int | None
    run_ids: tuple[str, ...]
    stage: str
    state: str
    note: str = ""
    settled_at: float | None = None
    versions: tuple[tuple[str, int], ...] = ()
