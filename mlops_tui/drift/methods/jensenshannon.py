"""The Jensen–Shannon distance of two histograms."""

from __future__ import annotations

import numpy as np

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.samples import FloatArray


def jensenshannon(reference: FloatArray, current: FloatArray) -> float:
    """Square root of the Jensen–Shannon divergence, natural logarithm.

    Args:
        reference: Shape (k,), counts or shares of k bins, at least one positive.
        current: Shape (k,), of the same bins, at least one positive.

    Returns:
        0 (the same shares) to sqrt(ln 2) = 0.8326 (nothing in common).

    Source:
        Endres and Schindelin, A new metric for probability distributions (2003);
        scipy.spatial.distance.jensenshannon.
    """
    from scipy.special import rel_entr

    p, q = reference / reference.sum(), current / current.sum()
    middle = (p + q) / 2.0
    divergence = (rel_entr(p, middle).sum() + rel_entr(q, middle).sum()) / 2.0
    return float(np.sqrt(max(divergence, 0.0)))


METHOD = Method(
    id="jensenshannon",
    title="Jensen–Shannon distance",
    kinds=("categorical", "numerical"),
    threshold=0.1,
    drifted=Drifted.AT_LEAST,
    score=lambda pair: jensenshannon(*pair.binned),
    source="scipy.spatial.distance.jensenshannon; Evidently 0.7 'jensenshannon'",
)
