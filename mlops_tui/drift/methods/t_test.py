"""Student's t test of two means."""

from __future__ import annotations

import warnings
from typing import Any

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.samples import FloatArray


def t_test(reference: FloatArray, current: FloatArray) -> float:
    """Two-sided p-value that both samples have one mean, their variances taken as equal.

    Args:
        reference: Shape (n,), finite.
        current: Shape (m,), finite; m may differ from n.

    Returns:
        0 to 1; 1 when all values of both are equal, and where a single value on each side tells nothing.

    Source:
        Student (1908); scipy.stats.ttest_ind.
    """
    from scipy.stats import ttest_ind

    with warnings.catch_warnings():
        # scipy warns of samples that are as good as constant
        warnings.simplefilter("ignore", RuntimeWarning)
        result: Any = ttest_ind(reference, current)
    p_value = float(result.pvalue)
    return 1.0 if p_value != p_value else p_value


METHOD = Method(
    id="t_test",
    title="Student's t",
    kinds=("numerical",),
    threshold=0.05,
    drifted=Drifted.BELOW,
    score=lambda pair: t_test(*pair.sorted),
    source="scipy.stats.ttest_ind; Evidently 0.7 't_test'",
)
