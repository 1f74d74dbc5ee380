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
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mlops_tui.drift.cause.conditions import Condition, Conditions, conditions
from mlops_tui.drift.cause.effects import FloatArray, Places, bins_of, counted, effect_of, effects_of

if TYPE_CHECKING:
    import pandas as pd

Mask = npt.NDArray[np.float32]

#: Conditions of a slice at most.
DEPTH = 3
#: Slices that are carried on to the next depth.
_BEAM = 12
#: Rows of each sample that are looked at, the halves together.
_ROWS = 20_000
#: A slice has at least so many rows of the searched half, and leaves as many in both samples.
_LEAST_ROWS = 15
#: With fewer rows to test it on, a slice may be there and not be seen.
_FEW_ROWS = 1_000
#: What one more condition must add to what is explained beyond the slice's size.
_WORTH = 0.05
_DRAWS = 400
_SEED = 7


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
        tried: How many slices were tried.
        searched: Rows of the window among which was searched.
        tested: Rows of the window on which the slice was tested.
    """

    slice: Slice | None
    why: str = ""
    tried: int = 0
    searched: int = 0
    tested: int = 0


@dataclass(frozen=True, slots=True)
class _Half:
    """Rows of both samples: the bin of the column (-1: no value), and for each condition where it holds."""

    reference_bins: Places
    current_bins: Places
    reference: Mask
    current: Mask
    bins: int
    is_ordered: bool

    def counts(self, place: Sequence[int]) -> tuple[FloatArray, FloatArray]:
        """The rows in each bin for which all conditions of some places hold."""
        return (
            counted(self.reference_bins, _all(self.reference, place), self.bins),
            counted(self.current_bins, _all(self.current, place), self.bins),
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
    if not tried:
        return Search(None, "in half of the rows the drift is no larger than chance", 0, searched, tested)
    slice_ = _tested(test_half, found, known, generator) if found else None
    if slice_ is None or slice_.low <= slice_.current_share:
        few = ", or these are too few rows to tell" if tested < _FEW_ROWS else ""
        why = f"none of {tried:,} slices explains more than its size: the drift is alike everywhere{few}"
        return Search(None, why, tried, searched, tested)
    return Search(slice_, "", tried, searched, tested)


def _sampled(frame: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    if len(frame) <= _ROWS:
        return frame
    return frame.iloc[np.sort(generator.choice(len(frame), _ROWS, replace=False))]


def _halves(
    reference: pd.DataFrame, current: pd.DataFrame, column: str, known: Conditions, generator: np.random.Generator
) -> tuple[_Half, _Half]:
    reference_bins, current_bins, bins, is_ordered = bins_of(reference[column], current[column])
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


def _all(masks: Mask, places: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Where all conditions of some places hold."""
    return np.asarray(masks[list(places)].all(axis=0), dtype=np.bool_)


def _beam(half: _Half) -> tuple[tuple[int, ...], int]:
    """The conditions of the best slice by their places, () for none; and how many slices were tried."""
    totals = half.totals
    whole = effect_of(totals, half.is_ordered)
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
    explained = 1 - effects_of(rest[0], rest[1], is_ordered) / whole
    sizes = [counts.sum(axis=1) for counts in (*inside, *rest)]
    support = (sizes[0] + sizes[1]) / (totals[0].sum() + totals[1].sum())
    is_allowed = (sizes[1] >= _LEAST_ROWS) & (sizes[2] >= _LEAST_ROWS) & (sizes[3] >= _LEAST_ROWS)
    return np.where(is_allowed, explained - support, -1.0)


def _one_hot(bins: Places, count: int) -> Mask:
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
    wholes = effects_of(
        drawn[0][:, :size] + drawn[0][:, size:], drawn[1][:, :size] + drawn[1][:, size:], half.is_ordered
    )
    rests = effects_of(drawn[0][:, size:], drawn[1][:, size:], half.is_ordered)
    shares = 1 - np.minimum(1.0, rests / np.maximum(wholes, 1e-12))
    low, high = np.quantile(shares, (0.025, 0.975))
    rest = totals[0] - inside[0], totals[1] - inside[1]
    effects = [effect_of(counts, half.is_ordered) for counts in (totals, inside, rest)]
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
