"""A window on rows: draws the lines in sight, and brings the rows that are missing there. Knows no cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from mlops_tui.ui import threads
from mlops_tui.ui.painting import PaintingScreen
from mlops_tui.ui.plain_lines import PlainLines, bands
from mlops_tui.ui.theme import style_of
from mlops_tui.ui.widgets.columns import Column, Placed, place
from mlops_tui.ui.widgets.rows import Key, Row, RowLoader, Rows, Widths
from mlops_tui.ui.widgets.table_lines import MARGIN, MARKS, TableLines

#: Columns to which one may scroll before their values are wanted.
NEAR_COLUMNS = 2
#: Lines that are remembered.
MOST_DRAWN = 400


class Brought(Message, bubble=False):
    """Rows that were missing."""

    def __init__(self, rows: Sequence[Row], columns: tuple[Column, ...], asked: int) -> None:
        super().__init__()
        self.rows = rows
        self.columns = columns
        self.asked = asked


class DrawnRows:
    """The lines of rows, as they stand there while nothing is special about them: scrolled, they are the same ones."""

    def __init__(self) -> None:
        self._alike: object = None
        self._known: dict[Key, tuple[Row, Strip]] = {}
        self._next: DrawnRows | None = None

    def take_up(self, alike: object) -> None:
        """Forgets all where something else was the same for all of them: the places of the columns, the colours."""
        if alike != self._alike:
            is_next = self._next is not None and self._next._alike == alike
            self._known = self._next._known if is_next and self._next is not None else {}
            self._alike, self._next = alike, None

    def expect(self, alike: object, lines: Iterable[tuple[Row, Strip]]) -> None:
        """Remembers lines that may be next, beside those that stand there now."""
        self._next = DrawnRows()
        self._next.take_up(alike)
        for row, line in lines:
            self._next.keep(row, line)

    def get(self, row: Row) -> Strip | None:
        """The line of a row; None where it is not known as it is now."""
        known = self._known.get(row.key)
        return known[1] if known is not None and known[0] == row else None

    def keep(self, row: Row, line: Strip) -> Strip:
        """Remembers a line, and returns it."""
        if len(self._known) >= MOST_DRAWN:
            self._known.clear()
        self._known[row.key] = (row, line)
        return line


class RowWindow(ScrollView):
    """Rows under a header.

    Args:
        columns: From left to right; ``Row.cells`` has one value for each.
        load: Brings rows by key, in a thread.
        can_mark: Whether there is room for marks.
        has_header: Whether the labels stand above the rows.
        empty: What to say when there is no row.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        load: RowLoader | None = None,
        can_mark: bool = False,
        has_header: bool = True,
        empty: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._plain_lines = self._styles_cache = PlainLines(self._measure, has_bar=self._has_bar)
        self._columns = tuple(columns)
        self._load = load
        self._can_mark = can_mark
        self._has_header = has_header
        self._empty = empty
        self._rows = Rows()
        self._widths = Widths(self._columns)
        self._placed: tuple[Placed, ...] = ()
        self._placed_width = -1
        self._skipped = 0
        self._wanted: tuple[Key, ...] = ()
        self._drawn = DrawnRows()

    # for subclasses

    def style_of_row(self, position: int, base: Style) -> Style:
        """The style of a line; the cursor's differs."""
        return base

    def is_marked(self, key: Key) -> bool:
        """Whether a row is marked."""
        return False

    # what is shown

    def say_if_empty(self, text: str) -> None:
        """What to say from now on when there is no row."""
        if text != self._empty:
            self._empty = text
            self.refresh()

    @property
    def keys(self) -> Sequence[Key]:
        """The keys of all rows, in order."""
        return self._rows.keys

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self.keys)

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, shown or not."""
        return self._columns

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Replaces the columns; the rows must be shown anew. Columns that were there before stay as wide."""
        self._columns = tuple(columns)
        self._widths = Widths(self._columns, self._widths.values)
        self._rows.forget()
        self._skipped = 0
        self._placed_width = -1
        self._refresh_lines()

    def reachable(self, columns: Sequence[Column], near: int = NEAR_COLUMNS) -> frozenset[str]:
        """The keys of those of some columns that would be shown here, or by scrolling so little to the right."""
        room, natural = self._inner.width - self._gutter, Widths(columns, self._widths.values).natural
        if room <= 0:
            return frozenset(column.key for column in columns)
        steps = range(self._skipped, self._skipped + near + 1)
        return frozenset(one.column.key for skipped in steps for one in place(columns, natural, room, skipped))

    def forget_rows(self) -> None:
        """Loads the rows again that are in sight."""
        self._rows.forget()
        self._wanted = ()
        self._fetch()

    @property
    def window_keys(self) -> Sequence[Key]:
        """The keys in sight: what to load again when the store has changed."""
        top = self.scroll_offset.y
        return self.keys[top : top + max(1, self._room)]

    # loading

    def _fetch(self) -> None:
        """Loads the rows in sight that are missing."""
        in_sight = self._around(0.0)
        missing = self._rows.missing(in_sight)
        if missing and missing != self._wanted:
            self._bring(missing)
            if not self._rows.knows(in_sight) and isinstance(self.screen, PaintingScreen):
                self.screen.hold(self)

    def _fetch_near(self) -> None:
        """Loads a page on either side of the window when half of one is missing there: before it comes in sight."""
        if not self._rows.missing(self._around(0.0)) and self._rows.missing(self._around(0.5)):
            missing = self._rows.missing(self._around(1.0))
            if missing != self._wanted:
                self._bring(missing)

    def _around(self, pages: float) -> slice:
        """The window and so many pages on either side."""
        top, room = self.scroll_offset.y, max(1, self._room)
        more = int(pages * room)
        return slice(max(0, top - more), top + room + more)

    def _bring(self, missing: tuple[Key, ...]) -> None:
        if self._load is None:
            return
        self._wanted = missing
        self._asked += 1
        load, columns, asked = self._load, self._columns, self._asked

        def bring() -> None:
            self.post_message(Brought(load(missing), columns, asked))

        threads.begin(self, bring, lambda: asked == self._asked and self.is_attached)

    _asked = 0

    def on_brought(self, message: Brought) -> None:
        """Draws rows that were missing."""
        if message.asked != self._asked:
            return  # others are wanted by now
        if message.columns is not self._columns:  # made for columns that are gone
            self._wanted = ()
            self._fetch()
            return
        self.update(message.rows)
        if isinstance(self.screen, PaintingScreen):
            self.screen.release(self)
        self.call_after_refresh(self._fetch_near)

    def update(self, rows: Sequence[Row]) -> None:
        """Draws fresh versions of rows, wherever they are."""
        changed = self._rows.add(rows, self.window_keys)
        if self._widths.grow(rows):
            self._place()
        else:
            self._refresh_keys(changed)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Loads what came in sight."""
        super().watch_scroll_y(old_value, new_value)
        self._fetch()
        self.call_after_refresh(self._fetch_near)

    # places and sizes

    @property
    def _inner(self) -> Size:
        """The size without the scroll bar."""
        return self.scrollable_content_region.size

    @property
    def _head(self) -> int:
        """Lines of the header; none where only a line or two can be seen."""
        return 1 if self._has_header and self._inner.height > 2 else 0

    @property
    def _room(self) -> int:
        return max(0, self._inner.height - self._head)

    @property
    def _gutter(self) -> int:
        return MARKS if self._can_mark else MARGIN

    def _resize(self) -> None:
        size = Size(self._inner.width, len(self.keys) + self._head)
        room = self.container_size.height
        if room and not self.styles.auto_dimensions and self.show_vertical_scrollbar == (size.height > room):
            # nothing but the scroll bar looks otherwise: no reason to lay out, and paint, the whole screen
            self.set_reactive(Widget.virtual_size, size)  # pyright: ignore[reportArgumentType]
            self._scroll_update(size)
        else:
            self.virtual_size = size

    def on_resize(self, _: events.Resize) -> None:
        """Places the columns anew where the width is another one."""
        if self._inner.width != self._placed_width:
            self._place()
        self._resize()
        self._fetch()

    def _place(self) -> None:
        self._placed_width = self._inner.width
        self._placed = place(self._columns, self._widths.natural, self._placed_width - self._gutter, self._skipped)
        self._refresh_lines()

    def action_columns(self, by: int) -> None:
        """Scrolls the columns that are not always shown."""
        droppable = sum(1 for column in self._columns if column.priority > 0)
        skipped = min(max(0, self._skipped + by), max(0, droppable - 1))
        if skipped != self._skipped and (by < 0 or len(self._placed) < len(self._columns) - self._skipped):
            self._skipped = skipped
            self._place()

    def _bring_in_sight(self, position: int) -> None:
        top, room = self.scroll_offset.y, self._room
        if room > 0 and position < top:
            self.scroll_to(y=position, animate=False, force=True)
        elif room > 0 and position >= top + room:
            self.scroll_to(y=position - room + 1, animate=False, force=True)

    # drawing

    def _refresh_lines(self) -> None:
        """Draws all lines again, but not the scroll bar beside them."""
        if self._inner:
            self.refresh(self._inner.region)

    def _refresh_rows(self, positions: Iterable[int]) -> None:
        top, head, inner = self.scroll_offset.y, self._head, self._inner
        changed = bands((position - top + head for position in positions), inner.width, range(head, inner.height))
        if changed:
            self.refresh(*changed)

    def _refresh_keys(self, keys: set[Key]) -> None:
        if keys:
            top = self.scroll_offset.y
            self._refresh_rows(top + i for i, key in enumerate(self.window_keys) if key in keys)

    def _has_bar(self) -> bool:
        """Whether the scroll bar stands there: room is made for it before it does."""
        return self.show_vertical_scrollbar and self.vertical_scrollbar in self.screen._compositor.visible_widgets

    def _measure(self) -> tuple[TableLines, Style, int, int]:
        width = self._inner.width
        if width != self._placed_width:  # a scroll bar has come or gone
            self._place()
        lines, base, alike = self._lines(self._placed)
        self._drawn.take_up(alike)
        return lines, base, width, self._head

    def _lines(self, placed: tuple[Placed, ...]) -> tuple[TableLines, Style, object]:
        """What draws lines of these columns, in which style, and what all lines that are drawn so have in common."""
        width, base, app = self._inner.width, self.rich_style, self.app
        lines = TableLines(lambda tone: style_of(app, tone), width, placed, can_mark=self._can_mark)
        return lines, base, (placed, width, base, app.theme)

    def expect(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        """Draws rows that may be shown next, with these columns: they are there sooner then."""
        widths = Widths(columns, self._widths.values)
        widths.grow(rows)
        lines, base, alike = self._lines(place(columns, widths.natural, self._inner.width - self._gutter))
        self._drawn.expect(alike, [(row, lines.row(row, base, is_marked=False)) for row in rows])

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        lines, base, width, head = self._plain_lines.common
        if not self.keys:
            said = self._empty.splitlines()
            return lines.message(said[y - 1] if 0 < y <= len(said) else "", base)
        if y < head:
            return lines.header(base)
        position = self.scroll_offset.y + y - head
        if position >= len(self.keys):
            return Strip.blank(width, base)
        key = self.keys[position]
        row, style, is_marked = self._rows.get(key), self.style_of_row(position, base), self.is_marked(key)
        if row is None or style is not base or is_marked:
            return lines.row(row, style, is_marked=is_marked)
        return self._drawn.get(row) or self._drawn.keep(row, lines.row(row, base, is_marked=False))
