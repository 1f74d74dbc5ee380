"""The performance of slices: measured where labels are known, else estimated, beside the same slice of labelled rows.

A slice is told of only where the whole window's performance holds: what is worse everywhere is one thing to see. With n
slices that are judged, each has to be as sure as one slice alone would have to be at an n-th of the risk (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from mlops_store.drift import NewAlert
from mlops_store.records import Measure, Severity
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import titles
from mlops_tui.drift.performance import judgement, scoring
from mlops_tui.drift.performance.intervals import Figure
from mlops_tui.drift.performance.outputs import Outputs
from mlops_tui.drift.performance.tasks import Task
from mlops_tui.drift.slices import LEAST_ROWS, Mask, cut

if TYPE_CHECKING:
    import pandas as pd

    from mlops_tui.drift.performance.evidence import Labelled

#: The kind of the alert, and the family of the measures.
ALERT, FAMILY = "slice_performance", "slices"
#: What an estimate is called beside the figure that it is of.
ESTIMATED = "estimated_"
#: Slices that an alert names.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Part:
    """A slice of a window.

    Attributes:
        name: Its name.
        rows: Which rows of the window.
        reference: The metrics on the labelled rows of the same slice; empty where its columns are not known of those.
        reference_rows: How many rows these are.
    """

    name: str
    rows: Mask
    reference: Mapping[str, Figure]
    reference_rows: int = 0


def of_window(
    monitor: MonitorConfig, labelled: Labelled | None, reference: pd.DataFrame, frame: pd.DataFrame
) -> tuple[Part, ...]:
    """The slices that a monitor wants and that have enough rows.

    Args:
        monitor: Names them.
        labelled: Rows of known truth, if any.
        reference: What says where slices begin and end.
        frame: The window.

    Raises:
        UsageError: The reference lacks a column, or a condition fails on it.
    """
    known = labelled.parts if labelled is not None else {}
    found = []
    for name, text in monitor.slices.items():
        for each in cut(name, text, reference, frame):
            if each.window is not None and int(each.window.sum()) >= LEAST_ROWS:
                scores = known.get(each.name)
                figures, count = (scores.figures, scores.count) if scores is not None else ({}, 0)
                found.append(Part(each.name, each.window, figures, count))
    return tuple(found)


def estimated(
    monitor: MonitorConfig, labelled: Labelled, found: Sequence[Part], frame: pd.DataFrame, given: Outputs
) -> tuple[Measure, ...]:
    """What is estimated of each slice; nothing where nothing can be."""
    measures: list[Measure] = []
    for part in found:
        figures, count = labelled.estimation.part(frame[part.rows], _of(given, part.rows))
        measures += _measures(monitor, part, figures, count, len(found), ESTIMATED)
    return tuple(measures)


def realized(
    monitor: MonitorConfig, task: Task, found: Sequence[Part], given: Outputs, truth: pd.Series[Any], at: float = 0.0
) -> tuple[Measure, ...]:
    """What is measured of each slice with labels for some of its rows.

    Raises:
        UsageError: A metric does not suit the task.
    """
    wanted = _wanted(monitor, task)
    measures: list[Measure] = []
    for part in found:
        labels = truth[part.rows]
        if labels.notna().sum() >= LEAST_ROWS:
            scores = scoring.score(_of(given, part.rows), labels, task, wanted)
            measures += _measures(monitor, part, scores.figures, scores.count, len(found), "", at)
    return tuple(measures)


def of_evidence(
    monitor: MonitorConfig, task: Task, reference: pd.DataFrame, inputs: pd.DataFrame, given: Outputs, truth: Any
) -> dict[str, scoring.Scores]:
    """The metrics on the labelled rows of each slice with enough of them.

    Raises:
        UsageError: A metric does not suit the task, or a slice cannot be made of the reference.
    """
    wanted = _wanted(monitor, task)
    return {
        each.name: scoring.score(_of(given, each.window), truth[each.window], task, wanted)
        for name, text in monitor.slices.items()
        for each in cut(name, text, reference, inputs)
        if each.window is not None and int(each.window.sum()) >= LEAST_ROWS
    }


def alerts(measures: Iterable[Measure], whole: Iterable[Measure]) -> tuple[NewAlert, ...]:
    """The alert about slices that are worse while the whole window is not; what was measured goes before estimates.

    Args:
        measures: Of the slices.
        whole: Of the whole window, measured and estimated; where that estimate is doubted, those of slices are, too.
    """
    every, whole = tuple(measures), tuple(whole)
    is_doubted = any(each.detail.get("doubts") for each in whole)
    broken = {each.name for each in whole if each.is_breach}
    known = {(each.subject, each.name) for each in every}
    told, subjects = [], set()
    for each in every:
        name = each.name.removeprefix(ESTIMATED)
        is_estimate = name != each.name
        is_void = is_estimate and (is_doubted or (each.subject, name) in known)
        if each.is_breach and name not in broken and not is_void:
            word = "estimated " if is_estimate else ""
            subjects.add(each.subject)
            told.append(f"{titles.name(each.subject)}: {word}{judgement.told(replace(each, name=name))}")
    if not told:
        return ()
    rest = f" and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    title = f"worse in a part of the rows, not in the whole: {'; '.join(told[:_NAMED])}{rest}"
    return (NewAlert(ALERT, Severity.WARNING, title, next(iter(subjects)) if len(subjects) == 1 else ""),)


def to_json(found: Iterable[Part]) -> list[dict[str, Any]]:
    """What is kept of slices beside the rows until labels come."""
    return [
        {
            "name": part.name,
            "rows": part.reference_rows,
            "reference": {
                name: [each.value, each.low, each.high]
                for name, each in part.reference.items()
                if each.value is not None
            },
        }
        for part in found
    ]


def of_json(body: Iterable[Mapping[str, Any]], masks: Sequence[Mask]) -> tuple[Part, ...]:
    """What ``to_json`` gave, with the rows of each."""
    return tuple(
        Part(each["name"], rows, {name: Figure(*ends) for name, ends in each["reference"].items()}, each["rows"])
        for each, rows in zip(body, masks, strict=True)
    )


def _wanted(monitor: MonitorConfig, task: Task) -> tuple[str, ...]:
    """The metrics that alerts are about: of slices no others are told."""
    wanted = task.wanted(monitor.truth.metrics, f"monitors.{monitor.name}.metrics")
    return tuple(monitor.truth.metrics or wanted[:1])


def _of(given: Outputs, rows: Mask) -> Outputs:
    return Outputs(
        None if given.predicted is None else given.predicted[rows],
        None if given.proba is None else given.proba[rows],
        given.why,
    )


def _measures(
    monitor: MonitorConfig,
    part: Part,
    figures: Mapping[str, Figure],
    count: int,
    tests: int,
    prefix: str,
    at: float = 0.0,
) -> Iterable[Measure]:
    for name, figure in figures.items():
        if figure.value is None:
            continue
        bound, reference = monitor.truth.bounds.get(name), part.reference.get(name)
        detail = {"of": int(part.rows.sum()), "reference_rows": part.reference_rows}
        found = judgement.measure(
            FAMILY, name, figure, count=count, reference=reference, bound=bound, detail=detail, at=at
        )
        is_sure = bound is not None or (reference is not None and _is_sure(figure, reference, tests))
        yield replace(found, name=prefix + name, subject=part.name, is_breach=found.is_breach and is_sure)


def _is_sure(figure: Figure, reference: Figure, tests: int) -> bool:
    if figure.value is None or reference.value is None:
        return False
    risk = 1 - NormalDist().cdf(judgement.SURE)
    limit = NormalDist().inv_cdf(1 - risk / max(1, tests))
    return abs(figure.value - reference.value) > limit * math.hypot(figure.error, reference.error)
