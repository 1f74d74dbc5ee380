"""The chi-square test of the current counts against the reference's shares."""

from __future__ import annotations

import numpy as np

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.samples import FloatArray


def chisquare(reference: FloatArray, current: FloatArray) -> float:
    """P-value that the current counts were drawn from the reference's shares.

    A one-sample test: the reference counts as known exactly. A value that the reference never had makes it 0.

    Args:
        reference: Shape (k,), counts of k distinct values, at least one positive.
        current: Shape (k,), counts of the same values.

    Returns:
        0 to 1; 1 when k is 1.

    Source:
        Pearson (1900); scipy.stats.chisquare with the expected counts scaled to the current size, as in Evidently.
    """
    from scipy.special import chdtrc

    if len(reference) < 2:
        return 1.0
    expected = reference * (current.sum() / reference.sum())
    with np.errstate(divide="ignore"):
        statistic = float(np.sum((current - expected) ** 2 / expected))
    return float(chdtrc(len(reference) - 1, statistic))


METHOD = Method(
    id="chisquare",
    title="chi-square",
    kinds=("categorical", "numerical"),
    threshold=0.05,
    drifted=Drifted.BELOW,
    score=lambda pair: chisquare(*pair.counts),
    source="scipy.stats.chisquare; Evidently 0.7 'chisquare'",
)
