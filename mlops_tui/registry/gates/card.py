"""What a person should know of the model must be written down on its card, and may have to be reviewed."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from mlops_store import card_texts, datasets, notes
from mlops_store.errors import Refused, nearest
from mlops_tui.registry import card_texts as cards
from mlops_tui.registry.gates import judged
from mlops_tui.registry.gates.candidate import Candidate, Finding

#: What is asked for where nothing is configured.
REQUIRES = ("intended_use", "limits", "owners", "metrics", "signature", "profile")
#: What a card says of itself, beside the sections that people write.
GENERATED = ("description", "metrics", "datasets", "signature", "profile", "predictions", "note")


def inputs(candidate: Candidate, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """What there is of what is asked for, and where the review stands."""
    db, version = candidate.store.read(), candidate.version
    texts = card_texts.of_version(db, version.model, version.version)
    review = cards.standing(db, version.model, version.version, texts)
    return {
        "has": {item: _has(candidate, db, item, texts) for item in options.get("requires", REQUIRES)},
        "review": [review.state, review.by, review.is_outdated],
    }


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """Names what is missing."""
    there = inputs(candidate, options)
    missing = [item for item, has in there["has"].items() if not has]
    state, by, is_outdated = there["review"]
    facts = {"missing": missing, "review": state, "reviewed_by": by if state == "reviewed" else ""}
    said = [f"has no {', '.join(missing)}"] if missing else []
    if options.get("reviewed") and state != "reviewed":
        said.append(f"was edited since {by} reviewed it" if is_outdated else f"is {state}, not reviewed")
    if said:
        return Finding(False, "its card " + " and ".join(said), facts)
    told = f", reviewed by {by}" if state == "reviewed" else ""
    return Finding(True, f"has {', '.join(there['has'])}{told}", facts)


def _has(candidate: Candidate, db: sqlite3.Connection, item: str, texts: Mapping[str, card_texts.CardText]) -> bool:
    version = candidate.version
    if item in cards.SECTIONS:
        return item in texts and bool(texts[item].body.strip())
    if item == "description":
        return bool(version.description.strip())
    if item == "metrics":
        return bool(candidate.metrics)
    if item == "datasets":
        return version.run_id is not None and bool(datasets.of_run(db, version.run_id))
    if item == "signature":
        return bool(version.lineage.get("signature"))
    if item == "profile":
        return version.profile_id is not None
    if item == "predictions":
        return bool(judged.digest(candidate, version, {}))
    if item == "note":
        return bool(notes.of(db, f"model:{version.model}/{version.version}"))
    kind, _, key = item.partition(":")
    if kind == "tag" and key:
        return bool(version.tags.get(key, "").strip())
    choices = (*cards.SECTIONS, *GENERATED)
    raise Refused(f"a card cannot require {item!r}", nearest(item, choices) or f"{', '.join(choices)} or tag:NAME")
