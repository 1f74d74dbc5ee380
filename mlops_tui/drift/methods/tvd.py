"""The total variation distance of two samples."""

from __future__ import annotations

import numpy as np

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.samples import FloatArray


def tvd(reference: FloatArray, current: FloatArray) -> float:
    """Total variation distance: the largest difference in the probability of any set of values.

    Args:
        reference: Shape (k,), counts or shares of k values, at least one positive.
        current: Shape (k,), of the same values, at least one positive.

    Returns:
        0 (the same shares) to 1 (nothing in common).

    Source:
        Levin, Peres and Wilmer, Markov Chains and Mixing Times (2009), 4.1. Evidently's 'TVD' is the p-value of a
        permutation test of this distance.
    """
    return float(np.abs(reference / reference.sum() - current / current.sum()).sum() / 2.0)


METHOD = Method(
    id="tvd",
    title="total variation distance",
    kinds=("categorical", "numerical"),
    threshold=0.1,
    drifted=Drifted.AT_LEAST,
    score=lambda pair: tvd(*pair.binned),
    source="Levin, Peres and Wilmer (2009), 4.1",
)
