"""The Hellinger distance of two histograms."""

from __future__ import annotations

import numpy as np

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.pairs import NumberPair, Pair, histogram, sturges
from mlops_tui.drift.samples import FloatArray


def hellinger(reference: FloatArray, current: FloatArray) -> float:
    """Hellinger distance.

    Args:
        reference: Shape (k,), counts or shares of k bins, at least one positive.
        current: Shape (k,), of the same bins, at least one positive.

    Returns:
        0 (the same shares) to 1 (nothing in common).

    Source:
        Hellinger (1909); Pollard, A User's Guide to Measure Theoretic Probability (2002), 3.3.
    """
    overlap = float(np.sqrt((reference / reference.sum()) * (current / current.sum())).sum())
    return float(np.sqrt(max(0.0, 1.0 - overlap)))


def _shares(pair: Pair) -> tuple[FloatArray, FloatArray]:
    """Counts by label; of numbers by Sturges' bins of the distinct values, whatever their number, as Evidently does."""
    if not isinstance(pair, NumberPair):
        return pair.counts
    values = pair.values
    if len(values) < 2:
        return pair.counts
    is_integer = pair.reference.is_integer and pair.current.is_integer
    edges = sturges(values[0], values[-1], len(values), is_integer=is_integer)
    reference, current = pair.sorted
    return histogram(reference, edges), histogram(current, edges)


METHOD = Method(
    id="hellinger",
    title="Hellinger distance",
    kinds=("categorical", "numerical"),
    threshold=0.1,
    drifted=Drifted.AT_LEAST,
    score=lambda pair: hellinger(*_shares(pair)),
    source="Hellinger (1909); Evidently 0.7 'hellinger'",
)
