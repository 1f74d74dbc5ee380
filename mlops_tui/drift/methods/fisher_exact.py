"""Fisher's exact test for columns of at most two values."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.samples import FloatArray


def fisher_exact(reference: FloatArray, current: FloatArray) -> float:
    """Two-sided p-value that the share of "not the first value" is the same in both samples, exact in small ones.

    Args:
        reference: Shape (k,), counts of k distinct values in ascending order, at least one positive.
        current: Shape (k,), counts of the same values, at least one positive.

    Returns:
        0 to 1; 1 when both samples hold one and the same value.

    Source:
        Fisher (1922); scipy.stats.fisher_exact.
    """
    from scipy import stats

    if len(reference) < 2:
        return 1.0
    table = np.array([[counts[0], counts[1:].sum()] for counts in (reference, current)], dtype=np.int64)
    result: Any = stats.fisher_exact(table)
    return float(result.pvalue)


METHOD = Method(
    id="fisher_exact",
    title="Fisher's exact",
    kinds=("categorical", "numerical"),
    threshold=0.1,
    drifted=Drifted.BELOW,
    score=lambda pair: fisher_exact(*pair.counts),
    source="scipy.stats.fisher_exact; Evidently 0.7 'fisher_exact'",
)
