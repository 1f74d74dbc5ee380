"""How far a score of two profiles may be from that of all the rows: certain bounds, which may be much too wide.

A profile's distribution function is wrong by at most so much anywhere, so the share of rows in a bin is known to lie
between two numbers, and so does what a method makes of the shares. Bins of few rows in profiles of many make the bounds
of logarithms wide: nothing is known of such a bin but that it holds next to nothing.
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
    """Between what the share of the rows in each bin lies."""

    low: FloatArray
    high: FloatArray
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
    reached = side.below(inner) / side.count
    error = np.zeros(len(inner))
    if not side.known.is_exact:
        # the profile is a line between the middles of its blocks: half a block beside what the blocks are wrong by
        weights = np.concatenate([[0], side.known.weights, [0]])
        places = side.values.searchsorted(inner, "left")
        blocks = np.maximum(weights[places], weights[places + 1])
        error = side.known.rank_error + (blocks / 2 + 1) / side.count
    low = np.concatenate([[0.0], np.maximum(0.0, reached - error), [1.0]])
    high = np.concatenate([[0.0], np.minimum(1.0, reached + error), [1.0]])
    return _Shares(np.maximum(0.0, low[1:] - high[:-1]), high[1:] - low[:-1], side.count)


def _corners(p: _Shares, q: _Shares, of: Callable[[FloatArray, FloatArray], FloatArray]) -> FloatArray:
    """The greatest value of a convex function in each bin."""
    found = [of(one, other) for one in (p.low, p.high) for other in (q.low, q.high)]
    return np.asarray(np.max(found, axis=0), dtype=np.float64)


def _nearest(p: _Shares, q: _Shares) -> tuple[FloatArray, FloatArray]:
    """Shares of each bin that are as near to each other as can be."""
    first = np.clip((p.low + p.high) / 2, q.low, q.high)
    one = np.clip(first, p.low, p.high)
    return one, np.clip(one, q.low, q.high)


def _psi(p: _Shares, q: _Shares) -> tuple[float, float]:
    p, q = _filled(p), _filled(q)

    def part(one: FloatArray, other: FloatArray) -> FloatArray:
        return (one - other) * np.log(one / other)

    return float(part(*_nearest(p, q)).sum()), float(_corners(p, q, part).sum())


def _kl_div(p: _Shares, q: _Shares) -> tuple[float, float]:
    p, q = _filled(p), _filled(q)
    # shares that were filled are divided by their sum, which is then a little more than 1
    most = 1.0 + 1e-4 * len(p.low)
    p, q = p._replace(low=p.low / most), q._replace(low=q.low / most)

    def part(one: FloatArray, other: FloatArray) -> FloatArray:
        return one * np.log(one / other)

    least = part(np.clip(q.high / np.e, p.low, p.high), q.high)
    return max(0.0, float(least.sum())), float(_corners(p, q, part).sum())


def _jensenshannon(p: _Shares, q: _Shares) -> tuple[float, float]:
    from scipy.special import rel_entr

    def part(one: FloatArray, other: FloatArray) -> FloatArray:
        middle = (one + other) / 2
        return np.asarray((rel_entr(one, middle) + rel_entr(other, middle)) / 2, dtype=np.float64)

    least, most = part(*_nearest(p, q)).sum(), _corners(p, q, part).sum()
    return float(np.sqrt(max(0.0, least))), min(_MOST_JENSENSHANNON, float(np.sqrt(max(0.0, most))))


def _filled(shares: _Shares) -> _Shares:
    """The same after empty bins were filled as ``psi.filled`` does: with a millionth of a row's share at worst."""
    least = 1 / (shares.rows * 1e6)
    return shares._replace(low=np.where(shares.low > 0, shares.low, least), high=np.maximum(shares.high, 1e-4))


_BOUNDS: dict[str, _Bound] = {"psi": _psi, "kl_div": _kl_div, "jensenshannon": _jensenshannon}
