"""Whether two runs differ by more than chance, from the same rows (paired) or from repeated seeds (two samples)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Up to so many discordant pairs McNemar's test is exact.
EXACT_PAIRS = 1000
#: Resamples of a bootstrap, and the seed of its random numbers: the same rows give the same interval.
RESAMPLES, SEED = 5000, 0
#: Fewer resamples, but not fewer than these, are drawn where there would be more draws than this.
LEAST_RESAMPLES = 1000
_MOST_DRAWS = 200_000_000
_BLOCK_DRAWS = 4_000_000


@dataclass(frozen=True, slots=True)
class Test:
    """A test of no difference.

    Attributes:
        method: Its name.
        statistic: As the method defines it.
        p: Two-sided p-value.
    """

    __test__ = False  # not for pytest

    method: str
    statistic: float
    p: float


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval for a difference.

    Attributes:
        low: Its lower end.
        high: Its upper end.
        confidence: 0 to 1.
        method: How it was found, with the number of resamples where it is a bootstrap.
    """

    low: float
    high: float
    confidence: float
    method: str

    @property
    def has_zero(self) -> bool:
        """Whether no difference is among what the data allow."""
        return self.low <= 0 <= self.high


def mcnemar(only_first: int, only_second: int) -> Test:
    """McNemar's test of two classifiers on the same rows.

    Args:
        only_first: Rows that only the first has right.
        only_second: Rows that only the second has right.

    Returns:
        The exact test (statistic: the smaller count) up to 1,000 discordant rows, beyond that the chi-square with
        continuity correction.

    Source:
        McNemar (1947); Edwards (1948); statsmodels.stats.contingency_tables.mcnemar.
    """
    from scipy.special import bdtr, chdtrc

    discordant = only_first + only_second
    if discordant <= EXACT_PAIRS:
        least = float(min(only_first, only_second))
        p = min(1.0, 2 * float(bdtr(least, discordant, 0.5))) if discordant else 1.0
        return Test("McNemar, exact", least, p)
    statistic = (abs(only_first - only_second) - 1) ** 2 / discordant
    return Test("McNemar, chi-square with continuity correction", statistic, float(chdtrc(1, statistic)))


def paired_t(differences: npt.NDArray[np.float64]) -> Test:
    """Student's t-test that the mean of differences is 0; p is 1 where all of them are 0.

    Source:
        scipy.stats.ttest_rel.
    """
    from scipy.special import stdtr

    count, largest = len(differences), float(abs(differences).max(initial=0.0))
    if count < 2 or largest == 0:
        return Test("paired t", 0.0, 1.0)
    scaled = differences / largest  # the statistic has no unit, and squares of tiny differences would vanish
    mean, error = float(scaled.mean()), float(scaled.std(ddof=1)) / math.sqrt(count)
    if error == 0:
        return Test("paired t", math.copysign(math.inf, mean), 0.0)
    statistic = mean / error
    return Test("paired t", statistic, 2 * float(stdtr(count - 1, -abs(statistic))))


def bootstrap(differences: npt.NDArray[np.float64], confidence: float = 0.95, *, share: int = 1) -> Interval:
    """The interval of a mean of paired differences by resampling rows, bias corrected and accelerated (BCa).

    Args:
        differences: Shape (n,), finite, n at least 1: second minus first, row by row.
        confidence: 0 to 1.
        share: With how many other bootstraps it shares the time: large ones then draw fewer resamples.

    Source:
        Efron, Better Bootstrap Confidence Intervals (1987); scipy.stats.bootstrap(paired=True, method='BCa').
    """
    import numpy as np
    from scipy.special import ndtr, ndtri

    if differences.min() == differences.max():
        value = float(differences[0])
        return Interval(value, value, confidence, "all differences are equal")
    mean = float(differences.mean())
    spread = differences - mean
    largest = float(abs(spread).max())
    spread /= largest  # the acceleration has no unit, and cubes of tiny differences would vanish
    means = np.sort(_resampled(differences, _MOST_DRAWS // share))
    tie = 1e-12 * largest  # what is equal but for rounding is half below
    below = float(((means < mean - tie).mean() + (means <= mean + tie).mean()) / 2)
    shift = float(ndtri(min(max(below, 1 / len(means)), 1 - 1 / len(means))))
    acceleration = float((spread**3).sum()) / (6 * float((spread**2).sum()) ** 1.5)
    ends = []
    for end in ((1 - confidence) / 2, (1 + confidence) / 2):
        z = shift + float(ndtri(end))
        level = float(ndtr(shift + z / (1 - acceleration * z)))
        ends.append(float(np.quantile(means, level)))
    return Interval(ends[0], ends[1], confidence, f"paired bootstrap, BCa, {len(means):,} resamples")


def _resampled(differences: npt.NDArray[np.float64], draws: int) -> npt.NDArray[np.float64]:
    """Means of resamples; few different values are drawn by their counts, which is the same and takes no time."""
    import numpy as np

    chance, count = np.random.default_rng(SEED), len(differences)
    values, counts = np.unique(differences, return_counts=True) if count <= 100_000 else (differences, None)
    if counts is not None and len(values) <= 50:
        drawn = chance.multinomial(count, counts / count, size=RESAMPLES)
        return drawn @ values / count
    resamples = max(LEAST_RESAMPLES, min(RESAMPLES, draws // count))
    at_once = max(1, _BLOCK_DRAWS // count)
    means = [
        differences[chance.integers(0, count, (min(at_once, resamples - done), count), dtype=np.int32)].mean(axis=1)
        for done in range(0, resamples, at_once)
    ]
    return np.concatenate(means)


@dataclass(frozen=True, slots=True)
class Welch:
    """Two samples of one metric compared.

    Attributes:
        difference: Mean of the second minus mean of the first.
        interval: Of the difference.
        test: Welch's test.
        effect: Hedges' g: the difference in standard deviations, corrected for small samples; NaN where nothing varies.
    """

    difference: float
    interval: Interval
    test: Test
    effect: float


def welch(first: list[float], second: list[float], confidence: float = 0.95) -> Welch:
    """Welch's t-test of two samples of finite values, of at least 2 each.

    Source:
        Welch (1947); scipy.stats.ttest_ind(equal_var=False); Hedges (1981) for the effect.
    """
    from scipy.special import stdtr, stdtrit

    counts = [len(sample) for sample in (first, second)]
    means = [math.fsum(sample) / len(sample) for sample in (first, second)]
    difference, freedom = means[1] - means[0], counts[0] + counts[1] - 2
    spreads = [[value - mean for value in sample] for sample, mean in zip((first, second), means, strict=True)]
    largest = max(abs(spread) for sample in spreads for spread in sample)
    if largest == 0:
        p = 1.0 if difference == 0 else 0.0
        statistic = 0.0 if difference == 0 else math.copysign(math.inf, difference)
        interval = Interval(difference, difference, confidence, "nothing varies")
        return Welch(difference, interval, Test("Welch t", statistic, p), math.nan)
    # in units of the largest deviation: the fourth power of a tiny one would vanish
    variances = [math.fsum((spread / largest) ** 2 for spread in sample) / (len(sample) - 1) for sample in spreads]
    shares = [variance / count for variance, count in zip(variances, counts, strict=True)]
    error = math.sqrt(sum(shares))
    welch_freedom = error**4 / sum(share**2 / (count - 1) for share, count in zip(shares, counts, strict=True))
    statistic = difference / largest / error
    margin = float(stdtrit(welch_freedom, (1 + confidence) / 2)) * error * largest
    pooled = math.sqrt(sum((count - 1) * variance for count, variance in zip(counts, variances, strict=True)) / freedom)
    return Welch(
        difference,
        Interval(difference - margin, difference + margin, confidence, "Welch t"),
        Test("Welch t", statistic, 2 * float(stdtr(welch_freedom, -abs(statistic)))),
        difference / largest / pooled * (1 - 3 / (4 * freedom - 1)),
    )


__all__ = ["Interval", "Test", "Welch", "bootstrap", "mcnemar", "paired_t", "welch"]
