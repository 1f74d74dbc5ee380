"""A prediction must not take longer than a budget, measured here and now."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from typing import Any

from mlops_tui.quantities import time_text
from mlops_tui.registry.gates.candidate import Candidate, Finding

#: Predictions that are not counted, that are, and the longest that is spent on them.
WARM, COUNTED, LONGEST_S = 3, 200, 5.0


def inputs(candidate: Candidate, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The files, and the machine that it was measured on."""
    return {"digest": candidate.version.digest, "host": platform.node()}


def find(candidate: Candidate, options: Mapping[str, Any]) -> Finding:
    """Times predictions of the input example's first row, repeated to the configured number of rows."""
    model, example = candidate.model()
    count = options.get("rows", 1)
    rows = _repeated(example, count)
    for _ in range(WARM):
        model.predict(rows)
    times: list[float] = []
    end = time.perf_counter() + LONGEST_S
    while len(times) < COUNTED and (time.perf_counter() < end or len(times) < 3):
        start = time.perf_counter()
        model.predict(rows)
        times.append(time.perf_counter() - start)
    times.sort()
    p50, p95 = times[len(times) // 2], times[min(len(times) - 1, int(len(times) * 0.95))]
    most = options["max"]
    facts = {"p50_s": p50, "p95_s": p95, "max_s": most, "rows": count, "predictions": len(times)}
    what = f"{count} row{'s' if count != 1 else ''}"
    message = f"p95 {p95 * 1000:.2f} ms for {what} (p50 {p50 * 1000:.2f} ms, n {len(times)}), limit {_text(most)}"
    return Finding(p95 <= most, message, facts)


def _text(length_s: float) -> str:
    return f"{length_s * 1000:g} ms" if length_s < 1 else time_text(length_s)


def _repeated(example: Any, count: int) -> Any:
    import numpy as np

    places = np.zeros(count, dtype=int)
    return example.iloc[places] if hasattr(example, "iloc") else example[places]
