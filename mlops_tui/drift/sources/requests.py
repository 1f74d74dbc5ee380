"""The requests that a model server logged as a source of rows: inputs as columns, the prediction beside them.

Of the request itself a row has ``request.id``, ``request.time``, ``request.version`` and, where the model gave them,
``request.probability.CLASS``; none of these is checked.
"""

from __future__ import annotations

from functools import partial

from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import batches, watches
from mlops_tui.drift.batches import Batch
from mlops_tui.drift.check import PROBABILITY_PREFIX, REQUEST_PREFIX
from mlops_tui.drift.sources.files import Files
from mlops_tui.project import Project

_INPUTS, _PREDICTION, _PROBABILITIES = "inputs.", "prediction", "probabilities."


def source(project: Project, monitor: MonitorConfig) -> Files:
    """The log of the model that a monitor names."""
    column = monitor.prediction or _PREDICTION
    return Files(
        project,
        partial(watches.logged, project, project.requests_dir(monitor.requests)),
        adapt=partial(_adapted, prediction=column),
        is_log=True,
    )


def _adapted(batch: Batch, *, prediction: str) -> Batch:
    named: dict[str, str] = {}
    for column in map(str, batch.frame.columns):
        if column.startswith(_INPUTS):
            named[column] = column.removeprefix(_INPUTS)
        elif column.startswith(_PROBABILITIES):
            named[column] = PROBABILITY_PREFIX + column.removeprefix(_PROBABILITIES)
        elif column == _PREDICTION or column.startswith(f"{_PREDICTION}."):
            named[column] = column.replace(_PREDICTION, prediction, 1)
        else:
            named[column] = REQUEST_PREFIX + column
    # an input that is called like the prediction gives way to it
    order = sorted(named, key=lambda column: column.startswith(_INPUTS))
    return batches.distinct(batch.frame[order], [named[column] for column in order], batch.notes)
