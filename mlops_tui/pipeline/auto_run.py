"""When to run again by itself: after a change of what a person wrote, not of what a run left behind.

A stage that failed stays stale; running it again without another cause would go on for ever. So what made each stage
stale at the last start is remembered, and only something else starts the next run. Knows no clock and no process.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from mlops_store.records import PipelineRun, PipelineState, StageState
from mlops_tui.pipeline.reasons import Change
from mlops_tui.pipeline.state import StageStatus

_UNFINISHED = (StageState.FAILED, StageState.SKIPPED, StageState.STOPPED)

#: Stage -> what made it stale, apart from what other stages make.
_Causes = Mapping[str, tuple[Change, ...]]


class AutoRun:
    """Decides for one pipeline.

    Call ``news`` whenever something may have changed; when it names stages, start a run and call ``start``; call
    ``end`` with the run when it is over.
    """

    def __init__(self) -> None:
        self._known: _Causes | None = None
        self._unfinished: frozenset[str] = frozenset()

    def news(self, statuses: Sequence[StageStatus]) -> dict[str, tuple[str, ...]]:
        """The stages that are stale for another cause than at the last start, with the reasons.

        At first all that are stale.
        """
        if self._known is None:
            return {status.stage: _reasons(status.changes) for status in statuses if status.is_stale}
        found = _causes(statuses)
        return {
            stage: _reasons(causes) or ("changed back",)
            for stage, causes in found.items()
            if self._told(stage, causes) != self._told(stage, self._known.get(stage, ()))
        }

    def start(self, statuses: Sequence[StageStatus]) -> None:
        """Remembers what a run is started for."""
        self._known = _causes(statuses)
        self._unfinished = frozenset()

    def end(self, run: PipelineRun) -> None:
        """Takes note of how the run ended."""
        if run.state is PipelineState.FINISHED:
            self._known = {}
        self._unfinished = frozenset(stage.stage for stage in run.stages if stage.state in _UNFINISHED)

    def _told(self, stage: str, causes: tuple[Change, ...]) -> tuple[Change, ...]:
        """What counts of the causes: a stage that did not finish has removed its outputs itself."""
        if stage not in self._unfinished:
            return causes
        return tuple(change for change in causes if change.kind != "out")


def _reasons(changes: Sequence[Change]) -> tuple[str, ...]:
    return tuple(change.reason for change in changes if change.kind != "upstream")


def _causes(statuses: Sequence[StageStatus]) -> _Causes:
    made = {out for status in statuses for out in status.outs}
    return {
        status.stage: tuple(change for change in status.changes if _counts(change, made))
        for status in statuses
        if status.is_stale
    }


def _counts(change: Change, made: set[str]) -> bool:
    if change.kind in ("upstream", "always"):
        return False
    return change.kind != "dep" or not any(_overlap(change.path, out) for out in made)


def _overlap(path: str, other: str) -> bool:
    return path == other or path.startswith(other + os.sep) or other.startswith(path + os.sep)
