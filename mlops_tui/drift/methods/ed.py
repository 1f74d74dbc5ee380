"""The energy distance."""

from __future__ import annotations

import numpy as np

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.samples import FloatArray, merged


def ed(reference: FloatArray, current: FloatArray) -> float:
    """Energy distance: how far apart the distribution functions are, squared and summed along the values.

    Args:
        reference: Shape (n,), finite, ascending.
        current: Shape (m,), finite, ascending; m may differ from n.

    Returns:
        Square roots of the column's own unit, >= 0; 0 when the samples are the same.

    Source:
        Székely and Rizzo, Energy statistics (2013); scipy.stats.energy_distance.
    """
    return _distance(merged(reference, current))


def _distance(merge: tuple[FloatArray, FloatArray]) -> float:
    values, gap = merge
    return float(np.sqrt(2.0 * np.dot(np.square(gap[:-1]), np.diff(values))))


METHOD = Method(
    id="ed",
    title="energy distance",
    kinds=("numerical",),
    threshold=0.1,
    drifted=Drifted.ABOVE,
    # the merge is needed for other figures as well
    score=lambda pair: _distance(pair.merged),
    source="scipy.stats.energy_distance; Evidently 0.7 'ed'",
)
