"""Student's t test of two means."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.pairs import NotKept, NumberPair, Pair
from mlops_tui.drift.samples import FloatArray, powerless


def t_test(reference: FloatArray, current: FloatArray) -> float:
    """Two-sided p-value that both samples have one mean, their variances taken as equal.

    Args:
        reference: Shape (n,), finite, ascending.
        current: Shape (m,), finite, ascending; m may differ from n.

    Returns:
        0 to 1; 1 when all values of both are equal, and where a single value on each side tells nothing.

    Source:
        Student (1908); scipy.stats.ttest_ind.
    """
    from scipy.stats import ttest_ind

    with warnings.catch_warnings():
        # scipy warns of samples that are as good as constant
        warnings.simplefilter("ignore", RuntimeWarning)
        result: Any = ttest_ind(*powerless(reference, current))
    p_value = float(result.pvalue)
    return 1.0 if p_value != p_value else p_value


def _score(pair: Pair) -> float:
    if pair.has_rows:
        return t_test(*pair.sorted)
    from scipy.stats import ttest_ind_from_stats

    assert isinstance(pair, NumberPair)
    sides = (pair.reference, pair.current)
    if any(side.std == 0 < side.high - side.low for side in sides):
        raise NotKept("its values are so small that profiles keep no squares of them")
    moments = [(side.mean, side.std * math.sqrt(side.count / max(1, side.count - 1)), side.count) for side in sides]
    with np.errstate(all="ignore"):
        result: Any = ttest_ind_from_stats(*moments[0], *moments[1])
    p_value = float(result.pvalue)
    return 1.0 if p_value != p_value else p_value


METHOD = Method(
    id="t_test",
    title="Student's t",
    kinds=("numerical",),
    threshold=0.05,
    drifted=Drifted.BELOW,
    score=_score,
    source="scipy.stats.ttest_ind; Evidently 0.7 't_test'",
)
