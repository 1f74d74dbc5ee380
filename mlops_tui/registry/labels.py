"""Descriptions and tags of models and of their versions, each change with its entry in the audit log."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping

from mlops_store import audit, events, model_versions, models
from mlops_store.errors import NotFound, Refused, UsageError, nearest
from mlops_store.store import Store

#: Characters of a description or a tag's value at most: MLflow's limit for tags of versions.
LONGEST = 5000


def describe(store: Store, name: str, version: int | None, text: str, *, reason: str = "") -> None:
    """Sets the description of a version, or of the model where ``version`` is None.

    Raises:
        NotFound: No such model or version.
        UsageError: It is too long.
        Refused: That is what it says already.
    """
    text = text.strip()
    _require_short("the description", text)
    with store.write() as db:
        if not put_description(db, name, version, text, reason=reason):
            raise Refused(f"{_label(name, version)} is described so already", "nothing was changed")


def put_description(db: sqlite3.Connection, name: str, version: int | None, text: str, *, reason: str = "") -> bool:
    """Sets a description of any length in the caller's transaction; returns whether it was another.

    Raises:
        NotFound: No such model or version.
    """
    before = _described(db, name, version)
    if before == text:
        return False
    model_versions.describe(db, name, text, version=version or 0)
    _record(db, "model.describe", name, version, {"description": before}, {"description": text[:LONGEST]}, reason)
    return True


def tag(store: Store, name: str, version: int | None, changes: Mapping[str, str | None], *, reason: str = "") -> None:
    """Sets tags of a version, or of the model where ``version`` is None; a value of None removes the tag.

    Raises:
        NotFound: No such model or version, or a tag to be removed is not there.
        UsageError: A tag has no name, or is too long.
    """
    for key, value in changes.items():
        if not key.strip():
            raise UsageError("a tag without a name", "write KEY=VALUE")
        _require_short(f"the name of the tag {key[:40]!r}", key, 250)
        _require_short(f"the tag {key!r}", value or "")
    with store.write() as db:
        present = _tags(db, name, version)
        for key, value in changes.items():
            if value is None and key not in present:
                raise NotFound(f"{_label(name, version)} has no tag {key!r}", nearest(key, present))
        put_tags(db, name, version, changes, reason=reason)


def put_tags(
    db: sqlite3.Connection, name: str, version: int | None, changes: Mapping[str, str | None], *, reason: str = ""
) -> None:
    """Sets and removes tags of any length in the caller's transaction; what is so already is not recorded.

    Raises:
        NotFound: No such model or version.
    """
    present = _tags(db, name, version)
    before = {key: present.get(key) for key in changes}
    if before == dict(changes):
        return
    kept = {key: value for key, value in changes.items() if value is not None}
    model_versions.set_tags(db, name, kept, version=version or 0)
    model_versions.remove_tags(db, name, [key for key in changes if key not in kept], version=version or 0)
    _record(db, "model.tag", name, version, _short(before), _short(changes), reason)


def _tags(db: sqlite3.Connection, name: str, version: int | None) -> Mapping[str, str]:
    return models.version(db, name, version).tags if version else models.get(db, name).tags


def _short(tags: Mapping[str, str | None]) -> dict[str, str | None]:
    """What the audit log keeps of values that can be long texts."""
    return {key: value[:LONGEST] if value is not None else None for key, value in tags.items()}


def _described(db: sqlite3.Connection, name: str, version: int | None) -> str:
    return models.version(db, name, version).description if version else models.get(db, name).description


def _label(name: str, version: int | None) -> str:
    return f"{name}/{version}" if version else f"model {name!r}"


def _require_short(what: str, text: str, most: int = LONGEST) -> None:
    if len(text) > most:
        raise UsageError(f"{what} has {len(text):,} characters", f"at most {most:,}; a card has room for more")


def _record(
    db: sqlite3.Connection,
    action: str,
    name: str,
    version: int | None,
    before: Mapping[str, object],
    after: Mapping[str, object],
    reason: str,
) -> None:
    at = time.time()
    subject = f"model:{name}/{version}" if version else f"model:{name}"
    entry = audit.append(db, action=action, subject=subject, before=before, after=after, reason=reason, at=at)
    what = "description changed" if action == "model.describe" else f"tags changed: {', '.join(after)}"
    events.add(
        db, action, subject, f"{name}{f' version {version}' if version else ''}: {what} (by {entry.actor})", at=at
    )
