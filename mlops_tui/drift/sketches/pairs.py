"""Profiles in the places of samples: what methods, summaries and drawings ask of a column, answered by its profile."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mlops_tui.drift import walks
from mlops_tui.drift.pairs import BINNED_ABOVE, NotKept, NumberPair, View, sturges
from mlops_tui.drift.samples import FloatArray, IntArray, Labels, Numbers, label, ordered
from mlops_tui.drift.sketches.column import NONE, ColumnSketch, Moments
from mlops_tui.drift.sketches.quantiles import EMPTY, Quantiles
from mlops_tui.drift.walks import Walk

#: What stands for all the labels that a profile did not keep.
OTHERS = "(other labels)"
#: The rows of an exact profile are written out up to so many.
_WRITTEN_OUT = 20_000


@dataclass(frozen=True)
class SketchedNumbers(Numbers):
    """A numerical column of which a profile is known; ``values`` are those that it kept.

    Attributes:
        known: How many rows each value stands for, and how wrong that may be.
        moments: What is known exactly.
    """

    known: Quantiles = EMPTY
    moments: Moments = NONE

    @property
    def count(self) -> int:
        """Rows with a usable value."""
        return self.moments.count

    @property
    def row_count(self) -> int:
        """All rows."""
        return self.count + self.missing + self.infinite + self.unparsable

    @cached_property
    def mean(self) -> float:
        """The mean, exact."""
        return self.moments.mean

    @cached_property
    def std(self) -> float:
        """The standard deviation with ddof 0, exact."""
        return float(np.sqrt(max(self.moments.squares, 0.0) / self.count))

    @property
    def low(self) -> float:
        """The least value, exact."""
        return self.moments.low

    @property
    def high(self) -> float:
        """The greatest value, exact."""
        return self.moments.high

    @cached_property
    def reached(self) -> IntArray:
        """Rows up to and with each of the values."""
        return np.cumsum(self.known.weights)

    def quantile(self, level: float) -> float:
        """The quantile: of all values where they are known, else interpolated between those that were kept."""
        if self.known.is_exact:
            place = level * (self.count - 1)
            below = int(place)
            first, second = self.values[np.searchsorted(self.reached, [below, min(below + 1, self.count - 1)], "right")]
            return float(first * (1 - (place - below)) + second * (place - below))
        values, reached = self._line
        return float(np.interp(level * self.count, reached, values))

    def below(self, bounds: FloatArray) -> IntArray:
        """How many values are less than each of the bounds, interpolated where not all of them were kept."""
        if self.known.is_exact:
            return np.append(0, self.reached)[self.values.searchsorted(bounds, "left")]
        values, reached = self._line
        return np.round(np.interp(bounds, values, reached)).astype(np.int64)

    @cached_property
    def _line(self) -> View:
        """The distribution function through the middle of each kept value's rows, from the least to the greatest."""
        middles = self.reached - self.known.weights / 2
        values = np.concatenate([[self.low], self.values, [self.high]])
        return values, np.concatenate([[0.0], middles, [float(self.count)]])


class SketchedPair(NumberPair):
    """A numerical column of the reference and of the current data, both known by their profiles."""

    def __init__(self, reference: Numbers, current: Numbers) -> None:
        super().__init__(reference, current)
        assert isinstance(reference, SketchedNumbers)
        assert isinstance(current, SketchedNumbers)
        self._known = reference.known, current.known

    @property
    def rank_error(self) -> float:
        """The difference of the distribution functions is wrong by at most this, anywhere."""
        return sum(known.rank_error for known in self._known)

    @property
    def moved(self) -> float:
        """The Wasserstein distance is wrong by at most this, in the column's unit."""
        return sum(known.moved for known in self._known)

    @property
    def is_exact(self) -> bool:
        """Whether both profiles hold every value."""
        return all(known.is_exact for known in self._known)

    @property
    def has_rows(self) -> bool:
        """Whether all values are known, and few."""
        return self.is_exact and sum(known.count for known in self._known) <= _WRITTEN_OUT

    @property
    def sorted(self) -> View:
        """Both samples, ascending, where they are few and all known."""
        if not self.has_rows:
            raise NotKept("it needs every single value, and profiles were compared")
        reference, current = (np.repeat(known.values, known.weights) for known in self._known)
        return reference, current

    @cached_property
    def walk(self) -> Walk:
        """How far apart the distribution functions of the profiles are."""
        reference, current = self._known
        return walks.weighted(reference.values, reference.weights, current.values, current.weights)

    @cached_property
    def values(self) -> FloatArray:
        """The distinct values, ascending; only where all of them are known."""
        if not self.is_exact:
            raise NotKept("it needs the rows of each value, and profiles of many values were compared")
        return np.union1d(self._known[0].values, self._known[1].values)

    @cached_property
    def counts(self) -> View:
        """Occurrences of each of ``values`` in the reference and in the current sample."""
        reference, current = (self._occurrences(known) for known in self._known)
        return reference, current

    @cached_property
    def binned(self) -> View:
        """Counts by Sturges' bins over both samples; by value where the reference has few values."""
        if self._known[0].is_exact and len(self._known[0].values) <= BINNED_ABOVE and self._known[1].is_exact:
            return self.counts
        reference, current = (self._histogram(side, self.edges) for side in (self.reference, self.current))
        return reference, current

    @cached_property
    def edges(self) -> FloatArray:
        """The edges of Sturges' bins over both samples, exact."""
        return sturges(
            min(self.reference.low, self.current.low),
            max(self.reference.high, self.current.high),
            self.reference.count + self.current.count,
            is_integer=self.reference.is_integer and self.current.is_integer,
        )

    def _occurrences(self, known: Quantiles) -> FloatArray:
        found = np.zeros(len(self.values))
        found[np.searchsorted(self.values, known.values)] = known.weights
        return found

    @staticmethod
    def _histogram(side: Numbers, edges: FloatArray) -> FloatArray:
        return np.diff(np.append(side.below(edges[:-1]), side.count)).astype(np.float64)


def numbers(sketch: ColumnSketch) -> SketchedNumbers:
    """The profile of a column as numbers."""
    return SketchedNumbers(
        values=sketch.numbers.values,
        missing=sketch.missing,
        infinite=sketch.infinite,
        unparsable=sketch.unparsable,
        is_integer=sketch.is_integer,
        known=sketch.numbers,
        moments=sketch.moments,
    )


def labels(sketch: ColumnSketch) -> Labels:
    """The profile of a column as labels.

    Raises:
        NotKept: It holds more different numbers than its profile counted one by one.
    """
    if sketch.tally is not None:
        counts = sketch.tally.counts()
        if rest := sketch.tally.count - sum(counts.values()):
            counts[OTHERS] = counts.get(OTHERS, 0) + rest
    elif sketch.numbers.is_exact:
        counts = {}
        for value, rows in zip(sketch.numbers.values.tolist(), sketch.numbers.weights.tolist(), strict=True):
            name = label(value) or ""
            counts[name] = counts.get(name, 0) + rows
    else:
        raise NotKept(
            f"it holds more than {len(sketch.numbers.values)} different numbers, the reference few categories"
        )
    names = ordered(counts)
    return Labels(names, np.array([counts[name] for name in names], dtype=np.int64), sketch.rows - sum(counts.values()))
