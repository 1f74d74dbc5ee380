"""The two-sample Kolmogorov–Smirnov test."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.samples import FloatArray

if TYPE_CHECKING:
    from mlops_tui.drift.pairs import Pair


#: Values a side up to which the p-value is exact.
EXACT_UP_TO = 10_000


def ks(reference: FloatArray, current: FloatArray) -> float:
    """Two-sided p-value that both samples come from one distribution.

    Exact up to 10,000 values a side, asymptotic beyond or where the exact one cannot be computed.

    Args:
        reference: Shape (n,), finite.
        current: Shape (m,), finite; m may differ from n.

    Returns:
        0 to 1.

    Raises:
        ValueError: Either sample is empty.

    Source:
        Hodges, The significance probability of the Smirnov two-sample test (1958); scipy.stats.ks_2samp.
    """
    from scipy.stats import ks_2samp

    with warnings.catch_warnings():
        # scipy says so when it changes from the exact to the asymptotic p-value
        warnings.simplefilter("ignore", RuntimeWarning)
        result: Any = ks_2samp(reference, current)
        return float(result.pvalue)


def _score(pair: Pair) -> float:
    if pair.has_rows:
        return ks(*pair.sorted)
    from scipy.stats import kstwo

    n, m = pair.reference.count, pair.current.count
    return float(kstwo.sf(pair.walk.apart, round(n * m / (n + m))))


METHOD = Method(
    id="ks",
    title="Kolmogorov–Smirnov",
    kinds=("numerical",),
    threshold=0.05,
    drifted=Drifted.AT_MOST,
    score=_score,
    source="scipy.stats.ks_2samp; Evidently 0.7 'ks'",
)
