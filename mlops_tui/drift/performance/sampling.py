"""How far the figure of a window strays by chance alone: what the labelled rows say of that, without the window's.

Each standard error is s / √n for a window of n rows, and the functions here return s.

Source:
    NannyML 0.13, ``sampling_error``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mlops_tui.drift.performance.classification import Scored
from mlops_tui.drift.performance.intervals import BoolArray, FloatArray

#: Draws for average precision, which has no closed form there, and the most rows of one.
_DRAWS, _MOST_ROWS, _SEED = 50, 50_000, 0
#: NannyML found its variance over several classes that much too small.
_AREA_FACTOR = 1.2


def of_class(name: str, rows: Scored) -> float:
    """The spread s of a classification metric; NaN where the labelled rows do not say it."""
    if name == "accuracy":
        return float(np.std(rows.truth == rows.predicted))
    wanted = [1] if rows.is_binary else list(range(len(rows.classes)))
    each = [_spread(name, rows, index) for index in wanted]
    if len(wanted) == 1:
        return each[0]
    if name == "average_precision":
        return math.sqrt(float(np.mean(np.square(each))))
    found = math.sqrt(float(np.sum(np.square(each)))) / len(wanted)
    return found * _AREA_FACTOR if name == "roc_auc" else found


def of_numbers(name: str, losses: FloatArray) -> float:
    """The spread s of an error; for the root of a mean by the delta method."""
    spread = float(np.std(losses))
    if not name.startswith("r"):
        return spread
    mean = float(np.mean(losses))
    return spread / (2 * math.sqrt(mean)) if mean else 0.0


def _spread(name: str, rows: Scored, index: int) -> float:
    truth, predicted = rows.truth == index, rows.predicted == index
    if name in ("roc_auc", "average_precision"):
        assert rows.proba is not None
        scores = rows.proba[:, index]
        return _of_area(truth, scores) if name == "roc_auc" else _of_precisions(truth, scores)
    hit, false, missed = (truth & predicted), (predicted & ~truth), (truth & ~predicted)
    relevant = {
        "f1": hit | false | missed,
        "precision": predicted,
        "recall": truth,
        "specificity": ~truth,
    }[name]
    right = ~(truth ^ predicted) if name == "specificity" else hit
    count = int(relevant.sum())
    if not count:
        return math.nan
    factor = 1.0
    if name == "f1" and rows.is_binary:
        factor = count / ((int(false.sum()) + int(missed.sum())) * 0.5 + int(hit.sum()))
    return factor * float(np.std(right[relevant])) / math.sqrt(count / len(truth))


def _of_area(truth: BoolArray, scores: FloatArray) -> float:
    if truth.mean() > 0.5:
        truth, scores = ~truth, 1 - scores
    places = np.flatnonzero(truth[np.argsort(scores)])
    places = places[places > 0]
    negatives = len(truth) - int(truth.sum())
    if not len(places) or not negatives:
        return math.nan
    return float(np.std((places - np.arange(len(places))) / negatives)) / math.sqrt(float(truth.mean()))


def _of_precisions(truth: BoolArray, scores: FloatArray) -> float:
    from sklearn.metrics import average_precision_score

    rng = np.random.default_rng(_SEED)
    size = min(len(truth) // 2, _MOST_ROWS)
    found: list[Any] = []
    for _ in range(_DRAWS):
        drawn = rng.integers(0, len(truth), size)
        if truth[drawn].any():
            found.append(average_precision_score(truth[drawn], scores[drawn]))
    return float(np.std(found)) * math.sqrt(size) if found else math.nan
