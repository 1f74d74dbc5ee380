"""Long texts that many runs share (diffs, package lists): stored once by hash, compressed."""

from __future__ import annotations

import sqlite3
import zlib


def digest_of(text: str) -> str:
    """The SHA-256 of a text's UTF-8 bytes, hexadecimal."""
    import hashlib

    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def put(db: sqlite3.Connection, text: str) -> str:
    """Stores a text unless it is there and returns its digest. Needs a write transaction."""
    digest = digest_of(text)
    body = zlib.compress(text.encode("utf-8"))
    db.execute("INSERT OR IGNORE INTO texts(digest, body) VALUES (?, ?)", (digest, body))
    return digest


def get(db: sqlite3.Connection, digest: str | None) -> str:
    """The text with that digest; "" for None and for a text that has not arrived yet.

    Raises:
        StoreDamaged: It is not as it was written.
    """
    row = db.execute("SELECT body FROM texts WHERE digest = ?", (digest,)).fetchone()
    try:
        return "" if row is None else zlib.decompress(row[0]).decode("utf-8")
    except (zlib.error, UnicodeDecodeError, TypeError) as error:
        from mlops_store import database

        raise database.damaged("the store", f"a text of a run is not as it was written: {error}") from error
