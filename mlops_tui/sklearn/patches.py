"""Puts logging around the ``fit`` methods of estimators, those of classes that come later included, and takes it away.

One level only is logged: while an estimator is fitted, whatever is fitted in this process (steps of a pipeline,
candidates of a search, trees in threads) belongs to it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any

import sklearn
import sklearn.metrics
from sklearn.base import BaseEstimator
from sklearn.utils.metaestimators import available_if

from mlops_tui.sklearn import Settings, fits, later

_METHODS = ("fit", "fit_predict", "fit_transform")

#: Their ``fit`` learns how to prepare columns, which is no training; as MLflow has it.
_PREPARING = ("sklearn.preprocessing", "sklearn.impute", "sklearn.feature_extraction", "sklearn.feature_selection")
_COLUMNS = "sklearn.compose._column_transformer"

_MARK = "_is_logged_by_mlops"

_settings: Settings | None = None
_originals: list[tuple[type, str, Any]] = []
_lock = threading.Lock()
_depth = 0


def install(settings: Settings) -> None:
    """Logs from now on as the settings say."""
    global _settings
    with _lock:
        is_new, _settings = _settings is None, settings
        if not is_new:
            return
        for kind in _subclasses(BaseEstimator):
            _wrap(kind)
        _replace(BaseEstimator, "__init_subclass__", classmethod(_welcome))
        for name in filter(partial(hasattr, sklearn.metrics), later.METRICS):
            _replace(sklearn.metrics, name, _measured(getattr(sklearn.metrics, name)))


def remove() -> None:
    """Makes everything what it was."""
    global _settings
    with _lock:
        _settings = None
        while _originals:
            owner, name, original = _originals.pop()
            if original is None:
                delattr(owner, name)
            else:
                setattr(owner, name, original)
    later.forget()


def is_known_version() -> bool:
    """Whether this is a version of scikit-learn that pyproject.toml names."""
    major, minor = (int(part) for part in sklearn.__version__.split(".")[:2])
    return (1, 5) <= (major, minor) < (2, 0)


def _subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    for below in kind.__subclasses__():
        yield below
        yield from _subclasses(below)


def _welcome(kind: Any, /, **arguments: Any) -> None:
    """Stands for ``BaseEstimator.__init_subclass__``."""
    super(BaseEstimator, kind).__init_subclass__(**arguments)
    _wrap(kind)


def _wrap(kind: type) -> None:
    """Wraps the methods of a class and of those that it is made of: most classifiers predict by a mixin's method."""
    for owner in kind.__mro__:
        if owner not in (object, BaseEstimator):
            _wrap_own(owner)


def _wrap_own(kind: type) -> None:
    for name in (*_METHODS, *later.METHODS):
        method: Any = kind.__dict__.get(name)
        around = _fitting if name in _METHODS else _scoring if name == "score" else _predicting
        if getattr(method, "fn", method) is None or hasattr(getattr(method, "fn", method), _MARK):
            continue
        if hasattr(method, "fn") and hasattr(method, "check"):  # there only where a step has it: see available_if
            _replace(kind, name, available_if(method.check)(around(method.fn)))
        elif callable(method):
            _replace(kind, name, around(method))


def _replace(owner: type, name: str, value: Any) -> None:
    _originals.append((owner, name, owner.__dict__.get(name)))
    setattr(owner, name, value)


def _fitting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def fit(self: Any, *args: Any, **kwargs: Any) -> Any:
        settings = _current()
        with _alone() as is_outermost:
            if not is_outermost or settings is None or not _is_training(self):
                return original(self, *args, **kwargs)
            return fits.logged(settings, original, self, args, kwargs)

    return _marked(fit)


def _scoring(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def score(self: Any, *args: Any, **kwargs: Any) -> Any:
        with _alone() as is_outermost:
            value = original(self, *args, **kwargs)
        if is_outermost and _current() is not None:
            later.scored(self, args, kwargs, value)
        return value

    return _marked(score)


def _predicting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def predict(self: Any, *args: Any, **kwargs: Any) -> Any:
        with _alone() as is_outermost:
            value = original(self, *args, **kwargs)
        if is_outermost and _current() is not None:
            later.predicted(self, args, kwargs, value)
        return value

    return _marked(predict)


def _measured(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def metric(*args: Any, **kwargs: Any) -> Any:
        with _alone() as is_outermost:
            value = original(*args, **kwargs)
        if is_outermost and _current() is not None:
            later.measured(original.__name__, args, kwargs, value)
        return value

    return _marked(metric)


def _current() -> Settings | None:
    """The settings of this process.

    A class of ``__main__`` may travel to a worker process with what is wrapped around its methods, but not with this.
    """
    return _settings


def _marked(function: Callable[..., Any]) -> Callable[..., Any]:
    setattr(function, _MARK, True)
    return function


def _is_training(estimator: Any) -> bool:
    module = type(estimator).__module__
    return hasattr(estimator, "get_params") and not module.startswith((*_PREPARING, _COLUMNS))


@contextmanager
def _alone() -> Iterator[bool]:
    """Yields whether nothing else of scikit-learn that is watched here is under way in this process."""
    global _depth
    with _lock:
        _depth += 1
        is_outermost = _depth == 1
    try:
        yield is_outermost
    finally:
        with _lock:
            _depth -= 1
