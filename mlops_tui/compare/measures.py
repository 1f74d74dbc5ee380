"""What predictions are judged by: a score for each row, and its mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_tui.compare.alignment import Rows
from mlops_tui.compare.paired import Interval, bootstrap
from mlops_tui.prediction_files import Predictions

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of both runs, row by row."""

    name: str
    goal: str
    first: npt.NDArray[np.float64]
    second: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """A mean score of both runs.

    Attributes:
        name: 'accuracy', 'log loss', 'mean absolute error' or 'mean squared error'.
        goal: 'max' or 'min', the better direction.
        first: Of the baseline.
        second: Of the other run.
        interval: Of the difference.
    """

    name: str
    goal: str
    first: float
    second: float
    interval: Interval

    @property
    def difference(self) -> float:
        """Second minus first."""
        return self.second - self.first


def primary(rows: Rows) -> Scores:
    """What decides: right or wrong, or the absolute error."""
    import numpy as np

    if rows.task == "classification":
        right = [(predicted == rows.truth).astype(np.float64) for predicted in (rows.first, rows.second)]
        return Scores("accuracy", "max", *right)
    errors = [np.abs(predicted - rows.truth) for predicted in (rows.first, rows.second)]
    return Scores("mean absolute error", "min", *errors)


def measured(rows: Rows, first: Predictions, second: Predictions, confidence: float, pairs: int) -> tuple[Measure, ...]:
    """Every measure that the predictions allow, the deciding one first.

    Args:
        rows: The rows in common.
        first: The baseline's predictions.
        second: The other run's.
        confidence: Of the intervals.
        pairs: How many such pairs share the time for resampling.
    """
    scores = [primary(rows)]
    if rows.task == "regression":
        scores.append(Scores("mean squared error", "min", scores[0].first ** 2, scores[0].second ** 2))
    else:
        losses = [_log_loss(rows, one, at) for one, at in ((first, rows.at_first), (second, rows.at_second))]
        if losses[0] is not None and losses[1] is not None:
            scores.append(Scores("log loss", "min", losses[0], losses[1]))
    return tuple(
        Measure(
            one.name,
            one.goal,
            float(one.first.mean()),
            float(one.second.mean()),
            bootstrap(one.second - one.first, confidence, share=len(scores) * pairs),
        )
        for one in scores
    )


def _log_loss(rows: Rows, one: Predictions, at: npt.NDArray[np.int64]) -> npt.NDArray[np.float64] | None:
    """Minus the logarithm of the probability of what was true; None where the scores are no probabilities of it.

    Source:
        sklearn.metrics.log_loss, which clips at the same places for single precision.
    """
    import numpy as np

    if one.scores is None:
        return None
    labels = list(one.labels) or list(rows.labels)
    scores: npt.NDArray[Any] = one.scores[at]
    if scores.ndim == 1:
        scores = np.stack([1 - scores, scores], axis=1)
    if scores.shape[1] != len(labels) or not ((scores >= 0) & (scores <= 1)).all():
        return None
    place = {label: number for number, label in enumerate(labels)}
    if not {rows.labels[code] for code in np.unique(rows.truth)} <= set(place):
        return None
    column = np.array([place.get(label, -1) for label in rows.labels])[rows.truth]
    small = float(np.finfo(np.float32).eps)
    return -np.log(np.clip(scores[np.arange(len(column)), column], small, 1 - small))  # type: ignore[no-any-return]


__all__ = ["Measure", "Scores", "measured", "primary"]
