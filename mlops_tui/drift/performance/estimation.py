"""The performance of a window without labels, estimated by CBPE or DLE from labelled rows, and what that is worth."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_store.drift import NewAlert
from mlops_store.records import Measure
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import kinds
from mlops_tui.drift.performance import cbpe, dle, doubts, judgement, scoring, tasks
from mlops_tui.drift.performance.doubts import Doubt
from mlops_tui.drift.performance.evidence import Evidence, Labelled
from mlops_tui.drift.performance.intervals import Figure, none
from mlops_tui.drift.performance.outputs import Outputs
from mlops_tui.drift.performance.tasks import Task
from mlops_tui.drift.profiles import SMALLEST_REFERENCE

if TYPE_CHECKING:
    import pandas as pd

    from mlops_tui.drift.check import Prepared


class Estimation:
    """Estimates for the windows of one monitor; learned when the first of them comes.

    Args:
        monitor: Metrics and bounds.
        prepared: Which columns are inputs.
        labelled: What is learned from.
    """

    def __init__(self, monitor: MonitorConfig, prepared: Prepared, labelled: Labelled) -> None:
        self._monitor = monitor
        self._inputs = [known.name for known in prepared.features if known.kind in kinds.COMPARABLE]
        self._labelled = labelled

    def window(
        self, frame: pd.DataFrame, given: Outputs
    ) -> tuple[tuple[Measure, ...], tuple[NewAlert, ...], tuple[str, ...]]:
        """Measures of the families 'estimate' and 'assumption', alerts, and notes.

        Args:
            frame: The window's rows.
            given: What the model gave for them.

        Raises:
            UsageError: A metric does not suit the model.
        """
        task, why = self._labelled.task, self._why
        if task is None or why:
            return self._without(why or "what the model does is not known"), (), ()
        wanted = task.wanted(self._monitor.truth.metrics, f"monitors.{self._monitor.name}.metrics")
        if given.predicted is None and given.proba is None:
            return self._without(given.why), (), ()
        figures, count, remarks = self._figures(task, wanted, frame, given)
        checked = [*self._known_doubts, *(each for each in (self._coverage(frame), self._record(wanted)) if each)]
        reasons = [each.reason for each in checked if each.reason]
        detail = {**self._detail, "remarks": list(remarks), "doubts": reasons}
        measures = tuple(
            judgement.measure(
                "estimate",
                name,
                figure,
                count=count,
                reference=self._reference.get(name),
                bound=self._monitor.truth.bounds.get(name),
                detail={**detail, "method": figure.how, **({"goal": True} if place == 0 else {})},
            )
            for place, (name, figure) in enumerate(figures.items())
        )
        alerts = judgement.alerts(measures, self._monitor.truth.metrics or wanted[:1])
        kept = (*measures, *(each.measure for each in checked))
        if alerts and reasons:
            return kept, (), (f"no alert of {alerts[0].title}: {'; '.join(reasons)}",)
        return kept, alerts, ()

    def part(self, frame: pd.DataFrame, given: Outputs) -> tuple[dict[str, Figure], int]:
        """The metrics that alerts are about, of some rows of a window, and the rows behind them; {} without any.

        Raises:
            UsageError: A metric does not suit the model.
        """
        task, truth = self._labelled.task, self._monitor.truth
        if task is None or self._why or (given.predicted is None and given.proba is None):
            return {}, 0
        wanted = task.wanted(truth.metrics, f"monitors.{self._monitor.name}.metrics")
        figures, count, _ = self._figures(task, truth.metrics or wanted[:1], frame, given)
        return figures, count

    @cached_property
    def _why(self) -> str:
        """Why nothing can be learned; "" where it can."""
        evidence, why = self._labelled.found
        if evidence is None:
            return why
        learned = self._learned
        return learned if isinstance(learned, str) else ""

    @cached_property
    def _learned(self) -> cbpe.Estimator | dle.Estimator | str:
        """What estimates, or why there is nothing that does."""
        evidence, _ = self._labelled.found
        task = self._labelled.task
        assert evidence is not None
        assert task is not None
        if evidence.outputs.predicted is None and evidence.outputs.proba is None:
            return f"of the labelled rows ({evidence.source}) no predictions are known: {evidence.outputs.why}"
        return self._of_numbers(evidence) if task.kind == tasks.REGRESSION else self._of_classes(evidence, task)

    def _of_classes(self, evidence: Evidence, task: Task) -> cbpe.Estimator | str:
        rows, remarks = scoring.rows(evidence.outputs, evidence.truth, task)
        if rows is None:
            return f"of the labelled rows ({evidence.source}) none can be used: {remarks[-1]}"
        if rows.proba is None:
            return f"of the labelled rows ({evidence.source}) no probabilities are known: {rows.why_no_proba}"
        if len(rows.truth) < SMALLEST_REFERENCE:
            return _too_few(len(rows.truth), evidence.source)
        counts = np.bincount(rows.truth, minlength=len(task.classes))
        if counts.min() < 2:
            rarest = task.classes[int(counts.argmin())]
            return f"the labelled rows ({evidence.source}) have no two rows of the class {rarest!r}"
        return cbpe.Estimator(rows)

    def _of_numbers(self, evidence: Evidence) -> dle.Estimator | str:
        inputs = [name for name in self._inputs if name in evidence.inputs.columns]
        if not inputs:
            return f"of the labelled rows ({evidence.source}) no inputs are known: log them as slices"
        truth, predicted, usable = scoring.pairs(evidence.outputs, evidence.truth)
        if len(truth) < SMALLEST_REFERENCE:
            return _too_few(len(truth), evidence.source)
        return dle.Estimator(evidence.inputs.loc[usable, inputs], predicted, truth)

    @cached_property
    def _reference(self) -> dict[str, Figure]:
        scores = self._labelled.scores
        return scores.figures if scores else {}

    @cached_property
    def _detail(self) -> dict[str, Any]:
        evidence, _ = self._labelled.found
        scores = self._labelled.scores
        return {
            "reference": evidence.source if evidence else "",
            "reference_rows": scores.count if scores else 0,
        }

    @cached_property
    def _known_doubts(self) -> list[Doubt]:
        """What can be doubted whatever the window is."""
        if isinstance(self._learned, cbpe.Estimator):
            return [doubts.of_size(len(self._learned.rows.truth)), doubts.of_calibration(self._learned.rows)]
        scores = self._labelled.scores
        return [doubts.of_size(scores.count if scores else 0)]

    def _coverage(self, frame: pd.DataFrame) -> Doubt | None:
        evidence, _ = self._labelled.found
        assert evidence is not None
        names = [name for name in self._inputs if name in evidence.inputs.columns]
        return doubts.of_coverage(evidence.inputs[names], frame) if names else None

    def _record(self, wanted: Sequence[str]) -> Doubt | None:
        return doubts.of_record(self._labelled.earlier(wanted[0]))

    def _figures(
        self, task: Task, wanted: Sequence[str], frame: pd.DataFrame, given: Outputs
    ) -> tuple[dict[str, Figure], int, tuple[str, ...]]:
        """The metrics, the rows behind them, and what could not be used."""
        learned = self._learned
        if isinstance(learned, cbpe.Estimator):
            return _classified(learned, task, wanted, given)
        assert isinstance(learned, dle.Estimator)
        return _measured(learned, wanted, frame, given)

    def _without(self, why: str) -> tuple[Measure, ...]:
        """One measure that says why there is no estimate."""
        task, truth = self._labelled.task, self._monitor.truth
        name = truth.metrics[0] if truth.metrics else tasks.DEFAULTS[task.kind][0] if task else "performance"
        detail = {**self._detail, "goal": True}
        return (judgement.measure("estimate", name, none(why), count=0, detail=detail),)


def _too_few(count: int, source: str) -> str:
    return f"there are only {count} labelled rows ({source}), at least {SMALLEST_REFERENCE} are needed"


def _classified(
    learned: cbpe.Estimator, task: Task, wanted: Sequence[str], given: Outputs
) -> tuple[dict[str, Figure], int, tuple[str, ...]]:
    predicted, proba = given.codes(task), given.matrix(task)
    if proba is None:
        why = given.why or "the window has no probability of every class"
        return {name: none(why) for name in wanted}, 0, ()
    usable = (predicted >= 0) & np.isfinite(proba).all(axis=1)
    if not usable.any():
        return {name: none("no row has a usable probability") for name in wanted}, 0, ()
    lost = len(usable) - int(usable.sum())
    remarks = (f"{lost:,} rows without a usable prediction are left out",) if lost else ()
    estimable = [name for name in wanted if name in cbpe.METRICS]
    found = learned.estimates(estimable, predicted[usable], proba[usable])
    figures = {name: found.get(name, none("it cannot be estimated without labels")) for name in wanted}
    return figures, int(usable.sum()), remarks


def _measured(
    learned: dle.Estimator, wanted: Sequence[str], frame: pd.DataFrame, given: Outputs
) -> tuple[dict[str, Figure], int, tuple[str, ...]]:
    lacking = [name for name in learned.inputs if name not in frame.columns]
    if lacking:
        return {name: none(f"the rows have no column {lacking[0]!r}") for name in wanted}, 0, ()
    assert given.predicted is not None
    predicted = tasks.numbers(given.predicted)
    usable = np.isfinite(predicted)
    if not usable.any():
        return {name: none("no row has a usable prediction") for name in wanted}, 0, ()
    lost = len(usable) - int(usable.sum())
    remarks = (f"{lost:,} rows without a usable prediction are left out",) if lost else ()
    figures = {
        name: learned.estimate(name, frame.loc[usable, list(learned.inputs)], predicted[usable])
        if name in dle.METRICS
        else none("it cannot be estimated without labels")
        for name in wanted
    }
    return figures, int(usable.sum()), remarks
