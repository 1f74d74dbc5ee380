"""Slices of rows in which runs differ otherwise than elsewhere: single columns and pairs of them, said only when sure.

A slice is told when the runs differ in it, and differ in it otherwise than in the other rows. The greater p-value of
both tests counts, and Holm's correction over every slice that was looked at keeps the chance of a single false one
below 5 %. What a slice repeats of those told before it (the same rows under another name) is left out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from mlops_tui.compare.paired import Test
from mlops_tui.prediction_files import Texts

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Rows that a slice needs, and the risk of telling any slice wrongly.
LEAST_ROWS, RISK = 30, 0.05
#: Bins of a column of numbers, and values of a column of texts that are looked at.
BINS, MOST_VALUES = 5, 20
#: Slices told at most, and sure ones looked at for that.
MOST_TOLD, _MOST_SURE = 20, 300
#: Cells of pairs of columns that are counted at most, so that a wide table takes seconds and not minutes.
_MOST_CELLS = 400_000_000


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows that have something in common, in which the runs differ for sure.

    Attributes:
        conditions: Column and what its value is, one or two of them.
        count: Rows in it.
        first: Mean score of the baseline in it.
        second: Mean score of the other run in it.
        test: Of no difference within the slice; its p-value is not corrected.
        adjusted_p: That of the surer-to-fail of both tests, corrected for the number of slices looked at (Holm).
    """

    conditions: tuple[tuple[str, str], ...]
    count: int
    first: float
    second: float
    test: Test
    adjusted_p: float

    @property
    def difference(self) -> float:
        """Second minus first."""
        return self.second - self.first


@dataclass(frozen=True, slots=True)
class Slices:
    """What was found.

    Attributes:
        found: The slices that are sure, the surest first.
        looked_at: How many slices were tested.
        columns: How many columns there were.
        has_pairs: Whether pairs of columns were looked at too: not where there are too many.
    """

    found: tuple[Slice, ...]
    looked_at: int
    columns: int
    has_pairs: bool


class Bins(NamedTuple):
    """A column cut into few bins; ``codes`` number the bin of each row, -1 for none."""

    name: str
    codes: npt.NDArray[np.int64]
    labels: tuple[str, ...]


class _Cell(NamedTuple):
    """One bin of a column, or one of the crossing of two."""

    crossing: Sequence[Bins]
    number: int

    @property
    def conditions(self) -> tuple[tuple[str, str], ...]:
        if len(self.crossing) == 1:
            return ((self.crossing[0].name, self.crossing[0].labels[self.number]),)
        left, right = self.crossing
        row, column = divmod(self.number, len(right.labels))
        return ((left.name, left.labels[row]), (right.name, right.labels[column]))

    def rows(self) -> npt.NDArray[np.bool_]:
        found: npt.NDArray[np.bool_] = _codes(self.crossing) == self.number
        return found


def find(
    columns: Mapping[str, npt.NDArray[Any] | Texts],
    first: npt.NDArray[np.float64],
    second: npt.NDArray[np.float64],
    *,
    is_counted: bool,
) -> Slices:
    """The slices in which two runs surely differ.

    Args:
        columns: What slices are made of, by name.
        first: Score of each row of the baseline.
        second: Score of each row of the other run.
        is_counted: Scores are 0 or 1 (right or wrong), tested by McNemar's exact test; otherwise by a paired t-test.
    """
    import numpy as np

    # a power of two costs no bit, and squares of tiny or large scores would vanish or be infinite
    power = 0 if is_counted else math.frexp(max(float(np.abs(side).max(initial=0.0)) for side in (first, second)))[1]
    first, second = np.ldexp(first, -power), np.ldexp(second, -power)
    bins = [one for name, column in columns.items() if len((one := binned(name, column)).labels) > 1]
    pairs = list(itertools.combinations(bins, 2))
    has_pairs = bool(pairs) and len(pairs) * len(first) <= _MOST_CELLS
    cells: list[_Cell] = []
    sums = []
    for crossing in [(one,) for one in bins] + (pairs if has_pairs else []):
        counted = _sums(_codes(crossing), math.prod(len(one.labels) for one in crossing), first, second, is_counted)
        large = np.flatnonzero((counted[0] >= LEAST_ROWS) & (len(first) - counted[0] >= LEAST_ROWS))
        cells.extend(_Cell(crossing, int(cell)) for cell in large)
        sums.append(counted[:, large])
    if not cells:
        return Slices((), 0, len(bins), has_pairs)
    inside = np.concatenate(sums, axis=1)
    statistics, p = _tests(inside, is_counted)
    contrast, contrast_p = _contrasts(inside, _sums(np.zeros(len(first), np.int64), 1, first, second, False))
    adjusted = holm(np.maximum(p, contrast_p))
    sure = [int(place) for place in np.lexsort((-contrast, adjusted)) if adjusted[place] <= RISK]
    found = []
    for place in _new(sure[:_MOST_SURE], cells, first, second, is_counted, RISK / len(cells)):
        count = inside[0, place]
        test = Test("McNemar, exact" if is_counted else "paired t", float(statistics[place]), float(p[place]))
        means = (math.ldexp(inside[1, place] / count, power), math.ldexp(inside[2, place] / count, power))
        found.append(Slice(cells[place].conditions, int(count), *means, test, float(adjusted[place])))
    return Slices(tuple(found), len(cells), len(bins), has_pairs)


def _new(
    sure: Sequence[int],
    cells: Sequence[_Cell],
    first: npt.NDArray[np.float64],
    second: npt.NDArray[np.float64],
    is_counted: bool,
    risk: float,
) -> Iterator[int]:
    """Of sure slices those in which the runs differ even without the rows of the slices before them."""
    import numpy as np

    is_free, told = np.ones(len(first), dtype=bool), 0
    for place in sure:
        rows = cells[place].rows()
        left = rows & is_free
        if int(left.sum()) < LEAST_ROWS:
            continue
        sums = _sums(np.where(left, 0, -1), 1, first, second, is_counted)
        if float(_tests(sums, is_counted)[1][0]) <= risk:
            is_free &= ~rows
            told += 1
            yield place
        if told == MOST_TOLD:
            return


def holm(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """P-values corrected for their number.

    Source:
        Holm, A simple sequentially rejective multiple test procedure (1979);
        statsmodels.stats.multitest.multipletests(method='holm').
    """
    import numpy as np

    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(stepped)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def binned(name: str, column: npt.NDArray[Any] | Texts) -> Bins:
    """A column as a small number of bins; rows in none of them are -1."""
    import numpy as np

    if isinstance(column, Texts):
        counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.texts))
        return _of_values(name, column.codes.astype(np.int64), counts, list(column.texts))
    finite = np.isfinite(column)
    values, inverse = np.unique(column[finite], return_inverse=True)
    if len(values) <= BINS * 2:
        codes = np.full(len(column), -1, dtype=np.int64)
        codes[finite] = inverse
        return _of_values(name, codes, np.bincount(inverse, minlength=len(values)), [f"{value:g}" for value in values])
    edges = np.unique(np.quantile(column[finite], np.linspace(0, 1, BINS + 1)[1:-1]))
    codes = np.where(finite, np.searchsorted(edges, np.where(finite, column, 0), side="left"), -1)
    texts = [f"{edge:.4g}" for edge in edges]
    labels = (f"≤ {texts[0]}", *(f"{low} to {high}" for low, high in itertools.pairwise(texts)), f"> {texts[-1]}")
    return Bins(name, codes.astype(np.int64), labels)


def _of_values(name: str, codes: npt.NDArray[np.int64], counts: npt.NDArray[Any], texts: list[str]) -> Bins:
    """The most frequent values, each a bin."""
    import numpy as np

    kept = [int(code) for code in np.argsort(-counts, kind="stable")[:MOST_VALUES] if counts[code]]
    table = np.full(len(texts) + 1, -1, dtype=np.int64)  # the last place is that of rows without a value
    table[kept] = np.arange(len(kept))
    return Bins(name, table[codes], tuple(texts[code] for code in kept))


def _codes(crossing: Sequence[Bins]) -> npt.NDArray[np.int64]:
    """The number of the cell of each row, -1 for none."""
    import numpy as np

    if len(crossing) == 1:
        return crossing[0].codes
    left, right = crossing
    codes = left.codes * len(right.labels) + right.codes
    return np.where((left.codes >= 0) & (right.codes >= 0), codes, -1)


def _sums(
    codes: npt.NDArray[np.int64],
    size: int,
    first: npt.NDArray[np.float64],
    second: npt.NDArray[np.float64],
    is_counted: bool,
) -> npt.NDArray[np.float64]:
    """For each cell: rows, sums of both scores, what its test needs, and the sum of squared differences.

    What its test needs are the discordant rows of either side, or sum and sum of squares of the differences.
    """
    import numpy as np

    inside = codes >= 0
    at, one, two = codes[inside], first[inside], second[inside]
    squares = (two - one) ** 2
    extra = ((one > two) * 1.0, (two > one) * 1.0) if is_counted else (two - one, squares)
    weights = (None, one, two, *extra, squares)
    return np.array([np.bincount(at, weights=weight, minlength=size) for weight in weights], dtype=np.float64)


def _tests(sums: npt.NDArray[np.float64], is_counted: bool) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Statistic and two-sided p-value of each cell; see ``paired.mcnemar`` and ``paired.paired_t``."""
    import numpy as np
    from scipy.special import bdtr, stdtr

    count, _, _, left, right, _ = sums
    if is_counted:
        least, discordant = np.minimum(left, right), left + right
        p = np.where(discordant > 0, 2 * bdtr(least, np.maximum(discordant, 1).astype(np.int64), 0.5), 1.0)
        return least, np.minimum(p, 1.0)
    variance = np.maximum(right - left**2 / count, 0.0) / (count - 1)
    # sums of squares lose digits: what is less than they can hold is no variance
    is_steady = variance <= 1e-12 * np.maximum(right / count, 1e-300)
    error = np.sqrt(np.where(is_steady, 1.0, variance) / count)
    statistic = left / count / error
    steady_p = np.where(left == 0, 1.0, 0.0)
    return statistic, np.where(is_steady, steady_p, 2 * stdtr(count - 1, -np.abs(statistic)))


def _contrasts(
    inside: npt.NDArray[np.float64], everything: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """How far the mean difference in each slice is from that in the other rows, in standard errors; and the p-value.

    Args:
        inside: Sums of each slice; see ``_sums``.
        everything: Sums of all rows, with sum and sum of squares of the differences.
    """
    import numpy as np
    from scipy.special import ndtr

    means, variances = [], []
    total, squares = inside[2] - inside[1], inside[5]
    for count, sum_, squared in (
        (inside[0], total, squares),
        (everything[0] - inside[0], everything[3] - total, everything[4] - squares),
    ):
        means.append(sum_ / count)
        variances.append(np.maximum(squared / count - (sum_ / count) ** 2, 0) / count)
    distance, error = np.abs(means[0] - means[1]), np.sqrt(variances[0] + variances[1])
    is_steady = error <= 1e-12
    z = distance / np.where(is_steady, 1, error)
    z = np.where(is_steady, np.where(distance > 1e-9, np.inf, 0.0), z)
    return z, 2 * ndtr(-z)


__all__ = ["Bins", "Slice", "Slices", "binned", "find", "holm"]
