"""Two samples of one column side by side, in the views that methods are fed with.

- ``sorted``: the two sorted samples of numbers;
- ``walk``: how far apart their distribution functions are;
- ``counts``: how often each distinct value occurs in either sample, aligned;
- ``binned``: the same, but numbers with more than 20 distinct values in the reference are counted in bins.

The views are made when first asked for and kept, because several statistics share them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TypeAlias

import numpy as np

from mlops_tui.drift import walks
from mlops_tui.drift.samples import FloatArray, IntArray, Labels, Numbers, ordered
from mlops_tui.drift.walks import Walk

#: Numbers with more distinct reference values than this are binned, as Evidently does.
BINNED_ABOVE = 20

View: TypeAlias = tuple[FloatArray, FloatArray]


class NotKept(Exception):
    """A view needs what is not known of the samples; the message continues a sentence on a method or a column."""


class NumberPair:
    """A numerical column of the reference and of the current data; both samples hold at least one value."""

    kind = "numerical"

    def __init__(self, reference: Numbers, current: Numbers) -> None:
        self.reference = reference
        self.current = current

    @property
    def has_rows(self) -> bool:
        """Whether ``sorted`` is there: every value of both samples."""
        return True

    @property
    def sorted(self) -> View:
        """Both samples, ascending."""
        return self.reference.values, self.current.values

    @cached_property
    def walk(self) -> Walk:
        """How far apart the distribution functions are."""
        return walks.walk(*self.sorted)

    @property
    def distinct(self) -> int:
        """Distinct values in both samples together."""
        return self.walk.distinct

    @cached_property
    def values(self) -> FloatArray:
        """The distinct values, ascending; ``counts`` follows them."""
        reference, current = self.sorted
        return np.union1d(_different(reference), _different(current))

    @cached_property
    def counts(self) -> View:
        """Occurrences of each of ``values`` in the reference and in the current sample."""
        return _occurrences(self.reference.values, self.values), _occurrences(self.current.values, self.values)

    @cached_property
    def binned(self) -> View:
        """Counts by Sturges' bins over both samples; by value where the reference has few values."""
        reference, current = self.sorted
        if len(_different(reference)) <= BINNED_ABOVE:
            return self.counts
        edges = sturges(
            min(self.reference.low, self.current.low),
            max(self.reference.high, self.current.high),
            len(reference) + len(current),
            is_integer=self.reference.is_integer and self.current.is_integer,
        )
        return histogram(reference, edges), histogram(current, edges)


class LabelPair:
    """A categorical column of the reference and of the current data; both samples hold at least one value."""

    kind = "categorical"
    has_rows = False

    def __init__(self, reference: Labels, current: Labels) -> None:
        self.reference = reference
        self.current = current

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The labels of both samples, ascending; ``counts`` follows them."""
        if self.reference.names == self.current.names:
            return self.reference.names
        return ordered({*self.reference.names, *self.current.names})

    @property
    def distinct(self) -> int:
        """Distinct labels in both samples together."""
        return len(self.names)

    @cached_property
    def counts(self) -> View:
        """Occurrences of each of ``names`` in the reference and in the current sample."""
        return self._aligned(self.reference), self._aligned(self.current)

    @property
    def binned(self) -> View:
        """The same as ``counts``: labels are not put together."""
        return self.counts

    @property
    def sorted(self) -> View:
        """Refused: labels have no values to sort."""
        raise TypeError("labels have no order")

    @property
    def walk(self) -> Walk:
        """Refused: labels have no distribution function."""
        raise TypeError("labels have no order")

    def _aligned(self, labels: Labels) -> FloatArray:
        of_name = dict(zip(labels.names, labels.counts.tolist(), strict=True))
        return np.array([of_name.get(name, 0) for name in self.names], dtype=np.float64)


Pair = NumberPair | LabelPair


def sturges(low: float, high: float, count: int, *, is_integer: bool = False) -> FloatArray:
    """The edges of Sturges' equal bins over two samples together.

    Args:
        low: The least value of both.
        high: The greatest value of both.
        count: Values of both.
        is_integer: Both hold whole numbers; no bin is then narrower than 1.

    Raises:
        OverflowError: The range of the values is not a finite number.

    Source:
        numpy.histogram_bin_edges with bins="sturges"; Sturges, The Choice of a Class Interval (1926).
    """
    span = float(high) - float(low)
    if not np.isfinite(span):
        raise OverflowError("the values span more than a double can hold")
    if span == 0:
        return np.array([low - 0.5, high + 0.5])
    width = span / (np.log2(count) + 1.0)
    if is_integer and width < 1:
        width = 1.0
    return np.linspace(low, high, int(np.ceil(span / width)) + 1) if width else np.array([low, high])


def histogram(values: FloatArray, edges: FloatArray) -> FloatArray:
    """Counts of ascending values between ascending edges; the last bin includes its right edge."""
    places: IntArray = np.concatenate(
        [values.searchsorted(edges[:-1], "left"), values.searchsorted(edges[-1:], "right")]
    )
    return np.diff(places).astype(np.float64)


def _different(values: FloatArray) -> FloatArray:
    """The distinct of ascending values."""
    return np.concatenate([values[:1], values[1:][values[1:] != values[:-1]]])


def _occurrences(values: FloatArray, of: FloatArray) -> FloatArray:
    return (values.searchsorted(of, "right") - values.searchsorted(of, "left")).astype(np.float64)
