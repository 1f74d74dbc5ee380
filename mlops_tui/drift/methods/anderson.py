"""The two-sample Anderson–Darling test."""

from __future__ import annotations

import warnings
from typing import Any

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.samples import FloatArray


def anderson(reference: FloatArray, current: FloatArray) -> float:
    """P-value that both samples come from one distribution; sees differences in the tails.

    Args:
        reference: Shape (n,), finite.
        current: Shape (m,), finite; m may differ from n.

    Returns:
        0.001 to 0.25, the ends of the table that it is read from; 1 when all values of both are equal.

    Source:
        Scholz and Stephens, K-Sample Anderson–Darling Tests (1987), for ties with midranks; scipy.stats.anderson_ksamp.
    """
    from scipy.stats import anderson_ksamp

    if min(reference[0], current[0]) == max(reference[-1], current[-1]):
        return 1.0
    with warnings.catch_warnings():
        # scipy says so where the p-value lies beyond its table, and that the table will go
        warnings.simplefilter("ignore")
        result: Any = anderson_ksamp([reference, current])
    return float(result.pvalue)


METHOD = Method(
    id="anderson",
    title="Anderson–Darling",
    kinds=("numerical",),
    threshold=0.1,
    drifted=Drifted.BELOW,
    score=lambda pair: anderson(*pair.sorted),
    source="scipy.stats.anderson_ksamp; Evidently 0.7 'anderson'",
)
