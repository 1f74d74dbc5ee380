"""Follows a pipeline run on the screen: what its stages write, each line behind the stage's name, until it ends."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from mlops_store.records import PipelineRun, StageRun, StageState
from mlops_tui.cli.text import clean, clean_line, count, duration, width
from mlops_tui.pipeline import logs

if TYPE_CHECKING:
    from mlops_store.store import Store
    from mlops_tui.project import Project

_LOOK_EVERY_S = 0.05
#: Between two questions whether the run has ended, which cost microseconds.
_ASK_EVERY_S = 0.004
_RECOVER_EVERY_S = 2.0
#: A stage that writes without end must not keep the others from being shown.
_BYTES_A_LOOK = 1 << 18


class Follower:
    """Writes the progress of one pipeline run.

    Args:
        project: The project.
        store: Its store.
        run_id: The pipeline run.
        stream: Where to write; stdout by default.
        only: A stage, when the others are not wanted.
        last: With how many of the lines that are there already to begin; all by default.
        observe: Gets the run each time it is looked at.
    """

    def __init__(
        self,
        project: Project,
        store: Store,
        run_id: str,
        stream: TextIO | None = None,
        *,
        only: str | None = None,
        last: int | None = None,
        observe: Callable[[PipelineRun], None] = lambda run: None,
    ) -> None:
        self._observe = observe
        self._project = project
        self._store = store
        self._run_id = run_id
        self._stream = stream if stream is not None else sys.stdout
        self._only = only
        self._last = last
        self._is_coloured = self._stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        self._announced: set[str] = set()
        self._told: set[str] = set()
        self._version = -1
        self._logs: dict[str, logs.Follower] = {}
        self._has_told_full = False

    def follow(self, between: Callable[[], None] = lambda: None) -> PipelineRun:
        """Writes until the run has ended, and returns it.

        Args:
            between: Called between two looks, every twentieth of a second or so.
        """
        from mlops_store import pipelines
        from mlops_tui import pipeline

        recovered_at = time.monotonic()
        while True:
            run = pipelines.get(self._store.read(), self._run_id)
            is_busy = self._show(run)
            self._observe(run)
            between()
            if not run.state.is_live and not is_busy:
                return run
            if time.monotonic() - recovered_at > _RECOVER_EVERY_S:
                # a supervisor that was killed will never say that the run has ended
                pipeline.recover(self._project, self._store)
                self._tell_when_full()
                recovered_at = time.monotonic()
            if not is_busy:
                self._pause()

    def _pause(self) -> None:
        """Waits until the next look, or until the run has ended."""
        from mlops_store import pipelines

        until = time.monotonic() + _LOOK_EVERY_S
        while (left_s := until - time.monotonic()) > 0:
            time.sleep(min(left_s, _ASK_EVERY_S))
            if self._version != (version := self._store.data_version()):
                self._version = version
                if not pipelines.is_live(self._store.read(), self._run_id):
                    return

    def _tell_when_full(self) -> None:
        """Says once that the run waits for room on the disk."""
        if self._project.is_full and not self._has_told_full:
            self._has_told_full = True
            self._write("", "the disk is full: the run waits until there is room again")

    def _show(self, run: PipelineRun) -> bool:
        """Writes what is new; returns whether there may be more at once."""
        stages = [stage for stage in run.stages if self._only in (None, stage.stage)]
        columns = max((width(clean(stage.stage, 40)) for stage in stages), default=0)
        is_busy = False
        for stage in stages:
            if stage.stage in self._told or (stage.state is StageState.WAITING and not stage.attempt):
                continue
            label = clean(stage.stage, 40)
            label += " " * (columns - width(label))
            if stage.started_at is not None and stage.stage not in self._announced:
                self._announced.add(stage.stage)
                for line in stage.command.strip().splitlines():
                    self._write(label, f"$ {clean(line, 1000)}")
            is_busy = self._show_log(stage, label, is_ended=stage.state.is_final) or is_busy
            if stage.state.is_final and self._is_drained(stage):
                self._write(label, ending(stage))
                self._told.add(stage.stage)
                self._logs.pop(stage.stage, None)
        self._stream.flush()
        return is_busy

    def _show_log(self, stage: StageRun, label: str, *, is_ended: bool) -> bool:
        if not stage.log_path:
            return False
        if stage.stage not in self._logs:
            self._logs[stage.stage] = logs.Follower(stage.log_path, self._last)
        log = self._logs[stage.stage]
        lines = log.read(limit_bytes=_BYTES_A_LOOK, is_ended=is_ended)
        for line in lines:
            self._write(label, clean_line(line))
        return bool(lines) or (is_ended and not log.is_drained)

    def _is_drained(self, stage: StageRun) -> bool:
        return stage.stage not in self._logs or self._logs[stage.stage].is_drained

    def _write(self, label: str, line: str) -> None:
        prefix = f"\x1b[36m{label} |\x1b[39m " if self._is_coloured and label else f"{label} | " if label else ""
        self._stream.write(f"{prefix}{line}\n")


def ending(stage: StageRun) -> str:
    """How a stage ended, in words: ``done in 3.2s``, ``failed with exit code 2 after 10s``."""
    seconds = duration(stage.duration_s(time.time()))
    if stage.state is StageState.DONE:
        return f"done in {seconds}"
    if stage.state is StageState.FAILED:
        reason = clean(stage.error.splitlines()[0], 500) if stage.error else f"exit code {stage.exit_code}"
        return f"failed after {seconds}: {reason}" if stage.started_at is not None else f"failed: {reason}"
    words = {
        StageState.CACHED: "up to date",
        StageState.RESTORED: "restored from the cache",
        StageState.SKIPPED: "skipped",
        StageState.STOPPED: f"stopped after {seconds}" if stage.started_at is not None else "stopped",
    }
    reason = stage.error.partition("\n")[0]
    is_said = reason in ("", str(stage.state))
    return words.get(stage.state, str(stage.state)) + ("" if is_said else f": {clean(reason, 500)}")


def summary(run: PipelineRun) -> str:
    """One line about an ended run: ``finished in 12s: 3 done, 2 up to date``."""
    states = [stage.state for stage in run.stages]
    words = {StageState.CACHED: "up to date"}
    parts = [f"{states.count(state)} {words.get(state, state.value)}" for state in StageState if states.count(state)]
    seconds = duration((run.ended_at if run.ended_at is not None else time.time()) - run.started_at)
    return f"{run.state} in {seconds}: {', '.join(parts) or count(0, 'stage')}"
