"""The G test (likelihood ratio) of the current counts against the reference's shares."""

from __future__ import annotations

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.samples import FloatArray


def g_test(reference: FloatArray, current: FloatArray) -> float:
    """P-value that the current counts were drawn from the reference's shares.

    A one-sample test: the reference counts as known exactly. A value that the reference never had makes it 0.

    Args:
        reference: Shape (k,), counts of k distinct values, at least one positive.
        current: Shape (k,), counts of the same values.

    Returns:
        0 to 1; 1 when k is 1.

    Source:
        Woolf, The log likelihood ratio test (1957); scipy.stats.power_divergence with lambda_="log-likelihood" and the
        expected counts scaled to the current size, without which the test is none (Evidently leaves them as they are).
    """
    from scipy.special import chdtrc, rel_entr

    if len(reference) < 2:
        return 1.0
    expected = reference * (current.sum() / reference.sum())
    return float(chdtrc(len(reference) - 1, 2.0 * float(rel_entr(current, expected).sum())))


METHOD = Method(
    id="g_test",
    title="G test",
    kinds=("categorical", "numerical"),
    threshold=0.1,
    drifted=Drifted.BELOW,
    score=lambda pair: g_test(*pair.counts),
    source="scipy.stats.power_divergence; Evidently 0.7 'g_test', its expected counts scaled",
)
