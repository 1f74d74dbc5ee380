"""The requests that a model server logged as a source of rows: inputs as columns, the prediction beside them.

Of the request itself a row has ``request.id``, ``request.time``, ``request.version``, ``request.latency_s`` and, where
the model gave them, ``request.probability.CLASS``; none of these is checked. A file of the log begins as JSON lines and
is closed as Parquet: it stays the same file, with the same rows.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from mlops_tui.config.monitor_windows import REQUESTS_ID, REQUESTS_TIME
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.drift import batches, watches
from mlops_tui.drift.batches import Batch
from mlops_tui.drift.check import PROBABILITY_PREFIX, REQUEST_PREFIX
from mlops_tui.drift.sources.files import Files
from mlops_tui.drift.sources.tables import Table, digest
from mlops_tui.drift.watches import LOG_CLOSED, LOG_OPEN, File
from mlops_tui.project import Project

if TYPE_CHECKING:
    import pandas as pd

_INPUTS, _PREDICTION, _PROBABILITIES = "inputs.", "prediction", "probabilities."


class Requests(Files):
    """The log of the model that a monitor names.

    Args:
        project: Whose servers.
        monitor: Names the model, and the column of its predictions.
    """

    def __init__(self, project: Project, monitor: MonitorConfig) -> None:
        super().__init__(
            project,
            partial(files, project, monitor.requests),
            adapt=partial(_adapted, prediction=monitor.prediction or _PREDICTION),
            is_log=True,
            table=LoggedTable,
        )

    def read(self, file: File) -> Table | None:
        """The rows of a file now; where it was closed since it was listed, from what it became."""
        found = super().read(file)
        if found is None and file.path.endswith(LOG_OPEN) and not os.path.exists(file.path):
            found = super().read(replace(file, path=file.path.removesuffix(LOG_OPEN) + LOG_CLOSED))
        return found


@dataclass(frozen=True, slots=True)
class LoggedTable(Table):
    """Rows that are never changed, and known by their ids and times, whatever form their file has."""

    @property
    def mark(self) -> str:
        """By what they are known again."""
        return digest(self.identity())

    def is_continued(self, mark: str, count: int) -> bool:
        """Whether the first ``count`` of them are still those that ``mark`` was about."""
        return count <= self.count and digest(self.identity().iloc[:count]) == mark

    def identity(self) -> pd.DataFrame:
        """What tells rows apart."""
        frame = self.batch.frame
        return frame[[name for name in (REQUESTS_ID, REQUESTS_TIME) if name in frame.columns]].astype(str)


def files(project: Project, model: str) -> list[File]:
    """The files of a model's log, in the order in which they were begun, each under the name that it began with."""
    found: dict[str, File] = {}
    for file in watches.logged(project, project.requests_dir(model)):
        name = os.path.splitext(file.batch)[0] + LOG_OPEN
        found[name] = replace(file, batch=name)  # Parquet comes after JSON lines of the same name, and is whole
    return list(found.values())


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
