"""Differences between runs as rows of a table: one column a run, sections under headings."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from mlops_store.records import Run
from mlops_tui.compare.columns import is_of_machine
from mlops_tui.compare.runs import Comparison, MetricRow, Row
from mlops_tui.ui import shown
from mlops_tui.ui.screens.run_cells import metric
from mlops_tui.ui.text import Cell, CellValue, clean, pieces
from mlops_tui.ui.theme import is_unicode
from mlops_tui.ui.widgets import window_table
from mlops_tui.ui.widgets.columns import GAP, Column
from mlops_tui.ui.widgets.plot import Options, marker

#: Sections of a comparison in the order they are shown, and their headings.
SECTIONS = {
    "metrics": "Metrics",
    "params": "Params",
    "data": "Data",
    "code": "Code",
    "environment": "Environment",
    "hardware": "Hardware",
    "tags": "Tags",
}
_LEAST, _WIDEST = 19, 36
_LEAST_KEY_WIDTH, _KEY_WIDTH = 16, 34


def columns(comparison: Comparison, width: int, options: Options) -> list[Column]:
    """The name of a row, then a column for each run; the baseline stays where columns do not all fit.

    Args:
        comparison: The runs side by side.
        width: Cells that there are for all of them.
        options: Which markers the curves of the runs have: the labels are their legend.
    """
    keys = [row.key for name in SECTIONS for row in getattr(comparison, name)]
    longest = max((cell_len(clean(key, _KEY_WIDTH)) for key in keys), default=0)
    key_width = min(_KEY_WIDTH, max(_LEAST_KEY_WIDTH, longest))
    share = (width - key_width - 2) // len(comparison.runs) - GAP
    found = [Column("key", "", _LEAST_KEY_WIDTH, key_width)]
    for place, run in enumerate(comparison.runs):
        text = f"{marker(place, options)} {label(run, comparison.runs)}"
        is_base = place == comparison.baseline
        found.append(Column(run.run_id, text, 9, min(_WIDEST, max(_LEAST, share)), 0 if is_base else 1 + place))
    return found


def rows(comparison: Comparison, *, with_equal: bool, section: str = "") -> list[window_table.Row]:
    """The rows of all sections, each under a heading that counts what is shown.

    Args:
        comparison: The runs side by side.
        with_equal: Also what is the same in all runs.
        section: Only this one; "" for all.
    """
    found: list[window_table.Row] = []
    same: list[str] = []
    for name, heading in SECTIONS.items():
        if section not in ("", name):
            continue
        every: Sequence[MetricRow | Row] = getattr(comparison, name)
        if name == "metrics":  # those of the model first
            every = sorted(every, key=lambda row: is_of_machine(row.key))
        wanted = [row for row in every if with_equal or not row.is_same]
        if every and not wanted:
            same.append(heading.lower())
        if not wanted:
            continue
        if found:
            found.append(_line(f"blank {name}", "", "", comparison))
        differing = sum(not row.is_same for row in every)
        note = f"{differing} of {len(every)} differ" if differing < len(every) else ""
        found.append(_line(name, heading, note, comparison))
        found += [_row(name, row, comparison) for row in wanted]
    if same:
        if found:
            found.append(_line("blank", "", "", comparison))
        found.append(_same(same, comparison))
    return found


def _same(sections: Sequence[str], comparison: Comparison) -> window_table.Row:
    """The sections that are the same in all runs, one a column as far as there are columns."""
    room = len(comparison.runs)
    words = [*sections[: room - 1], ", ".join(sections[room - 1 :])]
    cells: tuple[CellValue, ...] = (Cell("The same", "strong"), *(Cell(word, "dim") for word in words))
    return window_table.Row(("same", ""), cells + ("",) * (room + 1 - len(cells)))


def _line(key: str, heading: str, note: str, comparison: Comparison) -> window_table.Row:
    """A heading or a blank; its key names no metric or param."""
    cells: tuple[CellValue, ...] = (Cell(heading, "strong"), Cell(note, "dim"))
    cells += ("",) * (len(comparison.runs) - 1)
    return window_table.Row((key, ""), cells)


def _row(section: str, row: MetricRow | Row, comparison: Comparison) -> window_table.Row:
    name = Cell(row.key, "dim" if row.is_same else "")
    if isinstance(row, MetricRow):
        cells = [_metric(row, place) for place in range(len(row.values))]
    else:
        cells = [_value(row, place, comparison.baseline) for place in range(len(row.values))]
    return window_table.Row((section, row.key), (name, *cells))


def _metric(row: MetricRow, place: int) -> CellValue:
    """The value, a star at the best, and the distance from the baseline."""
    if row.values[place] is None:
        return Cell("–", "faint")
    if row.is_same:
        return Cell(shown.number(row.values[place]), "dim")
    parts = list(pieces(metric(row.values[place])))
    if place in row.best:
        parts = [Cell(parts[0].text, "good"), Cell(" ★" if is_unicode() else " *", "good")]
    else:
        parts.append(Cell("  "))
    delta = row.deltas[place]
    if delta:
        text = shown.number(abs(delta))
        parts.append(Cell(f" {'+' if delta > 0 else '−' if is_unicode() else '-'}{text}", "dim"))
    return tuple(parts)


def _value(row: Row, place: int, baseline: int) -> CellValue:
    """The text; bright where it differs from the baseline."""
    value = row.values[place]
    if value is None:
        return Cell("–", "faint")
    is_changed = bool(row.change(place, baseline))
    return Cell(value, "accent" if is_changed else "dim" if row.is_same else "")


def label(run: Run, others: Sequence[Run]) -> str:
    """The run's name, with the end of its id where another has the same name."""
    is_shared = sum(other.name == run.name for other in others) > 1
    return f"{run.name} {shown.short_id(run.run_id)}" if is_shared else run.name
