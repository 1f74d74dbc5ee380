"""The two-proportion z test for columns of at most two values."""

from __future__ import annotations

import numpy as np

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.samples import FloatArray


def z(reference: FloatArray, current: FloatArray) -> float:
    """Two-sided p-value that the share of "not the first value" is the same in both samples.

    Args:
        reference: Shape (k,), counts of k distinct values in ascending order, at least one positive.
        current: Shape (k,), counts of the same values, at least one positive.

    Returns:
        0 to 1; 1 when both samples hold one and the same value.

    Source:
        The pooled two-proportion z test; Evidently 0.7 'z'.
    """
    from scipy.special import ndtr

    if len(reference) < 2:
        return 1.0
    n, m = reference.sum(), current.sum()
    share, other = reference[1:].sum() / n, current[1:].sum() / m
    pooled = (share * n + other * m) / (n + m)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = (share - other) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    # not the more exact survival function: small p-values are to be the same as Evidently's
    return float(2 * (1 - ndtr(abs(statistic))))


METHOD = Method(
    id="z",
    title="two-proportion z",
    kinds=("categorical", "numerical"),
    threshold=0.05,
    drifted=Drifted.BELOW,
    score=lambda pair: z(*pair.counts),
    source="Evidently 0.7 'z'",
)
