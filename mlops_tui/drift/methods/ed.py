"""The energy distance."""

from __future__ import annotations

import math

from mlops_tui.drift.methods import Drifted, Method
from mlops_tui.drift.samples import FloatArray
from mlops_tui.drift.walks import walk


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
    return math.sqrt(2.0 * walk(reference, current).energy)


METHOD = Method(
    id="ed",
    title="energy distance",
    kinds=("numerical",),
    threshold=0.1,
    drifted=Drifted.ABOVE,
    # the walk is needed for other figures as well
    score=lambda pair: math.sqrt(2.0 * pair.walk.energy),
    source="scipy.stats.energy_distance; Evidently 0.7 'ed'",
)
