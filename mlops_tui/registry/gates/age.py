"""The model must not be older than a limit: a promotion should not bring back what was trained on an old world."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from mlops_tui.quantities import time_text
from mlops_tui.registry.gates.candidate import Candidate, Finding

#: What its verdict depends on changes with every second.
inputs = None


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """Compares the time since the version was registered."""
    age_s, most = max(0.0, time.time() - candidate.version.created_at), options["max"]
    has_passed = age_s <= most
    shown = time_text(float(round(age_s)) if age_s < 60 else age_s // 60 * 60)
    message = f"registered {shown} ago, {'within' if has_passed else 'over'} {time_text(most)}"
    return Finding(has_passed, message, {"age_s": age_s, "max_s": most})
