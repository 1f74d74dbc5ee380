"""The Kullback–Leibler divergence of two histograms."""

from __future__ import annotations

import numpy as np

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.methods.psi import filled
from mlops_tui.drift.samples import FloatArray


def kl_div(reference: FloatArray, current: FloatArray) -> float:
    """Kullback–Leibler divergence of the reference from the current shares, natural logarithm.

    Args:
        reference: Shape (k,), counts or shares of k bins, at least one positive.
        current: Shape (k,), of the same bins, at least one positive.

    Returns:
        Nats, >= 0; 0 when the shares agree.

    Source:
        Kullback and Leibler (1951); scipy.stats.entropy; empty bins are filled as Evidently 0.7 fills them.
    """
    p, q = filled(reference / reference.sum()), filled(current / current.sum())
    p, q = p / p.sum(), q / q.sum()
    return max(0.0, float(np.sum(p * np.log(p / q))))


METHOD = Method(
    id="kl_div",
    title="Kullback–Leibler divergence",
    kinds=("categorical", "numerical"),
    threshold=0.1,
    drifted=Drifted.AT_LEAST,
    score=lambda pair: kl_div(*pair.binned),
    source="scipy.stats.entropy; Evidently 0.7 'kl_div'",
)
