"""Curves smoothed so that the picture does not depend on how many points stand for them. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlops_tui.ui.widgets.canvas import LARGEST, Bucket

#: The x range of a chart in the unit in which the past loses weight.
_VIEWPORT = 1000.0


def smoothed(points: Sequence[Bucket], weight: float, length: float) -> list[Bucket]:
    """The exponential moving average of a curve, weighted by distance in x and without a bias towards its start.

    Args:
        points: In the order of x; those without a finite value are left out.
        weight: Of the past, from 0 to below 1; what it means does not depend on how many points there are.
        length: Of the x axis that is shown, above 0.

    Returns:
        Single values, one for each point that has one.

    Source:
        Weights & Biases, "Smooth line plots", time weighted exponential moving average (its default).
    """
    decay = min(math.sqrt(max(0.0, weight)), 0.999)
    average = total = 0.0
    before: float | None = None
    found: list[Bucket] = []
    for x, _, _, last in points:
        if not abs(last) < LARGEST:
            continue
        share = decay ** ((x - before) / length * _VIEWPORT) if before is not None and length > 0 else 0.0
        total = total * share + 1.0
        # a mean of both rather than sums: sums of huge values would overflow
        average = average * (1.0 - 1.0 / total) + last / total
        before = x
        found.append((x, average, average, average))
    return found


__all__ = ["smoothed"]
