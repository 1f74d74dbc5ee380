"""How far a score of two profiles may be from that of all the rows: certain bounds, which may be much too wide.

A profile's distribution function is wrong by at most so much anywhere, so the share of rows in a bin is known to lie
between two numbers, and so does what a method makes of the shares. Of bins that may hold next to nothing, as those in
the tails do, only what they hold together is known. Logarithms of such shares are what makes bounds wide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from mlops_tui.drift.methods.ks import EXACT_UP_TO
from mlops_tui.drift.methods.wasserstein import SMALLEST_NORM
from mlops_tui.drift.pairs import BINNED_ABOVE
from mlops_tui.drift.samples import FloatArray
from mlops_tui.drift.sketches.pairs import SketchedNumbers, SketchedPair

#: Above what the Jensen–Shannon distance never is.
_MOST_JENSENSHANNON = float(np.sqrt(np.log(2)))


class _Shares(NamedTuple):
    """Between what the share of the rows in each bin lies.

    Attributes:
        low: At least so much of all rows is in the bin, a row's share where one was kept.
        high: At most so much.
        bare: What it counts as where hardly a row is in it, at most.
        since: At least so much is before the bin.
        until: At most so much is before its end.
        rows: All rows.
    """

    low: FloatArray
    high: FloatArray
    bare: FloatArray
    since: FloatArray
    until: FloatArray
    rows: int


_Bound: TypeAlias = Callable[[_Shares, _Shares], tuple[float, float]]


def of_score(method: str, score: float, pair: SketchedPair) -> float | None:
    """The most by which a score may be wrong; None where no bound is known.

    Args:
        method: What made it.
        score: Of the pair.
        pair: Both profiles.
    """
    if pair.is_exact or method == "t_test":
        return 0.0
    if method == "wasserstein":
        return pair.moved / max(pair.reference.std, SMALLEST_NORM)
    if method == "ks":
        # of fewer rows the exact p-value is another function of the distance than that of profiles
        if max(pair.reference.count, pair.current.count) <= EXACT_UP_TO:
            return None
        return _farthest(score, _ks(pair))
    if method not in _BOUNDS or _is_by_value(pair):
        return None
    reference, current = (_shares(side, pair.edges) for side in (pair.reference, pair.current))
    return _farthest(score, _BOUNDS[method](reference, current))


def _farthest(score: float, ends: tuple[float, float]) -> float:
    return max(abs(ends[0] - score), abs(ends[1] - score))


def _ks(pair: SketchedPair) -> tuple[float, float]:
    from scipy.stats import kstwo

    n, m = pair.reference.count, pair.current.count
    apart, error = pair.walk.apart, pair.rank_error
    ends = [max(0.0, apart - error), min(1.0, apart + error)]
    high, low = kstwo.sf(ends, round(n * m / (n + m))).tolist()
    return low, high


def _is_by_value(pair: SketchedPair) -> bool:
    """Whether all the rows would be compared by value, and the profiles are not."""
    reference = pair.reference
    return isinstance(reference, SketchedNumbers) and reference.known.is_exact and len(reference.values) <= BINNED_ABOVE


def _shares(side: object, edges: FloatArray) -> _Shares:
    assert isinstance(side, SketchedNumbers)
    inner = edges[1:-1]
    before = np.append(0, side.reached)[side.values.searchsorted(inner, "left")]
    reached = before / side.count
    # beyond the least and the greatest value, which are exact, nothing is wrong
    error = np.where((inner <= side.low) | (inner > side.high), 0.0, side.known.rank_error)
    reached = np.where(inner > side.high, 1.0, np.where(inner <= side.low, 0.0, reached))
    low = np.concatenate([[0.0], np.maximum(0.0, reached - error), [1.0]])
    high = np.concatenate([[0.0], np.minimum(1.0, reached + error), [1.0]])
    # the values that a profile keeps are those of rows
    is_seen = np.diff(np.concatenate([[0], before, [side.count]])) > 0
    least = np.maximum(is_seen / side.count, low[1:] - high[:-1])
    return _Shares(least, np.maximum(least, high[1:] - low[:-1]), least, low[:-1], high[1:], side.count)


def _most(p: _Shares, q: _Shares, of: Callable[[FloatArray, FloatArray], FloatArray]) -> float:
    """Above what the sum of a convex function over all bins cannot be, whatever the shares are.

    Bins side by side of which both may hold but a row or none share what they hold together. A convex function of
    shares of one sum is greatest where one bin has all of it, for the reference and for the current rows each.
    """
    ends = [of(one, other) for one in (p.low, p.high) for other in (q.low, q.high)]
    alone = np.max(ends, axis=0)
    is_small = (p.low <= 1 / p.rows) & (q.low <= 1 / q.rows)
    marks = np.flatnonzero(np.diff(np.concatenate([[False], is_small, [False]]).astype(np.int8)))
    most = float(alone[~is_small].sum())
    for start, end in zip(marks[::2].tolist(), marks[1::2].tolist(), strict=True):
        run = slice(start, end)
        bare, full = zip(*(_ends(side, run) for side in (p, q)), strict=True)
        none, one, other, both = (
            float(np.max(of(first[:, None], second[None, :])))
            for first, second in ((bare[0], bare[1]), (full[0], bare[1]), (bare[0], full[1]), (full[0], full[1]))
        )
        count = end - start
        together = max(count * none, (count - 1) * none + max(one, other, both))
        if count > 1:
            together = max(together, (count - 2) * none + one + other)
        most += min(together, float(alone[run].sum()))
    return most


def _ends(side: _Shares, run: slice) -> tuple[FloatArray, FloatArray]:
    """Between what the share of a bin of a run lies: with next to nothing, and with all that the run may hold."""
    low, high = float(side.low[run].min()), float(side.bare[run].max())
    held = max(0.0, float(side.until[run][-1] - side.since[run][0]))
    return np.array([low, high]), np.array([low, high]) + held


def _nearest(p: _Shares, q: _Shares) -> tuple[FloatArray, FloatArray]:
    """Shares of each bin that are as near to each other as can be."""
    first = np.clip((p.low + p.high) / 2, q.low, q.high)
    one = np.clip(first, p.low, p.high)
    return one, np.clip(one, q.low, q.high)


def _psi(p: _Shares, q: _Shares) -> tuple[float, float]:
    p, q = _filled(p), _filled(q)

    def part(one: FloatArray, other: FloatArray) -> FloatArray:
        return (one - other) * np.log(one / other)

    return float(part(*_nearest(p, q)).sum()), _most(p, q, part)


def _kl_div(p: _Shares, q: _Shares) -> tuple[float, float]:
    p, q = _filled(p), _filled(q)
    # shares that were filled are divided by their sum, which is then a little more than 1
    most = 1.0 + 1e-4 * len(p.low)
    p, q = p._replace(low=p.low / most), q._replace(low=q.low / most)

    def part(one: FloatArray, other: FloatArray) -> FloatArray:
        return one * np.log(one / other)

    least = part(np.clip(q.high / np.e, p.low, p.high), q.high)
    return max(0.0, float(least.sum())), _most(p, q, part)


def _jensenshannon(p: _Shares, q: _Shares) -> tuple[float, float]:
    from scipy.special import rel_entr

    def part(one: FloatArray, other: FloatArray) -> FloatArray:
        middle = (one + other) / 2
        return np.asarray((rel_entr(one, middle) + rel_entr(other, middle)) / 2, dtype=np.float64)

    least, most = float(part(*_nearest(p, q)).sum()), _most(p, q, part)
    return float(np.sqrt(max(0.0, least))), min(_MOST_JENSENSHANNON, float(np.sqrt(max(0.0, most))))


def _filled(shares: _Shares) -> _Shares:
    """The same after empty bins were filled as ``psi.filled`` does: with a millionth of a row's share at worst."""
    least = 1 / (shares.rows * 1e6)
    is_seen = shares.low > 0
    return shares._replace(
        low=np.where(is_seen, shares.low, least),
        high=np.where(is_seen, shares.high, np.maximum(shares.high, 1e-4)),
        bare=np.where(is_seen, shares.bare, 1e-4),
    )


_BOUNDS: dict[str, _Bound] = {"psi": _psi, "kl_div": _kl_div, "jensenshannon": _jensenshannon}
