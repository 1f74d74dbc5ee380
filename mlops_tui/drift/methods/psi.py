"""The population stability index of two histograms."""

from __future__ import annotations

import numpy as np

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.samples import FloatArray


def psi(reference: FloatArray, current: FloatArray) -> float:
    """Population stability index.

    Args:
        reference: Shape (k,), counts or shares of k bins, at least one positive.
        current: Shape (k,), of the same bins, at least one positive.

    Returns:
        Nats, >= 0; 0 when the shares agree.

    Source:
        Siddiqi, Credit Risk Scorecards (2006); empty bins are filled as Evidently 0.7 fills them.
    """
    p, q = filled(reference / reference.sum()), filled(current / current.sum())
    return float(np.sum((p - q) * np.log(p / q)))


def filled(shares: FloatArray) -> FloatArray:
    """The shares with empty bins set to 0.0001, or to a millionth of the smallest where that is no larger."""
    empty = shares == 0
    if not empty.any():
        return shares
    smallest = float(shares[~empty].min())
    return np.where(empty, smallest / 10**6 if smallest <= 0.0001 else 0.0001, shares)


METHOD = Method(
    id="psi",
    title="population stability index",
    kinds=("categorical", "numerical"),
    threshold=0.1,
    drifted=Drifted.AT_LEAST,
    score=lambda pair: psi(*pair.binned),
    source="Siddiqi (2006); Evidently 0.7 'psi'",
)
