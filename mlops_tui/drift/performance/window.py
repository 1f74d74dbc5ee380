"""The performance of one window: what is measured at once, and what is kept of its rows until labels come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_store.drift import NewAlert
from mlops_store.records import Measure
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift.performance import judgement, outputs, parts, scoring, tasks
from mlops_tui.drift.performance.intervals import Figure, none
from mlops_tui.drift.performance.outputs import Outputs
from mlops_tui.drift.performance.parts import Part
from mlops_tui.drift.performance.scoring import Scores
from mlops_tui.drift.performance.tasks import Task

if TYPE_CHECKING:
    import pandas as pd

    from mlops_tui.drift.performance.evidence import Labelled

NOT_YET = "no labels have come yet"
#: The share of a window's rows from which on their labels say more than an estimate.
MOST_KNOWN = 0.5


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a monitor's model without the window's labels, as JSON can hold it.

    Attributes:
        task: What the model does; None where only labels will tell.
        reference: Its metrics on the labelled rows.
        reference_rows: How many these are.
        source: Where they are from.
        why: Why there are no predictions or probabilities of the window.
        rows: Rows of the window.
    """

    task: Task | None
    reference: Mapping[str, Figure]
    reference_rows: int
    source: str
    why: str
    rows: int

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "task": None if self.task is None else {"kind": self.task.kind, "classes": list(self.task.classes)},
            "reference": {
                name: [each.value, each.low, each.high]
                for name, each in self.reference.items()
                if each.value is not None
            },
            "reference_rows": self.reference_rows,
            "source": self.source,
            "why": self.why,
            "rows": self.rows,
        }

    @staticmethod
    def of_json(body: Mapping[str, Any]) -> Known:
        """What ``to_json`` gave."""
        task = body["task"]
        return Known(
            task=None if task is None else Task(task["kind"], tuple(task["classes"])),
            reference={name: Figure(*ends) for name, ends in body["reference"].items()},
            reference_rows=body["reference_rows"],
            source=body["source"],
            why=body["why"],
            rows=body["rows"],
        )


def known(labelled: Labelled | None, given: Outputs, rows: int) -> Known:
    """What is known of the model, before labels come."""
    evidence = labelled.found[0] if labelled else None
    scores = labelled.scores if labelled else None
    return Known(
        task=labelled.task if labelled else None,
        reference=scores.figures if scores else {},
        reference_rows=scores.count if scores else 0,
        source=evidence.source if evidence else "",
        why=given.why,
        rows=rows,
    )


def realized(
    monitor: MonitorConfig,
    about: Known,
    given: Outputs,
    truth: pd.Series[Any],
    *,
    estimates: Sequence[Measure] = (),
    facts: Mapping[str, Any] | None = None,
    at: float = 0.0,
) -> tuple[tuple[Measure, ...], tuple[NewAlert, ...]]:
    """The measures of a window whose labels are known, at least in part, and the alert that follows.

    Args:
        monitor: Metrics and bounds.
        about: What is known of the model.
        given: Its predictions for the window.
        truth: As long, missing where a row has no label.
        estimates: What was estimated of the same window, to be told beside it.
        facts: What is to be told with each measure.
        at: When this is computed.

    Raises:
        UsageError: A metric does not suit the task, or there is no class as ``positive`` says.
    """
    task = task_of(monitor, about, given, truth)
    wanted = task.wanted(monitor.truth.metrics, f"monitors.{monitor.name}.metrics")
    scores = scoring.score(given, truth, task, wanted)
    detail = {
        "labelled": int(truth.notna().sum()),
        "of": about.rows,
        "reference": about.source,
        "reference_rows": about.reference_rows,
        "remarks": list(scores.remarks),
        **(facts or {}),
    }
    measures = _measures(monitor, about, task, scores, estimates, detail, at)
    return measures, judgement.alerts(measures, monitor.truth.metrics or wanted[:1])


def task_of(monitor: MonitorConfig, about: Known, given: Outputs, truth: pd.Series[Any]) -> Task:
    """What the model does: as it is known of it, or as its predictions and labels look.

    Raises:
        UsageError: There is no class as ``positive`` says.
    """
    place = f"monitors.{monitor.name}"
    return about.task or tasks.find(truth, given.predicted, positive=monitor.truth.positive, place=place)


def awaited(monitor: MonitorConfig, about: Known, why: str, *, at: float = 0.0) -> tuple[Measure, ...]:
    """The measure that says why there is no performance yet; of the goal alone.

    Raises:
        UsageError: A metric does not suit the task.
    """
    if about.task is not None:
        name = about.task.wanted(monitor.truth.metrics, f"monitors.{monitor.name}.metrics")[0]
    else:
        name = monitor.truth.metrics[0] if monitor.truth.metrics else "performance"
    found = judgement.measure(
        "performance",
        name,
        none(why),
        count=0,
        reference=about.reference.get(name),
        bound=monitor.truth.bounds.get(name),
        detail={"goal": True, "labelled": 0, "of": about.rows, "reference": about.source},
        at=at,
    )
    return (found,)


def is_known(measure: Measure) -> bool:
    """Whether a measure tells the performance of a window well enough to take the place of its estimate."""
    is_realized = measure.family == "performance" and measure.value is not None
    return is_realized and measure.count >= MOST_KNOWN * int(measure.detail.get("of", 0))


def _measures(
    monitor: MonitorConfig,
    about: Known,
    task: Task,
    scores: Scores,
    estimates: Sequence[Measure],
    detail: Mapping[str, Any],
    at: float,
) -> tuple[Measure, ...]:
    estimated = {each.name: each.value for each in estimates if each.family == "estimate" and each.value is not None}
    found = []
    for place, (name, figure) in enumerate(scores.figures.items()):
        more: dict[str, Any] = {"task": task.kind}
        if place == 0:
            more["goal"] = True
        if name in estimated:
            more["estimated"] = estimated[name]
        measure = judgement.measure(
            "performance",
            name,
            figure,
            count=scores.count,
            reference=about.reference.get(name),
            bound=monitor.truth.bounds.get(name),
            detail={**detail, **more},
            at=at,
        )
        found.append(measure)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Rows of a window that labels will be joined with.

    Attributes:
        data: Ids, predictions and probabilities, see ``outputs.pack``.
        low: The smallest id, as text.
        high: The greatest id.
        about: ``Known`` as JSON, and ``parts`` with what is known of slices.
    """

    data: bytes
    low: str
    high: str
    about: Mapping[str, Any]


def waiting(
    given: Outputs, ids: pd.Series[Any], truth: pd.Series[Any] | None, about: Known, found: Sequence[Part] = ()
) -> Waiting:
    """What to keep of a window and its slices; at least one of its rows must have an id."""
    low, high = ends(outputs.names(ids))
    data = outputs.pack(given, ids, truth, [part.rows for part in found])
    return Waiting(data, low, high, {**about.to_json(), "parts": parts.to_json(found)})


def ends(ids: Sequence[str | None]) -> tuple[str, str]:
    """The smallest and the greatest id; both "" without any."""
    found = [each for each in ids if each is not None]
    return (min(found), max(found)) if found else ("", "")
