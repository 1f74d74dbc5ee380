"""Tests of two versions that may be looked at at any time, as often as one likes, without more false alarms. Pure.

Both give a confidence sequence: an interval at each look, all of which hold the true value at once with the given
confidence. Who gets which version must have been left to chance, with the share that each period says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

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


class Events(NamedTuple):
    """How often something happened on both sides in a period; ``share`` of the requests was the candidate's."""

    share: float
    ours: int
    theirs: int


class Sums(NamedTuple):
    """How many values there were, their sum and that of their squares."""

    number: int
    total: float
    squares: float


class Values(NamedTuple):
    """What was measured on both sides in a period; ``share`` of the requests was the candidate's."""

    share: float
    ours: Sums
    theirs: Sums


def rate_ratio(periods: Sequence[Events], confidence: float) -> Interval:
    """The ratio of the shares of requests in which something happens, exact for any number of them.

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
        (one.ours, one.theirs, math.log(one.share / (1 - one.share))) for one in periods if one.ours or one.theirs
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


def geometric_ratio(periods: Sequence[Values], confidence: float) -> Interval:
    """The ratio of geometric means, of the values' logarithms, for large samples.

    Periods are compared within themselves, so that a share which was changed while everything became slower misleads
    nobody.

    Args:
        periods: What was measured, as natural logarithms.
        confidence: Between 0 and 1.

    Source:
        Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, Time-uniform central limit theory and asymptotic confidence
        sequences (Annals of Statistics 2024): the two-sided sequence of theorem 2.2 for the difference of means of
        a randomized experiment, its parameter chosen for ``_SHARP_AT`` requests.
    """
    found = _compared(periods)
    if found is None:
        return NOTHING
    difference = found.ours - found.theirs
    width = math.sqrt(found.our_spread + found.their_spread) * _boundary(found.number, 1 - confidence)
    return Interval(*map(_exp, (difference, difference - width, difference + width)))


def mean_ratio(periods: Sequence[Values], confidence: float) -> Interval:
    """The ratio of means of values that are 0 or more, for large samples; see ``geometric_ratio``.

    Each ratio is held against the difference of the candidate's mean and so many times the stable version's: those
    ratios for which the sequence of that difference has left out 0 are ruled out.
    """
    found = _compared(periods)
    if found is None or found.theirs <= 0:
        return NOTHING
    square = _boundary(found.number, 1 - confidence) ** 2
    unit = max(found.ours, found.theirs)  # there is none in the ratio, and fourth powers would vanish or be infinite
    ours, theirs = found.ours / unit, found.theirs / unit
    # (ours - r theirs)^2 <= square (our_spread + r^2 their_spread), solved for r
    a = theirs * theirs - square * (found.their_spread / unit / unit)
    b = ours * theirs
    c = ours * ours - square * (found.our_spread / unit / unit)
    ratio = found.ours / found.theirs
    if not a > 0 or not math.isfinite(c):
        return Interval(ratio, 0.0, math.inf)
    root = math.sqrt(max(0.0, b * b - a * c))
    return Interval(ratio, max(0.0, (b - root) / a), (b + root) / a)


class _Compared(NamedTuple):
    """Means of both sides, and what each adds to the variance of one request's part in their difference."""

    number: int
    ours: float
    theirs: float
    our_spread: float
    their_spread: float


def _compared(periods: Sequence[Values]) -> _Compared | None:
    """Both sides over all periods that have both; None where that is too little, or squares are lost or infinite."""
    usable = [period for period in periods if period.ours.number and period.theirs.number]
    counts = sum(period.ours.number for period in usable), sum(period.theirs.number for period in usable)
    if min(counts) < LEAST:
        return None
    total = sum(counts)
    means, squares, spreads = [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]
    for period in usable:
        weight = (period.ours.number + period.theirs.number) / total
        for side, sums in enumerate((period.ours, period.theirs)):
            if not math.isfinite(sums.squares) or (sums.total and not sums.squares):
                return None
            mean = sums.total / sums.number
            means[side] += weight * mean
            squares[side] += max(0.0, sums.squares - sums.total * mean)
            spreads[side] += weight / (period.share if side == 0 else 1 - period.share)
    ours, theirs = (squares[side] / max(1, counts[side] - len(usable)) * spreads[side] for side in (0, 1))
    return _Compared(total, means[0], means[1], ours, theirs)


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


def _exp(value: float) -> float:
    return math.exp(value) if value < 709 else math.inf


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
