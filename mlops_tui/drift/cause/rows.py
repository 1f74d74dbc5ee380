"""The rows of windows as they were when they were checked, read again from where they came from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_store import drift
from mlops_store.errors import MlopsError, Refused
from mlops_store.heat import Window
from mlops_store.records import MonitorReport
from mlops_tui.config import Config
from mlops_tui.drift import batches, cutting, sources
from mlops_tui.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from mlops_store.store import Store

#: Rows that are gathered before no more windows are read.
ENOUGH = 20_000


@dataclass(frozen=True, slots=True)
class Gathered:
    """Rows of several windows.

    Attributes:
        names: The windows whose rows these are.
        frames: Their rows, in the same order.
        note: What is not there any more; "" for nothing.
    """

    names: tuple[str, ...]
    frames: tuple[pd.DataFrame, ...]
    note: str = ""


def gather(project: Project, store: Store, config: Config, wanted: Sequence[Window]) -> Gathered:
    """The rows of windows, the first ones until there are enough; none where those of the first are gone."""
    names: list[str] = []
    frames: list[pd.DataFrame] = []
    gone = 0
    for place, window in enumerate(wanted):
        if sum(map(len, frames)) >= ENOUGH:
            break
        report = drift.report(store.read(), window.report_id)
        try:
            frame = of_report(project, store, config, report)
        except MlopsError as error:
            if not place:  # without the first the others would answer another question
                return Gathered((), (), error.message)
            gone += 1
            continue
        names.append(report.batch)
        frames.append(frame)
    note = f"of {gone} more window{'s' if gone > 1 else ''} of the same level the rows are not there any more"
    return Gathered(tuple(names), tuple(frames), note if gone else "")


def of_report(project: Project, store: Store, config: Config, report: MonitorReport) -> pd.DataFrame:
    """The rows that a report is on.

    Raises:
        Refused: They are not there any more, or are others now.
        MlopsError: They cannot be read.
    """
    monitor = config.monitors.get(report.monitor)
    if monitor is not None and (not monitor.window.is_batch or monitor.query):
        found = cutting.again(store, monitor, sources.of_monitor(project, monitor), report.batch)
        taken = found.take() if found is not None else None
        if taken is not None and taken.digest == report.digest:
            return taken.parse().frame
        raise _gone(report)
    try:
        with open(report.path, "rb") as file:
            data = file.read()
    except OSError:
        raise _gone(report) from None
    if hashlib.sha256(data).hexdigest() != report.digest:
        raise _gone(report)
    return batches.parse(data).frame


def _gone(report: MonitorReport) -> Refused:
    return Refused(f"the rows of {report.batch} are not there any more")
