"""Approvals: one person asks for a version to go to a stage, others say yes or no. All of it is in the audit log.

There is no table of approvals: the append-only log is the record, and where a request stands is worked out from it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mlops_store import approval_rounds, audit, events, models
from mlops_store.errors import Refused, UsageError
from mlops_store.records import AuditEntry, ModelVersion
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.registry import keys, moves, signed_acts
from mlops_tui.registry.keys import Ask, PrivateKey
from mlops_tui.registry.signed_acts import Candidate
from mlops_tui.registry.voices import Rules, Voices, rules_of

__all__ = ["ACTS", "Round", "Rules", "act", "queue", "rounds", "rules", "rules_of", "standing"]

#: What people do: a request opens a round, approvals and rejections count within it.
ACTS = ("request", "approve", "reject")
_ACTION = "approval."
#: What makes up a round: approvals, and the moves that end it.
_NOUNS = ("approval", "model")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Round:
    """Where a request stands.

    Attributes:
        model: The model.
        version: Its version.
        stage: Where it is to go.
        state: 'waiting', 'approved', 'rejected', 'expired', 'done' (it went there since), or 'none' (nobody asked).
        requested_by: Who asked; "" where approvals came without being asked for.
        requested_at: When, Unix seconds; 0 where nobody asked.
        approved_by: Whose approvals count.
        needed: How many are needed.
        message: Where it stands, one sentence.
        acts: What was done in this round, the oldest first.
        ignored: Number of an audit entry -> why that approval does not count.
    """

    model: str
    version: int
    stage: str
    state: str
    requested_by: str
    requested_at: float
    approved_by: tuple[str, ...]
    needed: int
    message: str
    acts: tuple[AuditEntry, ...] = ()
    ignored: Mapping[int, str] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether somebody is to act on it: to answer, or to move the version now that it may go."""
        return self.state in ("waiting", "approved")


def rules(config: Config, stage: str) -> Rules:
    """The rules of a stage's first approval gate; the usual ones when it has none."""
    return rules_of(next((gate.options for gate in config.gates_of(stage) if gate.kind == "approval"), {}))


def act(
    store: Store,
    config: Config,
    name: str,
    version: int,
    stage: str | None,
    what: str,
    *,
    comment: str = "",
    key: str = "",
    ask: Ask | None = None,
) -> Round:
    """Asks for an approval, approves or rejects; returns where the request stands then.

    Args:
        store: The store.
        config: The configuration.
        name: The model.
        version: Its version.
        stage: Where it is to go; the next stage by default.
        what: One of ``ACTS``.
        comment: The person's own words.
        key: The person's private key, to sign the act with; where the stage counts keys, that of MLOPS_SIGNING_KEY by
            default.
        ask: Asks for the passphrase of the key.

    Raises:
        NotFound: No such model, version or stage.
        UsageError: A rejection without a reason.
        Refused: The version is there already, this person's approval would not count, or the stage counts no keys.
    """
    assert what in ACTS, what
    opened = _opened(config, _target(config, models.version(store.read(), name, version), stage), key, ask)
    with store.write() as db:
        record = models.version(db, name, version)
        target = _target(config, record, stage)
        if target == record.stage:
            raise Refused(f"{name}/{version} is in {target!r} already", "name another stage: --to STAGE")
        if what == "reject" and not comment.strip():
            raise UsageError("a rejection needs a reason", "--reason TEXT")
        wanted = rules(config, target)
        if opened is not None and not wanted.keys:
            raise Refused(
                f"no approval gate of {target} lists keys, so that a signed one would not count for more",
                'list the public keys of those who may approve in mlops.toml: keys = ["ann.pub"]',
            )
        at, action = time.time(), f"{_ACTION}{what}"
        signed = {}
        if opened is not None:
            signed = signed_acts.sign(db, opened, record, target, action=action, reason=comment.strip(), at=at)
        entry = audit.append(
            db,
            action=action,
            subject=f"model:{name}/{version}",
            after={"stage": target, **signed},
            reason=comment.strip(),
            at=at,
        )
        found = standing(db, wanted, record, target)
        if entry.id in found.ignored:
            raise Refused(
                f"your approval of {name}/{version} would not count: {found.ignored[entry.id]}",
                "sign it with your key: --key FILE" if wanted.keys and opened is None else "ask another",
            )
        word = {"request": "asked to go to", "approve": "approved for", "reject": "rejected for"}[what]
        said = f": {comment.strip()}" if comment.strip() else ""
        message = f"{name} version {version} {word} {target} (by {entry.actor}){said}"
        events.add(db, entry.action, entry.subject, message, at=at)
        return found


def _target(config: Config, version: ModelVersion, stage: str | None) -> str:
    registry = config.registry
    found = stage or moves.next_stage(registry, version.model, version.version, version.stage)
    return moves.known_stage(registry, found)


def _opened(config: Config, stage: str, key: str, ask: Ask | None) -> PrivateKey | None:
    """The key to sign with; before the transaction, because a person may have to type a passphrase."""
    path = keys.chosen(key, "") if rules(config, stage).keys else key
    return keys.private(path, ask) if path else None


def standing(
    db: sqlite3.Connection, wanted: Rules, version: Candidate, stage: str, *, now: float | None = None
) -> Round:
    """Where the approval of a version for a stage stands."""
    subject = _subject(version)
    history = audit.of_subjects(db, [subject], *_NOUNS).get(subject, [])
    return _round(wanted, version, stage, history, time.time() if now is None else now)


def queue(db: sqlite3.Connection, config: Config, *, everything: bool = False) -> list[Round]:
    """The requests that wait or are granted, the oldest first.

    Args:
        db: A connection.
        config: The configuration.
        everything: Also those that were answered by a no, have expired, or are done.
    """
    found = rounds(db, config, approval_rounds.numbers(db, everything=everything))
    return [one for one in found.values() if everything or one.is_open]


def rounds(db: sqlite3.Connection, config: Config, numbers: Sequence[int]) -> dict[int, Round]:
    """The rounds of these numbers (see ``approval_rounds``) in the given order, some hundreds at a time."""
    now, found = time.time(), dict[int, Round]()
    wanted: dict[str, Rules] = {}
    for place in range(0, len(numbers), _AT_ONCE):
        asked = approval_rounds.read(db, numbers[place : place + _AT_ONCE])
        done = audit.of_subjects(db, {_subject(one) for one in asked}, *_NOUNS)
        for one in asked:
            if one.stage not in wanted:
                wanted[one.stage] = rules(config, one.stage)
            found[one.number] = _round(wanted[one.stage], one, one.stage, done.get(_subject(one), ()), now)
    return found


def _subject(version: Candidate) -> str:
    return f"model:{version.model}/{version.version}"


def _round(wanted: Rules, version: Candidate, stage: str, history: Iterable[AuditEntry], now: float) -> Round:
    requester, requested_at, acts, is_done = "", 0.0, list[AuditEntry](), False
    for entry in history:
        if entry.after.get("stage") != stage:
            continue
        if entry.action == f"{_ACTION}request":
            requester, requested_at, acts, is_done = entry.actor, entry.at, [entry], False
        elif entry.action.startswith(_ACTION):
            acts, is_done = [*([] if is_done else acts), entry], False
        elif acts and entry.action != "model.register":
            is_done = True  # it went to the stage after this round
    voices = Voices(wanted, version, requester, acts)
    approved: dict[str, str] = {}
    rejected: AuditEntry | None = None
    ignored: dict[int, str] = {}
    for entry in acts:
        if entry.action == f"{_ACTION}reject":
            rejected = entry
            approved.clear()
        elif entry.action == f"{_ACTION}approve":
            rejected = None
            is_old = bool(wanted.expires_s) and now - entry.at > wanted.expires_s
            voice, barred = voices.of(entry)
            if barred:
                ignored[entry.id] = barred
            elif not is_old:
                approved.setdefault(voice, voices.name(entry))
    is_expired = bool(wanted.expires_s) and bool(requested_at) and now - requested_at > wanted.expires_s
    state, message = _state(
        wanted, stage, requester, tuple(approved.values()), rejected, bool(acts), is_done, is_expired
    )
    if ignored and state == "waiting":
        message = f"{message}; one does not count: {[*ignored.values()][-1]}"
    return Round(
        version.model,
        version.version,
        stage,
        state,
        requester,
        requested_at or (acts[0].at if acts else 0.0),
        tuple(approved.values()),
        wanted.count,
        message,
        tuple(acts),
        ignored,
    )


def _state(
    wanted: Rules,
    stage: str,
    requester: str,
    approved: Collection[str],
    rejected: AuditEntry | None,
    has_acts: bool,
    is_done: bool,
    is_expired: bool,
) -> tuple[str, str]:
    if is_done:
        return "done", f"went to {stage} since"
    if rejected is not None:
        return "rejected", f"rejected by {rejected.actor}: {rejected.reason}"
    if len(approved) >= wanted.count:
        return "approved", f"approved by {', '.join(approved)}"
    if not has_acts:
        return "none", "nobody has asked for an approval"
    if is_expired:
        return "expired", f"asked for by {requester}, but that has expired"
    asked = f"asked for by {requester}" if requester else "not asked for"
    return "waiting", f"{asked}, {len(approved)} of {wanted.count} approved"
