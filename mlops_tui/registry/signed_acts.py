"""Acts of people that are signed with their keys: what is signed, and who is found to have signed an audit entry.

A signature is bound to its place in the audit log by the hash of the entry before, and to the version's files by their
digest: copied to another entry, version, stage or content, or edited, it is no signature any more.
"""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Protocol

from mlops_store import audit, processes
from mlops_store.records import AuditEntry
from mlops_store.texts import storable
from mlops_tui.registry import keys
from mlops_tui.registry.keys import PrivateKey, PublicKey


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

    @property
    def digest(self) -> str:
        """The digest of its files."""
        ...


def sign(
    db: sqlite3.Connection,
    key: PrivateKey,
    version: Candidate,
    stage: str,
    *,
    action: str,
    reason: str,
    at: float,
) -> dict[str, str]:
    """What an audit entry that is appended next holds of the signature; the caller holds the transaction.

    Args:
        db: The connection.
        key: The person's key.
        version: What the act is about.
        stage: The stage that it is about.
        action: The entry's action.
        reason: The entry's reason.
        at: The entry's time.
    """
    message = _message(
        action=action,
        actor=storable(processes.user()),
        at=at,
        digest=version.digest,
        key=key.fingerprint,
        previous_hash=audit.head(db),
        reason=storable(reason),
        stage=stage,
        subject=f"model:{version.model}/{version.version}",
    )
    signature = base64.b64encode(key.sign(message)).decode()
    return {"digest": version.digest, "key": key.fingerprint, "signature": signature}


def signer(entry: AuditEntry, version: Candidate, trusted: Sequence[PublicKey]) -> PublicKey | str:
    """The key that signed an entry, or why none is found to have: words that follow "it"."""
    named, signature = entry.after.get("key"), entry.after.get("signature")
    if not named or not signature:
        return "is not signed with a key"
    key = next((one for one in trusted if one.fingerprint == named), None)
    if key is None:
        return f"is signed with the key {str(named)[:12]}, which is not among those that may approve"
    if entry.after.get("digest") != version.digest:
        return "is for other files than the version has now"
    message = _message(
        action=entry.action,
        actor=entry.actor,
        at=entry.at,
        digest=version.digest,
        key=key.fingerprint,
        previous_hash=entry.previous_hash,
        reason=entry.reason,
        stage=entry.after.get("stage"),
        subject=entry.subject,
    )
    try:
        is_genuine = keys.is_verified(key, message, base64.b64decode(str(signature), validate=True))
    except binascii.Error:
        is_genuine = False
    return key if is_genuine else f"was not signed so with the key {key.name}"


def _message(**fields: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces, ASCII."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
