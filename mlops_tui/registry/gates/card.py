"""What a person should know of the model must be written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_store import notes
from mlops_store.errors import Refused
from mlops_tui.registry.gates.candidate import Candidate, Finding

#: What is asked for where nothing is configured.
REQUIRES = ("description", "signature", "profile")


def inputs(candidate: Candidate, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """What there is of what is asked for."""
    return {item: _has(candidate, item) for item in options.get("requires", REQUIRES)}


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """Names what is missing."""
    there = inputs(candidate, options)
    missing = [item for item, has in there.items() if not has]
    if missing:
        return Finding(False, f"has no {', '.join(missing)}", {"missing": missing})
    return Finding(True, f"has {', '.join(there)}", {"missing": []})


def _has(candidate: Candidate, item: str) -> bool:
    version = candidate.version
    if item == "description":
        return bool(version.description.strip())
    if item == "signature":
        return bool(version.lineage.get("signature"))
    if item == "profile":
        return version.profile_id is not None
    if item == "note":
        return bool(notes.of(candidate.store.read(), f"model:{version.model}/{version.version}"))
    kind, _, key = item.partition(":")
    if kind == "tag" and key:
        return bool(version.tags.get(key, "").strip())
    raise Refused(f"a card cannot require {item!r}", "description, signature, profile, note or tag:NAME")
