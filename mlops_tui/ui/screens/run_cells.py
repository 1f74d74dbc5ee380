"""A run as the cells of a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlops_store.records import Run, RunKind, RunStatus
from mlops_tui.ui import shown
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.theme import sign, state_sign
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.window_table import Row

#: Attributes that a list can be sorted by, and what they are called.
ATTRIBUTES = {
    "started_at": "started",
    "duration": "duration",
    "name": "name",
    "status": "status",
    "experiment": "experiment",
}


def title(column: str) -> str:
    """What a column is called: an attribute's word, or the key of a metric, param or tag."""
    return ATTRIBUTES.get(column) or column.partition(".")[2] or column


def table_columns(
    chosen: Sequence[str], sort: str, is_descending: bool, *, has_experiment: bool = False, name_width: int = 14
) -> list[Column]:
    """The columns of a list of runs.

    Args:
        chosen: ``metrics.KEY``, ``params.KEY`` or ``tags.KEY``, the most important first.
        sort: The key of the column that is sorted by; shown first of all where it is none of the others.
        is_descending: The direction of its arrow.
        has_experiment: Whether runs of several experiments are shown.
        name_width: Cells that names get at least.
    """
    titles = [title(key) for key in chosen]

    def label(key: str) -> str:
        text = title(key)
        if key.startswith("params.") and titles.count(text) > 1:
            text = f"{text} (param)"
        return f"{text} {sign('down' if is_descending else 'up')}" if key == sort else text

    columns = [
        Column("state", "", 1, 1),
        Column("name", label("name"), name_width, 48, grows=True),
        Column("started_at", label("started_at"), 8, 14, 2),
        Column("duration", label("duration"), 6, 12, 1, right=True),
    ]
    if has_experiment:
        columns.insert(2, Column("experiment", label("experiment"), 6, 18, 6))
    values = list(chosen)
    if "." in sort and sort not in values:
        values.insert(0, sort)
    for place, key in enumerate(values):
        is_metric = key.startswith("metrics.")
        priority = 1 if key == sort else 3 + min(place, 2) if place < 3 else 4 + place
        columns.append(Column(key, label(key), 5, 26 if is_metric else 22, priority, right=is_metric))
    return columns


def name_width(runs: Iterable[Run]) -> int:
    """Cells that the names of some runs want at least, in coarse steps so that it seldom changes."""
    longest = max((len(run.name) + (0 if run.kind is RunKind.RUN else len(run.kind) + 1) for run in runs), default=0)
    return next((width for width in (14, 20, 26) if longest <= width), 26)


def row(number: int, run: Run, columns: Sequence[Column], now: float) -> Row:
    """The run as a row; ``number`` is its key."""
    return Row(number, tuple(cell(run, column.key, now) for column in columns))


def cell(run: Run, column: str, now: float) -> CellValue:
    """One value of a run."""
    if column == "state":
        return state_sign(run.status)
    if column == "name":
        return name(run)
    if column == "experiment":
        return Cell(run.experiment, "dim")
    if column == "started_at":
        return Cell(shown.moment(run.started_at, now), "dim")
    if column == "duration":
        return Cell(duration(run, now), "dim")
    table, _, key = column.partition(".")
    if table == "metrics":
        return metric(run.metrics.get(key))
    return (run.params if table == "params" else run.tags).get(key, "")


def name(run: Run) -> CellValue:
    """The name, with what kind of run it is unless a script's."""
    if run.kind is RunKind.RUN:
        return run.name
    return Cell(run.name), Cell(f" {run.kind}", "faint")


def metric(value: float | None) -> CellValue:
    """A metric's value; what is not finite stands out."""
    text = shown.number(value)
    return Cell(text, "warning") if value is not None and not abs(value) < float("inf") else text


def duration(run: Run, now: float) -> str:
    """How long it ran, or has been running."""
    if run.status is RunStatus.RUNNING:
        return shown.running(run.duration_s(now))
    return shown.duration(run.duration_s(now)) if run.ended_at is not None else ""
