"""When a series of figures changed its level: the segments of equal mean that explain it best. Pure Python.

Loaded by the dashboard, therefore without numpy: a thousand figures take a tenth of a second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

#: Effects of windows that come from one distribution differ by about this much at least.
LEAST_NOISE = 0.01
#: A level that differs by less than this many times the noise is not another one, however many windows say so.
_LEAST_STEP = 1.0
#: Fewer figures than this say too little of their noise; then the least noise is taken for it.
_ENOUGH = 8
#: The standard deviation of Kolmogorov's distribution.
_KOLMOGOROV = 0.2603


@dataclass(frozen=True, slots=True)
class Level:
    """A stretch of figures around one mean: ``figures[start:end]``."""

    start: int
    end: int
    mean: float


def levels(figures: Sequence[float | None], *, least_noise: float = LEAST_NOISE) -> tuple[Level, ...]:
    """The levels of a series, in order; together they are the whole of it.

    The segmentation is the one with the least squared error plus 3 log n times the noise's variance for each change,
    found exactly. The noise is taken from the differences of neighbours, which changes of level hardly touch.

    Args:
        figures: From the oldest to the newest; None where there is none, which belongs to the level around it.
        least_noise: The least standard deviation that is taken for noise.

    Source:
        Killick, Fearnhead and Eckley, Optimal detection of changepoints with a linear computational cost (2012).
    """
    places = [place for place, figure in enumerate(figures) if figure is not None]
    values = [float(figure) for figure in figures if figure is not None]
    if not values:
        return ()
    noise = max(least_noise, _noise(values)) if len(values) >= _ENOUGH else least_noise
    starts = _changes(values, 3 * math.log(max(2, len(values))) * noise**2)
    kept = [0]
    for start, end in pairwise([*starts[1:], len(values)]):
        if abs(_mean(values[start:end]) - _mean(values[kept[-1] : start])) >= _LEAST_STEP * noise:
            kept.append(start)
    ends = [*kept[1:], len(values)]
    firsts = [0, *(places[start] for start in kept[1:]), len(figures)]
    return tuple(
        Level(firsts[place], firsts[place + 1], _mean(values[start:end]))
        for place, (start, end) in enumerate(zip(kept, ends, strict=True))
    )


def around(found: Sequence[Level], place: int) -> tuple[Level | None, Level | None]:
    """The level before the one that a figure belongs to, and that one; None where there is none."""
    rank = next((rank for rank, level in enumerate(found) if level.start <= place < level.end), None)
    if rank is None:
        return None, None
    return found[rank - 1] if rank else None, found[rank]


def chance(reference_count: int, current_count: int) -> float:
    """How much effects differ by chance between windows of so many rows: a standard deviation, at least the least."""
    if not reference_count or not current_count:
        return LEAST_NOISE
    return max(LEAST_NOISE, _KOLMOGOROV * math.sqrt(1 / reference_count + 1 / current_count))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _noise(values: Sequence[float]) -> float:
    """The standard deviation within levels, from the median of neighbours' differences."""
    steps = [abs(after - before) for before, after in pairwise(values)]
    return median(steps) / (math.sqrt(2) * 0.6745) if steps else 0.0


def _changes(values: Sequence[float], penalty: float) -> list[int]:
    """Where the segments of the best segmentation begin; the first is 0."""
    sums, squares = [0.0], [0.0]
    for value in values:
        sums.append(sums[-1] + value)
        squares.append(squares[-1] + value * value)
    best, last = [-penalty], [0]
    candidates = [0]
    for end in range(1, len(values) + 1):
        costs = []
        for start in candidates:
            total = sums[end] - sums[start]
            costs.append(best[start] + squares[end] - squares[start] - total * total / (end - start))
        least = min(costs)
        last.append(candidates[costs.index(least)])
        best.append(least + penalty)
        # a start that is worse by now than beginning anew here can never be the best again
        candidates = [start for start, cost in zip(candidates, costs, strict=True) if cost <= least + penalty]
        candidates.append(end)
    starts = [last[-1]]
    while starts[-1]:
        starts.append(last[starts[-1]])
    return starts[::-1]
