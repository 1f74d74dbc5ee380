"""Placements: the part of the other class that a row beats, of which the area under a ROC curve is the mean."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlops_tui.drift.samples import FloatArray


def placements(scores: FloatArray, is_positive: npt.NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Of each positive row the share of negative ones below it, of each negative row that of positive ones above it.

    Equal scores count half. Both are in the order of the rows, and the mean of either is the area; both classes must
    be there.

    Source:
        DeLong, DeLong and Clarke-Pearson (1988); by midranks as Sun and Xu (2014).
    """
    from scipy.stats import rankdata

    positive, negative = scores[is_positive], scores[~is_positive]
    ranks = rankdata(scores)
    return (
        (ranks[is_positive] - rankdata(positive)) / len(negative),
        1 - (ranks[~is_positive] - rankdata(negative)) / len(positive),
    )
