"""What people write on model cards: the sections, who edited them, and whether somebody has reviewed them.

Where a review stands is worked out from the audit log: it covers the texts as they were, so that a later edit, of this
version or of one that it takes a text over from, makes the card a draft again.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass

from mlops_store import audit, card_texts, events, models, processes
from mlops_store.card_texts import CardText
from mlops_store.errors import NotFound, Refused, UsageError, nearest
from mlops_store.store import Store

#: Section -> its title and what is to be written there.
#: Source: Mitchell et al., Model Cards for Model Reporting (2019).
SECTIONS: Mapping[str, tuple[str, str]] = {
    "intended_use": ("Intended use", "What the model is for, and who is to use it."),
    "out_of_scope": ("Out of scope", "What it must not be used for, although it might look fit."),
    "data": ("About the data", "Where the data come from, how they were collected and chosen, what they lack."),
    "limits": ("Limits", "Where it is weak or unsure, and what to do about that."),
    "ethics": ("Ethical considerations", "Whom it can harm, what was done about that, what remains."),
    "maintenance": ("Maintenance", "How it is watched, when it is trained anew, how to switch it off."),
    "owners": ("Owners", "Who answers for it, and how to reach them."),
    "license": ("License", "Under which terms the model and its data may be used."),
}
#: Where a review can stand.
STATES = ("draft", "in review", "reviewed")
#: Characters of a section at most.
LONGEST = 100_000


@dataclass(frozen=True, slots=True)
class Review:
    """Where the review of a card stands.

    Attributes:
        state: One of ``STATES``.
        by: Who asked for it or reviewed it last; "" where nobody did.
        at: When, Unix seconds; 0 where nobody did.
        comment: Their own words.
        is_outdated: Whether a text was edited since.
    """

    state: str = STATES[0]
    by: str = ""
    at: float = 0.0
    comment: str = ""
    is_outdated: bool = False


def known(section: str) -> str:
    """The section that a person means by ``limits``, ``intended-use`` or ``Intended use``.

    Raises:
        NotFound: There is none; the nearest is named.
    """
    word = section.strip().lower().replace("-", "_").replace(" ", "_")
    by_title = {title.lower().replace(" ", "_"): name for name, (title, _) in SECTIONS.items()}
    found = by_title.get(word, word)
    if found not in SECTIONS:
        raise NotFound(f"a card has no section {section!r}", nearest(word, SECTIONS) or ", ".join(SECTIONS))
    return found


def edit(store: Store, name: str, version: int, section: str, body: str | None) -> CardText | None:
    """Writes a section for a version; returns what it says then.

    Args:
        store: The store.
        name: The model.
        version: Its version.
        section: A key of ``SECTIONS``.
        body: The text; "" leaves it empty for this version, None takes the parent's over again.

    Raises:
        NotFound: No such version or section.
        UsageError: The text is too long.
        Refused: That is what it says already.
    """
    section = known(section)
    text = None if body is None else body.replace("\r\n", "\n").rstrip()
    if text is not None and len(text) > LONGEST:
        raise UsageError(f"a section of {len(text):,} characters", f"at most {LONGEST:,}: put the rest into a document")
    with store.write() as db:
        models.version(db, name, version)
        before = card_texts.of_version(db, name, version).get(section)
        is_own = before is not None and before.version == version
        if (text is None and not is_own) or (text is not None and (before.body if before else "") == text):
            raise Refused(f"{section} of {name}/{version} says that already", "nothing was changed")
        at = time.time()
        after = card_texts.add(db, name, version, section, text, processes.user(), at)
        entry = audit.append(
            db,
            action="card.edit",
            subject=f"model:{name}/{version}",
            before={"section": section, "text": _digest(before)},
            after={"section": section, "text": _digest(after)},
            at=at,
        )
        said = f"{name} version {version}: {SECTIONS[section][0]} on its card edited (by {entry.actor})"
        events.add(db, entry.action, entry.subject, said, at=at)
        return after


def review(store: Store, name: str, version: int, state: str, *, comment: str = "") -> Review:
    """Puts a card into review, marks it as reviewed, or makes it a draft again; kept in the audit log.

    Raises:
        NotFound: No such version.
        Refused: It stands there already, or there is nothing to review.
    """
    assert state in STATES, state
    with store.write() as db:
        models.version(db, name, version)
        texts = card_texts.of_version(db, name, version)
        before = standing(db, name, version, texts)
        if before.state == state:
            raise Refused(f"the card of {name}/{version} is {state!r} already", "nothing was changed")
        if state != "draft" and not any(text.body for text in texts.values()):
            raise Refused(
                f"nobody has written anything on the card of {name}/{version}",
                f"mlops-tui models card {name} {version} --edit intended_use",
            )
        at = time.time()
        entry = audit.append(
            db,
            action="card.review",
            subject=f"model:{name}/{version}",
            before={"state": before.state},
            after={"state": state, "texts": _covered(texts)},
            reason=comment.strip(),
            at=at,
        )
        word = {"draft": "made a draft again", "in review": "put into review", "reviewed": "reviewed"}[state]
        said = f": {comment.strip()}" if comment.strip() else ""
        events.add(db, entry.action, entry.subject, f"{name} version {version}: card {word} (by {entry.actor}){said}")
        return standing(db, name, version, texts)


def standing(db: sqlite3.Connection, name: str, version: int, texts: Mapping[str, CardText]) -> Review:
    """Where the review of a card with these texts stands."""
    newest = next(audit.entries(db, subject=f"model:{name}/{version}", action="card.review", limit=1), None)
    if newest is None:
        return Review()
    state, covered = str(newest.after.get("state")), newest.after.get("texts")
    is_outdated = state == "reviewed" and covered != _covered(texts)
    if state not in STATES or is_outdated:
        state = STATES[0]
    return Review(state, newest.actor, newest.at, newest.reason, is_outdated)


def _digest(text: CardText | None) -> str:
    return "" if text is None else hashlib.sha256(text.body.encode()).hexdigest()


def _covered(texts: Mapping[str, CardText]) -> str:
    """The digest of all that a review is about: another edit is another text, even with the same words."""
    listed = sorted((section, text.id, text.body) for section, text in texts.items())
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()
