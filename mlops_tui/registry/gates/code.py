"""The code that trained the model must be a commit: then it can be found again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_tui.registry.gates.candidate import Candidate, Finding


def inputs(candidate: Candidate, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The commit, and whether there were changes beside it."""
    lineage = candidate.version.lineage
    return {"commit": lineage.get("git_commit"), "dirty": bool(lineage.get("git_dirty"))}


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """Looks at the version's lineage."""
    facts = inputs(candidate, options)
    commit = str(facts["commit"] or "")
    if not commit:
        return Finding(False, "trained outside of a Git commit", facts)
    if facts["dirty"]:
        return Finding(False, f"trained from {commit[:8]} with uncommitted changes", facts)
    return Finding(True, f"trained from commit {commit[:8]}", facts)
