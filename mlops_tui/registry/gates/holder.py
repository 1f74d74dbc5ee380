"""A metric must not be worse than that of the version that holds the stage now, but for a margin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_tui.registry.gates.candidate import Candidate, Finding


def inputs(candidate: Candidate, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Both values, and in which direction better lies."""
    key = options["metric"]
    return {
        "value": repr(candidate.metrics.get(key)),
        "holder": repr(candidate.holder_metrics.get(key)) if candidate.holder else None,
        "number": candidate.holder.version if candidate.holder else None,
        "goal": candidate.config.goal(key),
    }


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """Compares; passes where nobody holds the stage."""
    key, margin = options["metric"], options.get("margin", 0.0)
    goal, holder = candidate.config.goal(key), candidate.holder
    value = candidate.metrics.get(key)
    if holder is None:
        return Finding(True, f"no version is in {candidate.stage} to compare with", {"metric": key, "value": value})
    theirs = candidate.holder_metrics.get(key)
    facts = {"metric": key, "value": value, "holder": theirs, "margin": margin, "goal": goal}
    if value is None or value != value:
        return Finding(False, f"{key} was not logged", {**facts, "value": None})
    if theirs is None or theirs != theirs:
        return Finding(True, f"v{holder.version} has no {key} to compare with", {**facts, "holder": None})
    worse = theirs - value if goal == "max" else value - theirs
    word = "better" if worse < 0 else "worse" if worse > 0 else "equal"
    by = f"{word} by {abs(worse):.4g}" if worse else "equal"
    message = f"{key} {value:.6g} against {theirs:.6g} of v{holder.version}: {by}, margin {margin:g}"
    return Finding(worse <= margin, message, facts)
