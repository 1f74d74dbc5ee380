"""The metrics of rows whose truth is known, and what of the rows could not be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_tui.drift.performance import classification, regression, tasks
from mlops_tui.drift.performance.classification import Scored
from mlops_tui.drift.performance.intervals import Figure, none
from mlops_tui.drift.performance.outputs import Outputs
from mlops_tui.drift.performance.tasks import Task
from mlops_tui.drift.samples import FloatArray, label

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Scores:
    """Metrics of some rows.

    Attributes:
        figures: By name.
        count: Rows with a usable truth and prediction.
        remarks: What could not be used, one sentence each.
    """

    figures: dict[str, Figure]
    count: int
    remarks: tuple[str, ...] = ()


def score(outputs: Outputs, truth: pd.Series[Any], task: Task, metrics: Sequence[str]) -> Scores:
    """The metrics of rows; those without truth are left out.

    Args:
        outputs: What the model gave.
        truth: As long, missing where it is not known.
        task: What the model does.
        metrics: Names out of ``task.metrics``.
    """
    names = tuple(metrics)
    if outputs.predicted is None and outputs.proba is None:
        return _nothing(names, outputs.why)
    if task.kind == tasks.REGRESSION:
        return _of_numbers(outputs, truth, names)
    found, remarks = rows(outputs, truth, task)
    if found is None:
        return _nothing(names, remarks[-1], remarks)
    return Scores(classification.figures(found, names), len(found.truth), remarks)


def rows(outputs: Outputs, truth: pd.Series[Any], task: Task) -> tuple[Scored | None, tuple[str, ...]]:
    """Classified rows with a known truth, and remarks; where there are none, the last remark says why."""
    remarks = []
    if len(task.classes) < 2:
        return None, ("there is one class only",)
    given, predicted, proba = task.codes(truth), outputs.codes(task), outputs.matrix(task)
    is_labelled = truth.notna().to_numpy()
    strange = is_labelled & (given < 0)
    if strange.any():
        others = sorted({str(label(value)) for value in truth[strange]})[:3]
        remarks.append(
            f"{int(strange.sum())} of {int(is_labelled.sum())} labels are no class of the model "
            f"({', '.join(map(repr, others))}; it knows {', '.join(map(repr, task.classes[:5]))})"
        )
    usable = (given >= 0) & (predicted >= 0)
    if (lost := int(((given >= 0) & (predicted < 0)).sum())) > 0:
        remarks.append(f"{lost} labelled rows have no prediction")
    if proba is not None:
        is_whole = np.isfinite(proba).all(axis=1)
        if (lost := int((usable & ~is_whole).sum())) > 0:
            remarks.append(f"{lost} labelled rows have no usable probability")
        usable &= is_whole
    if not usable.any():
        return None, (*remarks, remarks[-1] if remarks else "no row has a label")
    kept = None if proba is None else proba[usable]
    why = outputs.why or "there are no probabilities of every class"
    return Scored(given[usable], predicted[usable], kept, task.classes, why), tuple(remarks)


def pairs(outputs: Outputs, truth: pd.Series[Any]) -> tuple[FloatArray, FloatArray, np.ndarray[Any, Any]]:
    """True and predicted numbers of the rows that have both, and which rows these are."""
    assert outputs.predicted is not None
    given, predicted = tasks.numbers(truth), tasks.numbers(outputs.predicted)
    usable = np.isfinite(given) & np.isfinite(predicted)
    return given[usable], predicted[usable], usable


def _of_numbers(outputs: Outputs, truth: pd.Series[Any], names: tuple[str, ...]) -> Scores:
    if outputs.predicted is None:
        return _nothing(names, outputs.why)
    given, predicted, _ = pairs(outputs, truth)
    remarks = []
    labelled = int(truth.notna().sum())
    if (strange := labelled - int(np.isfinite(tasks.numbers(truth)).sum())) > 0:
        remarks.append(f"{strange} of {labelled} labels are no numbers")
    if not len(given):
        return _nothing(names, remarks[-1] if remarks else "no row has a label", tuple(remarks))
    return Scores(regression.figures(given, predicted, names), len(given), tuple(remarks))


def _nothing(names: tuple[str, ...], why: str, remarks: tuple[str, ...] = ()) -> Scores:
    return Scores({name: none(why) for name in names}, 0, tuple(dict.fromkeys(remarks)))
