"""Probabilities that mean what they say: isotonic calibration on labelled rows, and how far probabilities are off.

Source:
    NannyML 0.13, ``calibration``: the same split, the same bins and the same question whether to calibrate at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mlops_tui.drift.performance.intervals import Z95, BoolArray, Figure, FloatArray

#: Bins of equal size, and splits into a tenth and nine.
BINS, SPLITS, SEED = 10, 10, 42
#: Beyond this area nothing is gained.
_SEPARATED = 0.999


class Calibrator:
    """Turns the scores of one class into its probabilities.

    Args:
        scores: Of labelled rows.
        is_positive: Which of them are of the class.
    """

    def __init__(self, scores: FloatArray, is_positive: BoolArray) -> None:
        #: Whether scores are changed at all; where that would not better them they are left as they are.
        self.is_needed = is_needed(scores, is_positive)
        self._curve = _fitted(scores, is_positive) if self.is_needed else None

    def __call__(self, scores: FloatArray) -> FloatArray:
        """The probabilities for scores."""
        if self._curve is None:
            return scores
        return np.asarray(self._curve.predict(scores), dtype=np.float64)


def is_needed(scores: FloatArray, is_positive: BoolArray) -> bool:
    """Whether calibrating betters the calibration error of rows that it has not seen."""
    from sklearn.metrics import roc_auc_score

    positive = int(is_positive.sum())
    if positive in (0, len(scores)) or min(positive, len(scores) - positive) < 2 or len(scores) < 2 * BINS:
        return False
    if roc_auc_score(is_positive, scores) > _SEPARATED:
        return False
    kept, calibrated = out_of_fold(scores, is_positive)
    return error(scores[kept], is_positive[kept]) > error(calibrated, is_positive[kept])


def out_of_fold(scores: FloatArray, is_positive: BoolArray) -> tuple[np.ndarray[Any, np.dtype[np.intp]], FloatArray]:
    """Rows in the order in which they were left out, and their probabilities calibrated on the others."""
    from sklearn.model_selection import StratifiedShuffleSplit

    splits = StratifiedShuffleSplit(n_splits=SPLITS, test_size=0.1, random_state=SEED)
    left, found = [], []
    for train, test in splits.split(scores, is_positive):
        left.append(test)
        found.append(_fitted(scores[train], is_positive[train]).predict(scores[test]))
    return np.concatenate(left), np.concatenate(found)


def error(scores: FloatArray, is_positive: BoolArray) -> float:
    """The expected calibration error: how far mean probability and share are apart, over bins of equal size.

    Rows of one score count each as the mean of them, so that the error does not hang on their order.

    Source:
        Naeini, Cooper and Hauskrecht, Obtaining Well Calibrated Probabilities Using Bayesian Binning (2015).
    """
    distinct, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    truth = np.bincount(place, is_positive, len(distinct)) / count
    means, shares, weights = _binned(np.repeat(distinct, count), np.repeat(truth, count))
    return float((np.abs(means - shares) * weights).sum())


def error_figure(scores: FloatArray, is_positive: BoolArray) -> Figure:
    """The calibration error beyond what chance alone gives perfectly calibrated rows, with an interval.

    Chance alone makes the error of few rows large: what it would be on average is taken off.

    Args:
        scores: Probabilities, at least 20.
        is_positive: Which rows are of the class.
    """
    found = error(scores, is_positive)
    drawn = np.random.default_rng(SEED).random((200, len(scores))) < scores
    perfect = np.array([error(scores, each) for each in drawn])
    spread = Z95 * float(perfect.std())
    value = max(0.0, found - float(perfect.mean()))
    return Figure(value, max(0.0, found - float(perfect.mean()) - spread), value + spread, "parametric bootstrap")


def _binned(scores: FloatArray, truth: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    bins = BINS if len(scores) > 2 * BINS else max(1, len(scores) // 2)
    edges = np.arange(0, len(scores) + 1, len(scores) // bins)
    edges[-1] = len(scores)
    sizes = np.diff(edges)
    means = np.add.reduceat(scores, edges[:-1]) / sizes
    shares = np.add.reduceat(truth, edges[:-1]) / sizes
    return means, shares, sizes / len(scores)


def _fitted(scores: FloatArray, is_positive: BoolArray) -> Any:
    from sklearn.isotonic import IsotonicRegression

    return IsotonicRegression(out_of_bounds="clip", increasing=True).fit(scores, is_positive.astype(np.float64))
