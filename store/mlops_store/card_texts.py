"""What people wrote on the cards of model versions: every edit is kept, the newest of a section counts.

A section that was not written for a version is that of its parent, or of the parent's parent. Knows no section by name.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from mlops_store.models import no_version
from mlops_store.texts import storable


class CardText(NamedTuple):
    """A section of a card.

    Attributes:
        id: Of the edit that it comes from: every edit has its own.
        section: Its name.
        body: What was written.
        author: Who wrote it.
        at: When, Unix seconds.
        version: The version that it was written for: another one than the card's where it is inherited.
    """

    id: int
    section: str
    body: str
    author: str
    at: float
    version: int


_LINE = """
    WITH RECURSIVE line(id, version, parent, model_id, distance) AS (
        SELECT v.id, v.version, v.parent, v.model_id, 0 FROM model_versions AS v
          JOIN registered_models AS m ON m.id = v.model_id WHERE m.name = ? AND v.version = ?
        UNION ALL
        SELECT v.id, v.version, v.parent, v.model_id, distance + 1 FROM line
          -- a parent has a smaller number, so that this ends whatever stands in a file
          JOIN model_versions AS v
            ON v.model_id = line.model_id AND v.version = line.parent AND v.version < line.version
    )
    SELECT t.id, t.section, t.body, t.author, t.at, line.version
      FROM line JOIN card_texts AS t ON t.version_id = line.id
    {where} ORDER BY distance, t.id DESC
"""


def add(
    db: sqlite3.Connection, name: str, version: int, section: str, body: str | None, author: str, at: float
) -> CardText | None:
    """Keeps an edit of a section; returns what the section says then, None where nobody wrote anything.

    Args:
        db: The connection of a write transaction.
        name: The model.
        version: Its version.
        section: Which section.
        body: The new text; None to say what the parent says again.
        author: Who wrote it.
        at: When, Unix seconds.

    Raises:
        NotFound: No such version.
    """
    row = db.execute(
        "SELECT v.id FROM model_versions AS v JOIN registered_models AS m ON m.id = v.model_id "
        "WHERE m.name = ? AND v.version = ? AND v.deleted_at IS NULL AND m.deleted_at IS NULL",
        (name, version),
    ).fetchone()
    if row is None:
        raise no_version(db, name, f"version {version}")
    db.execute(
        "INSERT INTO card_texts (version_id, section, body, author, at) VALUES (?, ?, ?, ?, ?)",
        (row[0], section, None if body is None else storable(body), storable(author), at),
    )
    return of_version(db, name, version).get(section)


def of_version(db: sqlite3.Connection, name: str, version: int) -> dict[str, CardText]:
    """Section -> what it says on the card of a version; sections that nobody wrote are not there."""
    found: dict[str, CardText] = {}
    seen: set[tuple[int, str]] = set()
    for id, section, body, author, at, number in db.execute(_LINE.format(where=""), (name, version)):
        if (number, section) in seen:
            continue  # an older edit
        seen.add((number, section))
        if body is not None and section not in found:
            found[section] = CardText(id, section, body, author, at, number)
    return found


def edits(db: sqlite3.Connection, name: str, version: int, section: str) -> list[CardText]:
    """The edits of a section, those for this version first, the newest first; a withdrawn text is ""."""
    rows = db.execute(_LINE.format(where="WHERE t.section = ?"), (name, version, section))
    return [CardText(id, section, body or "", author, at, number) for id, _, body, author, at, number in rows]
