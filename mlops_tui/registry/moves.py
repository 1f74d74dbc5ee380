"""What a change of stage moves: the rules of stages, as pure functions of where the versions stand.

Knows neither the store nor the audit log; ``stages`` reads what is needed here and writes what comes out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mlops_store.errors import NotFound, Refused, nearest
from mlops_tui.config import RegistryConfig


@dataclass(frozen=True, slots=True)
class Move:
    """One version going from one stage to another.

    ``kind`` is 'promote', 'demote', 'archive', 'restore' (out of the archive), 'replace' (made room for another) or
    'rollback'.
    """

    version: int
    from_stage: str
    to_stage: str
    kind: str


def known_stage(registry: RegistryConfig, stage: str) -> str:
    """The stage itself when the configuration has it.

    Raises:
        NotFound: It has not; the hint names the nearest.
    """
    if stage not in registry.stages:
        raise NotFound(f"no stage is called {stage!r}", nearest(stage, registry.stages))
    return stage


def rank(registry: RegistryConfig, stage: str) -> int:
    """How high a stage is, the first one 0; the archive and stages that the configuration no longer has are -1."""
    return registry.stages.index(stage) if stage in registry.stages[:-1] else -1


def stage_after(registry: RegistryConfig, stage: str) -> str:
    """The stage after one; "" after the highest, and for the archive and stages without a place in the order."""
    here = rank(registry, stage)
    return registry.stages[here + 1] if 0 <= here < len(registry.stages) - 2 else ""


def next_stage(registry: RegistryConfig, name: str, version: int, stage: str) -> str:
    """The stage after the present one.

    Raises:
        Refused: There is none, or the present one has no place in the order.
    """
    following = stage_after(registry, stage)
    if following:
        return following
    if rank(registry, stage) < 0:
        raise Refused(f"{name}/{version} is in {stage!r}, which no stage follows", _say_where(registry))
    raise Refused(f"{name}/{version} is in {stage!r} already, the highest stage", _say_where(registry))


def previous_stage(registry: RegistryConfig, name: str, version: int, stage: str) -> str:
    """The stage before the present one.

    Raises:
        Refused: There is none, or the present one has no place in the order.
    """
    here = rank(registry, stage)
    if here < 1:
        raise Refused(f"{name}/{version} is in {stage!r}, which no stage comes before", _say_where(registry))
    return registry.stages[here - 1]


def plan(
    registry: RegistryConfig,
    name: str,
    version: int,
    from_stage: str,
    to_stage: str,
    holders: Iterable[int],
    *,
    is_alone: bool = False,
) -> tuple[Move, ...]:
    """The move of a version, and of those that make room for it.

    Args:
        registry: The stages.
        name: The model, for the errors.
        version: The version that is to move.
        from_stage: Where it stands.
        to_stage: Where it is to go.
        holders: The versions that stand there.
        is_alone: Whether they make room although the stage is for several.

    Raises:
        NotFound: There is no such stage.
        Refused: The version is there already.
    """
    known_stage(registry, to_stage)
    if from_stage == to_stage:
        raise Refused(f"{name}/{version} is in {to_stage!r} already", _say_where(registry))
    moved = Move(version, from_stage, to_stage, _kind(registry, from_stage, to_stage))
    if to_stage not in registry.single and not is_alone:
        return (moved,)
    return (moved, *(Move(holder, to_stage, registry.archive, "replace") for holder in holders))


def _kind(registry: RegistryConfig, from_stage: str, to_stage: str) -> str:
    if to_stage == registry.archive:
        return "archive"
    if from_stage == registry.archive:
        return "restore"
    return "promote" if rank(registry, to_stage) > rank(registry, from_stage) else "demote"


def _say_where(registry: RegistryConfig) -> str:
    return "say where it is to go: --to " + "|".join(registry.stages)
