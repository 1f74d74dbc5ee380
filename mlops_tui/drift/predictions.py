"""Predictions of the model in production on data that came without any.

A model is loaded once a check; what goes wrong in it is said in one sentence, because a batch that the model cannot
score is a finding and no reason to stop.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from mlops_store.errors import MlopsError, Refused
from mlops_store.records import ModelVersion

if TYPE_CHECKING:
    import pandas as pd


class Model(Protocol):
    """A model as the registry opens it; see ``registry.formats.Loaded``."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads, in order; empty when it was fitted without names."""
        ...

    @property
    def has_proba(self) -> bool:
        """Whether it gives probabilities."""
        ...

    @property
    def classes(self) -> Sequence[Any]:
        """The classes that it knows."""
        ...

    def predict(self, frame: pd.DataFrame, /) -> Any:
        """Its predictions, one a row."""
        ...

    def predict_proba(self, frame: pd.DataFrame, /) -> Any:
        """Probabilities, shape (rows, classes)."""
        ...


class Unloadable(Refused):
    """The model cannot be loaded here, whatever the data is."""


class Predictor:
    """A model that is loaded when it is first asked.

    Args:
        load: Returns the model.
        name: What to call it in messages.
        inputs: The columns that it reads, in order, where that is known without loading it.
    """

    def __init__(self, load: Callable[[], Model], name: str, inputs: Sequence[str] = ()) -> None:
        self.name = name
        self.inputs = tuple(inputs)
        self._load = load

    @cached_property
    def model(self) -> Model:
        """The loaded model.

        Raises:
            Unloadable: It cannot be loaded here.
        """
        try:
            return self._load()
        except MlopsError as error:
            raise Unloadable(f"{self.name} cannot be loaded: {error.message}", error.hint) from error

    def columns(self, known: Sequence[str]) -> tuple[str, ...]:
        """The columns that the model reads, in order.

        Args:
            known: The columns of its training data, for a model that was fitted without names and says nothing.

        Raises:
            Unloadable: It cannot be loaded here.
        """
        return self.model.columns or self.inputs or tuple(known)

    def predict(self, frame: pd.DataFrame, like: pd.Series[Any] | None = None) -> pd.Series[Any]:
        """The model's predictions on a frame.

        Args:
            frame: The columns that the model reads, in order.
            like: Known predictions; where they are probabilities, probabilities of the last class are returned.

        Raises:
            Unloadable: The model cannot be loaded here.
            Refused: It fails on this data.
        """
        import pandas as pd

        model = self.model
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if like is not None and _are_probabilities(model, like):
                    values = model.predict_proba(frame)[:, -1]
                else:
                    values = model.predict(frame)
            return pd.Series(list(values), index=frame.index)
        except Exception as error:  # a model is foreign code: anything may come
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise Refused(f"{self.name} cannot predict: {reason}") from error

    def probabilities(self, frame: pd.DataFrame) -> pd.DataFrame | None:
        """The probability of each class, in columns named as ``samples.label`` names it; None without any.

        Args:
            frame: The columns that the model reads, in order.

        Raises:
            Unloadable: The model cannot be loaded here.
            Refused: It fails on this data.
        """
        import pandas as pd

        from mlops_tui.drift.samples import label

        names = [label(name) or "" for name in self.model.classes]
        if not self.model.has_proba or not names:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return pd.DataFrame(self.model.predict_proba(frame), columns=names)
        except Exception as error:  # a model is foreign code: anything may come
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise Refused(f"{self.name} cannot predict probabilities: {reason}") from error


def _are_probabilities(model: Model, values: pd.Series[Any]) -> bool:
    from pandas.api import types

    if not model.has_proba or not types.is_float_dtype(values.dtype):
        return False
    known = values.dropna()
    return bool(known.between(0, 1).all()) and not bool(known.isin(list(model.classes)).all())


def of_version(open_model: Callable[[ModelVersion], Model], version: ModelVersion) -> Predictor:
    """The model of a version, not loaded yet.

    Args:
        open_model: Opens the model of a version.
        version: The version.
    """
    inputs = version.lineage.get("signature", {}).get("inputs", [])
    names = [str(column["name"]) for column in inputs if "name" in column]
    return Predictor(
        lambda: open_model(version),
        f"{version.model} version {version.version}",
        names if len(names) == len(inputs) else (),
    )
