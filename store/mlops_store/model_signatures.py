"""The signatures of model versions: kept as they were made, one for each key that signed. Checks none of them."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from mlops_store.models import no_version
from mlops_store.texts import storable


class ModelSignature(NamedTuple):
    """One signature.

    Attributes:
        key: The fingerprint of the key that is said to have signed: the SHA-256 of its public half as PEM.
        bundle: A Sigstore bundle, JSON.
        digest: The version's digest at that time.
        signed_at: When, Unix seconds.
        signed_by: The operating system's user.
    """

    key: str
    bundle: str
    digest: str
    signed_at: float
    signed_by: str


_OF_VERSION = (
    "FROM model_signatures AS s JOIN model_versions AS v ON v.id = s.version_id "
    "JOIN registered_models AS m ON m.id = v.model_id WHERE m.name = ? AND v.version = ?"
)


def add(db: sqlite3.Connection, name: str, version: int, signature: ModelSignature) -> None:
    """Keeps a signature; the one that the same key made before is replaced. Needs a write transaction.

    Raises:
        NotFound: No such version.
    """
    row = db.execute(
        "SELECT v.id FROM model_versions AS v JOIN registered_models AS m ON m.id = v.model_id "
        "WHERE m.name = ? AND v.version = ? AND v.deleted_at IS NULL",
        (name, version),
    ).fetchone()
    if row is None:
        raise no_version(db, name, f"version {version}")
    db.execute(
        "INSERT OR REPLACE INTO model_signatures (version_id, key, bundle, digest, signed_at, signed_by) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (row[0], signature.key, storable(signature.bundle), signature.digest, signature.signed_at, signature.signed_by),
    )


def of_version(db: sqlite3.Connection, name: str, version: int) -> tuple[ModelSignature, ...]:
    """The signatures of a version, the newest first."""
    rows = db.execute(
        f"SELECT s.key, s.bundle, s.digest, s.signed_at, s.signed_by {_OF_VERSION} ORDER BY s.signed_at DESC",
        (name, version),
    )
    return tuple(ModelSignature(*row) for row in rows)


def signed(db: sqlite3.Connection, name: str | None = None) -> dict[tuple[str, int], str]:
    """(Model, version) -> the fingerprint of the key that signed it last, of one model or of all."""
    rows = db.execute(
        "SELECT m.name, v.version, s.key FROM model_signatures AS s JOIN model_versions AS v ON v.id = s.version_id "
        "JOIN registered_models AS m ON m.id = v.model_id WHERE ? IS NULL OR m.name = ? ORDER BY s.signed_at",
        (name, name),
    )
    return {(model, version): key for model, version, key in rows}
