"""Regression metrics with intervals, as scikit-learn defines them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mlops_tui.drift.performance import intervals
from mlops_tui.drift.performance.intervals import Figure, FloatArray, none

_LEAST = float(np.finfo(np.float64).eps)
#: Means of larger losses have no interval: the squares of these are infinite.
_LARGEST = 1e150
TOO_LARGE = "the errors are too large to compute with"


def figures(truth: FloatArray, predicted: FloatArray, names: tuple[str, ...]) -> dict[str, Figure]:
    """Each metric of rows that are finite, of which there must be at least one."""
    return {name: METRICS[name](truth, predicted) for name in names}


def losses(name: str, truth: FloatArray, predicted: FloatArray) -> FloatArray | None:
    """What each row adds to an error that is a mean, or the root of one; None where it is not defined.

    What is larger than can be computed with is infinite.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        found = _losses(name, truth, predicted)
    return found if found is None else np.where(found < _LARGEST, found, np.inf)


def _losses(name: str, truth: FloatArray, predicted: FloatArray) -> FloatArray | None:
    if name in ("msle", "rmsle"):
        if min(float(truth.min()), float(predicted.min())) < 0:
            return None
        return np.asarray((np.log1p(truth) - np.log1p(predicted)) ** 2)
    error = truth - predicted
    if name == "mape":
        return np.abs(error) / np.maximum(np.abs(truth), _LEAST)
    return np.abs(error) if name == "mae" else error**2


def _error(name: str, *, root: bool = False) -> Callable[[FloatArray, FloatArray], Figure]:
    def figure(truth: FloatArray, predicted: FloatArray) -> Figure:
        values = losses(name, truth, predicted)
        if values is None:
            return none("a value is negative, and has no logarithm")
        if name == "mape" and not truth.all():
            return none("a true value is 0, and nothing is a share of that")
        if not np.isfinite(values).all():
            return none(TOO_LARGE)
        found = intervals.mean(values, low=0.0)
        return rooted(found, values) if root else found

    return figure


def rooted(squared: Figure, values: FloatArray) -> Figure:
    """The root of a mean; its interval by the delta method."""
    assert squared.value is not None
    root = float(np.sqrt(squared.value))
    if not root:
        return Figure(0.0, 0.0, 0.0, "delta method")
    return intervals.by_influence(root, (values - squared.value) / (2 * root), low=0.0)


def _r2(truth: FloatArray, predicted: FloatArray) -> Figure:
    if truth.min() == truth.max():
        return none("all true values are the same")
    with np.errstate(over="ignore", invalid="ignore"):
        spread = truth - truth.mean()
        unit = np.abs(spread).max()  # there is none in the figure, and squares of tiny values would vanish
        spread, error = spread / unit, (truth - predicted) / unit
    if not (np.isfinite(unit) and np.abs(error).max() < math.sqrt(_LARGEST)):
        return none(TOO_LARGE)
    total, squared = float((spread**2).mean()), error**2
    unexplained = float(squared.mean())
    influence = -(squared - unexplained) / total + unexplained / total**2 * (spread**2 - total)
    return intervals.by_influence(1 - unexplained / total, influence, high=1.0)


METRICS: dict[str, Callable[[FloatArray, FloatArray], Figure]] = {
    "mae": _error("mae"),
    "rmse": _error("rmse", root=True),
    "mse": _error("mse"),
    "mape": _error("mape"),
    "msle": _error("msle"),
    "rmsle": _error("rmsle", root=True),
    "r2": _r2,
}
