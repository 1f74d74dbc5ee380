"""The Wasserstein distance in standard deviations of the reference."""

from __future__ import annotations

import math

import numpy as np

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.pairs import NumberPair, Pair
from mlops_tui.drift.samples import FloatArray
from mlops_tui.drift.walks import walk

#: The norm is never smaller, so that a constant reference does not divide by nothing.
SMALLEST_NORM = 0.001


def wasserstein(reference: FloatArray, current: FloatArray) -> float:
    """First Wasserstein (earth mover's) distance, divided by the reference's standard deviation.

    Args:
        reference: Shape (n,), finite, ascending.
        current: Shape (m,), finite, ascending; m may differ from n.

    Returns:
        Standard deviations (ddof 0) of the reference, >= 0.

    Source:
        Ramdas, Garcia and Cuturi, On Wasserstein two sample testing (2015); scipy.stats.wasserstein_distance;
        normed as in Evidently 0.7.
    """
    return walk(reference, current).area / max(float(np.std(reference)), SMALLEST_NORM)


def _score(pair: Pair) -> float:
    assert isinstance(pair, NumberPair)
    norm = max(pair.reference.std, SMALLEST_NORM)
    if not math.isfinite(norm):  # a profile's: anything divided by it would be no distance
        raise OverflowError("the values span more than the squares that profiles keep")
    return pair.walk.area / norm  # the walk is needed for other figures as well


METHOD = Method(
    id="wasserstein",
    title="Wasserstein distance (normed)",
    kinds=("numerical",),
    threshold=0.1,
    drifted=Drifted.AT_LEAST,
    score=_score,
    source="scipy.stats.wasserstein_distance; Evidently 0.7 'wasserstein'",
)
