"""Scores that a script computes after training, logged into the run of the model that they are about.

Names are MLflow's: ``<metric>[-<n-th call>]_<variable that holds the data>``.
"""

from __future__ import annotations

import json
import sys
import weakref
from numbers import Real
from types import FrameType
from typing import Any, NamedTuple

import mlops_tui as mlops

#: Methods that give what metrics are computed of, and the one that gives a metric.
METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "score")

METRICS = (
    *("accuracy_score", "adjusted_mutual_info_score", "adjusted_rand_score", "average_precision_score"),
    *("balanced_accuracy_score", "brier_score_loss", "cohen_kappa_score", "completeness_score", "d2_pinball_score"),
    *("d2_absolute_error_score", "d2_tweedie_score", "dcg_score", "explained_variance_score", "f1_score"),
    *("fbeta_score", "fowlkes_mallows_score", "hamming_loss", "hinge_loss", "homogeneity_score", "jaccard_score"),
    *("log_loss", "matthews_corrcoef", "max_error", "mean_absolute_error", "mean_absolute_percentage_error"),
    *("mean_gamma_deviance", "mean_pinball_loss", "mean_poisson_deviance", "mean_squared_error"),
    *("mean_squared_log_error", "mean_tweedie_deviance", "median_absolute_error", "mutual_info_score", "ndcg_score"),
    *("normalized_mutual_info_score", "precision_score", "r2_score", "rand_score", "recall_score", "roc_auc_score"),
    *("root_mean_squared_error", "root_mean_squared_log_error", "top_k_accuracy_score", "v_measure_score"),
    "zero_one_loss",
)

#: Predictions that are remembered at most; older ones are forgotten.
_MOST = 1000


class _Prediction(NamedTuple):
    value: weakref.ref[Any]  # another object could get its number later
    run_id: str
    data: str


_models: dict[int, tuple[weakref.ref[Any], str]] = {}
_predictions: dict[int, _Prediction] = {}
_names: dict[tuple[str, str], list[int]] = {}
_calls: dict[tuple[str, str, str], int] = {}
_commands: dict[str, dict[str, str]] = {}


def remember(estimator: Any, run_id: str) -> None:
    """Remembers in which run an estimator was trained."""
    number = id(estimator)
    _models[number] = (weakref.ref(estimator, lambda _: _models.pop(number, None)), run_id)


def forget() -> None:
    """Forgets everything."""
    for kept in (_models, _predictions, _names, _calls, _commands):
        kept.clear()


def predicted(estimator: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> None:
    """Takes in what a model has predicted."""
    run_id = _run(estimator)
    if run_id is None:
        return
    try:
        kept = weakref.ref(value)
    except TypeError:  # a list
        return
    while len(_predictions) >= _MOST:
        del _predictions[next(iter(_predictions))]
    _predictions[id(value)] = _Prediction(kept, run_id, _data(run_id, args, kwargs))


def scored(estimator: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> None:
    """Takes in what ``model.score`` has returned."""
    run_id = _run(estimator)
    if run_id is not None and isinstance(value, Real):
        data = _data(run_id, args, kwargs)
        _log(run_id, f"{type(estimator).__name__}_score", data, float(value), f"score of {data}")


def measured(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> None:
    """Takes in what a function of ``sklearn.metrics`` has returned; logged if it was given a model's prediction."""
    if not isinstance(value, Real):
        return
    for given in (*args, *kwargs.values()):
        found = _predictions.get(id(given))
        if found is not None and found.value() is given:
            options = ", ".join(f"{key}={option!r}" for key, option in kwargs.items() if _is_plain(option))
            _log(found.run_id, name, found.data, float(value), f"{name}({options}) of {found.data}")
            return


def _log(run_id: str, metric: str, data: str, value: float, command: str) -> None:
    calls = _calls[run_id, metric, data] = _calls.get((run_id, metric, data), 0) + 1
    key = f"{metric}{f'-{calls}' if calls > 1 else ''}_{data}"
    mlops.log_metric(key, value, run_id=run_id)
    commands = _commands.setdefault(run_id, {})
    commands[key] = command
    mlops.log_text(json.dumps(commands, indent=2), "metric_info.json", run_id=run_id)


def _run(estimator: Any) -> str | None:
    found = _models.get(id(estimator))
    return found[1] if found is not None and found[0]() is estimator else None


def _data(run_id: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """What the script calls the data that was given first; of several with one name the later ones are numbered."""
    given = args[0] if args else next(iter(kwargs.values()), None)
    name = _variable(given)
    known = _names.setdefault((run_id, name), [])
    if id(given) not in known:
        known.append(id(given))
    place = known.index(id(given)) + 1
    return name if place == 1 else f"{name}-{place}"


def _variable(value: Any) -> str:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith(("mlops_tui.", "sklearn.")):
        frame = frame.f_back
    names = frame.f_locals if frame is not None else {}
    return next((name for name, held in names.items() if held is value), "unknown_dataset")


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)
