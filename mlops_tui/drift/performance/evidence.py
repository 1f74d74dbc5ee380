"""Labelled rows that the model was not trained on: what a window's performance is compared with and estimated from.

Taken from, in this order: the file that ``estimate.reference`` names; the predictions that the run of the version in
charge logged of test data; the monitor's reference file where it holds the target. The rows that a model was trained on
never count, because it knows them by heart.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_store import measures
from mlops_store.errors import MlopsError, NotFound, UsageError
from mlops_store.records import Measure
from mlops_tui.compare import predictions as logged
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import batches
from mlops_tui.drift.performance import outputs, scoring, tasks
from mlops_tui.drift.performance.outputs import Outputs
from mlops_tui.drift.performance.scoring import Scores
from mlops_tui.drift.performance.tasks import Task
from mlops_tui.prediction_files import Predictions, Texts
from mlops_tui.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from mlops_store.store import Store
    from mlops_tui.drift.check import Prepared
    from mlops_tui.drift.performance.estimation import Estimation
    from mlops_tui.drift.references import Reference

#: What rows a model was trained on are called among logged predictions.
_TRAINING = ("train", "fit")
#: Windows that an estimate's record reaches back.
_REMEMBERED = 50
_HINT = "log predictions of test data with log_predictions, or set estimate = { reference = FILE } to labelled rows"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Labelled rows.

    Attributes:
        outputs: What the model gave for them.
        truth: What was right.
        inputs: What it was given; the columns that are known.
        source: Where they are from, in words.
    """

    outputs: Outputs
    truth: pd.Series[Any]
    inputs: pd.DataFrame
    source: str

    def __len__(self) -> int:
        return len(self.truth)


class Labelled:
    """The labelled rows of a monitor, found when they are first asked for, and what they say of the model.

    Args:
        project: Where files are.
        store: Where logged predictions are.
        monitor: Which columns and files.
        reference: What windows are compared with.
        prepared: The same made ready, with the model.
    """

    def __init__(
        self, project: Project, store: Store, monitor: MonitorConfig, reference: Reference, prepared: Prepared
    ) -> None:
        self._project = project
        self._store = store
        self._monitor = monitor
        self._reference = reference
        self._prepared = prepared

    @cached_property
    def found(self) -> tuple[Evidence | None, str]:
        """The rows, or why there are none.

        Raises:
            UsageError: The file that the project names cannot be used.
        """
        monitor, reference = self._monitor, self._reference
        if monitor.truth.labelled:
            return self._of_file(monitor.truth.labelled), ""
        found = self._of_run()
        if found is not None:
            return found, ""
        if monitor.reference and monitor.target in reference.frame.columns:
            return self._of_frame(reference.frame, monitor.reference), ""
        if monitor.target in reference.frame.columns:
            return None, f"labels are known only of the rows that the model was trained on; {_HINT}"
        return None, f"no labelled rows are known that the model was not trained on; {_HINT}"

    @cached_property
    def task(self) -> Task | None:
        """What the model does, where the model or the labelled rows say it.

        Raises:
            UsageError: The monitor names a class that there is not.
        """
        evidence, _ = self.found
        predictor = self._prepared.predictor
        classes: tuple[Any, ...] = ()
        if predictor is not None:
            with suppress(MlopsError):  # a model that cannot be loaded is told of with the predictions
                classes = tuple(predictor.model.classes)
        if evidence is None and not classes:
            return None
        return tasks.find(
            evidence.truth if evidence else None,
            evidence.outputs.predicted if evidence else None,
            classes=classes,
            positive=self._monitor.truth.positive,
            place=f"monitors.{self._monitor.name}",
        )

    @cached_property
    def scores(self) -> Scores | None:
        """The metrics on the labelled rows; None without these."""
        evidence, _ = self.found
        if evidence is None or self.task is None:
            return None
        wanted = self.task.wanted(self._monitor.truth.metrics, f"monitors.{self._monitor.name}.metrics")
        return scoring.score(evidence.outputs, evidence.truth, self.task, wanted)

    @cached_property
    def parts(self) -> Mapping[str, Scores]:
        """The metrics on the labelled rows of each slice that the monitor wants; of those whose columns are known."""
        from mlops_tui.drift.performance import parts

        evidence, _ = self.found
        if evidence is None or self.task is None or not self._monitor.slices:
            return {}
        given, truth = evidence.outputs, evidence.truth
        return parts.of_evidence(self._monitor, self.task, self._reference.frame, evidence.inputs, given, truth)

    @property
    def is_wanted(self) -> bool:
        """Whether the monitor speaks of performance, or there are such rows without its saying anything."""
        truth = self._monitor.truth
        said = truth.labels or truth.labelled or truth.metrics or truth.proba or self._monitor.target
        return bool(said) or self.found[0] is not None

    @cached_property
    def estimation(self) -> Estimation:
        """What estimates the performance of windows without labels, learned from these rows."""
        from mlops_tui.drift.performance.estimation import Estimation

        return Estimation(self._monitor, self._prepared, self)

    def earlier(self, metric: str) -> list[tuple[Measure, Measure]]:
        """(estimate, realized) of the newest windows that have both, oldest first."""
        db, name = self._store.read(), self._monitor.name
        realized = dict(measures.series(db, name, "performance", metric, limit=_REMEMBERED))
        estimated = measures.series(db, name, "estimate", metric, limit=_REMEMBERED)
        return [(each, realized[report_id]) for report_id, each in estimated if report_id in realized]

    def _of_file(self, name: str) -> Evidence:
        place = f"monitors.{self._monitor.name}.estimate.reference"
        frame = batches.read(self._project.path(name), f"{place}: {name}").frame
        if self._monitor.target not in frame.columns:
            raise UsageError(
                f"{place}: {name} has no column {self._monitor.target!r}"
                if self._monitor.target
                else f"{place}: which column of {name} holds the truth?",
                "name it under target",
            )
        return self._of_frame(frame, name)

    def _of_frame(self, frame: pd.DataFrame, source: str) -> Evidence:
        target = self._monitor.target
        given = outputs.of_frame(frame, self._monitor, self._prepared)
        return Evidence(given, frame[target], frame.drop(columns=target), source)

    def _of_run(self) -> Evidence | None:
        version = self._reference.version
        if version is None or version.run_id is None:
            return None
        try:
            files = logged.files(self._store.read(), version.run_id)
        except NotFound:
            return None
        found = []
        for name, digest in files.items():
            if not name.lower().startswith(_TRAINING):
                try:
                    found.append((name, logged.decoded(self._store.objects_dir, digest)))
                except (OSError, ValueError):
                    continue
        if not found:
            return None
        name, rows = max(found, key=lambda each: each[1].count)
        return _of_predictions(rows, f"predictions {name!r} of {version.model} version {version.version}")


def _of_predictions(rows: Predictions, source: str) -> Evidence:
    import pandas as pd

    truth = pd.Series(_plain(rows.truth))
    proba = None
    if rows.scores is not None and rows.task == "classification":
        if rows.scores.ndim == 1:
            proba = pd.DataFrame({"": rows.scores})
        else:
            names = rows.labels or tasks.class_names(truth.unique())
            if len(names) == rows.scores.shape[1]:
                proba = pd.DataFrame(rows.scores, columns=list(names))
    why = "" if proba is not None else "no probabilities were logged"
    inputs = pd.DataFrame({name: _plain(column) for name, column in rows.slices.items()}, index=truth.index)
    return Evidence(Outputs(pd.Series(_plain(rows.predicted)), proba, why), truth, inputs, source)


def _plain(column: np.ndarray[Any, Any] | Texts) -> np.ndarray[Any, Any]:
    if isinstance(column, Texts):
        return np.array([*column.texts, None], dtype=object)[column.codes]
    return column
