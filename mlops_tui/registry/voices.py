"""Whose approval counts: the rules of a stage, and how people are told apart, by user or by key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_store.errors import MlopsError
from mlops_store.records import AuditEntry
from mlops_tui.registry import keys, signed_acts
from mlops_tui.registry.keys import PublicKey
from mlops_tui.registry.signed_acts import Candidate


@dataclass(frozen=True, slots=True)
class Rules:
    """What a stage asks of approvals.

    Attributes:
        count: How many people have to approve.
        four_eyes: Whether those who asked, or registered the version, cannot approve. Where keys count and the request
            is signed with one of them, people are told apart by their keys, else by the system's users.
        approvers: Who may approve; empty for everybody.
        keys: The public keys of those who may approve, as paths: then only what is signed with one of them counts.
        expires_s: Seconds that a request and an approval are good for; 0 for ever.
    """

    count: int = 1
    four_eyes: bool = True
    approvers: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    expires_s: float = 0.0


def rules_of(options: Mapping[str, Any]) -> Rules:
    """The rules that the options of a gate of the kind 'approval' set up."""
    default = Rules()
    return Rules(
        count=options.get("count", default.count),
        four_eyes=options.get("four_eyes", default.four_eyes),
        approvers=tuple(options.get("approvers", ())),
        keys=tuple(options.get("keys", ())),
        expires_s=options.get("expires", 0.0),
    )


class Voices:
    """Whose approval counts in a round.

    Args:
        wanted: What the stage asks.
        version: The version.
        requester: Who asked, "" for nobody.
        acts: The round, the request first where there is one.
    """

    def __init__(self, wanted: Rules, version: Candidate, requester: str, acts: Sequence[AuditEntry]) -> None:
        self._wanted, self._version = wanted, version
        self._made = (version.created_by, requester)
        self._trusted: tuple[PublicKey, ...] = ()
        self._problem = self._asked_with = ""
        if wanted.keys and acts:
            try:
                self._trusted = keys.trusted(wanted.keys)
            except MlopsError as error:
                self._problem = f"keys cannot be looked at: {error.message}"
            if requester:
                self._asked_with, _ = self._voice(acts[0])

    def of(self, entry: AuditEntry) -> tuple[str, str]:
        """What tells an approval's voice from others, and why it does not count ("" when it does)."""
        wanted = self._wanted
        if wanted.approvers and entry.actor not in wanted.approvers:
            return "", f"only {', '.join(wanted.approvers)} may approve"
        voice, barred = self._voice(entry)
        if barred:
            return "", barred
        if wanted.four_eyes and (voice == self._asked_with if self._asked_with else entry.actor in self._made):
            return "", "who asked for it or registered the version cannot approve it"
        return voice, ""

    def name(self, entry: AuditEntry) -> str:
        """What a counted voice is called."""
        key = next((one for one in self._trusted if one.fingerprint == entry.after.get("key")), None)
        return f"{entry.actor} with the key {key.name}" if key else entry.actor

    def _voice(self, entry: AuditEntry) -> tuple[str, str]:
        if not self._wanted.keys:
            return entry.actor, ""
        if self._problem:
            return "", self._problem
        found = signed_acts.signer(entry, self._version, self._trusted)
        return ("", f"it {found}") if isinstance(found, str) else (found.fingerprint, "")
