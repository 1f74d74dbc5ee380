"""The two ways a version changes its stage by hand, as a dialog asks for them: a promotion and a rollback.

All functions here but ``targets`` and ``start`` read or write the store: they run in threads.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from mlops_store.errors import MlopsError, Refused
from mlops_store.gate_verdicts import GateVerdict
from mlops_store.records import StageChange
from mlops_tui.config import editing
from mlops_tui.drift import proposals
from mlops_tui.registry import stages
from mlops_tui.registry.gates import check
from mlops_tui.registry.moves import Move, next_stage
from mlops_tui.registry.stages import Promotion
from mlops_tui.ui.messages import Did
from mlops_tui.ui.screens.acts import store_of
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import clean


class StageAct(Protocol):
    """What a dialog needs to know of an act."""

    def title(self, kind: str) -> str:
        """The dialog's heading for a change of that kind."""
        ...

    def word(self, kind: str) -> str:
        """What a change of that kind is called on its key."""
        ...

    @property
    def targets(self) -> tuple[str, ...]:
        """The stages to choose from, in order."""
        ...

    @property
    def start(self) -> str:
        """The stage to begin with; "" when that is to be chosen first."""
        ...

    @property
    def place(self) -> int:
        """Where among the targets to begin choosing when there is no stage to begin with."""
        ...

    @property
    def unchosen(self) -> str:
        """What to say while no stage is chosen."""
        ...

    def preview(self, stage: str) -> Promotion:
        """What would happen; raises MlopsError where it would be refused."""
        ...

    def gates(self, promotion: Promotion) -> tuple[str, ...]:
        """The names of the gates that have a say in it."""
        ...

    def check(self, stage: str, report: Callable[[GateVerdict], None]) -> None:
        """Has those gates look, and reports what each finds."""
        ...

    def perform(self, promotion: Promotion, stage: str, reason: str, *, is_override: bool = False) -> Did:
        """Does what ``preview(stage)`` showed; raises MlopsError when that is no longer true, or gates refuse."""
        ...


@dataclass(frozen=True, slots=True)
class Promote:
    """Moving one version to another stage; ``wanted`` is the one to begin with, "" for the next."""

    session: Session
    name: str
    version: int
    stage: str
    wanted: str = ""

    def title(self, kind: str) -> str:
        """The dialog's heading for a change of that kind."""
        return f"{kind.capitalize()} {self.name} v{self.version}"

    def word(self, kind: str) -> str:
        """What a change of that kind is called on its key."""
        return kind

    @property
    def targets(self) -> tuple[str, ...]:
        """Every stage but the present one."""
        return tuple(stage for stage in self.session.config.registry.stages if stage != self.stage)

    @property
    def start(self) -> str:
        """The next stage; from the highest one none, because all others take it down; from the archive the second."""
        if self.wanted:
            return self.wanted
        registry = self.session.config.registry
        try:
            return next_stage(registry, self.name, self.version, self.stage)
        except Refused:  # no stage in that direction
            pass
        if self.stage in registry.stages[:-1]:
            return ""
        return registry.stages[1] if registry.stages[1] in self.targets else self.targets[0]

    @property
    def place(self) -> int:
        """Where the present stage would stand among the targets."""
        stages = self.session.config.registry.stages
        return stages.index(self.stage) if self.stage in stages else 0

    @property
    def unchosen(self) -> str:
        """What to say while no stage is chosen."""
        return f"v{self.version} is in {self.stage}, the highest stage. The arrow keys choose where to take it down to."

    def preview(self, stage: str) -> Promotion:
        """What would happen."""
        return stages.preview(store_of(self.session).read(), self.session.config, self.name, self.version, stage)

    def gates(self, promotion: Promotion) -> tuple[str, ...]:
        """Those of the stage, on the way up."""
        config = self.session.config
        if not stages.is_guarded(promotion, config):
            return ()
        return tuple(gate.name for gate in config.gates_of(promotion.to_stage))

    def check(self, stage: str, report: Callable[[GateVerdict], None]) -> None:
        """Has them look, in parallel."""
        check.check(store_of(self.session), self.session.config, self.name, self.version, stage, report=report)

    def perform(self, promotion: Promotion, stage: str, reason: str, *, is_override: bool = False) -> Did:
        """Promotes, provided that every version still stands where it was shown."""
        store, config = store_of(self.session), self.session.config
        change = stages.promote(
            store,
            config,
            self.name,
            self.version,
            stage,
            reason=reason,
            override=reason if is_override else "",
            expected_stage=promotion.from_stage,
            expected_holders=tuple(version.version for version in promotion.replaces),
        )
        words = [self.name, str(self.version), "--to", stage, *(["--override", reason] if is_override else [])]
        done = _done("promote", words, reason, change, _undo(self.session, promotion))
        return _watched(self.session, change, done)


@dataclass(frozen=True, slots=True)
class RollBack:
    """Bringing the version back that held a stage before."""

    session: Session
    name: str

    def title(self, kind: str) -> str:
        """The dialog's heading, whatever moves."""
        return f"Roll back {self.name}"

    def word(self, kind: str) -> str:
        """What the act is called on its key."""
        return "roll back"

    @property
    def targets(self) -> tuple[str, ...]:
        """Every stage but the archive."""
        return self.session.config.registry.stages[:-1]

    @property
    def start(self) -> str:
        """The highest stage that holds a single version."""
        registry = self.session.config.registry
        return registry.single[-1] if registry.single else self.targets[-1]

    @property
    def place(self) -> int:
        """Where to begin choosing."""
        return 0

    @property
    def unchosen(self) -> str:
        """Nothing: a stage is always chosen."""
        return ""

    def preview(self, stage: str) -> Promotion:
        """What would happen."""
        return stages.preview_rollback(store_of(self.session).read(), self.session.config, self.name, stage)

    def gates(self, promotion: Promotion) -> tuple[str, ...]:
        """None: what held the stage before may come back at once."""
        return ()

    def check(self, stage: str, report: Callable[[GateVerdict], None]) -> None:
        """Nothing to look at."""

    def perform(self, promotion: Promotion, stage: str, reason: str, *, is_override: bool = False) -> Did:
        """Rolls back, provided that every version still stands where it was shown."""
        store, config = store_of(self.session), self.session.config
        change = stages.rollback(store, config, self.name, stage, reason=reason, expected_moves=promotion.moves)
        return _done("rollback", [self.name, "--stage", stage], reason, change, _undo(self.session, promotion))


def _done(verb: str, words: list[str], reason: str, change: StageChange, undo: Callable[[], None]) -> Did:
    told = ["--reason", reason] if reason else []
    command = shlex.join(["mlops-tui", "models", verb, *words, *told])
    return Did(command, undo, f"{change.model} v{change.version} is in {change.to_stage} · u undoes")


def _watched(session: Session, change: StageChange, done: Did) -> Did:
    """The same with the monitor that the model's first version in charge gets."""
    try:
        added = proposals.add_in_charge(session.project, session.config, store_of(session).read(), change)
    except MlopsError as error:  # the version is where it was to go all the same
        return replace(done, notice=f"{done.notice} · no monitor was added: {clean(error.message, 80)}")
    if added is None:
        return done

    def undo() -> None:
        if done.undo is not None:
            done.undo()
        with suppress(Refused):  # somebody has changed the file since: the monitor is theirs now
            editing.undo(session.project, added.edit)

    notice = f"{done.notice} · [monitors.{clean(added.name, 40)}] added to mlops.toml"
    return replace(done, undo=undo, notice=notice)


def _undo(session: Session, promotion: Promotion) -> Callable[[], None]:
    """Puts every version back to where it stood; refused when one of them has moved since."""

    def undo() -> None:
        store, config, name = store_of(session), session.config, promotion.model
        first, *others = promotion.moves
        if others and promotion.kind != "rollback":
            back = [Move(move.version, move.to_stage, move.from_stage, "rollback") for move in (others[0], first)]
            stages.rollback(store, config, name, first.to_stage, reason="undo", expected_moves=back)
            return
        # the one that left takes its place back, and the one that had come for it leaves
        mover = others[0] if others else first
        stages.promote(
            store,
            config,
            name,
            mover.version,
            mover.from_stage,
            reason="undo",
            override="undo",
            expected_stage=mover.to_stage,
            expected_holders=[first.version] if others else [],
        )

    return undo
