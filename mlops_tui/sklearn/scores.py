"""The scores of a fitted estimator on the data that it was trained with, named as MLflow names them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sklearn import metrics
from sklearn.base import is_classifier, is_regressor

if TYPE_CHECKING:
    from mlops_tui.sklearn.fits import Data

_PREFIX = "training_"


def of_training(estimator: Any, data: Data, pos_label: Any) -> dict[str, float]:
    """Whatever can be computed.

    Args:
        estimator: Fitted.
        data: What it was trained with.
        pos_label: The label that counts as positive; None weights all labels by how often they occur.
    """
    if data.target is None or not hasattr(estimator, "predict"):  # a search without a last fit cannot
        return {}
    found: dict[str, float] = {}
    weight = data.sample_weight
    if is_classifier(estimator):
        predicted = estimator.predict(data.features)
        kind = {"average": "weighted"} if pos_label is None else {"average": "binary", "pos_label": pos_label}
        for score in (metrics.precision_score, metrics.recall_score, metrics.f1_score):
            _add(found, score.__name__, score, data.target, predicted, sample_weight=weight, **kind)
        _add(found, "accuracy_score", metrics.accuracy_score, data.target, predicted, sample_weight=weight)
        if hasattr(estimator, "predict_proba"):
            chances = estimator.predict_proba(data.features)
            _add(found, "log_loss", metrics.log_loss, data.target, chances, sample_weight=weight)
            # of two classes the chance of the second is the score
            ranked = chances[:, 1] if getattr(chances, "shape", (0, 0))[1:] == (2,) else chances
            options = {"average": "weighted", "multi_class": "ovo", "sample_weight": weight}
            _add(found, "roc_auc", metrics.roc_auc_score, data.target, ranked, **options)
    elif is_regressor(estimator):
        predicted = estimator.predict(data.features)
        for score in (metrics.mean_squared_error, metrics.mean_absolute_error, metrics.r2_score):
            _add(found, score.__name__, score, data.target, predicted, sample_weight=weight)
        if f"{_PREFIX}mean_squared_error" in found:
            found[f"{_PREFIX}root_mean_squared_error"] = found[f"{_PREFIX}mean_squared_error"] ** 0.5
    if hasattr(estimator, "score"):
        takes_weight = "sample_weight" in inspect.signature(estimator.score).parameters
        options = {"sample_weight": weight} if takes_weight else {}
        _add(found, "score", estimator.score, data.features, data.target, **options)
    return found


def _add(found: dict[str, float], name: str, score: Callable[..., Any], *args: Any, **options: Any) -> None:
    try:
        found[_PREFIX + name] = float(score(*args, **options))
    except Exception:  # of several targets, of one class only …: this score does not exist then
        return
