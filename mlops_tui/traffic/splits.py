"""Acts on traffic splits: each is checked, and recorded with the state before and after it in the same transaction."""

from __future__ import annotations

import math
import re
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from mlops_store import audit, events, models, traffic
from mlops_store.errors import NotFound, Refused, UsageError, nearest
from mlops_store.records import ModelVersion, Split
from mlops_store.store import Store
from mlops_tui.traffic import wording

#: What decides who gets which version: chance, or what a header or a field of the body says.
_KEY = re.compile(r"header [A-Za-z0-9-]{1,100}|field \S.{0,99}")


def resolve(db: sqlite3.Connection, model: str, reference: str) -> ModelVersion:
    """The version that a split's word for it names now.

    Raises:
        NotFound: There is none.
    """
    return models.resolve(db, f"{model}/{reference}" if reference.isdecimal() else f"{model}@{reference}")


def named(db: sqlite3.Connection, split: Split) -> dict[str, int | None]:
    """Word for a version -> the version that it names now, None where it is gone."""
    found: dict[str, int | None] = {}
    for reference in (split.stable, *split.weights, *split.shadows):
        try:
            found[reference] = resolve(db, split.model, reference).version
        except NotFound:
            found[reference] = None
    return found


def get(db: sqlite3.Connection, model: str) -> Split:
    """The split of a model.

    Raises:
        NotFound: There is no such model, or its requests are not shared out.
    """
    found = traffic.find(db, model)
    if found is None:
        models.get(db, model)
        raise NotFound(f"the requests for {model!r} are not shared out", "mlops-tui traffic set MODEL VERSION=PERCENT")
    return found


def share_out(
    store: Store,
    model: str,
    weights: Mapping[str, float],
    *,
    stable: str = "",
    key: str | None = None,
    charge: str = "production",
    reason: str = "",
    actor: str | None = None,
) -> Split:
    """Gives candidates shares of the requests; those that are not named keep theirs.

    Args:
        store: The store.
        model: The model.
        weights: Version, alias or stage -> per cent of the requests.
        stable: What takes the rest; as it was by default, and ``charge`` where nothing was.
        key: What decides who gets which version, see ``Split``; as it was by default.
        charge: The stage whose version is in charge.
        reason: The person's words, for the audit log.
        actor: Who does it; the system's user by default.

    Raises:
        NotFound: No such model or version.
        UsageError: A share or a key is none.
        Refused: The shares are more than everything, or a candidate is the stable version itself.
    """

    def change(db: sqlite3.Connection, before: Split | None) -> Split:
        asked = {_plain(reference): _share(share) for reference, share in weights.items()}
        split = before or Split(model, 0, 0, "")
        rest = _plain(stable) or split.stable or charge
        after = replace(
            split,
            stable=rest,
            weights={name: share for name, share in {**split.weights, **asked}.items() if name != rest},
            key=split.key if key is None else _checked_key(key),
        )
        if rest in asked:
            raise UsageError(f"{rest!r} takes what is left", "give a share to the other versions only")
        _require_versions(db, after)
        if sum(after.weights.values()) > 100 + 1e-9:
            shares = ", ".join(f"{name} {share:g}%" for name, share in after.weights.items())
            raise Refused(f"{shares}: that is more than all requests", "lower one of them in the same command")
        return after

    return _act(store, model, "traffic.set", change, reason, actor)


def remove(store: Store, model: str, reference: str, *, reason: str = "", actor: str | None = None) -> Split:
    """Takes a candidate out of the split; the stable version gets its share.

    Raises:
        NotFound: The model has no split, or that has no such candidate.
    """

    def change(db: sqlite3.Connection, before: Split | None) -> Split:
        split = _required(db, model, before)
        _require_candidate(split, reference)
        return replace(split, weights={name: share for name, share in split.weights.items() if name != reference})

    return _act(store, model, "traffic.set", change, reason, actor)


def shadow(
    store: Store,
    model: str,
    reference: str,
    *,
    is_removed: bool = False,
    charge: str = "production",
    reason: str = "",
    actor: str | None = None,
) -> Split:
    """Lets a version get copies of all requests, or no more.

    Raises:
        NotFound: No such model, version or shadow.
        Refused: The version answers requests already.
    """
    named = _plain(reference)

    def change(db: sqlite3.Connection, before: Split | None) -> Split:
        if is_removed:
            split = _required(db, model, before)
            if named not in split.shadows:
                raise NotFound(f"{named!r} is no shadow of {model!r}", nearest(named, split.shadows))
            return replace(split, shadows=tuple(name for name in split.shadows if name != named))
        split = before or Split(model, 0, 0, charge)
        after = replace(split, shadows=(*(name for name in split.shadows if name != named), named))
        _require_versions(db, after)
        return after

    return _act(store, model, "traffic.shadow", change, reason, actor)


def pause(store: Store, model: str, *, reason: str = "", actor: str | None = None) -> Split:
    """Lets the stable version take everything until the split is resumed; the weights are kept.

    Raises:
        NotFound: The model has no split.
        Refused: It is paused already.
    """

    def change(db: sqlite3.Connection, before: Split | None) -> Split:
        split = _required(db, model, before)
        if split.is_paused:
            raise Refused(f"the split of {model!r} is paused already", "mlops-tui traffic resume MODEL")
        return replace(split, paused_at=time.time(), paused_why=reason)

    return _act(store, model, "traffic.pause", change, reason, actor)


def resume(store: Store, model: str, *, reason: str = "", actor: str | None = None) -> Split:
    """Lets the candidates have their shares again.

    Raises:
        NotFound: The model has no split.
        Refused: It is not paused.
    """

    def change(db: sqlite3.Connection, before: Split | None) -> Split:
        split = _required(db, model, before)
        if not split.is_paused:
            raise Refused(f"the split of {model!r} is not paused")
        return replace(split, paused_at=None, paused_why="")

    return _act(store, model, "traffic.resume", change, reason, actor)


def roll_back(
    store: Store, model: str, references: Sequence[str] = (), *, reason: str = "", actor: str | None = None
) -> Split:
    """Takes the share of candidates down to nothing; all of them by default.

    Raises:
        NotFound: The model has no split, or that has no such candidate.
        Refused: They have none.
    """

    def change(db: sqlite3.Connection, before: Split | None) -> Split:
        split = _required(db, model, before)
        for reference in references:
            _require_candidate(split, reference)
        chosen = set(references) or set(split.weights)
        after = {name: 0.0 if name in chosen else share for name, share in split.weights.items()}
        if after == split.weights:
            raise Refused(f"the stable version of {model!r} gets all requests already")
        return replace(split, weights=after)

    return _act(store, model, "traffic.rollback", change, reason, actor)


def end(store: Store, model: str, *, reason: str = "", actor: str | None = None) -> Split:
    """Ends the split: the stable version takes everything, and nothing is compared. Returns the split as it was.

    Raises:
        NotFound: The model has no split.
    """
    with store.write() as db:
        before = get(db, model)
        at = time.time()
        ended = Split(model, before.revision + 1, before.trial + 1, before.stable, key=before.key, changed_at=at)
        traffic.put(db, ended, is_ended=True)
        _record(db, "traffic.end", before, None, reason, actor, at)
        return before


def put_back(store: Store, model: str, before: Split | None) -> None:
    """Brings back the split that there was before an act, None for none; recorded as an act of its own."""
    if before is None:
        end(store, model, reason="taken back")
    else:
        _act(store, model, "traffic.set", lambda *_: before, "taken back", None)


def _act(
    store: Store,
    model: str,
    action: str,
    change: Callable[[sqlite3.Connection, Split | None], Split],
    reason: str,
    actor: str | None,
) -> Split:
    with store.write() as db:
        before = traffic.find(db, model)
        changed = change(db, before)
        if before is not None and wording.state(changed) == wording.state(before):
            return before
        last = before or traffic.last(db, model)
        at = time.time()
        compared = before is None or _compared(before) != _compared(changed)
        after = replace(
            changed,
            revision=last.revision + 1 if last else 1,
            trial=(last.trial if last else 0) + compared,
            changed_at=at,
        )
        traffic.put(db, after)
        _record(db, action, before, after, reason, actor, at)
        return after


def _compared(split: Split) -> object:
    """What makes requests comparable: other shares do not change it, another key does."""
    return split.stable, sorted(split.weights), split.key


def _record(
    db: sqlite3.Connection,
    action: str,
    before: Split | None,
    after: Split | None,
    reason: str,
    actor: str | None,
    at: float,
) -> None:
    one = after or before
    assert one is not None
    subject = f"model:{one.model}"
    entry = audit.append(
        db,
        action=action,
        subject=subject,
        before=wording.state(before),
        after=wording.state(after),
        reason=reason,
        actor=actor,
        at=at,
    )
    why = f": {reason}" if reason else ""
    said = (
        f"{one.model}: {wording.sentence(wording.state(before), wording.state(after), action)} (by {entry.actor}){why}"
    )
    events.add(db, action, subject, said, {"revision": one.revision, "audit_id": entry.id}, at)


def _required(db: sqlite3.Connection, model: str, split: Split | None) -> Split:
    return get(db, model) if split is None else split


def _require_candidate(split: Split, reference: str) -> None:
    if reference not in split.weights:
        raise NotFound(f"{reference!r} is no candidate of {split.model!r}", nearest(reference, split.weights))


def _require_versions(db: sqlite3.Connection, split: Split) -> None:
    """Refuses words that name no version, and such as name a version that has another part in the split."""
    found = {resolve(db, split.model, split.stable).version: split.stable}
    for reference in (*split.weights, *split.shadows):
        number = resolve(db, split.model, reference).version
        if number in found:
            other = found[number]
            called = f"{reference} and {other} are both" if other != reference else f"{reference} is twice"
            raise Refused(f"{called} version {number} of {split.model}", "a version has one part in a split")
        found[number] = reference


def _plain(reference: str) -> str:
    return reference.strip().removeprefix("@")


def _share(share: float) -> float:
    if not math.isfinite(share) or not 0 <= share <= 100:
        raise UsageError(f"{share:g} per cent is no share of requests", "from 0 to 100")
    return float(share)


def _checked_key(key: str) -> str:
    words = " ".join(key.replace(":", " ", 1).split())
    if words and not _KEY.fullmatch(words):
        raise UsageError(f"{key!r} is no key", "'header X-User-Id' or 'field customer_id'; '' for chance")
    kind, _, name = words.partition(" ")
    return f"{kind} {name.lower()}" if kind == "header" else words
