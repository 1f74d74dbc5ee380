"""A list of any length that draws only what is in sight.

The table holds the keys of all rows and the cells of those near the window; ``load`` (in a thread) brings the rest.
The cursor and the marks belong to keys, not to positions, so that live changes never move them to another row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.worker import get_current_worker

from mlops_tui.ui import keymap
from mlops_tui.ui.text import plain
from mlops_tui.ui.theme import style_of
from mlops_tui.ui.widgets.columns import Column, Placed, place
from mlops_tui.ui.widgets.marks import Marks
from mlops_tui.ui.widgets.rows import Key, Row, RowLoader, Rows, Widths
from mlops_tui.ui.widgets.table_lines import MARGIN, MARKS, TableLines


class WindowTable(ScrollView, can_focus=True):
    """A list with a header, a cursor and marks.

    Args:
        columns: From left to right; ``Row.cells`` has one value for each.
        load: Brings rows by key, in a thread; needed only with ``show_window``.
        can_mark: Whether rows can be marked with space and v.
        has_header: Whether the labels stand above the rows.
        empty: What to say when there is no row.
    """

    DEFAULT_CSS = """
    WindowTable {
        height: 1fr; width: 1fr; background: $background; color: $foreground;
        overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;
    }
    """
    BINDINGS = keymap.bindings("table")
    ALLOW_MAXIMIZE: ClassVar[bool] = False

    @dataclass(repr=False, eq=False)
    class RowHighlighted(Message):
        """The cursor is on another row (or the first rows have come). ``key`` is None in an empty list."""

        table: WindowTable
        key: Key | None

        @property
        def control(self) -> WindowTable:
            """The table."""
            return self.table

    @dataclass(repr=False, eq=False)
    class RowSelected(Message):
        """Enter, or a second click, on a row."""

        table: WindowTable
        key: Key

        @property
        def control(self) -> WindowTable:
            """The table."""
            return self.table

    @dataclass(repr=False, eq=False)
    class MarksChanged(Message):
        """Rows were marked or unmarked."""

        table: WindowTable
        marks: frozenset[Key]

        @property
        def control(self) -> WindowTable:
            """The table."""
            return self.table

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
        self._cursor = 0
        self._marks = Marks()
        self._wanted: tuple[Key, ...] = ()
        #: Whether somebody has moved the cursor. Until then it stays on the first row, whichever that is.
        self.is_moved = False

    # what is shown

    @property
    def keys(self) -> Sequence[Key]:
        """The keys of all rows, in order."""
        return self._rows.keys

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self.keys)

    @property
    def cursor(self) -> int:
        """Position of the cursor; 0 in an empty list."""
        return self._cursor

    @property
    def cursor_key(self) -> Key | None:
        """Key of the row under the cursor, None in an empty list."""
        return self.keys[self._cursor] if self.keys else None

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor, None where it is not loaded yet."""
        return self._rows.get(self.cursor_key)

    @property
    def marks(self) -> frozenset[Key]:
        """Keys of the marked rows."""
        return self._marks.keys

    @property
    def selection(self) -> tuple[Key, ...]:
        """What an act applies to: the marked rows in their order, or else the row under the cursor."""
        if self.marks:
            return tuple(key for key in self.keys if key in self.marks)
        return (self.keys[self._cursor],) if self.keys else ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, shown or not."""
        return self._columns

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Replaces the columns; the rows must be shown anew."""
        self._columns = tuple(columns)
        self._widths = Widths(self._columns)
        self._rows.forget()
        self._skipped = 0
        self._place()

    def show(self, rows: Sequence[Row]) -> None:
        """Shows a list that is in memory as a whole."""
        self._take([row.key for row in rows], rows, is_all=True)

    def show_window(self, keys: Sequence[Key], rows: Iterable[Row] = ()) -> None:
        """Shows a long list of which only some rows are loaded.

        Args:
            keys: Of all rows, in order; an ``array`` will do.
            rows: Those that are loaded already (the first window, or fresh versions of what is in sight);
                the rest comes from ``load`` when needed.
        """
        self._take(keys, tuple(rows), is_all=False)
        self._fetch()

    @property
    def window_keys(self) -> Sequence[Key]:
        """The keys in sight: what to load again when the store has changed."""
        top = self.scroll_offset.y
        return self.keys[top : top + max(1, self._room)]

    def move_to(self, key: Key) -> bool:
        """Puts the cursor on a row; False when no row has that key."""
        position = self._rows.position(key, self._cursor)
        if not self.keys or self.keys[position] != key:
            return False
        self._move(position)
        return True

    def point_at(self, key: Key) -> None:
        """Puts the cursor on a row as if nobody had moved it yet."""
        was_moved = self.is_moved
        self.move_to(key)
        self.is_moved = was_moved

    def set_marks(self, keys: Iterable[Key]) -> None:
        """Marks exactly the rows of these keys."""
        if self._marks.replace(keys):
            self.refresh()
            self._tell(lambda: self.MarksChanged(self, self.marks))

    def end_range(self) -> bool:
        """Ends marking a range; False when none was begun."""
        if not self._marks.is_ranging:
            return False
        self._marks.end()
        self.refresh_bindings()
        return True

    def copy_text(self) -> tuple[str, str]:
        """What ``y`` copies here: the key of the row under the cursor, and what to call it."""
        key, row = self.cursor_key, self.cursor_row
        name = plain(row.cells[0]) if row and row.cells else ""
        return (str(key), name) if key is not None else ("", "")

    # taking rows

    def _take(self, keys: Sequence[Key], rows: Sequence[Row], *, is_all: bool) -> None:
        before, key, top = self._cursor, self.cursor_key, self.scroll_offset.y
        was_empty = not self.keys
        is_other, changed = self._rows.replace(keys, rows, is_all=is_all)
        if is_other:
            # nobody has chosen a row yet: the first one, whichever it is
            self._cursor = self._rows.position(key, before) if before or self.is_moved else 0
            self._resize()
            if not was_empty and self._cursor != before and self.is_mounted:
                # The row under the cursor stays on its line of the screen; but at the top new rows are let in.
                self.scroll_to(y=max(0, top + self._cursor - before) if top else 0, animate=False, force=True)
                self._show_cursor()
            self.set_marks(self.marks.intersection(keys) if self.marks else ())
        if self._widths.grow(rows) or is_other:
            self._place()
        else:
            self._refresh_keys(changed)
        if was_empty or self.cursor_key != key:
            self._tell(lambda: self.RowHighlighted(self, self.cursor_key))

    def _tell(self, make: Callable[[], Message]) -> None:
        # Made in another widget's handler, a message would have that one (often the parent) as its sender, and not
        # bubble past it.
        self.call_later(lambda: self.post_message(make()))

    def _fetch(self) -> None:
        """Loads the rows in sight that are missing, and a page on either side."""
        if self._load is None or not self.keys:
            return
        top, room = self.scroll_offset.y, max(1, self._room)
        missing = self._rows.missing(slice(top, top + room), slice(max(0, top - room), top + 2 * room))
        if not missing or missing == self._wanted:
            return
        self._wanted = missing
        load, columns = self._load, self._columns

        def bring() -> None:
            rows = load(missing)
            if not get_current_worker().is_cancelled:
                self.app.call_later(self._insert, rows, columns)

        self.run_worker(bring, thread=True, exclusive=True, group="rows")

    def _insert(self, rows: Sequence[Row], columns: tuple[Column, ...]) -> None:
        if columns is not self._columns:  # made for columns that are gone
            self._wanted = ()
            self._fetch()
            return
        changed = self._rows.add(rows, self.window_keys)
        if self._widths.grow(rows):
            self._place()
        else:
            self._refresh_keys(changed)

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

    def _resize(self) -> None:
        self.virtual_size = Size(self._inner.width, len(self.keys) + self._head)

    def on_resize(self, _: events.Resize) -> None:
        """Places the columns anew."""
        self._place()
        self._resize()
        self._show_cursor()
        self._fetch()

    def _place(self) -> None:
        self._placed_width = self._inner.width
        gutter = MARKS if self._can_mark else MARGIN
        self._placed = place(self._columns, self._widths.natural, self._placed_width - gutter, self._skipped)
        self.refresh()

    # moving

    def action_move(self, by: int) -> None:
        """Moves the cursor by rows."""
        self._move(self._cursor + by)

    def action_page(self, pages: float) -> None:
        """Moves the cursor by pages."""
        self._move(self._cursor + int(pages * max(2, self._room)))

    def action_top(self) -> None:
        """Moves the cursor to the first row."""
        self._move(0)

    def action_bottom(self) -> None:
        """Moves the cursor to the last row."""
        self._move(len(self.keys) - 1)

    def action_columns(self, by: int) -> None:
        """Scrolls the columns that are not always shown."""
        droppable = sum(1 for column in self._columns if column.priority > 0)
        skipped = min(max(0, self._skipped + by), max(0, droppable - 1))
        if skipped != self._skipped and (by < 0 or len(self._placed) < len(self._columns) - self._skipped):
            self._skipped = skipped
            self._place()

    def _move(self, position: int) -> None:
        position = min(max(0, position), max(0, len(self.keys) - 1))
        if position == self._cursor:
            return
        before, self._cursor = self._cursor, position
        self.is_moved = True
        self._refresh_row(before)
        self._refresh_row(position)
        self._reach()
        self._show_cursor()
        self._tell(lambda: self.RowHighlighted(self, self.cursor_key))

    def _show_cursor(self) -> None:
        top, room = self.scroll_offset.y, self._room
        if room > 0 and self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, force=True)
        elif room > 0 and self._cursor >= top + room:
            self.scroll_to(y=self._cursor - room + 1, animate=False, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Loads what came in sight."""
        super().watch_scroll_y(old_value, new_value)
        self._fetch()

    # acts on rows

    def action_open(self) -> None:
        """Opens the row under the cursor."""
        if self.keys:
            self.post_message(self.RowSelected(self, self.keys[self._cursor]))

    def action_mark(self) -> None:
        """Marks or unmarks the row under the cursor and moves down; ends a range that is being marked."""
        if not self.keys or self.end_range():
            return
        self._marks.toggle(self.keys[self._cursor])
        self._refresh_row(self._cursor)
        self._tell(lambda: self.MarksChanged(self, self.marks))
        self._move(self._cursor + 1)

    def action_range(self) -> None:
        """Begins or ends marking the rows that the cursor passes."""
        if self.keys and not self.end_range():
            self._marks.begin(self._cursor)
            self._reach()

    def action_unmark(self) -> None:
        """Removes all marks."""
        self.end_range()
        self.set_marks(())

    def _reach(self) -> None:
        """Marks the range up to the cursor."""
        if self._marks.reach(self.keys, self._cursor):
            self.refresh()
            self._tell(lambda: self.MarksChanged(self, self.marks))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Marking is offered only where rows can be marked."""
        return self._can_mark if action in ("mark", "range", "unmark") else True

    def on_click(self, event: events.Click) -> None:
        """Moves the cursor; a second click opens."""
        position = event.y - self._head + self.scroll_offset.y
        if event.y < self._head or not 0 <= position < len(self.keys):
            return
        event.stop()
        self._move(position)
        if event.chain == 2:
            self.action_open()

    # drawing

    def watch_has_focus(self, has_focus: bool) -> None:
        """Draws the cursor bright or dim."""
        super().watch_has_focus(has_focus)
        self._refresh_row(self._cursor)

    def _refresh_row(self, position: int) -> None:
        y = position - self.scroll_offset.y
        if 0 <= y < self._room:
            self.refresh(Region(0, y + self._head, self._inner.width, 1))

    def _refresh_keys(self, keys: set[Key]) -> None:
        if keys:
            for i, key in enumerate(self.window_keys):
                if key in keys:
                    self._refresh_row(self.scroll_offset.y + i)

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        width, base = self._inner.width, self.rich_style
        if width != self._placed_width:  # a scroll bar has come or gone
            self._place()
        app = self.app
        lines = TableLines(lambda tone: style_of(app, tone), width, self._placed, can_mark=self._can_mark)
        if not self.keys:
            said = self._empty.splitlines()
            return lines.message(said[y - 1] if 0 < y <= len(said) else "", base)
        if y < self._head:
            return lines.header(base)
        position = self.scroll_offset.y + y - self._head
        if position >= len(self.keys):
            return Strip.blank(width, base)
        key = self.keys[position]
        style = self._cursor_style(base) if position == self._cursor else base
        return lines.row(self._rows.get(key), style, is_marked=key in self.marks)

    def _cursor_style(self, base: Style) -> Style:
        if getattr(self.app, "is_colour_poor", False):
            return base + (Style(reverse=True) if self.has_focus else Style(bold=True))
        name = "cursor" if self.has_focus else "cursor-blurred"
        return base + Style(bgcolor=self.app.theme_variables.get(name, "#333333"), bold=self.has_focus or None)


__all__ = ["Key", "Row", "RowLoader", "WindowTable"]
