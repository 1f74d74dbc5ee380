"""A run as the cells of a list."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import NamedTuple

from mlops_store.records import Run, RunKind, RunStatus
from mlops_tui.compare.run_rows import RunRow
from mlops_tui.compare.views import Goal, ViewColumn, curve_key, stored_column
from mlops_tui.ui import shown
from mlops_tui.ui.screens.run_courses import CURVE_WIDTH, Courses
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.theme import sign, state_cell, state_sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.window_table import Row

#: Cells that names get at least, however long they are: the first that holds them, or less where metrics want room.
NAME_WIDTHS = 14, 20, 26
#: Metrics that are shown however long the names are, where nobody has chosen columns.
LEAST_METRICS = 2
#: Cells that a column of metrics, and one of texts, takes at most.
_NUMBER, _TEXT = 26, 22


class _Room(NamedTuple):
    """How much room an attribute takes, and how soon it is left out."""

    word: str
    least: int
    most: int
    priority: int
    is_right: bool = False


_ATTRIBUTES = {
    "started_at": _Room("started", 8, 14, 2),
    "duration": _Room("duration", 6, 12, 2, True),
    "name": _Room("name", 14, 48, 0),
    "status": _Room("status", 6, 12, 3),
    "experiment": _Room("experiment", 6, 18, 6),
    "ended_at": _Room("ended", 8, 14, 4),
    "user": _Room("user", 4, 16, 5),
    "host": _Room("host", 4, 16, 5),
    "source": _Room("source", 6, 24, 5),
    "git_commit": _Room("commit", 8, 8, 5),
    "kind": _Room("kind", 5, 8, 5),
    "run_id": _Room("id", 8, 8, 5),
}
#: Attributes that a list can be sorted by and shows, and what they are called.
ATTRIBUTES = {name: room.word for name, room in _ATTRIBUTES.items()}


def title(column: str) -> str:
    """What a column is called: an attribute's word, the key of a metric, param or tag, ``best auc``, ``auc curve``."""
    if column in ATTRIBUTES:
        return ATTRIBUTES[column]
    if key := curve_key(column):
        return f"{key} curve"
    if column.endswith(")") and "(" in column and "." not in column.partition("(")[0]:
        part, _, key = column.partition("(")
        return f"{part} {key[:-1]}"
    return column.partition(".")[2] or column


def table_columns(
    chosen: Sequence[ViewColumn], sort: Sequence[str], goal: Goal, *, are_usual: bool = True, name_width: int = 14
) -> list[Column]:
    """The columns of a list of runs: a sign for the state, the name, then those chosen, pinned ones first.

    Args:
        chosen: In order.
        sort: The order as in a view; its first column is shown whether chosen or not.
        goal: See ``compare.columns``.
        are_usual: Whether nobody has chosen them: then some go before others where the width does not suffice.
        name_width: Cells that names get at least.
    """
    sorted_by, is_descending = sort[0].removeprefix("-"), _is_descending(sort[0], goal)
    wanted = {one.name: one for one in chosen}
    if sorted_by not in wanted and sorted_by != "name":
        wanted = {sorted_by: ViewColumn(sorted_by), **wanted}
    name = wanted.pop("name", ViewColumn("name"))
    in_order = sorted(wanted.values(), key=lambda one: not one.is_pinned)
    titles = [title(one.name) for one in in_order]

    def label(column: str) -> str:
        text = curve_key(column) or title(column)
        if column.startswith("params.") and titles.count(text) > 1:
            text = f"{text} (param)"
        return f"{text} {sign('down' if is_descending else 'up')}" if column == sorted_by else text

    least = name.width or name_width
    of_name = Column("name", label("name"), least, max(48, least), grows=not name.width, is_cut_within=True)
    columns = [Column("state", "", 1, 1), of_name]
    first = [one.name for one in in_order if one.name.startswith("metrics.")][: LEAST_METRICS if are_usual else 0]
    needed = {sorted_by, *first}
    for place, one in enumerate(in_order):
        columns.append(_column(one, label(one.name), place, one.name in needed, goal, are_usual))
    return columns


def _column(one: ViewColumn, label: str, place: int, is_needed: bool, goal: Goal, are_usual: bool) -> Column:
    room = _ATTRIBUTES.get(one.name)
    stored = stored_column(one.name, goal)
    is_curve = bool(curve_key(one.name))
    if room is not None:
        least, most, right, priority = room.least, room.most, room.is_right, room.priority
    elif is_curve:
        least, most, right, priority = CURVE_WIDTH, CURVE_WIDTH, False, 6
    else:
        right = stored.table == "metrics"
        least, most, priority = 5, _NUMBER if right else _TEXT, 3 + min(place, 4) if place < 5 else 4 + place
    if not are_usual:
        priority = 1 + place
    if is_needed:
        priority = 1
    if one.width:
        least = most = one.width
    return Column(one.name, label, least, most, 0 if one.is_pinned else priority, right=right)


def _is_descending(sort: str, goal: Goal) -> bool:
    from mlops_tui.compare.columns import order

    return order(sort, goal).is_descending


def name_width(runs: Iterable[Run]) -> int:
    """Cells that the names of some runs want at least, in coarse steps so that it seldom changes."""
    longest = max((len(run.name) + (0 if run.kind is RunKind.RUN else len(run.kind) + 1) for run in runs), default=0)
    return next((width for width in NAME_WIDTHS if longest <= width), NAME_WIDTHS[-1])


def rows(
    found: Iterable[RunRow], columns: Sequence[Column], read: Container[str], courses: Courses, now: float
) -> list[Row]:
    """Runs as rows; their numbers are the keys. Columns that were not ``read`` are out of sight, and left empty."""
    makers = [(place, _maker(column.key, courses, now)) for place, column in enumerate(columns) if column.key in read]
    empty, made = [""] * len(columns), []
    for one in found:
        cells: list[CellValue] = [*empty]
        for place, make in makers:
            cells[place] = make(one)
        made.append(Row(one.number, tuple(cells)))
    return made


def _maker(column: str, courses: Courses, now: float) -> Callable[[RunRow], CellValue]:
    """What makes the cells of a column."""
    if key := curve_key(column):
        return lambda one: Cell(courses.text(one.number, key), "curve")
    of_record = _record_maker(column, now)

    def make(one: RunRow) -> CellValue:
        if column not in one.values:
            return of_record(one.run)
        value = one.values[column]
        return str(value) if isinstance(value, int | str) else metric(value)

    return make


def _record_maker(column: str, now: float) -> Callable[[Run], CellValue]:
    """What makes the cells of a column from what a run's record holds."""
    if column in _CELLS:
        make = _CELLS[column]
        return lambda run: make(run, now)
    if column in ATTRIBUTES:
        return lambda run: Cell(str(getattr(run, column)), "dim")
    table, dot, key = column.partition(".")
    if not dot or "(" in table:  # last(KEY)
        table, key = "metrics", column.partition("(")[2].removesuffix(")")
    if table == "metrics":
        return lambda run: metric(run.metrics.get(key))
    if table == "params":
        return lambda run: run.params.get(key, "")
    return lambda run: run.tags.get(key, "")


def name(run: Run) -> CellValue:
    """The name, with what kind of run it is unless a script's; that of a failed run has its colour."""
    shown_name = Cell(run.name, "failed" if run.status is RunStatus.FAILED else "")
    if run.kind is RunKind.RUN:
        return shown_name if shown_name.tone else run.name
    return shown_name, Cell(f" {run.kind}", "faint")


def metric(value: float | None) -> CellValue:
    """A metric's value; what is not finite stands out."""
    text = shown.number(value)
    return Cell(text, "warning") if value is not None and not abs(value) < float("inf") else text


def duration(run: Run, now: float) -> str:
    """How long it ran, or has been running."""
    if run.status is RunStatus.RUNNING:
        return shown.running(run.duration_s(now))
    return shown.duration(run.duration_s(now)) if run.ended_at is not None else ""


#: Makes the cells of attributes that are not shown as they are, from a run and the time now.
_CELLS: dict[str, Callable[[Run, float], CellValue]] = {
    "state": lambda run, now: state_sign(run.status),
    "name": lambda run, now: name(run),
    "started_at": lambda run, now: Cell(shown.moment(run.started_at, now), "dim"),
    "ended_at": lambda run, now: Cell(shown.moment(run.ended_at, now), "dim"),
    "duration": lambda run, now: Cell(duration(run, now), "dim"),
    "status": lambda run, now: state_cell(run.status),
    "git_commit": lambda run, now: Cell(run.git_commit[:8], "dim"),
    "run_id": lambda run, now: Cell(shown.short_id(run.run_id), "dim"),
}
