"""Columns × windows as a table of tints, of which only what is in sight is drawn; a cursor on one cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mlops_store.heat import Line
from mlops_tui.ui import keymap
from mlops_tui.ui.plain_lines import PlainLines
from mlops_tui.ui.text import clean, cut_middle, fit, width
from mlops_tui.ui.theme import sign, style_of
from mlops_tui.ui.widgets import heat_cells
from mlops_tui.ui.widgets.heat_looks import VARIABLES, Looks, looks_of

#: Lines above the rows: the numbers of the windows, and all columns together.
_HEAD = 2
_GAP = 1
_NARROWEST = 1
#: Cells that the names of the columns take at least and at most.
_LEAST_NAME, _MOST_NAME = 13, 32


class HeatTable(ScrollView, can_focus=True):
    """A line for each column, a cell for each window; the line above all others is the share that drifted."""

    BINDINGS = keymap.bindings("heat_table")
    ALLOW_MAXIMIZE: ClassVar[bool] = False
    DEFAULT_CSS = """
    HeatTable {
        height: 1fr; width: 1fr; background: $background; color: $foreground;
        overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; scrollbar-gutter: stable;
    }
    """

    @dataclass
    class Moved(Message):
        """The cursor is on another cell: the place of the line and of the window; None where there is no cell."""

        line: Line | None
        window: int

    @dataclass
    class Opened(Message):
        """Enter on a cell."""

        line: Line
        window: int

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._plain_lines = self._styles_cache = PlainLines(self._found_looks)
        self._lines: Sequence[Line] = ()
        self._summary: Line | None = None
        self._count = 0
        self._row = self._window = self._first = 0
        self._cell = self._longest = 0
        self._is_moved = False

    # what is shown

    def show(self, lines: Sequence[Line], summary: Line) -> None:
        """Shows lines of equally many windows; the cursor stays on its column and window, or begins at the newest.

        Args:
            lines: From above.
            summary: All columns together.
        """
        before = self.line.column if self.line is not None else None
        was_last = self._window >= self._count - 1
        grown = len(summary.states) - self._count
        self._lines, self._summary, self._count = lines, summary, len(summary.states)
        self._longest = max((min(_MOST_NAME, width(line.column)) for line in lines), default=0)
        kept = next((row for row, line in enumerate(lines) if line.column == before), None)
        self._row = min(self._row, max(0, len(lines) - 1)) if kept is None or not self._is_moved else kept
        if was_last or not self._is_moved:
            self._window = max(0, self._count - 1)
        self._window = min(self._window, max(0, self._count - 1))
        if not self._cell:
            self._cell = self._widest()
        elif grown > 0 and was_last:
            self._first += grown
        self._resize()
        self._bring_in_sight()
        self.refresh()
        self._tell()

    @property
    def line(self) -> Line | None:
        """The line under the cursor."""
        return self._lines[self._row] if self._lines else None

    @property
    def window(self) -> int:
        """The place of the window under the cursor."""
        return self._window

    def copy_text(self) -> tuple[str, str]:
        """The name of the column under the cursor."""
        return (self.line.column, "the column's name") if self.line is not None else ("", "")

    def move_to(self, column: str) -> None:
        """Puts the cursor on a column, if it is there."""
        row = next((row for row, line in enumerate(self._lines) if line.column == column), None)
        if row is not None:
            self._go(row, self._window)

    # places

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.size.width

    @property
    def _room(self) -> int:
        return max(1, self.scrollable_content_region.size.height - _HEAD)

    @property
    def _name_width(self) -> int:
        return min(max(_LEAST_NAME, self._longest), max(_LEAST_NAME, self._width // 3))

    @property
    def _in_sight(self) -> int:
        """How many windows there is room for."""
        return max(1, (self._width - self._name_width - _GAP - 1) // max(1, self._cell))

    def _widest(self) -> int:
        """The widest cells with which all windows are in sight, if there are any."""
        room = self._width - self._name_width - _GAP - 1
        if room <= 0 or not self._count:
            return 0
        return min(heat_cells.WIDEST, max(_NARROWEST, room // self._count))

    def _resize(self) -> None:
        self.virtual_size = Size(self._width, len(self._lines) + _HEAD)

    def on_resize(self, _: events.Resize) -> None:
        """Keeps the cursor in sight."""
        if not self._cell:
            self._cell = self._widest()
        self._resize()
        self._bring_in_sight()

    def _bring_in_sight(self) -> None:
        self._first = min(self._first, self._window)
        self._first = max(self._first, self._window - self._in_sight + 1)
        self._first = max(0, min(self._first, self._count - self._in_sight))
        top = self.scroll_offset.y
        if self._row < top:
            self.scroll_to(y=self._row, animate=False, force=True)
        elif self._row >= top + self._room:
            self.scroll_to(y=self._row - self._room + 1, animate=False, force=True)

    # moving

    def _go(self, row: int, window: int) -> None:
        row = min(max(0, row), max(0, len(self._lines) - 1))
        window = min(max(0, window), max(0, self._count - 1))
        if (row, window) == (self._row, self._window):
            return
        before, first = self._row, self._first
        is_other_window = window != self._window
        self._row, self._window, self._is_moved = row, window, True
        self._bring_in_sight()
        if self._first != first:
            self.refresh()
        else:
            rows = {before, row}
            top = self.scroll_offset.y
            lines = [_HEAD + place - top for place in rows if 0 <= place - top < self._room]
            self.refresh(*(Region(0, y, self._width, 1) for y in [*lines, *([0] if is_other_window else [])]))
        self._tell()

    def _tell(self) -> None:
        # made in another widget's handler, a message would have that one as its sender, and not bubble past it
        self.call_later(lambda: self.post_message(self.Moved(self.line, self._window)))

    def action_move(self, by: int) -> None:
        """Moves by columns of the data: up or down."""
        self._go(self._row + by, self._window)

    def action_window(self, by: int) -> None:
        """Moves by windows: left or right."""
        self._go(self._row, self._window + by)

    def action_page(self, pages: float) -> None:
        """Moves up or down by pages."""
        self._go(self._row + int(pages * max(2, self._room)), self._window)

    def action_window_page(self, pages: float) -> None:
        """Moves left or right by pages."""
        self._go(self._row, self._window + int(pages * max(2, self._in_sight)))

    def action_end(self, row: int, window: int) -> None:
        """Moves to an end: -1 for the first, 1 for the last, 0 to stay."""
        rows, windows = (0, self._row, len(self._lines) - 1), (0, self._window, self._count - 1)
        self._go(rows[row + 1], windows[window + 1])

    def action_drifted(self, by: int) -> None:
        """Moves to the next or last window in which the column drifted or is broken."""
        if self.line is None:
            return
        alarming = ("drift", "broken")
        places = range(self._window + by, self._count if by > 0 else -1, by)
        place = next((at for at in places if heat_cells.tone(self.line.states[at]) in alarming), None)
        if place is not None:
            self._go(self._row, place)

    def action_width(self, by: int) -> None:
        """Makes the cells wider or narrower."""
        self._cell = min(heat_cells.WIDEST, max(_NARROWEST, self._cell + by))
        self._bring_in_sight()
        self.refresh()

    def action_open(self) -> None:
        """Opens the cell under the cursor."""
        if self.line is not None and self._count:
            self.post_message(self.Opened(self.line, self._window))

    def on_click(self, event: events.Click) -> None:
        """Moves the cursor; a second click opens."""
        row = event.y - _HEAD + self.scroll_offset.y
        window = self._first + (event.x - self._name_width - _GAP) // max(1, self._cell)
        if event.y < _HEAD or row >= len(self._lines):
            return
        event.stop()
        self._go(row, window if event.x >= self._name_width + _GAP else self._window)
        if event.chain == 2:
            self.action_open()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Draws the cursor bright or dim."""
        super().watch_has_focus(has_focus)
        self.refresh()

    # drawing

    def render_line(self, y: int) -> Strip:
        """One line of what is in sight."""
        base, size = self.rich_style, self._width
        if not self._count or not self._cell or self._summary is None:
            return Strip.blank(size, base)
        if y == 0:
            return Strip(self._numbers(base)).adjust_cell_length(size, base)
        if y == 1:
            return Strip(self._cells(self._summary, base, base + style_of(self.app, "dim"))).adjust_cell_length(
                size, base
            )
        row = self.scroll_offset.y + y - _HEAD
        if row >= len(self._lines):
            return Strip.blank(size, base)
        line, name = self._lines[row], base
        if row == self._row:
            name = base + (Style(reverse=True) if self.has_focus else Style(bold=True))
        elif line.role != "feature":
            name = base + style_of(self.app, "accent")
        return Strip(self._cells(line, base, name, cursor=row == self._row)).adjust_cell_length(size, base)

    def _numbers(self, base: Style) -> list[Segment]:
        """The numbers of the windows, and where the cursor is."""
        size, count = self._cell, min(self._in_sight, self._count - self._first)
        under = [" "] * (count * size)
        step = next(each for each in (1, 2, 5, 10) if each * size >= 6)
        for place in range(count):
            number = str(self._first + place + 1)
            start = place * size
            if (self._first + place + 1) % step == 0 and start + len(number) <= len(under):
                under[start : start + len(number)] = number
        at = (self._window - self._first) * size
        number = str(self._window + 1)
        start = min(at, max(0, len(under) - len(number)))
        end = min(len(under), start + len(number))
        # what stands beside the cursor's number would seem to belong to it
        for side in (-1, 1):
            place = start - 1 if side < 0 else end
            while 0 <= place < len(under) and under[place] != " ":
                under[place] = " "
                place += side
        dim = base + style_of(self.app, "dim")
        more = sign("left") if self._first else " "
        after = sign("right") if self._first + count < self._count else ""
        return [
            Segment(fit("window", self._name_width), dim),
            Segment(more, dim),
            Segment("".join(under[:start]), dim),
            Segment(number[: end - start], base + style_of(self.app, "title")),
            Segment("".join(under[end:]) + after, dim),
        ]

    def _cells(self, line: Line, base: Style, name: Style, *, cursor: bool = False) -> list[Segment]:
        size, first = self._cell, self._first
        past = min(self._count, first + self._in_sight)
        text = fit(cut_middle(clean(line.column, 200), self._name_width), self._name_width)
        segments = [Segment(text, name), Segment(" " * _GAP, base)]
        looks = self._plain_lines.common
        shades = line.effects[first:past].translate(looks.alike(size))
        place = first
        for (code, shade), group in groupby(zip(line.states[first:past], shades, strict=True)):
            run = len(list(group))
            drawn, style = looks.get(code, shade, size)
            if cursor and place <= self._window < place + run:
                at = self._window - place
                segments += [
                    Segment(drawn * at, style),
                    self._cursor_cell(code, line.effects[self._window], style, base),
                    Segment(drawn * (run - at - 1), style),
                ]
            else:
                segments.append(Segment(drawn * run, style))
            place += run
        return [segment for segment in segments if segment.text]

    def _cursor_cell(self, code: int, effect: int, style: Style, base: Style) -> Segment:
        text = heat_cells.text(code, effect, self._cell)
        if self.has_focus:
            return Segment(text, base + Style(reverse=True, bold=True))
        return Segment(text, style + Style(underline=True))

    def _found_looks(self) -> Looks:
        app = self.app
        kind = "none" if app.no_color else "few" if getattr(app, "is_colour_poor", False) else "many"
        variables = app.theme_variables
        return looks_of(kind, *(variables.get(name, "#888888") for name in VARIABLES))
