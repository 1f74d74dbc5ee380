"""The area under the ROC curve of one split of the rows, with how far it may be off."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlops_tui.drift.placements import placements
from mlops_tui.drift.samples import FloatArray


class Area(NamedTuple):
    """The area under a ROC curve.

    Attributes:
        value: The chance that a row of the window scores higher than one of the reference, 0 to 1.
        variance: Of that value.
        null_variance: Of the value that scores have which tell nothing.
    """

    value: float
    variance: float
    null_variance: float


def area(scores: FloatArray, is_window: npt.NDArray[np.bool_]) -> Area:
    """The area that scores have, both classes present.

    Source:
        DeLong, DeLong and Clarke-Pearson (1988) for the variance; Mann and Whitney (1947), with Lehmann's correction
        for ties, for that under no difference.
    """
    of_window, of_reference = placements(scores, is_window)
    m, n = len(of_window), len(of_reference)
    spread = sum(float(part.var(ddof=1)) / len(part) for part in (of_window, of_reference) if len(part) > 1)
    _, ties = np.unique(scores, return_counts=True)
    total = n + m
    tied = float((ties.astype(np.float64) ** 3 - ties).sum()) / (total * (total - 1.0))
    return Area(float(of_window.mean()), spread, max(0.0, (total + 1.0 - tied) / (12.0 * n * m)))


def p_value(value: float, null_error: float) -> float:
    """How likely an area at least so large is where scores tell nothing and it varies by this standard error."""
    return 0.5 * math.erfc((value - 0.5) / null_error / math.sqrt(2)) if null_error else 1.0
