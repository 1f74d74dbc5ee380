"""How far realized metrics of a window stray by chance if calibrated probabilities are right: by drawing its labels.

The labelled rows cannot tell that of harder or easier windows than they are.
"""

from __future__ import annotations

import warnings

import numpy as np

from mlops_tui.drift.performance.classification import IntArray
from mlops_tui.drift.performance.intervals import FloatArray

#: Draws of all labels, fewer where these were more numbers than that, and rows that are drawn at once.
DRAWS, _MOST_NUMBERS, _LEAST_DRAWS, _BLOCK = 200, 20_000_000, 50, 50_000
SEED = 0


def spreads(predicted: IntArray, calibrated: FloatArray, scores: FloatArray) -> dict[str, float]:
    """The standard deviation of each metric that sums over rows give: all but average precision.

    Args:
        predicted: The number of each row's predicted class.
        calibrated: Shape (rows, classes), rows adding up to 1.
        scores: The model's own probabilities, by which rows are ranked.
    """
    from scipy.stats import rankdata

    rows, classes = calibrated.shape
    wanted = [1] if classes == 2 else list(range(classes))
    draws = int(np.clip(_MOST_NUMBERS // rows, _LEAST_DRAWS, DRAWS))
    bounds = np.cumsum(calibrated, axis=1)[:, :-1]
    ranks = [rankdata(scores[:, index]) for index in wanted]
    right = np.zeros(draws)
    # of each class: rows that are of it, that are and were predicted so, and the sum of their ranks
    positive, hit, ranked = (np.zeros((len(wanted), draws)) for _ in range(3))
    rng = np.random.default_rng(SEED)
    for start in range(0, rows, _BLOCK):
        part = slice(start, start + _BLOCK)
        said = predicted[part]
        drawn = (rng.random((draws, len(said), 1)) > bounds[part]).sum(axis=2)
        right += (drawn == said).sum(axis=1)
        for place, index in enumerate(wanted):
            is_class = drawn == index
            positive[place] += is_class.sum(axis=1)
            hit[place] += is_class[:, said == index].sum(axis=1)
            ranked[place] += is_class @ ranks[place][part]
    given = np.array([(predicted == index).sum() for index in wanted], dtype=np.float64)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a figure that no draw defines is NaN
        found = {
            "accuracy": right[None] / rows,
            "precision": hit / given,
            "recall": hit / positive,
            "f1": 2 * hit / (given + positive),
            "specificity": 1 - (given - hit) / (rows - positive),
            "roc_auc": (ranked - positive * (positive + 1) / 2) / (positive * (rows - positive)),
        }
        return {name: float(np.nanstd(np.nanmean(values, axis=0))) for name, values in found.items()}
