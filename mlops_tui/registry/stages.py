"""Moving versions between stages: promote, demote, archive and roll back, each one transaction with its record.

Owns the acts. What moves is worked out by ``moves`` and ``rollbacks``, what a person sees before by ``previews``.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Mapping, Sequence

from mlops_store import audit, events, model_facts, model_versions, models
from mlops_store.errors import Refused
from mlops_store.gate_verdicts import GateVerdict
from mlops_store.model_signatures import ModelSignature
from mlops_store.records import RunStatus, StageChange
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.registry import files, moves, previews, rollbacks, signing
from mlops_tui.registry.keys import Ask
from mlops_tui.registry.mirrors import reconcile
from mlops_tui.registry.moves import Move
from mlops_tui.registry.previews import Promotion

__all__ = [
    "Move",
    "Promotion",
    "archive",
    "demote",
    "preview",
    "preview_rollback",
    "promote",
    "require_files",
    "rollback",
]


def preview(
    db: sqlite3.Connection, config: Config, name: str, version: int, to_stage: str | None = None, *, key: str = ""
) -> Promotion:
    """What ``promote`` with the same arguments would change.

    Raises:
        NotFound: No such model, version or stage.
        Refused: ``promote`` would refuse it; whether the files are there is ``require_files``'s to say.
    """
    standing = models.standing(db, name, version)
    target = to_stage or moves.next_stage(config.registry, name, version, standing.stage)
    _require_ended(config, name, version, standing, target)
    holders = model_facts.stages(db, name, target)
    planned = moves.plan(config.registry, name, version, standing.stage, target, holders)
    return previews.build(db, config, name, planned, key=key)


def require_files(store: Store, config: Config, promotion: Promotion) -> None:
    """Reads the files of the version that a change makes count for more; nothing where it makes none.

    Raises:
        Refused: One is gone or was changed since it was registered, so that the change would be refused.
    """
    name, version = promotion.model, promotion.version.version
    source, target = promotion.from_stage, promotion.to_stage
    if promotion.kind == "rollback":  # also back from the archive into the first stage
        is_asked = moves.rank(config.registry, target) > moves.rank(config.registry, source)
    else:
        is_asked = _rises(config, source, target)
    if is_asked:
        _require_files(store, name, version, models.standing(store.read(), name, version))


def promote(
    store: Store,
    config: Config,
    name: str,
    version: int,
    to_stage: str | None = None,
    *,
    reason: str = "",
    override: str = "",
    expected_stage: str | None = None,
    expected_holders: Collection[int] | None = None,
    is_alone: bool = False,
    key: str = "",
    ask: Ask | None = None,
) -> StageChange:
    """Moves a version to the next stage, or to the one named, whichever direction that is.

    A version that already holds a stage for a single one goes to the archive. Of several people who decide at the same
    time exactly one wins: who decided on what is no longer true is refused.

    Args:
        store: The store.
        config: The configuration that names the stages.
        name: The model.
        version: Its version.
        to_stage: Where to; the stage after the present one by default.
        reason: The person's own words, for the audit log.
        override: Why the version may go there though gates of the stage refuse it; kept in the audit log.
        expected_stage: The stage that the version was shown in when the person decided; the one at the time of the
            call by default.
        expected_holders: The versions that were shown in the target stage; those at the time of the call by default.
        is_alone: Whether those go to the archive although the stage is for several.
        key: The private key to sign with, where the stage asks for a signature and the version has none.
        ask: Asks for the passphrase of the key.

    Raises:
        NotFound: No such model, version, stage or key.
        Refused: It is there already, somebody moved one of the versions meanwhile, its run is still running, its
            files are gone or changed, a gate of the stage does not let it pass, or it has no signature where the
            stage enforces one.
    """
    reader, registry = store.read(), config.registry
    standing = models.standing(reader, name, version)
    stage = standing.stage if expected_stage is None else expected_stage
    target = moves.known_stage(registry, to_stage or moves.next_stage(registry, name, version, stage))
    holders = set(model_facts.stages(reader, name, target) if expected_holders is None else expected_holders)
    _require_ended(config, name, version, standing, target)
    rises = _rises(config, stage, target)
    if rises:
        _require_files(store, name, version, standing)
    verdicts = _gates(store, config, name, version, stage, target, override)
    signature, vouched = _signed(reader, config, name, version, target, key, ask) if rises else (None, {})
    with store.write() as db:
        now, there = model_facts.stage_of(db, name, version), model_facts.stages(db, name, target)
        is_single = is_alone or target in registry.single
        if now != stage or (is_single and there.keys() != holders):
            raise _lost(db, name)
        planned = moves.plan(registry, name, version, now, target, there, is_alone=is_alone)
        if signature is not None:
            signing.keep(db, models.version(db, name, version), signature, reason)
        change = _apply(db, name, planned, reason, recorded={**_recorded(verdicts, override), **vouched})
    reconcile.follow(store, config, name, planned)
    return change


def demote(
    store: Store, config: Config, name: str, version: int, to_stage: str | None = None, *, reason: str = ""
) -> StageChange:
    """Moves a version to the stage before the present one, or to the one named; see ``promote``."""
    if to_stage is None:
        stage = model_facts.stage_of(store.read(), name, version)
        to_stage = moves.previous_stage(config.registry, name, version, stage)
    return promote(store, config, name, version, to_stage, reason=reason)


def archive(store: Store, config: Config, name: str, version: int, *, reason: str = "") -> StageChange:
    """Moves a version to the archive; see ``promote``."""
    return promote(store, config, name, version, config.registry.archive, reason=reason)


def preview_rollback(
    db: sqlite3.Connection, config: Config, name: str, stage: str = "production", *, key: str = ""
) -> Promotion:
    """What ``rollback`` with the same arguments would change.

    Raises:
        NotFound: No such model or stage.
        Refused: ``rollback`` would refuse it.
    """
    return previews.build(db, config, name, _rollback(db, config, name, stage).moves, key=key)


def rollback(
    store: Store,
    config: Config,
    name: str,
    stage: str = "production",
    *,
    reason: str = "",
    expected_moves: Sequence[Move] | None = None,
    key: str = "",
    ask: Ask | None = None,
) -> StageChange:
    """Brings the version back that held a stage before; ``rollbacks.plan`` says exactly which, and what leaves.

    Args:
        store: The store.
        config: The configuration that names the stages.
        name: The model.
        stage: The stage to roll back.
        reason: The person's own words, for the audit log.
        expected_moves: The moves that ``preview_rollback`` showed; those at the time of the call by default.
        key: The private key to sign with; see ``promote``.
        ask: Asks for the passphrase of the key.

    Returns:
        The change of the version that came back, or of the one that left when others stay in the stage.

    Raises:
        NotFound: No such model or stage.
        Refused: There is nothing to go back to, somebody moved one of the versions meanwhile, the files of the
            version that would come back are gone or changed, or it has no signature where the stage enforces one.
    """
    reader, shown = store.read(), expected_moves
    if shown is None:
        shown = _rollback(reader, config, name, stage).moves
    signature: ModelSignature | None = None
    vouched: Mapping[str, object] = {}
    returns = shown[0].version
    if shown[0].to_stage == stage:
        _require_files(store, name, returns, models.standing(reader, name, returns))
        signature, vouched = _signed(reader, config, name, returns, stage, key, ask)
    with store.write() as db:
        planned = _rollback(db, config, name, stage)
        if planned.moves != tuple(shown):
            raise _lost(db, name)
        if signature is not None:
            signing.keep(db, models.version(db, name, returns), signature, reason)
        change = _apply(db, name, planned.moves, reason, undoes=planned.undoes, recorded=vouched)
    reconcile.follow(store, config, name, planned.moves)
    return change


def _rises(config: Config, from_stage: str, to_stage: str) -> bool:
    """Whether a move makes a version count for more: then its files have to be there."""
    return moves.rank(config.registry, to_stage) > max(0, moves.rank(config.registry, from_stage))


def _rollback(db: sqlite3.Connection, config: Config, name: str, stage: str) -> rollbacks.Rollback:
    standing = model_facts.stages(db, name)
    if not standing:
        raise models.no_version(db, name, "version")
    return rollbacks.plan(config.registry, name, stage, models.changes(db, name), standing)


def is_guarded(promotion: Promotion, config: Config) -> bool:
    """Whether gates have a say in it: they guard the way up only."""
    return _is_guarded(config, promotion.from_stage, promotion.to_stage)


def _is_guarded(config: Config, from_stage: str, to_stage: str) -> bool:
    return _rises(config, from_stage, to_stage) and bool(config.gates_of(to_stage))


def _gates(
    store: Store, config: Config, name: str, version: int, stage: str, target: str, override: str
) -> tuple[GateVerdict, ...]:
    """What the gates of the target stage found, where they have a say."""
    if not _is_guarded(config, stage, target):
        return ()
    from mlops_tui.registry.gates import check

    verdicts = check.check(store, config, name, version, target)
    refusing = check.refused(verdicts)
    if refusing and not override.strip():
        with store.write() as db:
            states = {one.gate: one.state for one in verdicts}
            audit.append(
                db,
                action="gate.refuse",
                subject=f"model:{name}/{version}",
                before={"stage": stage},
                after={"stage": target, "gates": states},
                reason="; ".join(f"{one.gate}: {one.message}" for one in refusing),
            )
        named = f"gate {refusing[0].gate!r}" if len(refusing) == 1 else f"{len(refusing)} gates"
        raise Refused(
            f"{named} of {target} did not let {name}/{version} pass: "
            + "; ".join(f"{one.gate}: {one.message}" for one in refusing),
            "register a version that passes, or override with a reason: "
            f"mlops-tui models promote {name} {version} --to {target} --override WHY",
        )
    return verdicts


def _recorded(verdicts: Sequence[GateVerdict], override: str) -> dict[str, object]:
    """What the audit log keeps of the gates."""
    if not verdicts:
        return {}
    states: dict[str, object] = {"gates": {one.gate: one.state for one in verdicts}}
    return {**states, "override": override.strip()} if any(not one.has_passed for one in verdicts) else states


def _apply(
    db: sqlite3.Connection,
    name: str,
    planned: Sequence[Move],
    reason: str,
    *,
    undoes: int | None = None,
    recorded: Mapping[str, object] | None = None,
) -> StageChange:
    """Writes the moves, the record of the act and its event; the caller holds the transaction."""
    first, *others = planned
    at = time.time()
    subject = f"model:{name}/{first.version}"
    entry = audit.append(
        db,
        action=f"model.{first.kind}",
        subject=subject,
        before=_state(first.from_stage, {move.version: move.from_stage for move in others}),
        after={**_state(first.to_stage, {move.version: move.to_stage for move in others}), **(recorded or {})},
        reason=reason,
        at=at,
    )
    change_id = model_versions.move(
        db,
        name,
        first.version,
        first.from_stage,
        first.to_stage,
        kind=first.kind,
        audit_id=entry.id,
        at=at,
        cause_id=undoes,
    )
    for move in others:
        model_versions.move(
            db,
            name,
            move.version,
            move.from_stage,
            move.to_stage,
            kind=move.kind,
            audit_id=entry.id,
            at=at,
            cause_id=change_id,
        )
    moved = "; ".join(f"version {move.version}: {move.from_stage} → {move.to_stage}" for move in planned)
    events.add(db, f"model.{first.kind}", subject, f"{name} {moved} (by {entry.actor})", at=at)
    return StageChange(
        id=change_id,
        model=name,
        version=first.version,
        kind=first.kind,
        from_stage=first.from_stage,
        to_stage=first.to_stage,
        at=at,
        actor=entry.actor,
        reason=entry.reason,
        audit_id=entry.id,
        cause_id=undoes,
    )


def _state(stage: str, others: dict[int, str]) -> dict[str, object]:
    return {"stage": stage, "others": others} if others else {"stage": stage}


def _require_ended(config: Config, name: str, version: int, standing: models.Standing, target: str) -> None:
    is_live = standing.run_status is not None and RunStatus(standing.run_status).is_live
    if is_live and not standing.is_whole and _rises(config, standing.stage, target):
        raise Refused(
            f"the run of {name}/{version} is still running, so its model may change",
            f"wait for it, or stop it: mlops-tui stop {standing.run_id}",
        )


def _require_files(store: Store, name: str, version: int, standing: models.Standing) -> None:
    files.require(store, name, version, files.manifest(name, version, standing.digest, standing.files))


def _signed(
    db: sqlite3.Connection,
    config: Config,
    name: str,
    version: int,
    stage: str,
    key: str,
    ask: Ask | None,
) -> tuple[ModelSignature | None, Mapping[str, object]]:
    """See ``signing.sign_for``; nothing is read where the stage asks for nothing."""
    if config.signing_policy(stage) == "off":
        return None, {}
    return signing.sign_for(db, config, models.version(db, name, version), stage, key=key, ask=ask)


def _lost(db: sqlite3.Connection, name: str) -> Refused:
    newest = models.changes(db, name, limit=1)[0]
    when = time.strftime("%H:%M:%S", time.localtime(newest.at))
    return Refused(
        f"{newest.actor} moved {name}/{newest.version} to {newest.to_stage!r} meanwhile, at {when}",
        "nothing was changed; look again and decide on what stands there now",
    )
