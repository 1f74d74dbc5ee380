"""Somebody must have signed the version with a key, before it goes up. What it takes and gives is ``signature``'s."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_tui.registry import signing
from mlops_tui.registry.gates.candidate import Candidate, Finding

#: Keys come and go: looked at each time.
inputs = None


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """Verifies the signature, and the files against it; of the configured keys, or those of the gate."""
    store = candidate.store
    found = signing.state(
        store.read(),
        candidate.config,
        candidate.version,
        paths=options.get("keys", ()),
        objects_dir=store.objects_dir,
    )
    facts = {"state": found.state, "key": found.key, "signed_by": found.signed_by, "signed_at": found.signed_at}
    return Finding(found.is_valid, found.message, facts)
