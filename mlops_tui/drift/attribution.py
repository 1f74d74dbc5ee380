"""How much each input moves a model's predictions, and whether that order is another than on the reference.

An input's attribution is how far the predictions go when its values are shuffled among the rows: half the sum of the
changes of the classes' probabilities, the change of a number, or whether a label is another. No labels are needed.

Source:
    Fisher, Rudin and Dominici, All models are wrong, but many are useful (2019), for shuffling. Amazon SageMaker
    Clarify, "Feature attribution drift", for the normalized discounted cumulative gain and its threshold of 0.90.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

    from mlops_tui.drift.predictions import Predictor

FloatArray = npt.NDArray[np.float64]

#: Rows of a side that are predicted on, and how often each input is shuffled.
ROWS, ROUNDS = 400, 2
_RESAMPLED = 200
#: Numbers go no farther than this: sums of distances must stay finite.
_FARTHEST = 1e150
_SEED = 20250701


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well the order of attributions on a window keeps that of the reference.

    Attributes:
        ndcg: 1 where the order is the same.
        low: Lower end of its 95 % interval, by resampling the rows of both sides.
        high: Upper end.
        shares: Input -> its share of all attributions on the reference and on the window.
        rows: How many rows of the reference and of the window were used.
    """

    ndcg: float
    low: float
    high: float
    shares: dict[str, tuple[float, float]]
    rows: tuple[int, int]


def ndcg(reference: FloatArray, current: FloatArray) -> float:
    """The normalized discounted cumulative gain of the window's order, the gains being the reference's attributions.

    Args:
        reference: Attribution of each input on the reference, shape (inputs,), none negative.
        current: The same on the window.
    """
    discounts = 1 / np.log2(np.arange(2, len(reference) + 2))
    best = float(np.sort(reference)[::-1] @ discounts)
    return float(reference[np.argsort(-current, kind="stable")] @ discounts) / best if best > 0 else 1.0


def attributions(predictor: Predictor, frame: pd.DataFrame, inputs: Sequence[str]) -> FloatArray:
    """What shuffling each input does to each row's prediction, shape (rows, inputs).

    Args:
        predictor: The model.
        frame: At least two rows; at most ``ROWS`` of them, chosen by chance, are used.
        inputs: The columns that the model reads, in order.

    Raises:
        Unloadable: The model cannot be loaded here.
        Refused: It fails on this data.
    """
    rng = np.random.default_rng(_SEED)
    rows = frame[list(inputs)]
    if len(rows) > ROWS:
        rows = rows.iloc[np.sort(rng.choice(len(rows), ROWS, replace=False))]
    rows = rows.reset_index(drop=True)
    before = _predictions(predictor, rows)
    found = np.zeros((len(rows), len(inputs)))
    for place, name in enumerate(inputs):
        for _ in range(ROUNDS):
            shuffled = rows.copy(deep=False)
            shuffled[name] = rows[name].iloc[rng.permutation(len(rows))].reset_index(drop=True)
            found[:, place] += _distance(before, _predictions(predictor, shuffled)) / ROUNDS
    return found


def _predictions(predictor: Predictor, rows: pd.DataFrame) -> npt.NDArray[Any]:
    probabilities = predictor.probabilities(rows)
    return np.asarray(predictor.predict(rows) if probabilities is None else probabilities)


def _distance(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> FloatArray:
    if before.ndim == 2:  # probabilities
        return np.asarray(np.abs(before - after).sum(axis=1) / 2, dtype=np.float64)
    if before.dtype.kind in "fiu":
        with np.errstate(over="ignore", invalid="ignore"):
            far = np.abs(before.astype(np.float64) - after.astype(np.float64))
        return np.asarray(np.minimum(np.nan_to_num(far, posinf=0.0), _FARTHEST), dtype=np.float64)
    return np.asarray(before != after, dtype=np.float64)


def compare(reference: FloatArray, current: FloatArray, inputs: Sequence[str]) -> Ranking:
    """The order of attributions on a window beside that on the reference.

    Args:
        reference: Attributions by row, shape (rows, inputs).
        current: The same of the window.
        inputs: Their names.
    """
    rng = np.random.default_rng(_SEED)

    def resampled(rows: FloatArray) -> FloatArray:
        counts = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=_RESAMPLED)
        return np.asarray(counts @ rows / len(rows), dtype=np.float64)

    means = reference.mean(axis=0), current.mean(axis=0)
    drawn = [ndcg(one, other) for one, other in zip(resampled(reference), resampled(current), strict=True)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    shares = [side / side.sum() if side.sum() > 0 else side for side in means]
    value = ndcg(*means)
    return Ranking(
        ndcg=value,
        low=min(float(low), value),
        high=max(float(high), value),
        shares={name: (float(shares[0][place]), float(shares[1][place])) for place, name in enumerate(inputs)},
        rows=(len(reference), len(current)),
    )
