"""Tests of two versions that may be looked at at any time, as often as one likes, without more false alarms. Pure.

Both give a confidence sequence: an interval at each look, all of which hold the true value at once with the given
confidence. Who gets which version must have been left to chance, with the share that each period says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from mlops_store.records import Period

#: The spread of the logarithm of a ratio of rates that is expected beforehand: a factor of e either way.
_PRIOR_SD = 1.0
#: How many requests a test of means is made to be sharpest at.
_SHARP_AT = 1_000
#: Requests of each side below which means are not judged: that test holds for large samples.
LEAST = 50
#: Half the width in standard deviations, and the points, of a sum that stands for an integral.
_REACH, _POINTS = 9.0, 120
_FARTHEST = 30.0


class Interval(NamedTuple):
    """A ratio of the candidate to the stable version: the estimate, None where there is none, and its bounds."""

    ratio: float | None
    low: float
    high: float


#: Nothing is known.
NOTHING = Interval(None, 0.0, math.inf)


def rate_ratio(periods: Sequence[Period], confidence: float) -> Interval:
    """The ratio of the shares of requests that fail, exact for any number of them.

    Of the requests that fail, those of the candidate are a share that only its part of the requests and the ratio
    decide, however the rate itself goes up and down. A normal mixture over the logarithm of the ratio gives a
    martingale for each ratio, and Ville's inequality the interval.

    Args:
        periods: What was counted.
        confidence: Between 0 and 1.

    Source:
        Lindon, Malek, Anytime-valid inference for multinomial count data (NeurIPS 2022), with a normal mixture
        (Robbins, Statistical methods related to the law of the iterated logarithm, 1970) over the log odds.
    """
    counts = [
        (period.of_candidate.errors, period.of_stable.errors, math.log(period.share / (1 - period.share)))
        for period in periods
        if period.of_candidate.errors or period.of_stable.errors
    ]
    if not counts:
        return NOTHING
    bound = _log_mixture(counts) + math.log(1 - confidence)

    def beyond(log_ratio: float) -> float:
        return _log_likelihood(counts, log_ratio) - bound

    best = _most_likely(counts)
    low = 0.0 if beyond(-_FARTHEST) > 0 else math.exp(_crossing(beyond, -_FARTHEST, best))
    high = math.inf if beyond(_FARTHEST) > 0 else math.exp(_crossing(beyond, _FARTHEST, best))
    ratio = 0.0 if best <= -_FARTHEST else math.inf if best >= _FARTHEST else math.exp(best)
    return Interval(ratio, low, high)


def time_ratio(periods: Sequence[Period], confidence: float) -> Interval:
    """The ratio of the geometric means of how long answers take, for large samples.

    Periods are compared within themselves, so that a share which was changed while everything became slower misleads
    nobody.

    Args:
        periods: What was counted; logarithms of seconds.
        confidence: Between 0 and 1.

    Source:
        Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, Time-uniform central limit theory and asymptotic confidence
        sequences (Annals of Statistics 2024): the two-sided sequence of theorem 2.2 for the difference of means of
        a randomized experiment, its parameter chosen for ``_SHARP_AT`` requests.
    """
    usable = [period for period in periods if period.of_candidate.timed and period.of_stable.timed]
    ours, theirs = (
        sum(tally.timed for tally in side)
        for side in ([period.of_candidate for period in usable], [period.of_stable for period in usable])
    )
    if min(ours, theirs) < LEAST:
        return NOTHING
    total = ours + theirs
    difference = spread = 0.0
    squares = [0.0, 0.0]
    for period in usable:
        sides = (period.of_candidate, period.of_stable)
        weight = (sides[0].timed + sides[1].timed) / total
        means = [side.log_sum / side.timed for side in sides]
        difference += weight * (means[0] - means[1])
        for place, side in enumerate(sides):
            squares[place] += max(0.0, side.log_squares - side.timed * means[place] ** 2)
    variances = (
        squares[0] / max(1, ours - len(usable)),
        squares[1] / max(1, theirs - len(usable)),
    )
    for period in usable:
        weight = (period.of_candidate.timed + period.of_stable.timed) / total
        spread += weight * (variances[0] / period.share + variances[1] / (1 - period.share))
    width = math.sqrt(spread) * _boundary(total, 1 - confidence)
    return Interval(math.exp(difference), math.exp(difference - width), math.exp(difference + width))


def _boundary(count: int, alpha: float) -> float:
    """Half the width of the interval for a variance of 1."""
    rho2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / _SHARP_AT
    return math.sqrt(2 * (count * rho2 + 1) / (count**2 * rho2) * math.log(math.sqrt(count * rho2 + 1) / alpha))


# counts

_Counts = Sequence[tuple[int, int, float]]


def _log_likelihood(counts: _Counts, log_ratio: float) -> float:
    """Of how failures fell to the two sides, each of which a share of ``sigmoid(log_ratio + log odds)`` falls to."""
    total = 0.0
    for ours, theirs, log_odds in counts:
        place = log_ratio + log_odds
        total -= ours * _softplus(-place) + theirs * _softplus(place)
    return total


def _softplus(value: float) -> float:
    return max(value, 0.0) + math.log1p(math.exp(-abs(value)))


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))


def _slope(counts: _Counts, log_ratio: float) -> float:
    return sum(ours - (ours + theirs) * _sigmoid(log_ratio + log_odds) for ours, theirs, log_odds in counts)


def _most_likely(counts: _Counts) -> float:
    if _slope(counts, -_FARTHEST) <= 0:
        return -_FARTHEST
    if _slope(counts, _FARTHEST) >= 0:
        return _FARTHEST
    return _crossing(lambda place: -_slope(counts, place), -_FARTHEST, _FARTHEST)


def _log_mixture(counts: _Counts) -> float:
    """The logarithm of the likelihood's mean over a normal distribution of the log ratio."""

    def slope(place: float) -> float:
        return _slope(counts, place) - place / _PRIOR_SD**2

    middle = _crossing(lambda place: -slope(place), -_FARTHEST, _FARTHEST)
    curve = 1 / _PRIOR_SD**2
    for ours, theirs, log_odds in counts:
        share = _sigmoid(middle + log_odds)
        curve += (ours + theirs) * share * (1 - share)
    step = 2 * _REACH / math.sqrt(curve) / _POINTS
    logs = []
    for number in range(_POINTS + 1):
        place = middle + (number - _POINTS / 2) * step
        logs.append(_log_likelihood(counts, place) - 0.5 * (place / _PRIOR_SD) ** 2)
    top = max(logs)
    scale = math.log(step / (_PRIOR_SD * math.sqrt(2 * math.pi)))
    return top + math.log(sum(math.exp(log - top) for log in logs)) + scale


def _crossing(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that is negative at ``low`` and positive at ``high`` is 0; ``low`` may be the greater one."""
    for _ in range(80):
        middle = (low + high) / 2
        if function(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
