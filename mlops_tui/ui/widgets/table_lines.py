"""How the lines of a list are drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from mlops_tui.ui.text import Cell, CellValue, clean, cut, cut_middle, fit, pieces
from mlops_tui.ui.text import width as value_width
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
        self._styles: dict[tuple[str, Style], Style] = {}

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
        line = _Line(base)
        if is_marked and self._gutter == MARKS:
            line.add(sign("mark") + " ", self._toned("mark", base))
        else:
            line.add(" " * self._gutter, base)
        x = 0
        for placed in self._placed:
            gap = " " * (placed.x - x)
            x = placed.x + placed.width
            if row is None:
                line.add(gap + fit("…" if placed.x == 0 else "", placed.width), base)
            else:
                self._add_cell(line, gap, row.cells[placed.index], placed)
        line.add(" " * max(0, self._width - self._gutter - x), base)
        return Strip(line.segments(), self._width)

    def _toned(self, tone: str, base: Style) -> Style:
        """A tone on the line's style; a reversed line has one colour only."""
        if not tone or base.reverse:
            return base
        style = self._styles.get((tone, base))
        if style is None:
            style = self._styles[tone, base] = base + self._style_of(tone)
        return style

    def _add_cell(self, line: _Line, gap: str, value: CellValue, placed: Placed) -> None:
        base, room, right = line.base, placed.width, placed.column.right
        text, tone = (value, "") if isinstance(value, str) else value if isinstance(value, Cell) else ("\n", "")
        if len(text) <= room and text.isascii() and text.isprintable():  # most are, and are quickly drawn
            text = text.rjust(room) if right else text.ljust(room)
            if tone:
                line.add(gap, base)
                line.add(text, self._toned(tone, base))
            else:
                line.add(gap + text, base)
            return
        line.add(gap, base)
        if placed.column.is_cut_within:
            value = _cut_within(value, placed.width)
        if isinstance(value, str):
            line.add(fit(clean(value), placed.width, right=placed.column.right), base)
            return
        parts = pieces(value)
        if len(parts) == 1:
            text = fit(parts[0].text, placed.width, right=placed.column.right)
            line.add(text, self._toned(parts[0].tone, base))
            return
        left = placed.width
        total = sum(cell_len(part.text) for part in parts)
        if placed.column.right and total < left:
            line.add(" " * (left - total), base)
            left = total
        for part in parts:
            if left <= 0:
                break
            text = cut(part.text, left)
            left -= cell_len(text)
            line.add(text, self._toned(part.tone, base))
        if left > 0:
            line.add(" " * left, base)


def _cut_within(value: CellValue, width: int) -> CellValue:
    """The value with its first piece shortened in the middle so that all fits."""
    if value_width(value) <= width:
        return value
    first, *rest = pieces(value)
    room = max(3, width - sum(cell_len(piece.text) for piece in rest))
    return (Cell(cut_middle(first.text, room), first.tone), *rest)


class _Line:
    """A line that is being put together: what looks alike becomes one segment, which is all quicker to draw.

    Args:
        base: The style of the line.
    """

    def __init__(self, base: Style) -> None:
        self.base = base
        self._segments: list[Segment] = []
        self._text = ""
        self._style = base

    def add(self, text: str, style: Style) -> None:
        """Adds a text."""
        if style is not self._style:
            self._end()
            self._style = style
        self._text += text

    def _end(self) -> None:
        if self._text:
            self._segments.append(Segment(self._text, self._style))
            self._text = ""

    def segments(self) -> list[Segment]:
        """The whole line."""
        self._end()
        return self._segments
