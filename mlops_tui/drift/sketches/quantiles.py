"""Numbers in a few KB: some of the values with the number of rows that each stands for, and how wrong that may be.

Rows are cut into blocks of consecutive ranks, small ones at both ends of the distribution, and each block is put into
its median. What that moved is known exactly, so the bounds are certain rather than likely, and they stay small where
profiles are merged: the error of a mixture is at most the mean of its parts' errors.

Source:
    Manku, Rajagopalan and Lindsay, Approximate medians and other quantiles in one pass and with limited memory (1998),
    for the collapsing of sorted buffers; the block sizes are those of Dunning and Ertl's t-digest (scale function k1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mlops_tui.drift.samples import FloatArray, IntArray

#: Values that a finished profile keeps at most: 4 KB.
KEPT = 256
#: Values that stand for a batch of rows, or for many batches, while a profile is being made.
_GATHERED = 1024
#: So many of those are put together at a time.
_FAN = 16


@dataclass(frozen=True, slots=True)
class Quantiles:
    """A distribution of numbers.

    Attributes:
        values: Distinct, finite, ascending.
        weights: How many rows each stands for, all positive.
        rank_error: The distribution function is wrong by at most this share of the rows, anywhere.
        moved: Its Wasserstein distance from the true one is at most this, in the column's unit.
    """

    values: FloatArray
    weights: IntArray
    rank_error: float = 0.0
    moved: float = 0.0

    @property
    def count(self) -> int:
        """Rows."""
        return int(self.weights.sum())

    @property
    def is_exact(self) -> bool:
        """Whether nothing was put together: these are all the distinct values with their numbers of rows."""
        return self.rank_error == 0.0


EMPTY = Quantiles(np.empty(0), np.empty(0, dtype=np.int64))


def of_sorted(values: FloatArray, most: int = KEPT) -> Quantiles:
    """The profile of ascending finite values."""
    count = len(values)
    if not count:
        return EMPTY
    ends = np.flatnonzero(values[1:] != values[:-1])
    if len(ends) < most:
        ends = np.append(ends, count - 1)
        return Quantiles(values[ends], np.diff(ends, prepend=-1))
    starts = _block_starts(count, most)
    ends = np.append(starts[1:], count)
    middles = (starts + ends - 1) // 2
    weights = ends - starts
    kept = values[middles]
    # of each block the sum before its median, the median itself, the sum behind it
    places = np.stack([starts, middles, np.minimum(middles + 1, count - 1)], axis=1).ravel()
    with np.errstate(over="ignore", invalid="ignore"):
        sums = np.add.reduceat(values, places).reshape(-1, 3)
        before, behind = middles - starts, ends - 1 - middles
        left = np.where(before > 0, kept * before - sums[:, 0], 0.0)
        right = np.where(behind > 0, sums[:, 2] - kept * behind, 0.0)
        moved = float(np.maximum(left, 0.0).sum() + np.maximum(right, 0.0).sum()) / count
    return _distinct(kept, weights, float(behind.max()) / count, moved)


def joined(parts: Sequence[Quantiles], most: int = KEPT) -> Quantiles:
    """The profile of all rows of several profiles together.

    Args:
        parts: Any number.
        most: Values to keep.
    """
    parts = [part for part in parts if len(part.values)]
    if len(parts) == 1 and len(parts[0].values) <= most:
        return parts[0]
    if not parts:
        return EMPTY
    counts = np.array([part.count for part in parts], dtype=np.float64)
    shares = counts / counts.sum()
    rank_error = float(shares @ [part.rank_error for part in parts])
    moved = float(shares @ [part.moved for part in parts])
    values = np.concatenate([part.values for part in parts])
    order = values.argsort()
    weights = np.concatenate([part.weights for part in parts])[order]
    return _thinned(_distinct(values[order], weights, rank_error, moved), most)


def _distinct(values: FloatArray, weights: IntArray, rank_error: float, moved: float) -> Quantiles:
    """Ascending values, equal ones put together, which loses nothing."""
    is_first = np.append(True, values[1:] != values[:-1])
    if is_first.all():
        return Quantiles(values, weights, rank_error, moved)
    return Quantiles(values[is_first], np.add.reduceat(weights, np.flatnonzero(is_first)), rank_error, moved)


def _thinned(found: Quantiles, most: int) -> Quantiles:
    if len(found.values) <= most:
        return found
    values, weights = found.values, found.weights
    reached = np.cumsum(weights)
    count = int(reached[-1])
    # the first value that begins at or behind each cut; blocks without a value disappear
    starts = np.unique(np.searchsorted(reached - weights, _cuts(most) * count, "left"))
    starts = starts[starts < len(values)]
    ends = np.append(starts[1:], len(values))
    first, last = reached[starts] - weights[starts], reached[ends - 1]
    middles = np.searchsorted(reached, (first + last) / 2, "left")
    kept = values[middles]
    before, behind = reached[middles] - weights[middles] - first, last - reached[middles]
    with np.errstate(over="ignore", invalid="ignore"):
        distances = np.abs(values - np.repeat(kept, ends - starts)) * weights
        moved = found.moved + float(distances.sum()) / count
    error = found.rank_error + float(max(before.max(), behind.max())) / count
    return Quantiles(kept, last - first, error, moved)


@lru_cache(maxsize=8)
def _block_starts(count: int, most: int) -> IntArray:
    return np.unique(np.floor(_cuts(most) * count).astype(np.int64))


@lru_cache(maxsize=8)
def _cuts(most: int) -> FloatArray:
    """Where blocks begin, as shares of the rows: narrow blocks at both ends, the widest in the middle."""
    return np.asarray(np.sin(np.pi / 2 * np.arange(most) / most) ** 2, dtype=np.float64)


class Gatherer:
    """Takes sorted batches of any number and size, and gives the profile of all their rows."""

    def __init__(self) -> None:
        self._levels: list[list[Quantiles]] = []

    def add(self, values: FloatArray) -> None:
        """Takes ascending finite values."""
        self.take(of_sorted(values, _GATHERED))

    def take(self, part: Quantiles) -> None:
        """Takes the rows of a profile."""
        for level in self._levels:
            level.append(part)
            if len(level) < _FAN:
                return
            part = joined(level, _GATHERED)
            level.clear()
        self._levels.append([part])

    def result(self) -> Quantiles:
        """The profile of all that was taken."""
        return joined([part for level in self._levels for part in level])
