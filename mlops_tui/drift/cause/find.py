"""What is behind the drift of one column: since when, in which rows, and what it did to the predictions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_store import drift, heat, models
from mlops_store.errors import NotFound, Refused
from mlops_store.heat import Line, Window
from mlops_store.records import ColumnReport, ModelVersion, MonitorReport
from mlops_tui.drift import batches, predictions, profiles
from mlops_tui.drift.beginnings import Level, levels
from mlops_tui.drift.cause import slices
from mlops_tui.drift.cause.affected import Affected, affected
from mlops_tui.drift.cause.slices import Search

if TYPE_CHECKING:
    import pandas as pd

    from mlops_store.store import Store
    from mlops_tui.drift.predictions import Model

#: Windows that are looked back on.
_WINDOWS = 1000
#: Rows that are gathered from windows of the same level before no more are read.
_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Cause:
    """What was found out about a column in a window.

    Attributes:
        report: The report on the window, without its columns.
        column: The column in it.
        windows: All windows of the monitor, from the oldest.
        line: The column in them.
        at: The place of the window among them.
        levels: The levels that the effect kept to.
        batches: The windows whose rows were looked at: this one, and others of the same level.
        row_count: How many rows that are.
        search: The slice that explains most of it.
        affected: The share of predictions that it changed.
        notes: What could not be done, one sentence each.
    """

    report: MonitorReport
    column: ColumnReport
    windows: tuple[Window, ...]
    line: Line
    at: int
    levels: tuple[Level, ...]
    batches: tuple[str, ...]
    row_count: int
    search: Search
    affected: Affected
    notes: tuple[str, ...] = ()

    @property
    def level(self) -> int:
        """The place of the window's level among all levels."""
        return next((place for place, level in enumerate(self.levels) if level.start <= self.at < level.end), 0)


def find(store: Store, report_id: int, column: str = "", *, open_model: Callable[[ModelVersion], Model]) -> Cause:
    """What is behind a column's drift.

    Args:
        store: Where the reports are.
        report_id: The report.
        column: The column; "" for the feature that moved most.
        open_model: Opens the model of a version.

    Raises:
        NotFound: There is no such report or column.
        Refused: Nothing was compared in it.
    """
    db = store.read()
    report = drift.report(db, report_id)
    found = drift.column(db, report_id, column) if column else _moved_most(report)
    table = heat.read(db, report.monitor, limit=_WINDOWS)
    line = next(line for line in table.lines if line.column == found.column)
    at = next((place for place, window in enumerate(table.windows) if window.report_id == report_id), None)
    if at is None:
        raise Refused(f"report {report_id} was superseded", f"window {report.batch} has been checked again since")
    known = levels([line.effect(place) for place in range(len(table.windows))])
    if found.score is None:
        why = found.detail.get("finding", {}).get("message", "nothing could be compared")
        search, share = Search(None, str(why)), Affected(None, why=str(why))
        return Cause(report, found, table.windows, line, at, known, (), 0, search, share)
    level = next(level for level in known if level.start <= at < level.end)
    near = sorted(range(level.start, level.end), key=lambda place: abs(place - at))
    chosen = [table.windows[place] for place in near if line.states[place]]
    names, frames, notes = _rows(store, chosen)
    profile_id = drift.profile_id_of(db, report_id)
    if profile_id is None or not frames:
        why = notes[0] if notes else "the reference is not known any more"
        search, share = Search(None, why), Affected(None, why=why)
        return Cause(report, found, table.windows, line, at, known, (), 0, search, share, tuple(notes))
    import pandas as pd

    profile = drift.profile(db, profile_id)
    reference = profiles.sample(store, profile)
    rows = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    told = [name for name in (profile.summary.get("prediction"), "prediction") if name]
    if found.column in reference.columns and found.column in rows.columns:
        search = slices.search(reference, rows, found.column, ignored=told)
        share = _affected(store, report, open_model, reference, frames[0], found.column)
    else:
        why = f"{found.column} is made by the model: rows are not divided by it"
        search, share = Search(None, why), Affected(None, why=why)
    return Cause(report, found, table.windows, line, at, known, tuple(names), len(rows), search, share, tuple(notes))


def _moved_most(report: MonitorReport) -> ColumnReport:
    scored = [column for column in report.columns if column.score is not None]
    if not scored:
        raise NotFound(f"report {report.id} compared no column", "'mlops-tui drift reports' lists others")
    return max(scored, key=lambda column: (column.state == "drifted", column.role == "feature", column.effect or 0.0))


def _rows(store: Store, windows: Sequence[Window]) -> tuple[list[str], list[pd.DataFrame], list[str]]:
    """The rows of windows as they were when they were checked, the first ones until there are enough."""
    names: list[str] = []
    frames: list[pd.DataFrame] = []
    gone: list[str] = []
    for place, window in enumerate(windows):
        if sum(map(len, frames)) >= _ROWS:
            break
        report = drift.report(store.read(), window.report_id)
        try:
            with open(report.path, "rb") as file:
                data = file.read()
            if hashlib.sha256(data).hexdigest() != report.digest:
                raise Refused(f"the rows of {report.batch} are not those that were checked")
            frames.append(batches.parse(data).frame)
            names.append(report.batch)
        except (OSError, Refused):
            gone.append(report.batch)
            if not place:  # without the window itself the others would answer another question
                return [], [], [f"the rows of {report.batch} are not there any more"]
    notes = [f"of {len(gone)} more windows since then the rows are not there any more"] if gone else []
    return names, frames, notes


def _affected(
    store: Store,
    report: MonitorReport,
    open_model: Callable[[ModelVersion], Model],
    reference: pd.DataFrame,
    rows: pd.DataFrame,
    column: str,
) -> Affected:
    if report.model is None or report.version is None:
        return Affected(None, why="no model was in charge of this window")
    try:
        version = models.version(store.read(), report.model, report.version)
    except NotFound as error:
        return Affected(None, why=error.message)
    return affected(predictions.of_version(open_model, version), reference, rows, column)
