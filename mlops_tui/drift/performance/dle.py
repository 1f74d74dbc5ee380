"""DLE: a regressor's errors without labels, as a second model foretells them from the inputs and the prediction.

The second model learns the loss of each labelled row; the mean of what it foretells for a window is the estimate.

Source:
    NannyML 0.13, ``performance_estimation.direct_loss_estimation``, with scikit-learn's histogram gradient boosting at
    LightGBM's default settings in the place of LightGBM.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_tui.drift import kinds
from mlops_tui.drift.performance import regression, sampling, tasks
from mlops_tui.drift.performance.intervals import Z95, Figure, FloatArray, none
from mlops_tui.drift.samples import label

if TYPE_CHECKING:
    import pandas as pd

#: The metrics that can be estimated: means of a loss, and roots of these.
METRICS = ("mae", "mape", "mse", "rmse", "msle", "rmsle")
#: LightGBM's defaults.
_SETTINGS: dict[str, Any] = {
    "max_iter": 100, "learning_rate": 0.1, "max_leaf_nodes": 31, "min_samples_leaf": 20, "early_stopping": False,
}  # fmt: skip
#: Categories that are told apart; rarer ones are one.
_CATEGORIES = 200


class Estimator:
    """Learned from labelled rows.

    Args:
        inputs: What the model was given.
        predicted: What it gave, finite.
        truth: What was right, finite.
    """

    def __init__(self, inputs: pd.DataFrame, predicted: FloatArray, truth: FloatArray) -> None:
        self._categories = {str(name): _categories(inputs[name]) for name in inputs.columns}
        self._table = self._encoded(inputs, predicted)
        self._predicted, self._truth = predicted, truth
        self._losses: dict[str, FloatArray] = {}
        self._models: dict[str, Any] = {}

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that it reads beside the prediction."""
        return tuple(self._categories)

    def estimate(self, name: str, inputs: pd.DataFrame, predicted: FloatArray) -> Figure:
        """A metric of rows without labels; the interval is made as CBPE's.

        Args:
            name: One of ``METRICS``.
            inputs: What the model was given, with all columns of the labelled rows' inputs.
            predicted: What it gave, finite.
        """
        kind = _mean_of(name)
        losses = regression.losses(kind, self._truth, self._predicted)
        if losses is None:
            return none("a value of the labelled rows is negative, and has no logarithm")
        if kind == "mape" and not self._truth.all():
            return none("a true value of the labelled rows is 0, and nothing is a share of that")
        if not np.isfinite(losses).all():
            return none(regression.TOO_LARGE)
        if kind not in self._models:
            self._losses[kind] = losses
            self._models[kind] = self._fitted(losses)
        with _one_thread():
            foretold = np.maximum(0.0, self._models[kind].predict(self._encoded(inputs, predicted)))
        value = float(foretold.mean())
        if not math.isfinite(value):  # trees compute in single precision
            return none(regression.TOO_LARGE)
        if kind != name:
            value = math.sqrt(value)
        half = Z95 * self.spread(name) * math.sqrt(1 / len(predicted) + 1 / len(self._truth))
        return Figure(value, max(0.0, value - half), value + half, "DLE")

    def spread(self, name: str) -> float:
        """See ``sampling``; of a metric that was estimated."""
        return sampling.of_numbers(name, self._losses[_mean_of(name)])

    def _fitted(self, losses: FloatArray) -> Any:
        from sklearn.ensemble import HistGradientBoostingRegressor

        categorical = [bool(names) for names in self._categories.values()]
        settings: dict[str, Any] = {**_SETTINGS, "categorical_features": [*categorical, False], "random_state": 0}
        made = HistGradientBoostingRegressor(**settings)
        with _one_thread():
            return made.fit(self._table, losses)

    def _encoded(self, inputs: pd.DataFrame, predicted: FloatArray) -> FloatArray:
        columns = [_encoded(inputs[name], names) for name, names in self._categories.items()]
        return np.column_stack([*columns, predicted])


def _one_thread() -> Any:
    """Threads that wait for each other on a busy machine take a hundred times as long as one."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)


def _mean_of(name: str) -> str:
    """The loss whose mean a metric is, or the root of."""
    return name[1:] if name in ("rmse", "rmsle") else name


def _categories(column: pd.Series[Any]) -> tuple[str, ...]:
    """The labels that are told apart; none of a column of numbers."""
    if kinds.family(column) == "number":
        return ()
    counted = column.map(label, na_action="ignore").value_counts()
    return tuple(map(str, counted.index[:_CATEGORIES])) or ("",)


def _encoded(column: pd.Series[Any], categories: tuple[str, ...]) -> FloatArray:
    """Numbers as they are, labels by their place; what is missing or was never seen is NaN."""
    import pandas as pd

    if not categories:
        return tasks.numbers(column)
    place = {name: float(index) for index, name in enumerate(categories)}
    codes, distinct = pd.factorize(column)
    return np.array([*(place.get(label(value) or "", math.nan) for value in distinct), math.nan])[codes]
