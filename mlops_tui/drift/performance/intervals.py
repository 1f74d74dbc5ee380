"""95 % intervals of means, shares and rank statistics in closed form, each by the method that its ``how`` names.

No random numbers: the same rows always give the same interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlops_tui.drift.placements import placements

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: The standard normal quantile of a 95 % interval.
Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a model's performance.

    Attributes:
        value: None where it cannot be computed; then ``why`` says why.
        low: Lower end of its 95 % interval.
        high: Upper end.
        how: How the interval was made.
        why: Why there is no value.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    how: str = ""
    why: str = ""

    @property
    def error(self) -> float:
        """The standard error that the interval's width stands for; 0 without one."""
        if self.low is None or self.high is None:
            return 0.0
        return (self.high - self.low) / (2 * Z95)


def none(why: str) -> Figure:
    """No figure, and why."""
    return Figure(why=why)


def share(part: float, whole: float) -> Figure:
    """Wilson's interval of a share; ``whole`` must be positive.

    Source:
        Wilson (1927); Brown, Cai and DasGupta, Interval Estimation for a Binomial Proportion (2001).
    """
    value = part / whole
    low, high = wilson(value, whole)
    return Figure(value, low, high, "Wilson")


def wilson(value: float, count: float) -> tuple[float, float]:
    """Both ends of Wilson's interval of a share of so many rows; of none it may be anything."""
    if not count:
        return 0.0, 1.0
    middle = value + Z95**2 / (2 * count)
    half = Z95 * math.sqrt(value * (1 - value) / count + Z95**2 / (4 * count**2))
    scale = 1 + Z95**2 / count
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def f1(hits: float, misses: float) -> Figure:
    """F1 of so many true positives and so many false ones of both kinds together; at least one must be there.

    F1 is 2J / (1 + J) of the share J of true positives among all three, and so Wilson's interval of J one of F1.
    """
    overlap = hits / (hits + misses)
    low, high = wilson(overlap, hits + misses)
    return Figure(2 * overlap / (1 + overlap), 2 * low / (1 + low), 2 * high / (1 + high), "Wilson")


def mean(values: FloatArray, *, low: float = -math.inf, high: float = math.inf) -> Figure:
    """The mean with its normal interval, cut at what the figure can be.

    Args:
        values: Finite, at least one; of a single one there is no interval.
        low: The least that the mean can be.
        high: The most.
    """
    value = float(values.mean())
    if len(values) < 2:
        return Figure(value)
    half = Z95 * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Figure(value, max(low, value - half), min(high, value + half), "normal")


def by_influence(value: float, influence: FloatArray, *, low: float = -math.inf, high: float = math.inf) -> Figure:
    """A figure with the interval that follows from how much each row moves it (the delta method).

    Args:
        value: The figure.
        influence: Its influence function at each row, of mean 0.
        low: The least that the figure can be.
        high: The most.

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 22.
    """
    if len(influence) < 2:
        return Figure(value)
    half = Z95 * float(influence.std(ddof=1)) / math.sqrt(len(influence))
    return Figure(value, max(low, value - half), min(high, value + half), "delta method")


def logit(value: float, count: int) -> Figure:
    """The logit interval of an average precision over so many positive rows.

    Source:
        Boyd, Eng and Page, Area under the Precision-Recall Curve (2013).
    """
    from scipy.special import expit

    if not 0 < value < 1:
        low, high = wilson(value, count)
        return Figure(value, low, high, "Wilson")
    middle, half = math.log(value / (1 - value)), Z95 / math.sqrt(count * value * (1 - value))
    low, high = expit([middle - half, middle + half]).tolist()  # an exponential would overflow for a few rows of many
    return Figure(value, low, high, "logit")


def area_by_rows(scores: FloatArray, is_positive: BoolArray) -> tuple[float, FloatArray]:
    """The area under the ROC curve, and each row's influence on it; both classes must be there.

    Source:
        DeLong, DeLong and Clarke-Pearson (1988).
    """
    of_positive, of_negative = placements(scores, is_positive)
    n, m = len(of_positive), len(of_negative)
    area = float(of_positive.mean())
    influence = np.empty(n + m)
    influence[is_positive] = (of_positive - area) * (n + m) / n
    influence[~is_positive] = (of_negative - area) * (n + m) / m
    return area, influence


def area(value: float, influence: FloatArray, rarest: int) -> Figure:
    """The area under a ROC curve with DeLong's interval; where every pair is on one side, by the rule of three.

    Args:
        value: The area.
        influence: Of each row, see ``area_by_rows``.
        rarest: Rows of the rarer class.

    Source:
        DeLong, DeLong and Clarke-Pearson (1988); Hanley and Lippman-Hand, If Nothing Goes Wrong (1983).
    """
    if value in (0.0, 1.0):
        width = 1 - 0.05 ** (1 / rarest)
        return Figure(value, max(0.0, value - width), min(1.0, value + width), "rule of three")
    found = by_influence(value, influence, low=0.0, high=1.0)
    return Figure(found.value, found.low, found.high, "DeLong")
