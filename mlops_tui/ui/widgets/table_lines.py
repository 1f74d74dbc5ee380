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
        self._gutter = MARKS if can_mark else MARGIN
        ends = [0, *(one.x + one.width for one in placed)]
        #: Each column with the blanks before it, and the blanks behind the last one.
        self._columns = [(" " * (one.x - end), one) for one, end in zip(placed, ends, strict=False)]
        self._rest = " " * max(0, width - self._gutter - ends[-1])
        self._styles: dict[str, Style] = {}
        self._base: Style | None = None

    def message(self, text: str, base: Style) -> Strip:
        """A line that says something instead of a row."""
        line = fit(" " + cut(text, self._width - 2), self._width)
        return Strip([Segment(line, base + self._style_of("dim"))], self._width)

    def header(self, base: Style) -> Strip:
        """The labels of the columns."""
        labels = (
            gap + fit(cut_middle(placed.column.label, placed.width), placed.width, right=placed.column.right)
            for gap, placed in self._columns
        )
        text = " " * self._gutter + "".join(labels) + self._rest
        return Strip([Segment(text, base + self._style_of("dim"))], self._width)

    def row(self, row: Row | None, base: Style, *, is_marked: bool) -> Strip:
        """A row, or an ellipsis while it is not loaded."""
        line = _Line(base)
        if is_marked and self._gutter == MARKS:
            line.add(sign("mark") + " ", self._toned("mark", base))
        else:
            line.add(" " * self._gutter, base)
        if row is None:
            for gap, placed in self._columns:
                line.add(gap + fit("…" if placed.x == 0 else "", placed.width), base)
        else:
            self._add_cells(line, row.cells)
        line.add(self._rest, base)
        return Strip(line.segments(), self._width)

    def _toned(self, tone: str, base: Style) -> Style:
        """A tone on the line's style; a reversed line has one colour only."""
        if not tone or base.reverse:
            return base
        if base is not self._base:  # that of nearly all lines is the same
            self._base = base
            self._styles.clear()
        style = self._styles.get(tone)
        if style is None:
            style = self._styles[tone] = base + self._style_of(tone)
        return style

    def _add_cells(self, line: _Line, cells: Sequence[CellValue]) -> None:
        base, plain = line.base, ""
        for gap, placed in self._columns:
            value, room = cells[placed.index], placed.width
            text, tone = (value, "") if isinstance(value, str) else value if isinstance(value, Cell) else ("\n", "")
            if len(text) > room or not (text.isascii() and text.isprintable()):
                line.add(plain + gap, base)
                plain = ""
                self._add_cell(line, value, placed)
                continue
            # most are quickly drawn, and need not be put together one by one
            text = text.rjust(room) if placed.column.right else text.ljust(room)
            if tone:
                line.add(plain + gap, base)
                line.add(text, self._toned(tone, base))
                plain = ""
            else:
                plain += gap + text
        line.add(plain, base)

    def _add_cell(self, line: _Line, value: CellValue, placed: Placed) -> None:
        base = line.base
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
