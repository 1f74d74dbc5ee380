"""Groups of runs as the columns and rows of a list."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_store.run_groups import RunGroup, Statistics
from mlops_tui.ui import shown
from mlops_tui.ui.screens import run_cells
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.window_table import Row


def table_columns(by: Sequence[str], measured: Sequence[str], sorted_by: str, arrow: str) -> list[Column]:
    """The columns of a list of groups.

    Args:
        by: What the runs of a group have in common.
        measured: The columns of numbers that sum them up.
        sorted_by: The column of the view's order.
        arrow: Its direction.
    """

    def label(name: str, text: str) -> str:
        return f"{text} {arrow}" if name == sorted_by else text

    columns = [
        Column(f"by {name}", label(name, run_cells.title(name)), 6, 30, 0, grows=place == 0)
        for place, name in enumerate(by)
    ]
    columns.append(Column("count", "runs", 4, 9, 0, right=True))
    for place, name in enumerate(measured):
        title = run_cells.title(name)
        mean = label(name, f"{title} mean ± sd")
        columns.append(Column(f"mean {name}", mean, 10, 30, 1 + 2 * place, right=True))
        columns.append(Column(f"best {name}", f"best {title}", 6, 20, 2 + 2 * place, right=True))
    columns.append(Column("newest", label("started_at", "newest"), 8, 14, 3))
    return columns


def row(group: RunGroup, goals: Sequence[str], now: float) -> Row:
    """A group as a row; the values that its runs have in common are its key.

    Args:
        group: The group.
        goals: For each of its measures which is better: 'max' or 'min'.
        now: Unix seconds.
    """
    cells: list[CellValue] = [key_cell(key) for key in group.keys]
    cells.append(f"{group.count:,}")
    for statistics, goal in zip(group.statistics, goals, strict=True):
        cells += [_mean(statistics, group.count), _best(statistics, goal)]
    cells.append(Cell(shown.moment(group.newest_at, now), "dim"))
    return Row(group.keys, tuple(cells))


def key_cell(key: str | float | None) -> CellValue:
    """A value that runs have in common."""
    if key is None:
        return Cell("none", "faint")
    return shown.number(key) if isinstance(key, int | float) else key


def named(by: Sequence[str], keys: Sequence[str | float | None]) -> str:
    """A group in words: ``model=forest depth=8``."""
    words = ("none" if key is None else shown.number(key) if isinstance(key, int | float) else key for key in keys)
    return " ".join(f"{run_cells.title(name)}={word}" for name, word in zip(by, words, strict=True))


def _mean(statistics: Statistics, runs: int) -> CellValue:
    if not statistics.count:
        return ""
    parts = [Cell(shown.number(statistics.mean))]
    if statistics.sd is not None:
        parts.append(Cell(f" ± {shown.number(statistics.sd)}", "dim"))
    if statistics.count < runs:
        parts.append(Cell(f" of {statistics.count:,}", "faint"))
    return tuple(parts)


def _best(statistics: Statistics, goal: str) -> CellValue:
    return shown.number(statistics.max if goal == "max" else statistics.min) if statistics.count else ""


__all__ = ["key_cell", "named", "row", "table_columns"]
