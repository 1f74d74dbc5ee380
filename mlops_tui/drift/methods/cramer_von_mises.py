"""The two-sample Cramér–von Mises test."""

from __future__ import annotations

from typing import Any

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.samples import FloatArray


def cramer_von_mises(reference: FloatArray, current: FloatArray) -> float:
    """P-value that both samples come from one distribution; sees differences all along it, not only the largest.

    Exact up to 20 values a side, asymptotic beyond.

    Args:
        reference: Shape (n,), finite.
        current: Shape (m,), finite; m may differ from n.

    Returns:
        0 to 1; 1 where a sample has a single value, which tells nothing.

    Source:
        Anderson, On the Distribution of the Two-Sample Cramér–von Mises Criterion (1962);
        scipy.stats.cramervonmises_2samp.
    """
    from scipy.stats import cramervonmises_2samp

    if min(len(reference), len(current)) < 2:
        return 1.0
    result: Any = cramervonmises_2samp(reference, current)
    return float(result.pvalue)


METHOD = Method(
    id="cramer_von_mises",
    title="Cramér–von Mises",
    kinds=("numerical",),
    threshold=0.1,
    drifted=Drifted.AT_MOST,
    score=lambda pair: cramer_von_mises(*pair.sorted),
    source="scipy.stats.cramervonmises_2samp; Evidently 0.7 'cramer_von_mises'",
)
