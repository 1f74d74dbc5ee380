"""Two sorted samples gone through together, from the least value to the greatest: how far apart they are.

The samples are merged block by block, so that the whole merge, which would take six times their memory, never exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mlops_tui.drift.samples import FloatArray, IntArray

#: Values of either sample in a block: what is worked on fits into a processor's cache.
_BLOCK = 32_768


@dataclass(frozen=True, slots=True)
class Walk:
    """How far two distribution functions are apart.

    Attributes:
        area: The integral of their absolute difference: the Wasserstein distance, in the column's unit.
        energy: The integral of their squared difference, in the column's unit.
        apart: Their largest absolute difference, 0 to 1: the statistic of Kolmogorov and Smirnov.
        distinct: Distinct values in both samples together.
    """

    area: float
    energy: float
    apart: float
    distinct: int


def walk(reference: FloatArray, current: FloatArray) -> Walk:
    """Goes through two samples.

    Args:
        reference: Shape (n,), at least one, finite, ascending.
        current: Shape (m,), at least one, finite, ascending.
    """
    n, m = len(reference), len(current)
    walker = _Walker(float(n) * m)
    for before, now in _blocks(reference, current):
        if len(before) + len(now) > 4 * _BLOCK:  # one value that stands very often
            (before, weights), (now, others) = _counted(before), _counted(now)
            walker.take(before, weights.astype(np.float64) * m, now, others.astype(np.float64) * n)
        else:
            walker.take(before, float(m), now, float(n))
    return walker.done()


def weighted(reference: FloatArray, weights: IntArray, current: FloatArray, others: IntArray) -> Walk:
    """Goes through two samples of values that stand for several rows each: ``weights`` and ``others``."""
    n, m = int(weights.sum()), int(others.sum())
    walker = _Walker(float(n) * m)
    walker.take(reference, weights.astype(np.float64) * m, current, others.astype(np.float64) * n)
    return walker.done()


class _Walker:
    """Adds up what lies between the values; steps are whole numbers, exact up to 2**53 pairs of rows."""

    def __init__(self, pairs: float) -> None:
        self._pairs = pairs
        self._gap = self._area = self._energy = self._apart = 0.0
        self._last = np.nan
        self._distinct = 0

    def take(self, before: FloatArray, up: FloatArray | float, now: FloatArray, down: FloatArray | float) -> None:
        """Takes values that are all greater than those before: where the difference grows, and where it falls."""
        both = np.concatenate([before, now])
        order = both.argsort(kind="stable")  # two ascending runs: a merge
        values = both.take(order)
        steps = np.empty(len(both))
        steps[: len(before)] = up
        steps[len(before) :] = down
        np.negative(steps[len(before) :], out=steps[len(before) :])
        gap = steps.take(order)
        gap[0] += self._gap
        np.cumsum(gap, out=gap)
        self._gap, reached = float(gap[-1]), abs(self._gap) / self._pairs
        gap /= self._pairs
        np.abs(gap, out=gap)
        with np.errstate(over="ignore", invalid="ignore"):  # of values that span more than a number holds
            width = float(values[0] - self._last) if self._distinct else 0.0
            widths = np.diff(values)
            between = gap[:-1] * widths
            self._area += reached * width + float(between.sum())
            between *= gap[:-1]
            self._energy += reached * reached * width + float(between.sum())
        is_last = widths > 0  # of equal values the difference behind the last one counts
        self._apart = max(self._apart, float(gap[-1]), float((gap[:-1] * is_last).max(initial=0.0)))
        self._distinct += int(np.count_nonzero(is_last)) + 1
        self._last = values[-1]

    def done(self) -> Walk:
        """What was found."""
        return Walk(self._area, self._energy, self._apart, self._distinct)


def _blocks(reference: FloatArray, current: FloatArray) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Parts of both samples between common values; equal values are in one part."""
    cuts = np.unique(np.concatenate([reference[_BLOCK::_BLOCK], current[_BLOCK::_BLOCK]]))
    ends = [
        (int(first), int(second))
        for first, second in zip(reference.searchsorted(cuts), current.searchsorted(cuts), strict=True)
    ]
    start = (0, 0)
    for end in (*ends, (len(reference), len(current))):
        if end != start:
            yield reference[start[0] : end[0]], current[start[1] : end[1]]
        start = end


def _counted(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """The distinct of ascending values, and how often each stands there."""
    starts = np.flatnonzero(np.append(len(values) > 0, values[1:] != values[:-1])[: len(values)])
    return values[starts], np.diff(starts, append=len(values))
