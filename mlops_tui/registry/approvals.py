"""Approvals: one person asks for a version to go to a stage, others say yes or no. All of it is in the audit log.

There is no table of approvals: the append-only log is the record, and where a request stands is worked out from it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mlops_store import audit, events, model_facts, models, processes
from mlops_store.errors import MlopsError, Refused, UsageError
from mlops_store.records import AuditEntry, ModelVersion
from mlops_store.store import Store
from mlops_tui.config import Config
from mlops_tui.registry import moves

#: What people do: a request opens a round, approvals and rejections count within it.
ACTS = ("request", "approve", "reject")
_ACTION = "approval."


@dataclass(frozen=True, slots=True)
class Rules:
    """What a stage asks of approvals.

    Attributes:
        count: How many people have to approve.
        four_eyes: Whether those who asked, or registered the version, cannot approve.
        approvers: Who may approve; empty for everybody.
        expires_s: Seconds that a request and an approval are good for; 0 for ever.
    """

    count: int = 1
    four_eyes: bool = True
    approvers: tuple[str, ...] = ()
    expires_s: float = 0.0


class Candidate(Protocol):
    """What has to be known of a version to tell where its approval stands."""

    @property
    def model(self) -> str:
        """The model's name."""
        ...

    @property
    def version(self) -> int:
        """Its number."""
        ...

    @property
    def created_by(self) -> str:
        """Who registered it."""
        ...


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


def rules(config: Config, stage: str) -> Rules:
    """The rules of a stage's first approval gate; the usual ones when it has none."""
    return rules_of(next((gate.options for gate in config.gates_of(stage) if gate.kind == "approval"), {}))


def rules_of(options: Mapping[str, Any]) -> Rules:
    """The rules that the options of a gate of the kind 'approval' set up."""
    default = Rules()
    return Rules(
        count=options.get("count", default.count),
        four_eyes=options.get("four_eyes", default.four_eyes),
        approvers=tuple(options.get("approvers", ())),
        expires_s=options.get("expires", 0.0),
    )


def act(
    store: Store,
    config: Config,
    name: str,
    version: int,
    stage: str | None,
    what: str,
    *,
    comment: str = "",
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

    Raises:
        NotFound: No such model, version or stage.
        UsageError: A rejection without a reason.
        Refused: The version is there already, or this person's approval would not count.
    """
    assert what in ACTS, what
    with store.write() as db:
        record = models.version(db, name, version)
        target = moves.known_stage(
            config.registry, stage or moves.next_stage(config.registry, name, version, record.stage)
        )
        if target == record.stage:
            raise Refused(f"{name}/{version} is in {target!r} already", "name another stage: --to STAGE")
        if what == "reject" and not comment.strip():
            raise UsageError("a rejection needs a reason", "--reason TEXT")
        if what == "approve":
            _require_voice(db, config, record, target)
        at = time.time()
        entry = audit.append(
            db,
            action=f"{_ACTION}{what}",
            subject=f"model:{name}/{version}",
            after={"stage": target},
            reason=comment.strip(),
            at=at,
        )
        word = {"request": "asked to go to", "approve": "approved for", "reject": "rejected for"}[what]
        said = f": {comment.strip()}" if comment.strip() else ""
        message = f"{name} version {version} {word} {target} (by {entry.actor}){said}"
        events.add(db, entry.action, entry.subject, message, at=at)
        return standing(db, rules(config, target), record, target)


def standing(
    db: sqlite3.Connection, wanted: Rules, version: Candidate, stage: str, *, now: float | None = None
) -> Round:
    """Where the approval of a version for a stage stands."""
    now = time.time() if now is None else now
    subject = f"model:{version.model}/{version.version}"
    history = [
        entry
        for entry in audit.entries(db, subject=subject, newest_first=False)
        if entry.after.get("stage") == stage and entry.action.partition(".")[0] in ("approval", "model")
    ]
    return _round(wanted, version, stage, history, now)


def queue(db: sqlite3.Connection, config: Config, *, everything: bool = False) -> list[Round]:
    """The requests that wait, the oldest first.

    Args:
        db: A connection.
        config: The configuration.
        everything: Also those that were answered, have expired, or are done.
    """
    asked: dict[tuple[str, int, str], int] = {}
    for entry in audit.entries(db, action="approval", newest_first=False):
        name, _, digits = entry.subject.removeprefix("model:").rpartition("/")
        if digits.isdecimal():
            asked[name, int(digits), str(entry.after.get("stage"))] = entry.id
    found = []
    for (name, number, stage), last in asked.items():
        if not everything and model_facts.arrived_after(db, name, number, stage, last):
            continue  # of thousands of requests nearly all are done
        try:
            version = models.version(db, name, number)
        except MlopsError:
            continue  # deleted since
        round_ = standing(db, rules(config, stage), version, stage)
        if everything or round_.state in ("waiting", "approved"):
            found.append(round_)
    return sorted(found, key=lambda one: one.requested_at)


def _round(wanted: Rules, version: Candidate, stage: str, history: Iterable[AuditEntry], now: float) -> Round:
    requester, requested_at, acts, is_done = "", 0.0, list[AuditEntry](), False
    for entry in history:
        if entry.action == f"{_ACTION}request":
            requester, requested_at, acts, is_done = entry.actor, entry.at, [entry], False
        elif entry.action.startswith(_ACTION):
            acts, is_done = [*([] if is_done else acts), entry], False
        elif acts and entry.action != "model.register":
            is_done = True  # it went to the stage after this round
    made = (version.created_by, requester)
    approved: dict[str, None] = {}
    rejected: AuditEntry | None = None
    for entry in acts:
        if entry.action == f"{_ACTION}reject":
            rejected = entry
            approved.clear()
        elif entry.action == f"{_ACTION}approve":
            rejected = None
            is_old = bool(wanted.expires_s) and now - entry.at > wanted.expires_s
            if not is_old and not _barred(wanted, entry.actor, made):
                approved.setdefault(entry.actor)
    is_expired = bool(wanted.expires_s) and bool(requested_at) and now - requested_at > wanted.expires_s
    state, message = _state(wanted, stage, requester, tuple(approved), rejected, bool(acts), is_done, is_expired)
    return Round(
        version.model,
        version.version,
        stage,
        state,
        requester,
        requested_at or (acts[0].at if acts else 0.0),
        tuple(approved),
        wanted.count,
        message,
        tuple(acts),
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


def _barred(wanted: Rules, actor: str, made: Collection[str]) -> str:
    """Why a person's approval does not count; "" when it does."""
    if wanted.approvers and actor not in wanted.approvers:
        return f"only {', '.join(wanted.approvers)} may approve"
    if wanted.four_eyes and actor in made:
        return "who asked for it or registered the version cannot approve it"
    return ""


def _require_voice(db: sqlite3.Connection, config: Config, version: ModelVersion, stage: str) -> None:
    wanted = rules(config, stage)
    requester = standing(db, wanted, version, stage).requested_by
    barred = _barred(wanted, processes.user(), (version.created_by, requester))
    if barred:
        raise Refused(f"your approval of {version.model}/{version.version} would not count: {barred}", "ask another")
