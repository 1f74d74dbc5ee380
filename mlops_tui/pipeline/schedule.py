"""Which stage of a plan may start next, and which never will. Pure bookkeeping: no threads, no store, no processes.

Stages get their turn in the plan's order. One whose share of the machine is not free waits, and what it waits for is
kept from those behind it; so none waits for ever, and since none may want more than there is, one can always start
when nothing runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlops_store.records import PipelineState, StageState
from mlops_tui.pipeline.graph import downstream
from mlops_tui.pipeline.options import DEFAULT
from mlops_tui.pipeline.plan import Plan
from mlops_tui.pipeline.spec import Stage
from mlops_tui.pipeline.tokens import Holding, Tokens


class Schedule:
    """The states of a plan's stages while it runs.

    Args:
        plan: What is run.
        states: How each stage stands; those that run already count as taken.
        holdings: What the stages that run already have for themselves.
        attempts: How often stages have been started so far, where that is known.
        ready_at: The earliest moment for stages that have failed and will be tried again, on the clock of ``take``.
    """

    def __init__(
        self,
        plan: Plan,
        states: Mapping[str, StageState],
        holdings: Mapping[str, Holding] | None = None,
        attempts: Mapping[str, int] | None = None,
        ready_at: Mapping[str, float] | None = None,
    ) -> None:
        self._plan = plan
        self.states = dict(states)
        self._holdings = {
            name: holding for name, holding in (holdings or {}).items() if states[name] is StageState.RUNNING
        }
        self._attempts = dict(attempts or {})
        self._ready_at = dict(ready_at or {})
        self._is_stopping = False
        self.is_sharing = any(not one.demand.is_empty for one in plan.options.values())

    def take(self, now: float = 0.0, others: Iterable[Holding] = ()) -> Stage | None:
        """The next stage whose needs are met; it counts as running, and has its share, from now on.

        Args:
            now: On the clock of ``retry``.
            others: What stages of other runs have for themselves.
        """
        tokens = Tokens(self._plan.capacity, (*self._holdings.values(), *others)) if self.is_sharing else None
        for stage in self._plan.stages:
            name = stage.name
            if self.states[name] is not StageState.WAITING or not self._may_start(name):
                continue
            if self._ready_at.get(name, now) > now:
                continue
            if tokens is not None:
                demand = self._plan.options.get(name, DEFAULT).demand
                holding = tokens.take(demand)
                if holding is None:
                    tokens.reserve(demand)
                    continue
                self._holdings[name] = holding
            self.states[name] = StageState.RUNNING
            self._attempts[name] = self._attempts.get(name, 0) + 1
            return stage
        return None

    def following(self, name: str) -> Stage | None:
        """The stage that will have the next turn if the named one ends well; None when that cannot be foreseen."""
        if self.is_sharing:
            return None
        for stage in self._plan.stages:
            if self.states[stage.name] is not StageState.WAITING or self._attempts.get(stage.name):
                continue
            if all(need == name or self.states[need].is_good for need in self._plan.needs[stage.name]):
                return None if stage.is_frozen else stage
        return None

    def end(self, name: str, state: StageState) -> list[str]:
        """Records how a stage ended; returns the stages that are now skipped because of that."""
        self.states[name] = state
        self._holdings.pop(name, None)
        return [] if state.is_good else self.skip_unreachable()

    def retry(self, name: str, at: float) -> list[str]:
        """Lets a stage that has failed wait for its next attempt; returns the stages that are skipped now.

        Where nothing more may start, the stage has ended after all: its state tells how.

        Args:
            name: The stage.
            at: The earliest moment, on the clock of ``take``.
        """
        self.states[name] = StageState.WAITING
        self._holdings.pop(name, None)
        self._ready_at[name] = at
        if self._is_stopping:
            self.states[name] = StageState.STOPPED
            return []
        skipped = self.skip_unreachable()
        if name in skipped:
            self.states[name] = StageState.FAILED
            skipped.remove(name)
        return skipped

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

    def attempt(self, name: str) -> int:
        """The number of a stage's present or last attempt; the first is 1."""
        return self._attempts.get(name, 0)

    def holding(self, name: str) -> Holding:
        """What a running stage has for itself."""
        return self._holdings.get(name, _NOTHING)

    def is_forced(self, name: str) -> bool:
        """Whether a stage is to run even if it is up to date."""
        return self._plan.force or (
            self._plan.force_downstream and any(self.states[need] in _CHANGED for need in self._plan.needs[name])
        )

    def wait_s(self, now: float) -> float | None:
        """Seconds until the first stage that only waits for its next attempt may start; None when there is none."""
        moments = [self._ready_at[name] for name in self._waiting() if self._ready_at.get(name, now) > now]
        return min(moments) - now if moments else None

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


_NOTHING = Holding()
#: After these a stage's outputs may be others than before.
_CHANGED = (StageState.DONE, StageState.RESTORED)
