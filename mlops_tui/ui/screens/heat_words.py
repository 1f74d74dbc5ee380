"""What is said of one cell of a heat table. Pure."""

from __future__ import annotations

from mlops_store.heat import Heat, Line
from mlops_store.records import ColumnReport
from mlops_tui.ui import shown
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.theme import sign, state_cell
from mlops_tui.ui.widgets import figures


def cell_lines(
    heat: Heat, line: Line | None, place: int, column: ColumnReport | None, now: float
) -> tuple[str, list[CellValue]]:
    """The column's name, and three lines: its state, how it moved, the window.

    Args:
        heat: The table.
        line: The column; None where no column is shown.
        place: The window.
        column: The full report on the cell, where it has been read.
        now: The present time, as Unix seconds.
    """
    window = heat.windows[place]
    dot = f" {sign('dot')} "
    about = [f"window {place + 1} of {len(heat.windows)}", window.batch, shown.moment(window.at, now)]
    about.append(f"{window.drifted_columns} of {window.checked_columns} drifted")
    of_window: CellValue = Cell(dot.join(about), "dim")
    if line is None:
        return "Cell", ["no column matches the filter", of_window]
    state = line.state(place)
    if not state:
        return line.column, [Cell("the window has no such column", "dim"), Cell(_history(line, heat), "dim"), of_window]
    effect = line.effect(place)
    how = figures.moved(column) if column is not None and column.score is not None else ""
    told = figures.verdict(column) if column is not None else "" if effect is None else f"effect {effect:.2f} of 1"
    first: list[Cell] = [state_cell(state), Cell(f"  {how}" if how else ""), Cell(f"  {told}", "dim")]
    return line.column, [tuple(first), Cell(_history(line, heat), "dim"), of_window]


def _history(line: Line, heat: Heat) -> str:
    began = line.began()
    if began is None:
        return f"never drifted in {shown.count(len(heat.windows), 'window')}"
    often = f"drifted in {line.drifted()} of {shown.count(len(heat.windows), 'window')}"
    return f"{often}, first in window {began + 1} ({heat.windows[began].batch})"
