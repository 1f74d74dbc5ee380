"""The smallest slice of rows that explains most of a column's drift: a beam search over at most three conditions.

A slice explains what is gone when its rows are left out of both samples: the share by which the effect of all others is
smaller than the effect of all. Effects are over bins, and what chance alone would make of so few rows is taken off, so
that a slice does not explain anything by making the samples smaller. Rows are divided by chance: one half is searched,
the other says what the slice that was found is worth there, so that the many slices that were tried make it no better.

Source:
    Chung, Kraska, Polyzotis, Tae and Whang, Slice Finder: Automated Data Slicing for Model Validation (2019), for the
    search by conjunctions of growing length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlops_tui.drift.cause.conditions import Condition, Conditions, conditions

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.float32]

#: Conditions of a slice at most.
DEPTH = 3
#: Slices that are carried on to the next depth.
_BEAM = 12
#: Rows of each sample that are looked at, the halves together.
_ROWS = 20_000
#: Bins of a numerical column.
_BINS = 32
_LABELS = 31
#: A slice has at least so many rows of the searched half, and leaves as many in both samples.
_LEAST_ROWS = 15
#: What one more condition must add to what is explained beyond the slice's size.
_WORTH = 0.05
_DRAWS = 400
_SEED = 7
#: The mean of Kolmogorov's distribution: what the largest gap between two samples of one distribution comes to.
_KOLMOGOROV = 0.8687


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows, and how much of the drift is theirs. All figures are of the half that was not searched.

    Attributes:
        conditions: What all of its rows have in common.
        reference_share: Its share of the reference's rows.
        current_share: Its share of the window's rows.
        rows: Its rows in the window, of those that were not searched.
        explained: The share of the effect that is gone without it, 0 to 1.
        low: Lower end of the 95 % interval of that.
        high: Upper end.
        inside: The effect among its rows alone.
        outside: The effect among all others.
    """

    conditions: tuple[Condition, ...]
    reference_share: float
    current_share: float
    rows: int
    explained: float
    low: float
    high: float
    inside: float
    outside: float


@dataclass(frozen=True, slots=True)
class Search:
    """What came of a search.

    Attributes:
        slice: The one that was found; None where there is none that explains more than its size.
        why: Why there is none; "" where there is one.
        effect: Of all rows that were not searched.
        tried: How many slices were tried.
        searched: Rows of the window among which was searched.
        tested: Rows of the window on which the slice was tested.
    """

    slice: Slice | None
    why: str = ""
    effect: float = 0.0
    tried: int = 0
    searched: int = 0
    tested: int = 0


@dataclass(frozen=True, slots=True)
class _Half:
    """Rows of both samples: the bin of the column (-1: no value), and for each condition where it holds."""

    reference_bins: npt.NDArray[np.intp]
    current_bins: npt.NDArray[np.intp]
    reference: Mask
    current: Mask
    bins: int
    is_ordered: bool

    def counts(self, place: Sequence[int]) -> tuple[FloatArray, FloatArray]:
        """The rows in each bin for which all conditions of some places hold."""
        return (
            _binned(self.reference_bins, _all(self.reference, place), self.bins),
            _binned(self.current_bins, _all(self.current, place), self.bins),
        )

    @property
    def totals(self) -> tuple[FloatArray, FloatArray]:
        """All rows in each bin."""
        return self.counts(())


def search(reference: pd.DataFrame, current: pd.DataFrame, column: str, *, ignored: Sequence[str] = ()) -> Search:
    """The slice that explains most of a column's drift for its size.

    Args:
        reference: Rows of the reference.
        current: Rows of the window.
        column: What drifted; in both.
        ignored: Columns that no condition is about, such as predictions.
    """
    generator = np.random.default_rng(_SEED)
    reference = _sampled(reference, generator)
    current = _sampled(current, generator)
    shared = [name for name in reference.columns if name in current.columns and name != column and name not in ignored]
    known = conditions(reference[shared], current[shared])
    if not known.all:
        return Search(None, "there is no other column to divide the rows by")
    search_half, test_half = _halves(reference, current, column, known, generator)
    for half in (search_half, test_half):
        if min(counts.sum() for counts in half.totals) < 2 * _LEAST_ROWS:
            return Search(None, "there are too few rows to divide them")
    found, tried = _beam(search_half)
    searched, tested = (int(half.totals[1].sum()) for half in (search_half, test_half))
    effect = _effect(test_half.totals, test_half.is_ordered)
    if not tried:
        return Search(None, "in half of the rows the drift is no larger than chance", effect, 0, searched, tested)
    slice_ = _tested(test_half, found, known, generator) if found else None
    if slice_ is None or slice_.low <= slice_.current_share:
        why = f"none of {tried:,} slices explains more than its size: the drift is alike everywhere"
        return Search(None, why, effect, tried, searched, tested)
    return Search(slice_, "", effect, tried, searched, tested)


def _sampled(frame: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    if len(frame) <= _ROWS:
        return frame
    return frame.iloc[np.sort(generator.choice(len(frame), _ROWS, replace=False))]


def _halves(
    reference: pd.DataFrame, current: pd.DataFrame, column: str, known: Conditions, generator: np.random.Generator
) -> tuple[_Half, _Half]:
    reference_bins, current_bins, bins, is_ordered = _bins(reference[column], current[column])
    masks = known.hold(reference), known.hold(current)
    sides = [generator.permutation(len(frame)) % 2 == 0 for frame in (reference, current)]
    first, second = (
        _Half(
            reference_bins[sides[0] == side],
            current_bins[sides[1] == side],
            masks[0][:, sides[0] == side],
            masks[1][:, sides[1] == side],
            bins,
            is_ordered,
        )
        for side in (True, False)
    )
    return first, second


def _bins(
    reference: pd.Series[Any], current: pd.Series[Any]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], int, bool]:
    """The bin of each value: quantiles of both samples together for numbers, else the commonest labels."""
    import pandas as pd
    from pandas.api import types

    if types.is_numeric_dtype(reference.dtype) and not types.is_bool_dtype(reference.dtype):
        values = [
            pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
            for series in (reference, current)
        ]
        finite = np.concatenate([one[np.isfinite(one)] for one in values])
        if len(finite):
            edges = np.unique(np.quantile(finite, np.linspace(0, 1, _BINS + 1)[1:-1]))
            places = [np.where(np.isfinite(one), edges.searchsorted(one, "right"), -1) for one in values]
            return places[0], places[1], len(edges) + 1, True
    texts = [series.astype("string") for series in (reference, current)]
    commonest = pd.concat(texts).value_counts().index[:_LABELS]
    codes = []
    for series in texts:
        code = pd.Index(commonest).get_indexer(pd.Index(series))
        codes.append(np.where(series.isna().to_numpy(), -1, np.where(code < 0, len(commonest), code)))
    return codes[0], codes[1], len(commonest) + 1, False


def _all(masks: Mask, places: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Where all conditions of some places hold."""
    return np.asarray(masks[list(places)].all(axis=0), dtype=np.bool_)


def _binned(bins: npt.NDArray[np.intp], chosen: npt.NDArray[np.bool_], count: int) -> FloatArray:
    kept = bins[chosen & (bins >= 0)]
    return np.bincount(kept, minlength=count).astype(np.float64)


def _effects(reference: FloatArray, current: FloatArray, is_ordered: bool) -> FloatArray:
    """The effect of each row of counts, with what chance makes of so few rows taken off; 0 where a side is empty."""
    n, m = reference.sum(axis=1), current.sum(axis=1)
    n, m = np.maximum(n, 1e-9), np.maximum(m, 1e-9)
    shares = reference / n[:, None], current / m[:, None]
    if is_ordered:
        gaps: FloatArray = np.abs(np.cumsum(shares[1] - shares[0], axis=1)).max(axis=1)
        chance = _KOLMOGOROV * np.sqrt(1 / n + 1 / m)
    else:
        gaps = np.abs(shares[1] - shares[0]).sum(axis=1) / 2
        pooled = (reference + current) / (n + m)[:, None]
        # the mean of the absolute value of a normal variable, for each label
        chance = np.sqrt(2 / np.pi * pooled * (1 - pooled) * (1 / n + 1 / m)[:, None]).sum(axis=1) / 2
    return np.where((n >= 1) & (m >= 1), np.maximum(0.0, gaps - chance), 0.0)


def _effect(counts: tuple[FloatArray, FloatArray], is_ordered: bool) -> float:
    return float(_effects(counts[0][None], counts[1][None], is_ordered)[0])


def _beam(half: _Half) -> tuple[tuple[int, ...], int]:
    """The conditions of the best slice by their places, () for none; and how many slices were tried."""
    totals = half.totals
    whole = _effect(totals, half.is_ordered)
    if whole <= 0:
        return (), 0
    one_hot = [_one_hot(bins, half.bins) for bins in (half.reference_bins, half.current_bins)]
    beam: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    best: tuple[float, tuple[int, ...]] = (_WORTH, ())
    tried = 0
    for _ in range(DEPTH):
        candidates: dict[bytes, tuple[float, tuple[int, ...]]] = {}
        for _, places in beam:
            rows = [_all(masks, places) for masks in (half.reference, half.current)]
            inside = [
                masks[:, chosen] @ hot[chosen]
                for masks, chosen, hot in zip((half.reference, half.current), rows, one_hot, strict=True)
            ]
            scores = _scores(inside[0], inside[1], totals, whole, half.is_ordered)
            tried += len(scores)
            for place in np.argsort(-scores)[: 2 * _BEAM]:
                if int(place) in places or scores[place] <= 0:
                    continue
                # other conditions with the same rows are no other slice
                key = inside[0][place].tobytes() + inside[1][place].tobytes()
                if key not in candidates:
                    candidates[key] = (float(scores[place]), (*places, int(place)))
        beam = sorted(candidates.values(), key=lambda candidate: -candidate[0])[:_BEAM]
        if not beam or beam[0][0] < best[0] + (_WORTH if best[1] else 0.0):
            break
        best = beam[0]
    return best[1], tried


def _scores(
    reference: Mask, current: Mask, totals: tuple[FloatArray, FloatArray], whole: float, is_ordered: bool
) -> FloatArray:
    """What each slice explains beyond its share of the rows."""
    inside = reference.astype(np.float64), current.astype(np.float64)
    rest = totals[0] - inside[0], totals[1] - inside[1]
    explained = 1 - _effects(rest[0], rest[1], is_ordered) / whole
    sizes = [counts.sum(axis=1) for counts in (*inside, *rest)]
    support = (sizes[0] + sizes[1]) / (totals[0].sum() + totals[1].sum())
    is_allowed = (sizes[1] >= _LEAST_ROWS) & (sizes[2] >= _LEAST_ROWS) & (sizes[3] >= _LEAST_ROWS)
    return np.where(is_allowed, explained - support, -1.0)


def _one_hot(bins: npt.NDArray[np.intp], count: int) -> Mask:
    found = np.zeros((len(bins), count), dtype=np.float32)
    filled = np.flatnonzero(bins >= 0)
    found[filled, bins[filled]] = 1
    return found


def _tested(half: _Half, places: tuple[int, ...], known: Conditions, generator: np.random.Generator) -> Slice:
    """What a slice is worth on rows that were not searched; the interval by a bootstrap over the counts."""
    inside, totals = half.counts(places), half.totals
    counts = np.concatenate([inside[0], totals[0] - inside[0], inside[1], totals[1] - inside[1]])
    size = half.bins
    drawn = [
        generator.multinomial(int(part.sum()), part / part.sum(), size=_DRAWS).astype(np.float64)
        for part in (counts[: 2 * size], counts[2 * size :])
    ]
    wholes = _effects(drawn[0][:, :size] + drawn[0][:, size:], drawn[1][:, :size] + drawn[1][:, size:], half.is_ordered)
    rests = _effects(drawn[0][:, size:], drawn[1][:, size:], half.is_ordered)
    shares = 1 - np.minimum(1.0, rests / np.maximum(wholes, 1e-12))
    low, high = np.quantile(shares, (0.025, 0.975))
    rest = totals[0] - inside[0], totals[1] - inside[1]
    effects = [_effect(counts, half.is_ordered) for counts in (totals, inside, rest)]
    explained = 1 - min(1.0, effects[2] / max(effects[0], 1e-12)) if effects[0] > 0 else 0.0
    return Slice(
        conditions=known.simplified(places),
        reference_share=float(inside[0].sum() / totals[0].sum()),
        current_share=float(inside[1].sum() / totals[1].sum()),
        rows=int(inside[1].sum()),
        explained=explained,
        low=float(low),
        high=float(high),
        inside=effects[1],
        outside=effects[2],
    )
