"""What a person sees before a version changes its stage: every move, the metrics side by side, and what is odd.

Reads the store and changes nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mlops_store import model_facts, models, runs
from mlops_store.errors import NotFound
from mlops_store.records import ModelVersion, RunStatus
from mlops_tui.compare.columns import is_of_machine
from mlops_tui.config import Config
from mlops_tui.registry import signatures, signing, uses
from mlops_tui.registry.formats import kinds
from mlops_tui.registry.moves import Move, rank
from mlops_tui.registry.signing import Plan


@dataclass(frozen=True, slots=True)
class Promotion:
    """A change of stage that has not happened yet, and exactly what it will change.

    Attributes:
        model: The model's name.
        version: The version that the act is about; for a rollback the one that comes back.
        from_stage: Where it stands.
        to_stage: Where it will be.
        kind: 'promote', 'demote', 'archive', 'restore' or 'rollback'.
        moves: Every version that will move, that of ``version`` first.
        replaces: The versions that have to leave ``to_stage`` for it.
        holder: The version that ``metrics`` compares with: the replaced one, else the newest in ``to_stage``, else the
            one in the highest stage that holds a single version.
        consequences: One sentence each, in the order of ``moves``, then what becomes of aliases and of who uses it.
        metrics: (key, candidate's value, holder's value), configured goals first; None where one has no such metric.
        verdicts: Metric key -> 'better', 'worse' or 'equal' where both have a number, in the direction of the goal.
        warnings: One sentence each about what speaks against it.
        signing: What the stage asks of the version's signature; None where it asks for nothing.
    """

    model: str
    version: ModelVersion
    from_stage: str
    to_stage: str
    kind: str
    moves: tuple[Move, ...]
    replaces: tuple[ModelVersion, ...] = ()
    holder: ModelVersion | None = None
    consequences: tuple[str, ...] = ()
    metrics: tuple[tuple[str, float | None, float | None], ...] = ()
    verdicts: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    signing: Plan | None = None


def build(db: sqlite3.Connection, config: Config, name: str, moves: Sequence[Move], *, key: str = "") -> Promotion:
    """The preview of some moves, the first of which is that of the version in question.

    Args:
        db: A connection.
        config: The configuration.
        name: The model.
        moves: The moves.
        key: The private key named by the person.

    Raises:
        Refused: The stage enforces signatures, and the version will have none that is valid.
    """
    first = moves[0]
    version = models.version(db, name, first.version)
    others = tuple(models.version(db, name, move.version) for move in moves[1:])
    holder = others[0] if others else _compared(db, config, name, first)
    metrics = compared(config, measured(db, version), measured(db, holder) if holder else {})
    better = verdicts(config, metrics)
    is_up = rank(config.registry, first.to_stage) > max(0, rank(config.registry, first.from_stage))
    vouched = signing.plan(db, config, version, first.to_stage, key=key) if is_up else None
    return Promotion(
        model=name,
        version=version,
        from_stage=first.from_stage,
        to_stage=first.to_stage,
        kind=first.kind,
        moves=tuple(moves),
        replaces=others,
        holder=holder,
        consequences=(*_consequences(moves, (version, *others), vouched), *uses.of(db, config, name, moves)),
        metrics=metrics,
        verdicts=better,
        warnings=(*_unsigned(vouched), *_warnings(db, config, first, version, holder, better)),
        signing=vouched,
    )


def measured(db: sqlite3.Connection, version: ModelVersion) -> dict[str, float]:
    """A version's metrics as they were when it was registered; of a run that still went on then, as they are now."""
    found = dict(version.lineage.get("metrics", {}))
    if version.run_id and RunStatus(version.lineage.get("run_status", RunStatus.FINISHED)).is_live:
        try:
            found.update(runs.get(db, version.run_id).metrics)
        except NotFound:
            return found
    return found


def _compared(db: sqlite3.Connection, config: Config, name: str, move: Move) -> ModelVersion | None:
    registry = config.registry
    if move.to_stage == registry.archive:
        return None
    highest = sorted(registry.single, key=lambda stage: rank(registry, stage))[-1:]
    for stage in (move.to_stage, *highest):
        for number in model_facts.stages(db, name, stage):
            if number != move.version:
                return models.version(db, name, number)
    return None


def compared(
    config: Config, ours: Mapping[str, float], theirs: Mapping[str, float]
) -> tuple[tuple[str, float | None, float | None], ...]:
    """(Key, our value, theirs) of all metrics but those of the machine, configured goals first."""
    keys = [key for key in {**ours, **theirs} if not is_of_machine(key)]
    keys.sort(key=lambda key: (key not in config.goals, key))
    return tuple((key, ours.get(key), theirs.get(key)) for key in keys)


def verdicts(config: Config, metrics: Sequence[tuple[str, float | None, float | None]]) -> dict[str, str]:
    """Key -> 'better', 'worse' or 'equal' where both have a number, in the direction of the goal."""
    found = {key: _verdict(config.goal(key), ours, theirs) for key, ours, theirs in metrics}
    return {key: verdict for key, verdict in found.items() if verdict}


def _verdict(goal: str, ours: float | None, theirs: float | None) -> str:
    if ours is None or theirs is None or ours != ours or theirs != theirs:
        return ""
    if ours == theirs:
        return "equal"
    return "better" if (ours > theirs) == (goal == "max") else "worse"


def _consequences(moves: Sequence[Move], versions: Sequence[ModelVersion], vouched: Plan | None) -> Iterator[str]:
    for move in moves:
        yield f"version {move.version} goes from {move.from_stage} to {move.to_stage}"
    for version in versions:
        if len(version.aliases) == 1:
            yield f"the alias {version.aliases[0]} stays on version {version.version}"
        elif version.aliases:
            yield f"the aliases {', '.join(version.aliases)} stay on version {version.version}"
    if vouched is not None and vouched.key:
        yield f"version {versions[0].version} is signed on its way, with the key {vouched.key}"


def _unsigned(vouched: Plan | None) -> Iterator[str]:
    if vouched is not None and not vouched.key and not vouched.state.is_valid:
        yield f"its signature is not valid: {vouched.state.message}"


def _warnings(
    db: sqlite3.Connection,
    config: Config,
    move: Move,
    version: ModelVersion,
    holder: ModelVersion | None,
    verdicts: Mapping[str, str],
) -> Iterator[str]:
    registry = config.registry
    if move.from_stage in registry.single and move.kind in ("demote", "archive", "promote"):
        yield f"no version will be left in {move.from_stage}"
    if move.from_stage not in registry.stages:
        yield f"its stage {move.from_stage!r} is no longer configured"
    if move.kind in ("demote", "archive"):
        return
    yield from _about_origin(db, version)
    if move.to_stage in registry.single and version.profile_id is None:
        yield f"version {version.version} has no reference profile: drift cannot be watched"
    skipped = registry.stages[rank(registry, move.from_stage) + 1 : max(rank(registry, move.to_stage), 0)]
    if move.kind == "promote" and skipped and move.from_stage in registry.stages:
        yield f"it skips {', '.join(skipped)}"
    if holder is not None:
        yield from _about_holder(config, version, holder, verdicts)


def _about_origin(db: sqlite3.Connection, version: ModelVersion) -> Iterator[str]:
    lineage = version.lineage
    if mark := kinds.mark(version.flavor):
        yield f"version {version.version} is a {version.flavor}: {mark.removeprefix('pickle: ')} when it is loaded"
    if lineage.get("git_dirty"):
        yield f"version {version.version} was trained from uncommitted changes"
    if not lineage.get("git_commit"):
        yield f"version {version.version} was trained outside of a Git commit: its code is not known"
    if version.run_id is None:
        return
    standing = models.standing(db, version.model, version.version)
    if standing.run_status in (RunStatus.FAILED, RunStatus.KILLED):
        yield f"its run ended as {standing.run_status}"


def _about_holder(
    config: Config, version: ModelVersion, holder: ModelVersion, verdicts: Mapping[str, str]
) -> Iterator[str]:
    if version.digest == holder.digest:
        yield f"its files are the same as those of version {holder.version}"
    counted = [key for key in verdicts if not config.goals or key in config.goals]
    worse = [key for key in counted if verdicts[key] == "worse"]
    if worse:
        yield f"worse than version {holder.version} in {_listed(worse)}"
    ours, theirs = (signatures.columns(entry.lineage.get("signature", {})) for entry in (version, holder))
    if ours and theirs and ours != theirs:
        changed = {column for column, _ in {*ours.items()} ^ {*theirs.items()}}
        yield f"takes other columns than version {holder.version}: {_listed(sorted(changed))}"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:5]) + (" …" if len(words) > 5 else "")
