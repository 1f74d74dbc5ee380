"""Entries of the audit log on models as facts and in words. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_store.records import AuditEntry
from mlops_tui.traffic import wording

_HOLDINGS = {
    "model.create": "made",
    "model.rename": "renamed to {name}",
    "model.delete": "deleted",
    "model.allow": "may run its {allowed}",
}


@dataclass(frozen=True, slots=True)
class Act:
    """What was done to a model.

    Attributes:
        audit_id: The entry of the audit log.
        at: When, Unix seconds.
        action: ``model.promote``, ``approval.request``, ``alias.set``, ``gate.refuse`` …
        kind: The verb alone.
        model: The model.
        version: The version that it is about; None where it is about the model.
        from_stage: Where the version stood, "" where it changed no stage.
        to_stage: Where it went, or is to go.
        actor: Who did it.
        host: On which machine.
        origin: From where: "local", or the address of an SSH client.
        text: What was done, in words.
        reason: The person's own words.
        gates: Gate -> 'passed', 'failed' or 'error', where gates had a say.
        override: Why gates were overridden; "" where none were.
    """

    audit_id: int
    at: float
    action: str
    kind: str
    model: str
    version: int | None
    from_stage: str
    to_stage: str
    actor: str
    host: str
    origin: str
    text: str
    reason: str
    gates: Mapping[str, str]
    override: str


def act(entry: AuditEntry, arrow: str = "->") -> Act:
    """What an entry tells of; what somebody has tampered with is told as far as it can be."""
    model, version = about(entry)
    gates = entry.after.get("gates")
    return Act(
        audit_id=entry.id,
        at=entry.at,
        action=entry.action,
        kind=entry.action.rpartition(".")[2],
        model=model,
        version=version,
        from_stage=str(entry.before.get("stage", "")),
        to_stage=str(entry.after.get("stage", "")),
        actor=entry.actor,
        host=entry.host,
        origin=entry.origin,
        text=sentence(entry, arrow),
        reason=entry.reason,
        gates={str(name): str(state) for name, state in gates.items()} if isinstance(gates, Mapping) else {},
        override=str(entry.after.get("override", "")),
    )


def about(entry: AuditEntry) -> tuple[str, int | None]:
    """The model and the version that an entry is about; ("", None) where it is about something else."""
    kind, _, name = entry.subject.partition(":")
    if kind != "model":
        return "", None
    model, _, number = name.rpartition("/")
    return (model, int(number)) if model and number.isdecimal() else (name, None)


def sentence(entry: AuditEntry, arrow: str = "->") -> str:
    """What an entry says was changed: ``v4 staging -> production, v3 production -> archived``."""
    before, after = entry.before, entry.after
    arrow = f" {arrow} "
    number = entry.subject.rpartition("/")[2]
    if entry.action.startswith("alias."):
        return f"@{after.get('alias')}  {_version(before)}{arrow}{_version(after)}"
    if entry.action.startswith("traffic."):
        return wording.sentence(before, after, entry.action, arrow.strip())
    if entry.action == "model.register":
        return f"v{number} registered in {after.get('stage', '?')}"
    if entry.action.startswith("approval."):
        word = {"request": "asked to go to", "approve": "approved for", "reject": "rejected for"}
        verb = entry.action.partition(".")[2]
        return f"v{number} {word.get(verb, verb)} {after.get('stage', '?')}"
    if entry.action == "gate.refuse":
        return f"v{number} not let to {after.get('stage', '?')} by {_refusing(after)}"
    if entry.action == "card.edit":
        return f"v{number} card: {after.get('section', '?')} written"
    if entry.action == "card.review":
        return f"v{number} card {after.get('state', '?')}"
    if entry.action in _HOLDINGS:
        return f"{entry.subject.rpartition(':')[2]} {_HOLDINGS[entry.action].format(**_texts(after))}"
    if entry.action == "model.describe":
        return f"{entry.subject.rpartition(':')[2]} described: {after.get('description', '')}"
    if entry.action == "model.tag":
        told = (f"{key}={value}" if value is not None else f"-{key}" for key, value in after.items())
        return f"{entry.subject.rpartition(':')[2]} tagged {', '.join(told)}"
    if "stage" in before and "stage" in after:
        moves = ", ".join([f"v{number} {before['stage']}{arrow}{after['stage']}", *_others(before, after, arrow)])
        return moves + (f"  (gates overridden: {after['override']})" if after.get("override") else "")
    return f"{entry.subject.rpartition(':')[2]}  {json.dumps(dict(after), ensure_ascii=False)[:200]}"


def _texts(after: Mapping[str, Any]) -> dict[str, str]:
    """What a sentence on the registry's holdings names."""
    allowed = after.get("allowed")
    return {
        "name": str(after.get("name", "?")),
        "allowed": ", ".join(map(str, allowed)) if isinstance(allowed, list) else "?",
    }


def _refusing(after: Mapping[str, Any]) -> str:
    gates = after.get("gates")
    return ", ".join(name for name, state in gates.items() if state != "passed") if isinstance(gates, Mapping) else "?"


def _others(before: Mapping[str, Any], after: Mapping[str, Any], arrow: str) -> Iterator[str]:
    """The versions that had to move as well."""
    was, now = before.get("others"), after.get("others")
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for number, stage in was.items():
            yield f"v{number} {stage}{arrow}{now.get(number, '?')}"


def _version(state: Mapping[str, Any]) -> str:
    return f"v{state['version']}" if state.get("version") else "none"
