"""How the lines of a list are drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from mlops_tui.ui.text import CellValue, cut, cut_middle, fit, pieces
from mlops_tui.ui.theme import sign
from mlops_tui.ui.widgets.columns import Placed
from mlops_tui.ui.widgets.rows import Row

#: Width of the column for marks, and of the margin where rows cannot be marked.
MARKS, MARGIN = 2, 1


class TableLines:
    """Draws lines of a given width.

    Args:
        style_of: The style of a tone.
        width: Of each line, in cells.
        placed: The columns shown.
        can_mark: Whether there is a column for marks.
    """

    def __init__(
        self, style_of: Callable[[str], Style], width: int, placed: Sequence[Placed], *, can_mark: bool
    ) -> None:
        self._style_of = style_of
        self._width = width
        self._placed = placed
        self._gutter = MARKS if can_mark else MARGIN

    def message(self, text: str, base: Style) -> Strip:
        """A line that says something instead of a row."""
        line = fit(" " + cut(text, self._width - 2), self._width)
        return Strip([Segment(line, base + self._style_of("dim"))], self._width)

    def header(self, base: Style) -> Strip:
        """The labels of the columns."""
        style = base + self._style_of("dim")
        segments = [Segment(" " * self._gutter, style)]
        x = 0
        for placed in self._placed:
            segments.append(Segment(" " * (placed.x - x), style))
            label = cut_middle(placed.column.label, placed.width)
            segments.append(Segment(fit(label, placed.width, right=placed.column.right), style))
            x = placed.x + placed.width
        segments.append(Segment(" " * max(0, self._width - self._gutter - x), style))
        return Strip(segments, self._width)

    def row(self, row: Row | None, base: Style, *, is_marked: bool) -> Strip:
        """A row, or an ellipsis while it is not loaded."""
        segments = [self._mark(is_marked, base)]
        x = 0
        for placed in self._placed:
            if placed.x > x:
                segments.append(Segment(" " * (placed.x - x), base))
            x = placed.x + placed.width
            if row is None:
                segments.append(Segment(fit("…" if placed.x == 0 else "", placed.width), base))
            else:
                segments.extend(self._cell(row.cells[placed.index], placed, base))
        segments.append(Segment(" " * max(0, self._width - self._gutter - x), base))
        return Strip(segments, self._width)

    def _mark(self, is_marked: bool, base: Style) -> Segment:
        if is_marked and self._gutter == MARKS:
            return Segment(sign("mark") + " ", self._toned("mark", base))
        return Segment(" " * self._gutter, base)

    def _toned(self, tone: str, base: Style) -> Style:
        """A tone on the line's style; a reversed line has one colour only."""
        return base + self._style_of(tone) if tone and not base.reverse else base

    def _cell(self, value: CellValue, placed: Placed, base: Style) -> list[Segment]:
        parts = pieces(value)
        if len(parts) == 1:
            text = fit(parts[0].text, placed.width, right=placed.column.right)
            return [Segment(text, self._toned(parts[0].tone, base))]
        segments, left = [], placed.width
        total = sum(cell_len(part.text) for part in parts)
        if placed.column.right and total < left:
            segments.append(Segment(" " * (left - total), base))
            left = total
        for part in parts:
            if left <= 0:
                break
            text = cut(part.text, left)
            left -= cell_len(text)
            segments.append(Segment(text, self._toned(part.tone, base)))
        if left > 0:
            segments.append(Segment(" " * left, base))
        return segments
