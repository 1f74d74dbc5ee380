"""Which stage of a plan may start next, and which never will. Pure bookkeeping: no threads, no store, no processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlops_store.records import PipelineState, StageState
from mlops_tui.pipeline.graph import downstream
from mlops_tui.pipeline.plan import Plan
from mlops_tui.pipeline.spec import Stage


class Schedule:
    """The states of a plan's stages while it runs.

    Args:
        plan: What is run.
        states: How each stage stands; those that run already count as taken.
    """

    def __init__(self, plan: Plan, states: Mapping[str, StageState]) -> None:
        self._plan = plan
        self.states = dict(states)
        self._is_stopping = False

    def take(self) -> Stage | None:
        """The next stage whose needs are met, in the plan's order; it counts as running from now on."""
        for stage in self._plan.stages:
            if self.states[stage.name] is StageState.WAITING and self._may_start(stage.name):
                self.states[stage.name] = StageState.RUNNING
                return stage
        return None

    def end(self, name: str, state: StageState) -> list[str]:
        """Records how a stage ended; returns the stages that are now skipped because of that."""
        self.states[name] = state
        return [] if state.is_good else self.skip_unreachable()

    def skip_unreachable(self) -> list[str]:
        """Skips what can not run any more after the failures so far, and returns it."""
        bad = [name for name, state in self.states.items() if state.is_final and not state.is_good]
        if not bad:
            return []
        idle = self._waiting()
        if self._plan.keep_going and not self._is_stopping:
            below = downstream(self._plan.needs, bad)
            idle = [name for name in idle if name in below]
        return self._settle(idle, StageState.SKIPPED)

    def stop(self) -> list[str]:
        """Keeps every stage that waits from starting, and returns them."""
        self._is_stopping = True
        return self._settle(self._waiting(), StageState.STOPPED)

    @property
    def has_waiting(self) -> bool:
        """Whether any stage has still to be taken."""
        return bool(self._waiting())

    @property
    def is_done(self) -> bool:
        """Whether every stage has ended."""
        return all(state.is_final for state in self.states.values())

    @property
    def outcome(self) -> PipelineState:
        """How the run has ended, when it is done."""
        if all(state.is_good for state in self.states.values()):
            return PipelineState.FINISHED
        return PipelineState.STOPPED if self._is_stopping else PipelineState.FAILED

    @property
    def failed(self) -> list[str]:
        """The stages that have failed."""
        return [name for name, state in self.states.items() if state is StageState.FAILED]

    def _may_start(self, name: str) -> bool:
        return all(self.states[need].is_good for need in self._plan.needs[name])

    def _waiting(self) -> list[str]:
        return [name for name, state in self.states.items() if state is StageState.WAITING]

    def _settle(self, names: Iterable[str], state: StageState) -> list[str]:
        settled = list(names)
        for name in settled:
            self.states[name] = state
        return settled
