"""What is behind the drift of one column: since when, in which rows, and what it did to the predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlops_store import drift, heat, models
from mlops_store.errors import NotFound, Refused
from mlops_store.heat import Line, Window
from mlops_store.records import ColumnReport, ModelVersion, MonitorReport
from mlops_tui.config import Config
from mlops_tui.drift import predictions, profiles
from mlops_tui.drift.beginnings import Level, around, chance, levels
from mlops_tui.drift.cause import rows, slices
from mlops_tui.drift.cause.affected import Affected, affected
from mlops_tui.drift.cause.slices import Search
from mlops_tui.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from mlops_store.store import Store
    from mlops_tui.drift.cause.rows import Gathered
    from mlops_tui.drift.predictions import Model

#: Windows that are looked back on.
_WINDOWS = 1000


@dataclass(frozen=True, slots=True)
class Cause:
    """What was found out about a column in a window.

    Attributes:
        report: The report on the window.
        column: The column in it.
        windows: All windows of the monitor, from the oldest.
        line: The column in them.
        at: The place of the window among them.
        levels: The levels that the effect kept to.
        search: The slice that explains most of it.
        affected: The share of predictions that it changed.
        batches: The windows whose rows were looked at: this one, and others of the same level.
        row_count: How many rows that are.
        notes: What could not be done, one sentence each.
    """

    report: MonitorReport
    column: ColumnReport
    windows: tuple[Window, ...]
    line: Line
    at: int
    levels: tuple[Level, ...]
    search: Search
    affected: Affected
    batches: tuple[str, ...] = ()
    row_count: int = 0
    notes: tuple[str, ...] = ()


def find(
    project: Project,
    store: Store,
    config: Config,
    report_id: int,
    column: str = "",
    *,
    open_model: Callable[[ModelVersion], Model],
) -> Cause:
    """What is behind a column's drift.

    Args:
        project: Where the rows are.
        store: Where the reports are.
        config: The monitors.
        report_id: The report.
        column: The column; "" for the feature that moved most.
        open_model: Opens the model of a version.

    Raises:
        NotFound: There is no such report or column.
        Refused: The window has been checked again since.
    """
    db = store.read()
    report = drift.report(db, report_id)
    found = drift.column(db, report_id, column) if column else _moved_most(report)
    table = heat.read(db, report.monitor, limit=_WINDOWS)
    line = next(line for line in table.lines if line.column == found.column)
    at = next((place for place, window in enumerate(table.windows) if window.report_id == report_id), None)
    if at is None:
        raise Refused(f"report {report_id} was superseded", f"window {report.batch} has been checked again since")
    noise = chance(found.reference_count, found.current_count)
    known = levels([line.effect(place) for place in range(len(table.windows))], least_noise=noise)
    nothing = Cause(report, found, table.windows, line, at, known, Search(None), Affected(None))
    if found.score is None:
        finding = found.detail.get("finding", {})
        return _without(nothing, str(finding.get("message", "nothing could be compared")))
    _, level = around(known, at)
    assert level is not None  # what has a score has an effect
    near = sorted(range(level.start, level.end), key=lambda place: abs(place - at))
    gathered = rows.gather(project, store, config, [table.windows[place] for place in near if line.states[place]])
    profile_id = drift.profile_id_of(db, report_id)
    if not gathered.frames or profile_id is None:
        return _without(nothing, gathered.note or "the reference is not known any more")
    return _searched(store, replace(nothing, batches=gathered.names), gathered, profile_id, open_model)


def _searched(
    store: Store,
    cause: Cause,
    gathered: Gathered,
    profile_id: int,
    open_model: Callable[[ModelVersion], Model],
) -> Cause:
    """The cause with the slice and the predictions."""
    import pandas as pd

    profile = drift.profile(store.read(), profile_id)
    reference = profiles.sample(store, profile)
    name = cause.column.column
    window = pd.concat(gathered.frames, ignore_index=True)
    cause = replace(cause, row_count=len(window), notes=(gathered.note,) if gathered.note else ())
    if name not in reference.columns or name not in window.columns:
        return _without(cause, f"{name} is made by the model: rows are not divided by it")
    return replace(
        cause,
        search=_search(cause.report, reference, window, name),
        affected=_affected(store, cause.report, open_model, reference, gathered.frames[0], name),
    )


def _search(report: MonitorReport, reference: pd.DataFrame, window: pd.DataFrame, name: str) -> Search:
    """The slice, by columns that did not drift if they do: of two that moved together neither explains the other."""
    made = [one.column for one in report.columns if one.role != "feature"]
    moved = [one.column for one in report.columns if one.role == "feature" and one.detail.get("notable")]
    found = slices.search(reference, window, name, ignored=[*made, *moved])
    if found.slice is not None or not set(moved) - {name}:
        return found
    second = slices.search(reference, window, name, ignored=made)
    return replace(second, tried=found.tried + second.tried)


def _without(cause: Cause, why: str) -> Cause:
    return replace(cause, search=Search(None, why), affected=Affected(None, why=why))


def _moved_most(report: MonitorReport) -> ColumnReport:
    scored = [column for column in report.columns if column.score is not None]
    if not scored:
        raise NotFound(f"report {report.id} compared no column", "'mlops-tui drift reports' lists others")
    return max(scored, key=lambda column: (column.state == "drifted", column.role == "feature", column.effect or 0.0))


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
