"""The domain classifier: how well a model tells rows of the window from rows of the reference.

Each row is scored by a model that has not seen it. The area under the ROC curve is that of five such parts, averaged;
0.5 means that nothing tells them apart. Within a part, and given its model, the area of rows without a difference is
Mann and Whitney's statistic, whose distribution is known, so the p-value takes no permutations. Interval and p-value
make up for the rows that the models share, and are rather too careful.

Source:
    NannyML 0.13, ``DomainClassifierCalculator``, for the measure and the threshold of 0.65 (with LightGBM, and with the
    scores of all parts ranked together); Lopez-Paz and Oquab, Revisiting Classifier Two-Sample Tests (2017);
    Nadeau and Bengio, Inference for the Generalization Error (2003), for the variance over parts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mlops_tui.drift.multivariate.auc import area, p_value
from mlops_tui.drift.multivariate.table import MOST_CODES, Table
from mlops_tui.drift.samples import FloatArray

#: From this area on the window is another population, for NannyML and here.
THRESHOLD = 0.65
FOLDS = 5
#: Rows of either side that are used, chosen by chance.
MOST_ROWS = 5000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a domain classifier found.

    Attributes:
        auc: Mean area under the ROC curve over the parts; may come out below 0.5 by chance.
        low: Lower end of its 95 % interval.
        high: Upper end.
        p_value: One-sided, of no difference.
        rows: How many rows of the window and of the reference it is from.
    """

    auc: float
    low: float
    high: float
    p_value: float
    rows: tuple[int, int]


class Scorer(Protocol):
    """A fitted model: higher scores for rows of the window."""

    def __call__(self, rows: Any, /) -> FloatArray:
        """One score a row."""
        ...


def classify(
    rows: Any, is_window: npt.NDArray[np.bool_], fit: Callable[[Any, npt.NDArray[np.bool_]], Scorer]
) -> tuple[Verdict, Scorer, npt.NDArray[np.int64]]:
    """Whether a model tells the rows apart.

    Args:
        rows: Reference and window, whatever ``fit`` reads and an array of places cuts.
        is_window: Which of them are the window's; at least ``FOLDS`` on either side.
        fit: Fits the model.

    Returns:
        The verdict; the model of the last part and the places of the rows that it has not seen.
    """
    from sklearn.model_selection import StratifiedKFold

    parts = list(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(np.zeros(len(is_window)), is_window))
    models = [fit(rows[seen], is_window[seen]) for seen, _ in parts]
    areas = [area(model(rows[unseen]), is_window[unseen]) for model, (_, unseen) in zip(models, parts, strict=True)]
    auc = sum(each.value for each in areas) / FOLDS
    # the models of the parts share most of their rows, so that their areas vary together
    shared = (1 / FOLDS + 1 / (FOLDS - 1)) / FOLDS
    error = math.sqrt(shared * sum(each.variance for each in areas))
    null_error = math.sqrt(shared * sum(each.null_variance for each in areas))
    counts = int(is_window.sum()), int((~is_window).sum())
    verdict = Verdict(auc, max(0.0, auc - 1.96 * error), min(1.0, auc + 1.96 * error), p_value(auc, null_error), counts)
    return verdict, models[-1], parts[-1][1]


def chosen(count: int, seed: int, most: int = MOST_ROWS) -> npt.NDArray[np.int64]:
    """Places of at most so many rows, in order, the same for the same seed."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def of_table(data: Table) -> tuple[Verdict, list[tuple[str, float]]]:
    """The verdict on numbers and categories by gradient-boosted trees, and the columns that it goes by.

    Returns:
        The verdict, and (column, how much of the area is lost when its values are shuffled), the largest first.
    """
    from threadpoolctl import threadpool_limits

    reference = data.reference[chosen(len(data.reference), 0)]
    window = data.window[chosen(len(data.window), 1)]
    rows = np.concatenate([reference, window])
    is_window = np.arange(len(rows)) >= len(reference)
    # scikit-learn takes codes up to 254 for categories
    assert MOST_CODES < 254

    def fit(seen: FloatArray, label: npt.NDArray[np.bool_]) -> Scorer:
        from sklearn.ensemble import HistGradientBoostingClassifier

        options: dict[str, Any] = {"categorical_features": data.is_categorical, "early_stopping": False}
        model: Any = HistGradientBoostingClassifier(max_iter=50, random_state=0, **options)
        # scikit-learn cannot bin a column without a value
        model.fit(np.where(np.isnan(seen).all(axis=0), 0.0, seen), label)
        return lambda unseen: np.asarray(model.decision_function(unseen), dtype=np.float64)

    # on so few rows threads only wait for each other: on a busy machine 20 times as long
    with threadpool_limits(1, user_api="openmp"):
        verdict, model, unseen = classify(rows, is_window, fit)
        return verdict, _importances(data.names, rows[unseen], is_window[unseen], model)


def _importances(
    names: tuple[str, ...], rows: FloatArray, is_window: npt.NDArray[np.bool_], model: Scorer
) -> list[tuple[str, float]]:
    whole = area(model(rows), is_window).value
    order = np.random.default_rng(0).permutation(len(rows))
    lost = []
    for place, name in enumerate(names):
        shuffled = rows.copy()
        shuffled[:, place] = shuffled[order, place]
        lost.append((name, whole - area(model(shuffled), is_window).value))
    return sorted(lost, key=lambda each: -each[1])
