"""A version must not be worse than the one that holds the stage by more than a margin, row by row, for sure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_tui.compare import predictions
from mlops_tui.registry.gates import judged
from mlops_tui.registry.gates.candidate import Candidate, Finding


def inputs(candidate: Candidate, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Both files of predictions."""
    holder = candidate.holder
    return {
        "ours": judged.digest(candidate, candidate.version, options),
        "theirs": judged.digest(candidate, holder, options) if holder else None,
        "holder": holder.version if holder else None,
    }


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """Compares the interval of the difference with the margin (a test of non-inferiority).

    It passes when even the worse end of the paired bootstrap's 95 % interval is no worse than the margin: a difference
    that the rows cannot tell from a bad one does not pass.
    """
    holder, margin = candidate.holder, options.get("margin", 0.0)
    if holder is None:
        return Finding(True, f"no version is in {candidate.stage} to compare with")
    theirs, ours = (judged.read(candidate, version, options) for version in (holder, candidate.version))
    pair = predictions.of_pair("", theirs, ours)
    if pair.problem:
        return Finding(False, f"cannot be compared with v{holder.version}: {pair.problem}")
    measure = pair.measures[0]
    low, high = measure.interval.low, measure.interval.high
    worst = low if measure.goal == "max" else -high
    facts = {
        "measure": measure.name,
        "value": measure.second,
        "holder": measure.first,
        "difference": measure.difference,
        "low": low,
        "high": high,
        "confidence": measure.interval.confidence,
        "method": measure.interval.method,
        "rows": pair.count,
        "margin": margin,
        "p": pair.test.p if pair.test else None,
        "test": pair.test.method if pair.test else None,
    }
    message = (
        f"{measure.name} {measure.second:.4g} against {measure.first:.4g} of v{holder.version}, "
        f"n {pair.count:,}: {measure.difference:+.4g} [{low:+.4g}, {high:+.4g}], margin {margin:g}"
    )
    return Finding(worst >= -margin, message, facts)
