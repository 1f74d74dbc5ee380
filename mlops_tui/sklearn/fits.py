"""What is logged around the training of one estimator."""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import mlops_tui as mlops
from mlops_tui.registry import signatures
from mlops_tui.sklearn import Settings, later, scores, searches
from mlops_tui.tracking import remarks
from mlops_tui.tracking.run import ActiveRun

#: Rows of the training data that stand for all when a model is kept.
_EXAMPLE_ROWS = 5

#: MLflow's mark of what was logged by itself.
AUTOLOGGING_TAG = "mlflow.autologging"


class Data:
    """What an estimator was trained with.

    Args:
        method: Its ``fit``.
        estimator: Itself.
        args: What was passed by position.
        kwargs: What was passed by name.

    Attributes:
        features: The first argument, None without one.
        target: The second one, likewise.
        sample_weight: The argument of that name, likewise.
        example: A copy of the first rows of ``features``; None where there are none to take.
    """

    def __init__(
        self, method: Callable[..., Any], estimator: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        bound = inspect.signature(method).bind(estimator, *args, **kwargs).arguments
        names = list(inspect.signature(method).parameters)[1:3]
        given = [bound.get(name) for name in names] + [None, None]
        # training may write into what it is given where it is told not to copy
        overwrites = any(
            value is False and name.rpartition("__")[2].startswith("copy")
            for name, value in estimator.get_params().items()
        )
        self.features, self.target = copy.deepcopy(given[:2]) if overwrites else given[:2]
        self.sample_weight = bound.get("sample_weight", bound.get("kwargs", {}).get("sample_weight"))
        try:
            rows: Any = getattr(self.features, "iloc", self.features)
            self.example = copy.deepcopy(rows[:_EXAMPLE_ROWS])
        except Exception:  # an iterator, or something of the script's own
            self.example = None


def logged(
    settings: Settings, fit: Callable[..., Any], estimator: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Trains an estimator and logs it; returns and raises what its ``fit`` does."""
    active = mlops.active_run()
    if active is not None:
        if settings.exclusive:
            return fit(estimator, *args, **kwargs)
        return _logged(settings, active, fit, estimator, args, kwargs)
    with _quiet(settings):
        try:
            run = mlops.start_run()
        except Exception as error:  # no place to log to: that must not keep anything from being trained
            remarks.once("autolog", f"nothing is logged: {error}")
            return fit(estimator, *args, **kwargs)
    with run:
        return _logged(settings, run, fit, estimator, args, kwargs)


def _logged(
    settings: Settings,
    run: ActiveRun,
    fit: Callable[..., Any],
    estimator: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    data: Data | None = None
    with _guarded(settings, run, "before the training"):
        _describe(settings, run, estimator)
        data = Data(fit, estimator, args, kwargs)
        if settings.log_datasets and (hasattr(data.features, "columns") or hasattr(data.features, "__array__")):
            mlops.log_input(data.features, context="train")
    result = fit(estimator, *args, **kwargs)
    if data is not None:
        with _guarded(settings, run, "the estimator's page"):
            mlops.log_text(_page(estimator), "estimator.html")
        with _guarded(settings, run, "the training's scores"):
            run.log_metrics(scores.of_training(estimator, data, settings.pos_label))
        with _guarded(settings, run, "the model"):
            _keep(settings, estimator, "model", data.example)
        if searches.is_search(estimator):
            with _guarded(settings, run, "the search"):
                searches.log(settings, estimator)
                if hasattr(estimator, "best_estimator_"):
                    _keep(settings, estimator.best_estimator_, "best_estimator", data.example)
    if settings.log_post_training_metrics:
        later.remember(estimator, run.run_id)
    return result


def tags(settings: Settings, estimator: Any) -> dict[str, Any]:
    """The tags of an estimator's run."""
    kind = type(estimator)
    return {
        AUTOLOGGING_TAG: "sklearn",
        "estimator_name": kind.__name__,
        "estimator_class": f"{kind.__module__}.{kind.__name__}",
        **settings.extra_tags,
    }


def _describe(settings: Settings, run: ActiveRun, estimator: Any) -> None:
    # the candidates of a search have params of their own, in runs of their own
    run.log_params(estimator.get_params(deep=not searches.is_search(estimator)))
    run.set_tags(tags(settings, estimator))


def _keep(settings: Settings, estimator: Any, name: str, example: Any) -> None:
    if not settings.log_models:
        return
    signature: dict[str, Any] | None = {} if not settings.log_model_signatures else None
    if signature is None and example is not None and not settings.log_input_examples:
        signature = _signature(estimator, example)
    mlops.log_model(
        estimator,
        name,
        signature=signature,
        input_example=example if settings.log_input_examples else None,
        registered_model_name=settings.registered_model_name if name == "model" else None,
    )


def _signature(estimator: Any, example: Any) -> dict[str, Any]:
    """What a model takes and gives, as far as the first rows tell."""
    found: dict[str, Any] = {}
    try:
        found["inputs"] = signatures.schema(signatures.frame(example))
        answer = getattr(estimator, "predict", getattr(estimator, "transform", None))
        if answer is not None:
            found["outputs"] = signatures.schema(signatures.frame(answer(copy.deepcopy(example))))
    except Exception:  # a model is kept although it cannot answer five rows alone
        return found
    return found


def _page(estimator: Any) -> str:
    from sklearn.utils import estimator_html_repr

    return f'<!DOCTYPE html>\n<html lang="en">\n<meta charset="UTF-8">\n{estimator_html_repr(estimator)}\n</html>\n'


@contextmanager
def _guarded(settings: Settings, run: ActiveRun, what: str) -> Iterator[None]:
    """Makes a problem of the run of whatever fails while something is logged."""
    with _quiet(settings), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they would be about calls that the script has not made
        try:
            yield
        except Exception as error:  # it runs the script's own estimators
            run.problem(f"autolog {what}", f"autolog: {what} could not be logged: {error}")


@contextmanager
def _quiet(settings: Settings) -> Iterator[None]:
    before = remarks.is_quiet
    remarks.is_quiet = before or settings.silent
    try:
        yield
    finally:
        remarks.is_quiet = before
