"""How long answers took, by buckets that grow by a seventh each: enough for percentiles within that. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

#: The upper edge of bucket 0, in seconds, and what an edge is multiplied by for the next.
_FIRST_S = 0.0005
_GROWTH = 1.15
_LAST = 95
_LOG = math.log(_GROWTH)


def bucket(length_s: float) -> int:
    """The number of the bucket that a length of time falls into; all beyond five minutes into the last."""
    if length_s <= _FIRST_S:
        return 0
    return min(_LAST, math.ceil(math.log(length_s / _FIRST_S) / _LOG))


def merged(counts: Iterable[Mapping[int, int]]) -> dict[int, int]:
    """The counts of several stretches of time as one."""
    total: dict[int, int] = {}
    for one in counts:
        for number, count in one.items():
            total[number] = total.get(number, 0) + count
    return total


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """The length that a share of the answers did not exceed, in seconds; None of no answers.

    Args:
        counts: Bucket -> answers.
        share: Between 0 and 1.

    Returns:
        Within a bucket by equal parts, so off by no more than a seventh.
    """
    total = sum(counts.values())
    left = share * total
    for number in sorted(counts):
        count = counts[number]
        if count and left <= count:
            low, high = _edge(number - 1), _edge(number)
            return low + (high - low) * left / count
        left -= count
    return _edge(max(counts)) if total else None


def _edge(number: int) -> float:
    return _FIRST_S * _GROWTH**number if number >= 0 else 0.0
