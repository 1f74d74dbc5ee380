"""The model's files must not be larger than a budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_tui.quantities import size_text
from mlops_tui.registry.gates.candidate import Candidate, Finding


def inputs(candidate: Candidate, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The size."""
    return {"size_bytes": candidate.version.size_bytes}


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """Compares."""
    size, most = candidate.version.size_bytes, options["max"]
    has_passed = size <= most
    message = f"{size_text(size)} {'of' if has_passed else 'are over'} {size_text(most)}"
    return Finding(has_passed, message, {"size_bytes": size, "max_bytes": most})
