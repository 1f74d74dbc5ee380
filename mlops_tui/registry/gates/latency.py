"""A prediction must not take longer than a budget, measured here and now."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

from mlops_tui.quantities import time_text
from mlops_tui.registry import latencies
from mlops_tui.registry.gates.candidate import Candidate, Finding


def inputs(candidate: Candidate, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The files, and the machine that it was measured on."""
    return {"digest": candidate.version.digest, "host": platform.node()}


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """Times predictions of the input example's first row, repeated to the configured number of rows."""
    model, example = candidate.model()
    count = options.get("rows", 1)
    found = latencies.timed(model, example, count)
    p50, p95, most = found.p50_s, found.p95_s, options["max"]
    facts = {"p50_s": p50, "p95_s": p95, "max_s": most, "rows": count, "predictions": found.predictions}
    what = f"{count} row{'s' if count != 1 else ''}"
    counted = f"p50 {p50 * 1000:.2f} ms, n {found.predictions}"
    return Finding(p95 <= most, f"p95 {p95 * 1000:.2f} ms for {what} ({counted}), limit {_text(most)}", facts)


def _text(length_s: float) -> str:
    return f"{length_s * 1000:g} ms" if length_s < 1 else time_text(length_s)
