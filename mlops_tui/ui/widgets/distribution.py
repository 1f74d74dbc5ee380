"""One checked column on the screen: its verdict, both samples drawn over each other, and their figures."""

from __future__ import annotations

from rich.cells import cell_len

from mlops_store.records import ColumnReport
from mlops_tui.ui.text import clean, cut, fit
from mlops_tui.ui.theme import state_cell
from mlops_tui.ui.widgets import bars, figures, samples
from mlops_tui.ui.widgets.bars import Piece, Rows, Shapes
from mlops_tui.ui.widgets.samples import Categories, Numbers
from mlops_tui.ui.widgets.tone_rows import ToneRows

#: Rows that a drawing needs to say anything, and that it gets at most.
_LEAST_ROWS, _MOST_ROWS = 3, 16
#: Rows from which on the legend stands apart from the bars.
_AIRY = 14


def compose(column: ColumnReport, width: int, height: int, shapes: Shapes) -> Rows:
    """The column in an area of at most ``width`` × ``height`` cells; what matters most comes first."""
    drawable = samples.read(column.detail)
    heading = _heading(column, width)[:height]
    table = figures.table(column, width)
    room = height - len(heading)
    if drawable is None or room < _LEAST_ROWS:
        return (*heading, *table[:room])
    legend: Rows = (bars.legend(drawable, shapes), ())[: 2 if room >= _AIRY else 1 if room > _LEAST_ROWS else 0]
    room -= len(legend)
    has_table = bool(table) and room - len(table) >= _needed(drawable)
    drawn = bars.draw(drawable, width, min(_MOST_ROWS, room - (len(table) if has_table else 0)), shapes)
    if not has_table:
        return (*heading, *legend, *drawn)
    gap = ((),) if room > len(drawn) + len(table) else ()
    return (*heading, *legend, *drawn, *gap, *table)


def _needed(drawable: Numbers | Categories) -> int:
    """Rows that a drawing should have before figures stand below it."""
    if isinstance(drawable, Categories):
        return min(_LEAST_ROWS + 3, len(drawable.labels) + any(drawable.others))
    return _LEAST_ROWS + 2


def _heading(column: ColumnReport, width: int) -> Rows:
    mark = state_cell(column.state)
    role = "" if column.role == "feature" else f"{column.role}, "
    kind = f"  {role}{column.kind}"
    name = cut(clean(column.column, 200), max(8, width - len(mark.text) - len(kind) - 2))
    first: tuple[Piece, ...] = ((name, "strong", ""), (f"  {mark.text}", mark.tone, ""), (kind, "dim", ""))
    moved, verdict = figures.moved(column), figures.verdict(column)
    rows: list[tuple[Piece, ...]] = [first]
    if moved and cell_len(moved) + 2 + cell_len(verdict) <= width:
        rows.append(((moved + "  ", "", ""), (verdict, "dim", "")))
    else:
        rows += [((text, tone, ""),) for text, tone in ((moved, ""), (verdict, "dim")) if text]
    if note := figures.remark(column):
        rows.append(((note, "dim", ""),))
    return tuple(bars.bounded(row, width) for row in rows)


class Distribution(ToneRows):
    """One column of a report; nothing until one is shown."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._column: ColumnReport | None = None
        self._note = ""

    @property
    def column(self) -> ColumnReport | None:
        """The column that is shown."""
        return self._column

    def show(self, column: ColumnReport | None, note: str = "") -> None:
        """Shows a column, or a remark where there is none; an equal one repaints nothing."""
        if (column, note) != (self._column, self._note):
            self._column, self._note = column, note
            self.redraw()

    def drawn(self, width: int, height: int) -> Rows:
        """The column, or the remark."""
        if self._column is None:
            return (((fit(clean(self._note), width), "dim", ""),),) if self._note else ()
        return compose(self._column, width, height, self.shapes)
