"""The outline of a chunk of metric points: its least and greatest point out of every few. Knows no table.

An outline is a chunk body of real points, an eighth of the chunk's; a chart of which no column is narrower than a
stretch is drawn from outlines, and then shows every least and greatest value that stands out from the columns beside
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import sub
from typing import NamedTuple

from mlops_store import chunks

#: Points that one least and one greatest point stand for.
STRETCH = 16

#: A chunk of fewer points is read whole as fast.
LEAST_POINTS = 512


class Outline(NamedTuple):
    """An outline and what its widest stretch measures on each axis."""

    body: bytes
    widest_step: int
    widest_ms: int


def outline(steps: Sequence[int], times_ms: Sequence[int], values: Sequence[float]) -> Outline | None:
    """The outline of a chunk: of each ``STRETCH`` points the least, the greatest and the last NaN, in their order.

    Args:
        steps: Of the chunk's points, in the order of arrival.
        times_ms: As many as steps.
        values: As many as steps.

    Returns:
        None for few points, and for those that are not in the order of both axes: what lies between two of them on
        an axis would not be known.
    """
    count = len(values)
    if count < LEAST_POINTS or not (_is_ascending(steps) and _is_ascending(times_ms)):
        return None
    kept: list[int] = []
    for start in range(0, count, STRETCH):
        kept += _extremes(values[start : start + STRETCH], start)
    body = chunks.encode([steps[at] for at in kept], [times_ms[at] for at in kept], [values[at] for at in kept])
    return Outline(body, _widest(steps), _widest(times_ms))


def _extremes(part: Sequence[float], start: int) -> list[int]:
    low, high = min(part), max(part)
    if low == low and high == high and sum(part) == sum(part):
        places = {part.index(low), part.index(high)}
    else:  # a NaN, or infinities of both signs
        numbers = [(value, place) for place, value in enumerate(part) if value == value]
        places = {min(numbers)[1], max(numbers)[1]} if numbers else set[int]()
        places |= set([place for place, value in enumerate(part) if value != value][-1:])
    return sorted(start + place for place in places)


def _widest(numbers: Sequence[int]) -> int:
    """From the first to the last of a stretch, at most; what 64 bits cannot hold is too wide in any case."""
    ends = [*numbers[STRETCH - 1 :: STRETCH], numbers[-1]]  # the last stretch may be shorter
    widest: int = max(map(sub, ends, numbers[::STRETCH]))
    return min(widest, (1 << 63) - 1)


def _is_ascending(numbers: Sequence[int]) -> bool:
    return sorted(numbers) == list(numbers)
