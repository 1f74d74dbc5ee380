"""A list whose rows are cards of several lines; however long it is, only what is in sight is drawn and loaded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.strip import Strip

from mlops_tui.ui import keymap
from mlops_tui.ui.plain_lines import PlainLines
from mlops_tui.ui.text import CellValue, cut, pieces
from mlops_tui.ui.theme import sign, style_of
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.rows import RowLoader
from mlops_tui.ui.widgets.window_table import WindowTable

#: Lines of a card, and those that it takes with the gap below.
LINES, PITCH = 2, 3
#: Cells that are left to the beginning of a line.
_LEAST = 8


class Frame(NamedTuple):
    """What all lines of a list have in common: width in cells, style, lines a card, cards in sight and above."""

    width: int
    base: Style
    pitch: int
    room: int
    top: int


class CardList(WindowTable, inherit_bindings=False):
    """Cards below each other; a row's cells are the lines of its card.

    Where the list is scrolled, it is by whole cards. In few lines the gap between cards is left out.

    Args:
        load: Brings cards by key, in a thread.
        empty: What to say when there is no card.
    """

    #: Left and right go from list to list.
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings("table", without=("table.left", "table.right"))

    def __init__(self, *, load: RowLoader, empty: str = "", id: str | None = None) -> None:
        columns = tuple(Column(f"line {number}", "", 1, 10_000) for number in range(LINES))
        super().__init__(columns, load=load, has_header=False, empty=empty, id=id)
        self._cards = self._styles_cache = PlainLines(self._measured)

    @property
    def _pitch(self) -> int:
        return PITCH if self._inner.height >= 4 * PITCH else LINES

    @property
    def _head(self) -> int:
        return 0

    @property
    def _room(self) -> int:
        """How many cards there is room for."""
        return (self._inner.height + self._pitch - LINES) // self._pitch

    def _resize(self) -> None:
        # scrolled by cards: what is above is counted in cards, what is in sight in lines
        above = max(0, len(self.keys) - self._room)
        self.virtual_size = Size(self._inner.width, above + self._inner.height if above else 0)

    def _refresh_rows(self, positions: Iterable[int]) -> None:
        top, room, width = self.scroll_offset.y, self._room, self._inner.width
        places = {position - top for position in positions if 0 <= position - top <= room}
        if places:
            self.refresh(*(Region(0, place * self._pitch, width, LINES) for place in sorted(places)))

    def _measured(self) -> Frame:
        return Frame(self._inner.width, self.rich_style, self._pitch, self._room, self.scroll_offset.y)

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        width, base, pitch, room, top = self._cards.common
        if not self.keys:
            style = base + style_of(self.app, "faint")
            text = cut(self._empty, width).ljust(width)
            return Strip([Segment(text, style)], width) if y == 0 else Strip.blank(width, base)
        above, line = divmod(y, pitch)
        position = top + above
        if position >= len(self.keys) or line >= LINES or above > room:
            return Strip.blank(width, base)
        style = self.style_of_row(position, base)
        row = self._rows.get(self.keys[position])
        value: CellValue = row.cells[line] if row else sign("more") if line == 0 else ""
        bar = sign("cursor") if position == self.cursor and self.has_focus else " "
        segments = [Segment(bar, self._toned("accent", style))]
        left = width - 1
        parts = pieces(value)
        # a long name gives way to what stands after it
        first = max(_LEAST, left - sum(cell_len(part.text) for part in parts[1:]))
        for place, piece in enumerate(parts):
            text = cut(piece.text, left if place else min(left, first))
            left -= cell_len(text)
            segments.append(Segment(text, self._toned(piece.tone, style)))
        segments.append(Segment(" " * left, style))
        return Strip(segments, width)

    def _toned(self, tone: str, base: Style) -> Style:
        return base + style_of(self.app, tone) if tone and not base.reverse else base

    def _position_at(self, y: int) -> int:
        return y // self._pitch + self.scroll_offset.y
