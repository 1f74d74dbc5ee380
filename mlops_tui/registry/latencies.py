"""How long a prediction takes, measured here and now."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

#: Predictions that are not counted, that are, and the longest that is spent on them.
WARM, COUNTED, LONGEST_S = 3, 200, 5.0


class Latency(NamedTuple):
    """Percentiles over single predictions, in seconds, and how many there were."""

    p50_s: float
    p95_s: float
    predictions: int


def timed(model: Any, example: Any, count: int = 1) -> Latency:
    """Times predictions.

    Args:
        model: What predicts.
        example: Rows as the model takes them; the first one is repeated.
        count: Rows of a prediction.
    """
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
    return Latency(times[len(times) // 2], times[min(len(times) - 1, int(len(times) * 0.95))], len(times))


def _repeated(example: Any, count: int) -> Any:
    import numpy as np

    places = np.zeros(count, dtype=int)
    return example.iloc[places] if hasattr(example, "iloc") else example[places]
