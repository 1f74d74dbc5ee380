"""A metric must lie within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_tui.registry.gates.candidate import Candidate, Finding


def inputs(candidate: Candidate, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The metric's value."""
    return {"value": repr(candidate.metrics.get(options["metric"]))}


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """Compares; a metric that is missing or NaN does not pass."""
    key, low, high = options["metric"], options.get("min"), options.get("max")
    value = candidate.metrics.get(key)
    facts = {"metric": key, "value": value, "min": low, "max": high}
    if value is None:
        return Finding(False, f"{key} was not logged", facts)
    if value != value:
        return Finding(False, f"{key} is NaN", {**facts, "value": "NaN"})
    if low is not None and value < low:
        return Finding(False, f"{key} {value:.6g} is under {low:g}", facts)
    if high is not None and value > high:
        return Finding(False, f"{key} {value:.6g} is over {high:g}", facts)
    bounds = " and ".join(f"{word} {bound:g}" for word, bound in (("≥", low), ("≤", high)) if bound is not None)
    return Finding(True, f"{key} {value:.6g} {bounds}", facts)
