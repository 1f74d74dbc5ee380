"""``run --json``: what happens in a pipeline run, one JSON object a line.

Every object has ``event``, ``at`` (Unix seconds), ``run_id`` (the pipeline run); those about a stage have ``stage``:

=================  ====================================================================================================
``run_queued``     it waits for its turn: ``name``, ``priority``, ``place``, ``changes`` (params file -> key -> value)
``run_started``    ``name``, ``jobs``, ``stages``: a list of ``stage``, ``state``, ``reasons``, ``command``
``stage_started``  ``stage_run_id``, ``attempt``, ``command``, ``reasons``, ``log_path``
``stage_attempt``  an attempt has failed and another follows: ``stage_run_id``, ``attempt``, ``exit_code``,
                   ``duration_s``, ``error``
``stage_finished`` ``stage_run_id``, ``attempt``, ``exit_code``, ``duration_s``, ``error``, ``outputs``; so have
                   ``stage_failed`` and ``stage_stopped``
``stage_restored`` its outputs are those of an earlier run with the same inputs; otherwise as ``stage_finished``
``stage_cached``   it was up to date: ``reason``; so has ``stage_skipped``
``run_finished``   the run as ``status --json`` shows it: ``state``, ``duration_s``, ``stages`` …
=================  ====================================================================================================
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlops_store.records import PipelineRun, StageRun, StageState
from mlops_tui.cli import output, shapes

if TYPE_CHECKING:
    from mlops_store.records import QueuedRun, StageAttempt
    from mlops_store.store import Store

#: When, what, and the rest of the object.
_Event = tuple[float, str, Mapping[str, Any]]
#: The end of a stage may be written shortly after the start of the next: so long an event waits for earlier ones.
_HOLD_S = 0.25


class Events:
    """Prints what is new in a pipeline run each time it is looked at.

    Args:
        store: The store, which knows of attempts that were over between two looks.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._has_started = False
        self._has_ended = False
        self._begun: dict[str, int] = {}
        self._over: dict[str, int] = {}
        self._ended: set[str] = set()
        self._pending: list[_Event] = []

    def look(self, run: PipelineRun) -> None:
        """Prints what has happened since the last look, the oldest first."""
        if not self._has_started:
            self._has_started = True
            write_start(run)
        found = [event for stage in run.stages if stage.stage not in self._ended for event in self._of(run, stage)]
        self._pending = sorted([*self._pending, *found], key=lambda event: event[0])
        until = time.time() - _HOLD_S if run.state.is_live else math.inf
        while self._pending and self._pending[0][0] <= until:
            at, kind, content = self._pending.pop(0)
            _write(run, kind, at, content)
        if not run.state.is_live and not self._has_ended:
            self._has_ended = True
            now = time.time()
            _write(run, "run_finished", run.ended_at or now, shapes.pipeline_run(run, now))

    def _of(self, run: PipelineRun, stage: StageRun) -> Iterator[_Event]:
        name = stage.stage
        over = self._over.get(name, 0)
        if stage.attempt - (stage.retry_at is None) > over:  # attempts have failed since
            from mlops_store import pipelines

            for one in pipelines.attempts(self._store.read(), run.run_id, name)[over:]:
                yield from self._start(stage, one.attempt, one.run_id, one.started_at)
                yield one.ended_at, "stage_attempt", _failed_attempt(name, one)
                self._over[name] = one.attempt
        if stage.started_at is not None and stage.retry_at is None:
            yield from self._start(stage, stage.attempt, stage.run_id, stage.started_at)
        if stage.state.is_final:
            self._ended.add(name)
            how = "finished" if stage.state is StageState.DONE else str(stage.state)
            yield stage.ended_at or time.time(), f"stage_{how}", _end(stage)

    def _start(self, stage: StageRun, attempt: int, run_id: str | None, at: float | None) -> Iterator[_Event]:
        if attempt > self._begun.get(stage.stage, 0):
            self._begun[stage.stage] = attempt
            content = {
                "stage": stage.stage,
                "stage_run_id": run_id,
                "attempt": attempt,
                "command": stage.command,
                "reasons": stage.reasons,
                "log_path": stage.log_path,
            }
            yield at or 0.0, "stage_started", content


def write_start(run: PipelineRun) -> None:
    """Prints that a run has started."""
    _write(run, "run_started", run.started_at, _beginning(run))


def write_queued(entry: QueuedRun, place: int) -> None:
    """Prints that a run is waiting, and as which in the queue; the first place is 1."""
    output.write_json_line(
        {
            "event": "run_queued",
            "at": entry.queued_at,
            "run_id": entry.run_id,
            "name": entry.name,
            "priority": entry.priority,
            "place": place,
            "changes": entry.request["changes"],
        }
    )


def _write(run: PipelineRun, kind: str, at: float, content: Mapping[str, Any]) -> None:
    output.write_json_line({"event": kind, "at": at, "run_id": run.run_id, **content})


def _beginning(run: PipelineRun) -> dict[str, Any]:
    stages = [
        # what is not up to date is to run, even if it does already
        {
            "stage": stage.stage,
            "state": "cached" if stage.state is StageState.CACHED else "waiting",
            "reasons": stage.reasons,
            "command": stage.command,
        }
        for stage in run.stages
    ]
    return {"name": run.name, "jobs": run.jobs, "stages": stages}


def _failed_attempt(stage: str, one: StageAttempt) -> dict[str, Any]:
    return {
        "stage": stage,
        "stage_run_id": one.run_id,
        "attempt": one.attempt,
        "exit_code": one.exit_code,
        "duration_s": round(max(0.0, one.ended_at - (one.started_at or one.ended_at)), 3),
        "error": one.error,
    }


def _end(stage: StageRun) -> dict[str, Any]:
    if stage.state in (StageState.CACHED, StageState.SKIPPED):
        return {"stage": stage.stage, "reason": stage.error}
    duration_s = stage.duration_s(stage.ended_at or time.time())
    return {
        "stage": stage.stage,
        "stage_run_id": stage.run_id,
        "attempt": stage.attempt,
        "exit_code": stage.exit_code,
        "duration_s": None if duration_s is None else round(duration_s, 3),
        "error": stage.error,
        "outputs": stage.outputs,
    }
