"""People must have approved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_tui.registry import approvals
from mlops_tui.registry.gates.candidate import Candidate, Finding

#: Approvals come and expire: looked at each time.
inputs = None


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """Looks where the request stands in the audit log."""
    rules = approvals.rules_of(options)
    found = approvals.standing(candidate.store.read(), rules, candidate.version, candidate.stage)
    facts = {"state": found.state, "approved_by": list(found.approved_by), "needed": found.needed}
    return Finding(found.state == "approved", found.message, facts)
