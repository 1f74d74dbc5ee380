"""A figure of a window's quality, and when it is beyond what the reference lets expect.

A share counts as beyond when it is both large and sure. Large: from Cohen's h of 0.3 above the reference's share on (0
to 2 %, 5 to 13 %, 50 to 65 %). Sure: so many rows would come by chance in fewer than 1 of 100 windows, over all figures
of the window together (Bonferroni). The reference counts as a sample, too: the same two sets of rows drawn from one
source differ by chance.

Source:
    Cohen, Statistical Power Analysis for the Behavioral Sciences (1988), 6.2, for h; Wilks, Determination of sample
    sizes for setting tolerance limits (1941), for the rows beyond the largest and smallest of a sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mlops_store.records import Measure

#: The part of windows in which nothing happened that may have any alert of their quality.
RISK = 0.01
#: The difference of two shares, as Cohen's h, from which on it is large.
SMALLEST_H = 0.3
#: Rows of a window that are counted at most: more would only be surer, and take memory for each.
_MOST_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure, and what an alert says where it is beyond its threshold.

    Attributes:
        measure: The figure; ``is_breach`` says whether it is large, until ``sure`` has decided.
        p_value: How likely such a figure is by chance; 0 for a bound of the project's own.
        heading: What an alert says of all such figures, as in 'more missing values'.
        told: What it says of this one.
        is_idle: It says nothing: neither the window nor the reference has what it counts.
    """

    measure: Measure
    p_value: float = 0.0
    heading: str = ""
    told: str = ""
    is_idle: bool = False


def threshold(expected: float) -> float:
    """The share from which on it is larger by Cohen's h of 0.3 than the one expected."""
    angle = 2 * math.asin(math.sqrt(min(1.0, max(0.0, expected)))) + SMALLEST_H
    return math.sin(min(angle, math.pi) / 2) ** 2


def chance(count: int, rows: int, expected: float, reference_rows: int) -> float:
    """How likely at least so many rows of a window are, when rows of the reference have the same property.

    Args:
        count: The window's rows that have it.
        rows: All of its rows.
        expected: How many of the reference's rows have it; need not be whole.
        reference_rows: All of the reference's rows.

    Returns:
        0 to 1. For values beyond the largest of the reference ``expected`` is 0, and the figure is exact. Of more than
        a million rows it is that of a million with the same share, which is greater.

    Source:
        The beta-binomial distribution with a = expected + 1 and b = reference_rows - expected: that of rows beyond
        order statistics, and an upper bound for the hypergeometric tail of Fisher's exact test.
    """
    from scipy.stats import betabinom

    if rows > _MOST_ROWS:
        count, rows = max(min(count, 1), count * _MOST_ROWS // rows), _MOST_ROWS
    if count <= 0 or expected >= reference_rows:
        return 1.0
    return float(betabinom.sf(count - 1, rows, expected + 1, reference_rows - expected))
