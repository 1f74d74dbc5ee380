"""The Mann–Whitney U test."""

from __future__ import annotations

from typing import Any

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.samples import FloatArray


def mannw(reference: FloatArray, current: FloatArray) -> float:
    """Two-sided p-value that a value of one sample is as often the larger as the smaller of two.

    Evidently asks for one side only ("the reference is smaller") and so never sees values that have sunk.

    Args:
        reference: Shape (n,), finite.
        current: Shape (m,), finite; m may differ from n.

    Returns:
        0 to 1.

    Source:
        Mann and Whitney (1947); scipy.stats.mannwhitneyu, alternative "two-sided".
    """
    from scipy.stats import mannwhitneyu

    result: Any = mannwhitneyu(reference, current, alternative="two-sided")
    return float(result.pvalue)


METHOD = Method(
    id="mannw",
    title="Mann–Whitney U",
    kinds=("numerical",),
    threshold=0.05,
    drifted=Drifted.BELOW,
    score=lambda pair: mannw(*pair.sorted),
    source="scipy.stats.mannwhitneyu, two-sided (Evidently 0.7 'mannw' is one-sided)",
)
