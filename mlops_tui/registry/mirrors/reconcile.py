"""Brings the registries that follow ours together with it, after an act or when a person asks."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mlops_store import events, mirror_marks, models
from mlops_store.errors import MlopsError
from mlops_store.records import RegisteredModel
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.registry.mirrors import marks
from mlops_tui.registry.mirrors.marks import Difference, Mirror
from mlops_tui.registry.moves import Move


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a difference.

    Attributes:
        difference: The difference.
        done: 'written' (to them), 'taken' (from them), 'left' (nobody has chosen), 'failed', 'would write', 'would
            take', 'would fail'.
        message: Why it failed or was left; else what was done.
    """

    difference: Difference
    done: str
    message: str


def mirrors(store: Store, config: Config) -> list[Mirror]:
    """The registries that are configured.

    Raises:
        Refused: One needs a package that is not installed.
    """
    found: list[Mirror] = []
    written = config.registry.mirrors
    if written.mlflow_uri:
        from mlops_tui.registry.mirrors.mlflow import Mlflow
        from mlops_tui.registry.mirrors.mlflow_servers import server

        found.append(Mlflow(config.registry, server(written.mlflow_uri)))
    if written.gto_tags:
        from mlops_tui.registry.mirrors.gto import Gto

        found.append(Gto(config.registry, os.path.dirname(os.path.dirname(store.path))))
    return found


def look(
    store: Store,
    mirror: Mirror,
    model: RegisteredModel,
    before: RegisteredModel | None = None,
    *,
    is_trial: bool = False,
) -> list[Difference]:
    """Where a mirror differs from ours, of one model; what agrees is remembered.

    Args:
        store: The store.
        mirror: The mirror.
        model: The model.
        before: The model before the act that is followed.
        is_trial: Whether nothing is to be remembered.

    Raises:
        MlopsError: It cannot be read.
    """
    ours, theirs = mirror.ours(model), mirror.theirs(model)
    known = mirror_marks.of_model(store.read(), mirror.name, model.name)
    agreed = {
        mark: value
        for mark in {*ours, *theirs}
        if (value := ours.get(mark, "")) == theirs.get(mark, "")
        and (mark not in known or known[mark].agreed != value or known[mark].error)
    }
    if not is_trial and (agreed or "" in known):
        with store.write() as db:
            mirror_marks.agree(db, mirror.name, model.name, agreed, time.time())
            mirror_marks.reached(db, mirror.name, model.name)
    past = mirror.ours(before) if before is not None else None
    return marks.differences(mirror.name, model.name, ours, theirs, known, past)


def write(store: Store, mirror: Mirror, model: RegisteredModel, difference: Difference) -> Outcome:
    """Writes ours to a mirror; where that fails, it is kept as pending."""
    try:
        mirror.write(model, difference.mark, difference.ours)
    except MlopsError as error:
        with store.write() as db:
            mirror_marks.fail(db, mirror.name, model.name, difference.mark, error.message, time.time())
        return Outcome(difference, "failed", error.message)
    with store.write() as db:
        mirror_marks.agree(db, mirror.name, model.name, {difference.mark: difference.ours}, time.time())
    return Outcome(difference, "written", f"{difference.mark} is {difference.ours or 'nothing'} there now")


def follow(store: Store, config: Config, name: str, moves: Sequence[Move]) -> None:
    """Writes an act along to every mirror. Never raises: what fails is kept, told as an event, and can be reconciled.

    Args:
        store: The store.
        config: The configuration.
        name: The model.
        moves: What the act has moved.
    """
    written = config.registry.mirrors
    if not written.mlflow_uri and not written.gto_tags:
        return
    problems = []
    model = models.get(store.read(), name)
    origins = {move.version: move.from_stage for move in moves}
    before = replace(
        model,
        versions=tuple(replace(one, stage=origins.get(one.version, one.stage)) for one in model.versions),
    )
    try:
        found = mirrors(store, config)
    except MlopsError as error:
        found, problems = [], [error.message]
    for mirror in found:
        try:
            outcomes = [
                write(store, mirror, model, one) for one in look(store, mirror, model, before) if one.state == "behind"
            ]
            problems += [f"{one.difference.mark}: {one.message}" for one in outcomes if one.done == "failed"]
        except MlopsError as error:
            problems.append(f"{mirror.name}: {error.message}")
            with store.write() as db:
                mirror_marks.fail(db, mirror.name, name, "", error.message, time.time())
    if problems:
        with store.write() as db:
            message = f"{name}: not written along yet ({'; '.join(problems)}); mlops-tui models reconcile {name}"
            events.add(db, "model.pending", f"model:{name}", message, at=time.time())


def settle(store: Store, config: Config, names: Sequence[str], take: str, *, is_trial: bool = False) -> list[Outcome]:
    """Does what closes every difference, mirror by mirror.

    Args:
        store: The store.
        config: The configuration.
        names: The models.
        take: Whose value stands where theirs has changed: 'ours', 'theirs', or "" for nobody's.
        is_trial: Whether nothing is to be changed here or there.

    Raises:
        Refused: A mirror needs a package that is not installed.
        NotFound: No such model.
    """
    outcomes: list[Outcome] = []
    for name in names:
        for mirror in mirrors(store, config):
            try:
                found = look(store, mirror, models.get(store.read(), name), is_trial=is_trial)
            except MlopsError as error:
                unread = Difference(mirror.name, name, "", "", "", "unread", error.message)
                outcomes.append(Outcome(unread, "failed", error.message))
                continue
            outcomes += [_settled(store, config, mirror, one, take, is_trial=is_trial) for one in found]
    return outcomes


def _settled(
    store: Store, config: Config, mirror: Mirror, difference: Difference, take: str, *, is_trial: bool
) -> Outcome:
    model = models.get(store.read(), difference.model)  # a difference taken before may have moved it
    if difference.state == "behind" or take == "ours":
        if is_trial:
            return _tried(mirror, model, difference)
        return write(store, mirror, model, difference)
    if not take:
        return Outcome(difference, "left", "they have changed it: --take ours or --take theirs")
    move = mirror.move(difference.mark, difference.theirs)
    if move is None:
        return Outcome(difference, "left", "what they hold is no stage of ours: --take ours")
    if is_trial:
        return Outcome(difference, "would take", f"version {move[0]} would go to {move[1]} here")
    return _taken(store, config, mirror, model, difference, move)


def _tried(mirror: Mirror, model: RegisteredModel, difference: Difference) -> Outcome:
    try:
        mirror.write(model, difference.mark, difference.ours, is_trial=True)
    except MlopsError as error:
        return Outcome(difference, "would fail", error.message)
    return Outcome(difference, "would write", "")


def _taken(
    store: Store,
    config: Config,
    mirror: Mirror,
    model: RegisteredModel,
    difference: Difference,
    move: tuple[int, str],
) -> Outcome:
    from mlops_tui.registry import stages  # which writes its acts along by this module

    version, stage = move
    try:
        if next((one.stage for one in model.versions if one.version == version), "") != stage:
            stages.promote(store, config, model.name, version, stage, reason=f"taken from {mirror.name}")
    except MlopsError as error:
        return Outcome(difference, "failed", error.message)
    with store.write() as db:
        mirror_marks.agree(db, mirror.name, model.name, {difference.mark: difference.theirs}, time.time())
    return Outcome(difference, "taken", f"version {version} is in {stage} here now")
