"""What a rollback moves: pure functions of a model's history and of where its versions stand."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlops_store.errors import Refused
from mlops_store.records import StageChange
from mlops_tui.config import RegistryConfig
from mlops_tui.registry.moves import Move, known_stage, rank


@dataclass(frozen=True, slots=True)
class Rollback:
    """The moves of a rollback, that of the version that comes back first, and the stage change that it undoes."""

    moves: tuple[Move, ...]
    undoes: int | None


def plan(
    registry: RegistryConfig, name: str, stage: str, history: Sequence[StageChange], standing: Mapping[int, str]
) -> Rollback:
    """What brings a stage back to the version that held it before.

    The newest arrival in the stage that no rollback has undone is undone:

    - Its version, the present holder, goes back to where it came from; where that stage holds a single version and has
      another by now, or is no longer configured, it goes to the archive.
    - The former holder comes back from wherever it is: the version that the arrival displaced; when it displaced none,
      the version that arrived before it. Where the stage holds several versions and others are left in it, none comes
      back.

    So repeated rollbacks walk back through the holders one by one and never swap two versions for ever; a promotion
    after a rollback starts anew from there. A stage that was emptied by hand gets its last holder back. A rollback
    never takes a version out of a higher stage, and never leaves a stage empty that was held.

    Args:
        registry: The stages.
        name: The model, for the errors.
        stage: The stage to roll back.
        history: The model's stage changes, newest first.
        standing: Version -> present stage of every version that is not deleted.

    Raises:
        NotFound: There is no such stage.
        Refused: There is nothing to go back to, or one of the rules above forbids it.
    """
    known_stage(registry, stage)
    if stage == registry.archive:
        raise Refused(f"{stage!r} is the archive, which has no holder to go back to", "roll back another stage")
    undone = {change.cause_id for change in history if change.kind == "rollback"}
    arrivals = [
        change
        for change in history
        if change.to_stage == stage and change.kind not in ("rollback", "replace") and change.id not in undone
    ]
    present = next((change for change in arrivals if standing.get(change.version) == stage), None)
    if present is None:
        return _refill(registry, name, stage, arrivals, history, standing)
    if any(there == stage and version != present.version for version, there in standing.items()):
        return Rollback((_leaves(registry, name, present, standing),), present.id)
    displaced = [change for change in history if change.cause_id == present.id and change.from_stage == stage]
    before = [change for change in arrivals if change.id < present.id and change.version != present.version]
    former = next((change.version for change in (*displaced, *before) if change.version in standing), None)
    if former is None:
        raise Refused(
            f"no version of {name!r} held {stage!r} before version {present.version}",
            f"promote another version, or empty the stage: {_command(name, present.version, registry.archive)}",
        )
    returns = _returns(registry, name, stage, former, standing)
    others = {version: there for version, there in standing.items() if version != former}
    return Rollback((returns, _leaves(registry, name, present, others)), present.id)


def _refill(
    registry: RegistryConfig,
    name: str,
    stage: str,
    arrivals: Sequence[StageChange],
    history: Sequence[StageChange],
    standing: Mapping[int, str],
) -> Rollback:
    """The last holder of a stage that nobody holds now comes back."""
    if stage in standing.values():
        raise Refused(f"nothing records how the version in {stage!r} of {name!r} came there", "promote another version")
    last = next((change.version for change in arrivals if change.version in standing), None)
    if last is None:
        raise Refused(f"no version of {name!r} ever held {stage!r}", "promote one")
    left = next((change.id for change in history if change.version == last and change.from_stage == stage), None)
    return Rollback((_returns(registry, name, stage, last, standing),), left)


def _returns(registry: RegistryConfig, name: str, stage: str, version: int, standing: Mapping[int, str]) -> Move:
    here = standing[version]
    if rank(registry, here) > rank(registry, stage):
        raise Refused(
            f"version {version} of {name!r}, which held {stage!r} before, is in {here!r} now",
            f"roll back {here!r} first, or promote another version to {stage!r}",
        )
    return Move(version, here, stage, "rollback")


def _leaves(registry: RegistryConfig, name: str, arrival: StageChange, others: Mapping[int, str]) -> Move:
    """The present holder goes back to where it came from, or to the archive where that place is gone or taken."""
    version, stage, origin = arrival.version, arrival.to_stage, arrival.from_stage
    if not origin:
        raise Refused(f"version {version} of {name!r} was registered into {stage!r}", "archive it instead")
    if rank(registry, origin) > rank(registry, stage):
        raise Refused(
            f"version {version} of {name!r} came down to {stage!r} from {origin!r}; a rollback promotes nothing",
            f"promote it: {_command(name, version, origin)}",
        )
    is_taken = origin in registry.single and origin in others.values()
    return Move(version, stage, registry.archive if is_taken or origin not in registry.stages else origin, "rollback")


def _command(name: str, version: int, stage: str) -> str:
    return shlex.join(["mlops-tui", "models", "promote", name, str(version), "--to", stage])
