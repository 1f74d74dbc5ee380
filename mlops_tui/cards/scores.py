"""How good a version's logged predictions are: measures with intervals, over all rows and over slices of them.

Intervals come from a bootstrap over rows: bias corrected and accelerated for means, percentiles for the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mlops_tui.compare import slices
from mlops_tui.compare.paired import SEED, bootstrap
from mlops_tui.prediction_files import Predictions
from mlops_tui.registry.gates import groups

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

CONFIDENCE = 0.95
#: Resamples of what is no mean, fewer where there are so many rows that more draws than this were needed.
RESAMPLES, _MOST_DRAWS, _LEAST = 2000, 200_000_000, 200
#: Rows below which a slice is told with its count only.
LEAST_ROWS = 10


def measured(found: Predictions) -> dict[str, Any]:
    """All that a card says about some predictions, as plain data.

    Returns:
        ``task``, ``rows`` (with a truth), ``measures`` and ``slices``: a list of ``{"column", "groups": [{"label",
        "rows", "value", "low", "high"}]}`` of the first measure. A measure is ``{"name", "goal", "value", "low",
        "high", "confidence", "method"}``.
    """
    import numpy as np

    score, name = groups.scores(found)
    is_known = np.isfinite(score)
    goal = "max" if found.task == "classification" else "min"
    if not is_known.any():
        return {"task": found.task, "rows": 0, "measures": [], "slices": []}
    first = mean(score[is_known], name, goal)
    more = _of_classes(found, is_known) if goal == "max" else [_root(score[is_known])]
    return {
        "task": found.task,
        "rows": int(is_known.sum()),
        "measures": [first, *more],
        "slices": _slices(found, score, is_known, name, goal),
    }


def mean(scores: npt.NDArray[np.float64], name: str, goal: str) -> dict[str, Any]:
    """A mean score with its interval.

    Where all rows of a classification are right (or wrong), resampling would claim certainty: Wilson's interval does
    not.

    Source:
        Efron (1987) for BCa; Wilson (1927), statsmodels' ``proportion_confint(method="wilson")``.
    """
    value = float(scores.mean())
    if goal == "max" and value in (0.0, 1.0):
        low, high = wilson(value, len(scores))
        return _measure(name, goal, value, low, high, "Wilson")
    found = bootstrap(scores, CONFIDENCE)
    return _measure(name, goal, value, found.low, found.high, found.method.removeprefix("paired "))


def wilson(share: float, count: int) -> tuple[float, float]:
    """Wilson's score interval of a share of ``count`` rows, 95 %."""
    from scipy.special import ndtri

    z = float(ndtri((1 + CONFIDENCE) / 2))
    middle, width = share + z * z / (2 * count), z * math.sqrt(share * (1 - share) / count + z * z / (4 * count**2))
    return (middle - width) / (1 + z * z / count), (middle + width) / (1 + z * z / count)


def _root(errors: npt.NDArray[np.float64]) -> dict[str, Any]:
    squared = bootstrap(errors**2, CONFIDENCE)
    low, high = (math.sqrt(max(0.0, end)) for end in (squared.low, squared.high))
    value = math.sqrt(float((errors**2).mean()))
    return _measure("root mean squared error", "min", value, low, high, squared.method.removeprefix("paired "))


def _of_classes(found: Predictions, is_known: npt.NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Of two labels: precision, recall, F1 and the area under the ROC curve, for the label that scores stand for."""
    import numpy as np

    truth, predicted = groups.texts(found.truth)[is_known], groups.texts(found.predicted)[is_known]
    labels = list(found.labels) or sorted({*truth, *predicted} - {""}, key=_order)
    if len(labels) != 2:
        return []
    positive = labels[1]
    is_true, is_said = truth == positive, predicted == positive
    cells = np.array([(is_true & is_said).sum(), (~is_true & is_said).sum(), (is_true & ~is_said).sum(), 0])
    cells[3] = len(truth) - cells.sum()
    drawn = np.random.default_rng(SEED).multinomial(len(truth), cells / len(truth), size=RESAMPLES)
    named: dict[str, Callable[[Any], Any]] = {
        "precision": lambda of: of[..., 0] / (of[..., 0] + of[..., 1]),
        "recall": lambda of: of[..., 0] / (of[..., 0] + of[..., 2]),
        "F1": lambda of: 2 * of[..., 0] / (2 * of[..., 0] + of[..., 1] + of[..., 2]),
    }
    measures = []
    with np.errstate(invalid="ignore", divide="ignore"):
        for name, share in named.items():
            value = float(share(cells))
            if math.isfinite(value):
                measures.append(_percentiles(f"{name} of {positive}", value, share(drawn)))
    if found.scores is not None and 0 < is_true.sum() < len(is_true):
        scores = found.scores if found.scores.ndim == 1 else found.scores[:, -1]
        measures.append(_area(np.asarray(scores)[is_known], is_true))
    return measures


def _order(label: str) -> tuple[int, float, str]:
    try:
        return 0, float(label), label
    except ValueError:
        return 1, 0.0, label


def _area(scores: npt.NDArray[np.float64], is_true: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """The area under the ROC curve: the share of pairs that are in order, ties as half.

    Source:
        Mann and Whitney (1947); sklearn.metrics.roc_auc_score.
    """
    import numpy as np

    order = np.argsort(scores, kind="stable")
    edges = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    truth = is_true[order]

    def area(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        up = np.add.reduceat(np.where(truth, weights, 0), edges, axis=-1)
        down = np.add.reduceat(np.where(truth, 0, weights), edges, axis=-1)
        pairs = (up * (np.cumsum(down, axis=-1) - down / 2)).sum(axis=-1)
        whole: npt.NDArray[np.float64] = pairs / (up.sum(axis=-1) * down.sum(axis=-1))
        return whole

    count, chance = len(scores), np.random.default_rng(SEED)
    resamples, at_once = max(_LEAST, min(RESAMPLES, _MOST_DRAWS // count)), max(1, 2_000_000 // count)
    drawn = []
    with np.errstate(invalid="ignore", divide="ignore"):
        for done in range(0, resamples, at_once):
            rows = min(at_once, resamples - done)
            drawn.append(area(chance.multinomial(count, np.full(count, 1 / count), size=rows).astype(np.float64)))
        value = float(area(np.ones(count)))
    return _percentiles("ROC AUC", value, np.concatenate(drawn))


def _percentiles(name: str, value: float, drawn: npt.NDArray[np.float64]) -> dict[str, Any]:
    import numpy as np

    kept = drawn[np.isfinite(drawn)]
    low, high = np.quantile(kept, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]) if len(kept) else (value, value)
    return _measure(name, "max", value, float(low), float(high), f"bootstrap, percentiles, {len(kept):,} resamples")


def _slices(
    found: Predictions, score: npt.NDArray[np.float64], is_known: npt.NDArray[np.bool_], name: str, goal: str
) -> list[dict[str, Any]]:
    told = []
    for column, values in found.slices.items():
        bins = slices.binned(column, values)
        if not 2 <= len(bins.labels) <= max(slices.MOST_VALUES, slices.BINS * 2):
            continue
        listed: list[dict[str, Any]] = []
        for place, label in enumerate(bins.labels):
            rows = is_known & (bins.codes == place)
            count = int(rows.sum())
            if count:
                listed.append({"label": label, "rows": count, **_of_slice(score[rows], name, goal)})
        told.append({"column": column, "groups": listed})
    return told


def _of_slice(scores: npt.NDArray[np.float64], name: str, goal: str) -> dict[str, Any]:
    if len(scores) < LEAST_ROWS:
        return {"value": None, "low": None, "high": None}
    found = mean(scores, name, goal)
    return {key: found[key] for key in ("value", "low", "high")}


def _measure(name: str, goal: str, value: float, low: float, high: float, method: str) -> dict[str, Any]:
    return {
        "name": name,
        "goal": goal,
        "value": value,
        "low": low,
        "high": high,
        "confidence": CONFIDENCE,
        "method": method,
    }


__all__ = ["CONFIDENCE", "LEAST_ROWS", "mean", "measured", "wilson"]
