"""The test of Epps and Singleton."""

from __future__ import annotations

import warnings
from typing import Any

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.samples import FloatArray, powerless


def es(reference: FloatArray, current: FloatArray) -> float:
    """P-value that both samples have one characteristic function; sees more than shifts, and bears ties.

    Args:
        reference: Shape (n,), finite, ascending.
        current: Shape (m,), finite, ascending; m may differ from n.

    Returns:
        0 to 1; 1 where the middle half of both together is one value, or where either has fewer than five values, of
        which the test tells nothing. Of fewer than five distinct values it tells little: their covariance has no full
        rank, and the last bits decide.

    Source:
        Epps and Singleton, An omnibus test for the two-sample problem (1986); scipy.stats.epps_singleton_2samp.
    """
    import numpy as np
    from scipy.stats import epps_singleton_2samp, iqr

    reference, current = powerless(reference, current)
    if min(len(reference), len(current)) < 5 or not iqr(np.concatenate([reference, current])) > 0:
        return 1.0
    with warnings.catch_warnings():
        # numpy says so where values span more than a covariance can hold, scipy where that has no full rank
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)
        try:
            result: Any = epps_singleton_2samp(reference, current)
        except np.linalg.LinAlgError as error:
            raise OverflowError("the values span more than their covariance can hold") from error
    return float(result.pvalue)


METHOD = Method(
    id="es",
    title="Epps–Singleton",
    kinds=("numerical",),
    threshold=0.05,
    drifted=Drifted.BELOW,
    score=lambda pair: es(*pair.sorted),
    source="scipy.stats.epps_singleton_2samp; Evidently 0.7 'es'",
)
