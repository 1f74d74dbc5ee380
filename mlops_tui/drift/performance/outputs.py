"""What a model gave for the rows of a frame: predictions, and the probability of each class where there is one.

Served rows bring their predictions with them, or the model in charge makes them again; it is never mixed, because the
probabilities of one version say nothing about the predictions of another.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_store.errors import MlopsError
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift.check import PROBABILITY_PREFIX
from mlops_tui.drift.performance import tasks
from mlops_tui.drift.performance.tasks import Task
from mlops_tui.drift.samples import FloatArray, label
from mlops_tui.drift.slices import Mask

if TYPE_CHECKING:
    import pandas as pd

    from mlops_tui.drift.check import Prepared

_PROBA, _PART = "proba:", "part:"
#: Of two classes the positive one is predicted from this probability on, where only probabilities are known.
CUT = 0.5


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a model gave for some rows.

    Attributes:
        predicted: Labels, numbers, or the probability of the positive class; None without predictions.
        proba: A column for each class, named as ``samples.label`` names it; None without probabilities. A single
            column without a name ("") is that of the positive class.
        why: Why there are no predictions, or no probabilities.
    """

    predicted: pd.Series[Any] | None
    proba: pd.DataFrame | None = None
    why: str = ""

    def codes(self, task: Task) -> np.ndarray[Any, np.dtype[np.intp]]:
        """The number of the class that was predicted for each row, -1 where there is none."""
        if self.predicted is not None and not tasks.are_probabilities(self.predicted):
            return task.codes(self.predicted)
        given = self.matrix(task)
        if given is None:
            assert self.predicted is not None
            return np.full(len(self.predicted), -1, dtype=np.intp)
        known = np.isfinite(given).all(axis=1)
        best = (given[:, 1] >= CUT).astype(np.intp) if len(task.classes) == 2 else np.nan_to_num(given).argmax(axis=1)
        return np.where(known, best, -1)

    def matrix(self, task: Task) -> FloatArray | None:
        """Probabilities in the order of the classes, NaN where one is missing; None without them."""
        if self.proba is None:
            if self.predicted is None or len(task.classes) != 2 or not tasks.are_probabilities(self.predicted):
                return None
            return _of_positive(tasks.numbers(self.predicted))
        if list(self.proba.columns) == [""]:
            return _of_positive(tasks.numbers(self.proba[""])) if len(task.classes) == 2 else None
        if not set(task.classes) <= set(self.proba.columns):
            return None
        return np.column_stack([tasks.numbers(self.proba[name]) for name in task.classes])


def _of_positive(values: FloatArray) -> FloatArray:
    inside = np.where((values >= 0) & (values <= 1), values, np.nan)
    return np.column_stack([1 - inside, inside])


def of_frame(
    frame: pd.DataFrame, monitor: MonitorConfig, prepared: Prepared, made: pd.Series[Any] | None = None
) -> Outputs:
    """The predictions for a frame: its own, else those of the model.

    Args:
        frame: The rows, with whatever else they brought.
        monitor: Which columns hold predictions and probabilities.
        prepared: The name of the column of predictions, and the model.
        made: What the model predicted for these rows already.
    """
    own = frame[prepared.prediction_column] if prepared.prediction_column in frame.columns else None
    if monitor.truth.proba:
        lacking = [column for column in monitor.truth.proba.values() if column not in frame.columns]
        if not lacking:
            return Outputs(own, _named(frame, monitor))
        if own is not None:
            return Outputs(own, None, f"there is no column {lacking[0]!r} of probabilities")
    logged = [str(name) for name in frame.columns if str(name).startswith(PROBABILITY_PREFIX)]
    if own is not None and monitor.requests and logged:
        classes = [name.removeprefix(PROBABILITY_PREFIX) for name in logged]
        return Outputs(own, frame[logged].set_axis(classes, axis="columns"))
    if own is not None:
        return Outputs(own, None, "the rows bring predictions but no probabilities: name their columns as proba")
    predictor = prepared.predictor
    if predictor is None:
        return Outputs(None, None, f"there is no column {prepared.prediction_column!r}, and no model to predict")
    try:
        inputs = predictor.columns(prepared.inputs)
        missing = [name for name in inputs if name not in frame.columns]
        if missing:
            return Outputs(None, None, f"{predictor.name} cannot predict without the column {missing[0]!r}")
        predicted = made if made is not None else predictor.predict(frame[list(inputs)])
        proba = predictor.probabilities(frame[list(inputs)])
    except MlopsError as error:
        return Outputs(None, None, error.message)
    return Outputs(predicted, proba, "" if proba is not None else f"{predictor.name} gives no probabilities")


def _named(frame: pd.DataFrame, monitor: MonitorConfig) -> pd.DataFrame:
    found = frame[list(monitor.truth.proba.values())]
    return found.set_axis(list(monitor.truth.proba), axis="columns")


def pack(
    outputs: Outputs, ids: pd.Series[Any] | None, truth: pd.Series[Any] | None, masks: Iterable[Mask] = ()
) -> bytes:
    """Rows as Parquet: what labels that come later are joined with; ``masks`` say which rows slices have."""
    import pandas as pd

    from mlops_tui.drift.profiles import to_parquet

    assert outputs.predicted is not None or outputs.proba is not None
    columns: dict[str, Any] = {}
    if ids is not None:
        columns["id"] = names(ids)
    if outputs.predicted is not None:
        columns["predicted"] = outputs.predicted.to_numpy()
    if outputs.proba is not None:
        columns |= {f"{_PROBA}{name}": outputs.proba[name].to_numpy() for name in outputs.proba.columns}
    if truth is not None:
        columns["truth"] = truth.to_numpy()
    columns |= {f"{_PART}{place}": mask for place, mask in enumerate(masks)}
    return to_parquet(pd.DataFrame(columns))


@dataclass(frozen=True, slots=True)
class Packed:
    """What ``pack`` wrote."""

    outputs: Outputs
    ids: pd.Series[Any] | None
    truth: pd.Series[Any] | None
    masks: tuple[Mask, ...]


def unpack(data: bytes, why: str) -> Packed:
    """What ``pack`` wrote; ``why`` as it was."""
    import pyarrow.parquet as pq

    frame: pd.DataFrame = pq.ParquetFile(io.BytesIO(data)).read().to_pandas(ignore_metadata=True)
    of_classes = [name for name in frame.columns if name.startswith(_PROBA)]
    proba = frame[of_classes].rename(columns=lambda name: name.removeprefix(_PROBA)) if of_classes else None
    predicted = frame["predicted"] if "predicted" in frame.columns else None
    ids = frame["id"] if "id" in frame.columns else None
    truth = frame["truth"] if "truth" in frame.columns else None
    masks = tuple(frame[name].to_numpy(np.bool_) for name in frame.columns if name.startswith(_PART))
    return Packed(Outputs(predicted, proba, why), ids, truth, masks)


def names(values: pd.Series[Any]) -> list[str | None]:
    """Ids as text, so that 7, 7.0 and "7" are one; None where there is none."""
    return [label(value.strip() if isinstance(value, str) else value) or None for value in values]
