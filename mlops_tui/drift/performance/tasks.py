"""What a model does: tell two classes apart, tell several apart, or foretell a number; and which metrics suit that.

Labels are compared by their names, because a file of labels, a batch and a model do not agree on types: 1, 1.0 and "1"
are one class, and so are true and 1 where the model knows only one way of writing them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_store.errors import UsageError, nearest
from mlops_tui.drift.performance import classification, regression
from mlops_tui.drift.samples import FloatArray, label, ordered

if TYPE_CHECKING:
    import pandas as pd

BINARY, MULTICLASS, REGRESSION = "binary", "multiclass", "regression"
#: What is measured where the project names no metrics; the first is the one that alerts are about.
DEFAULTS: Mapping[str, tuple[str, ...]] = {
    BINARY: ("roc_auc", "average_precision", "f1", "precision", "recall", "specificity", "accuracy"),
    MULTICLASS: ("roc_auc", "f1", "precision", "recall", "specificity", "accuracy"),
    REGRESSION: ("mae", "rmse", "mape", "r2"),
}
#: Metrics that are better when they are smaller.
SMALLER_IS_BETTER = frozenset({"log_loss", "brier", "mae", "rmse", "mse", "mape", "msle", "rmsle"})
_TRUTHS = {"True": "1", "False": "0", "true": "1", "false": "0", "1": "True", "0": "False"}


@dataclass(frozen=True, slots=True)
class Task:
    """What the model of a monitor foretells.

    Attributes:
        kind: 'binary', 'multiclass' or 'regression'.
        classes: The names of its classes; of two, the second is the positive one; empty for a regression.
    """

    kind: str
    classes: tuple[str, ...] = ()

    @property
    def metrics(self) -> tuple[str, ...]:
        """All that can be measured, by name."""
        return tuple(regression.METRICS if self.kind == REGRESSION else classification.METRICS)

    def wanted(self, metrics: Sequence[str], place: str) -> tuple[str, ...]:
        """The metrics that a project names, else the default ones.

        Args:
            metrics: Names; empty means the default.
            place: The key that names them, for the message.

        Raises:
            UsageError: One of them does not suit the task.
        """
        for name in metrics:
            if name not in self.metrics:
                raise UsageError(
                    f"{place}: {name!r} is no metric of a {self.kind} model",
                    nearest(name, self.metrics) or f"one of {', '.join(self.metrics)}",
                )
        return tuple(metrics) or DEFAULTS[self.kind]

    def codes(self, values: pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.intp]]:
        """The number of each value's class; -1 for what is missing or no class."""
        import pandas as pd

        place = {name: index for index, name in enumerate(self.classes)}
        for name in self.classes:
            place.setdefault(_TRUTHS.get(name, name), place[name])
        codes, distinct = pd.factorize(values)
        of_distinct = [place.get(label(value) or "", -1) for value in distinct]
        return np.array([*of_distinct, -1], dtype=np.intp)[codes]


def of_classes(names: Iterable[str], positive: str = "", place: str = "") -> Task:
    """The task of telling classes apart.

    Args:
        names: The classes.
        positive: The one that metrics of two classes are about; "" means the last in order.
        place: The monitor's table, for the message.

    Raises:
        UsageError: There is no such class.
    """
    classes = ordered(set(names))
    if positive:
        if positive not in classes:
            raise UsageError(f"{place}.positive: there is no class {positive!r}", nearest(positive, classes))
        if len(classes) == 2:
            classes = (*(name for name in classes if name != positive), positive)
    return Task(BINARY if len(classes) <= 2 else MULTICLASS, classes)


def find(
    truth: pd.Series[Any] | None,
    predicted: pd.Series[Any] | None,
    *,
    classes: Iterable[object] = (),
    positive: str = "",
    place: str = "",
) -> Task:
    """What a model does, from what it says of itself, else from its predictions and the truth.

    Numbers are classes where the truth has at most ten distinct whole ones and no prediction lies beyond 0 to 1 with a
    fraction; everything that is no number is a class.

    Args:
        truth: What was to be predicted, where it is known.
        predicted: What was predicted, labels or probabilities.
        classes: Those that the model names.
        positive: See ``of_classes``.
        place: The monitor's table, for messages.

    Raises:
        UsageError: There is no class ``positive``.
    """
    named = class_names(classes)
    if named:
        return of_classes(named, positive, place)
    known = [values.dropna().infer_objects() for values in (truth, predicted) if values is not None]
    known = [values for values in known if len(values)]
    if not known or (_is_measured(known[0]) and not positive):
        return Task(REGRESSION)
    if len(known) == 2 and has_fractions(known[1]):
        if not are_probabilities(known[1]):
            return Task(REGRESSION)
        known = known[:1]
    names = {name for values in known for name in class_names(values.unique())}
    same = {name for name in names if _TRUTHS.get(name) in names and name in ("True", "False", "true", "false")}
    return of_classes(names - same, positive, place)


def _is_measured(values: pd.Series[Any]) -> bool:
    """Whether values without gaps are numbers and no classes."""
    from mlops_tui.drift import kinds

    if kinds.family(values) != "number":
        return False
    return has_fractions(values) or values.nunique() > kinds.WHOLE_CATEGORIES


def has_fractions(values: pd.Series[Any]) -> bool:
    """Whether any of the values is a number that is not whole."""
    from pandas.api import types

    return types.is_float_dtype(values.dtype) and bool((values.dropna() % 1 != 0).any())


def are_probabilities(values: pd.Series[Any]) -> bool:
    """Whether all of the values lie between 0 and 1, and some between them."""
    return has_fractions(values) and bool(values.dropna().between(0, 1).all())


def class_names(values: Iterable[object]) -> tuple[str, ...]:
    """The names of distinct values, in order."""
    return ordered({name for value in values if (name := label(value)) is not None})


def numbers(values: pd.Series[Any]) -> FloatArray:
    """The values as floats, NaN for what is none and for ±inf."""
    import pandas as pd

    found = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(found), found, np.nan)
