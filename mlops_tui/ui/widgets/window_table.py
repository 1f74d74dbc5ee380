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
from textual.message import Message

from mlops_tui.ui import keymap
from mlops_tui.ui.text import plain
from mlops_tui.ui.theme import cursor_style
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.marks import Marks
from mlops_tui.ui.widgets.row_window import RowWindow
from mlops_tui.ui.widgets.rows import Key, Row, RowLoader


@dataclass(repr=False, eq=False)
class TableMessage(Message):
    """Something that a list says."""

    table: WindowTable

    @property
    def control(self) -> WindowTable:
        """The list."""
        return self.table


class WindowTable(RowWindow, can_focus=True):
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
    class RowHighlighted(TableMessage):
        """The cursor is on another row (or the first rows have come). ``key`` is None in an empty list."""

        key: Key | None

    @dataclass(repr=False, eq=False)
    class RowSelected(TableMessage):
        """Enter, or a second click, on a row."""

        key: Key

    @dataclass(repr=False, eq=False)
    class ColumnsPlaced(TableMessage):
        """Other columns are shown now; these are their keys."""

        keys: frozenset[str]

    @dataclass(repr=False, eq=False)
    class MarksChanged(TableMessage):
        """Rows were marked or unmarked."""

        marks: frozenset[Key]

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
        super().__init__(
            columns, load=load, can_mark=can_mark, has_header=has_header, empty=empty, id=id, classes=classes
        )
        self._cursor = 0
        self._marks = Marks()
        #: Whether somebody has moved the cursor. Until then it stays on the first row, whichever that is.
        self.is_moved = False
        self._is_whole = True
        self._seeks_end = False

    # what is shown

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

    def show(self, rows: Sequence[Row], *, keeps_marks: bool = False) -> None:
        """Shows a list that is in memory as a whole; ``keeps_marks`` where rows that are marked may come back."""
        self._take([row.key for row in rows], rows, is_all=True, keeps_marks=keeps_marks)

    def show_window(self, keys: Sequence[Key], rows: Iterable[Row] = (), *, is_whole: bool = True) -> None:
        """Shows a long list of which only some rows are loaded.

        Args:
            keys: Of all rows, in order; an ``array`` will do.
            rows: Those that are loaded already (the first window, or fresh versions of what is in sight);
                the rest comes from ``load`` when needed.
            is_whole: Whether there are no more. Where more are to come, marks of rows that are not there yet stay, and
                a cursor that was sent to the end goes on to the end.
        """
        self._is_whole = is_whole
        self._take(keys, tuple(rows), is_all=False, keeps_marks=not is_whole)
        if self._seeks_end:
            self.action_bottom()
        self._fetch()

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

    def start_over(self) -> None:
        """Puts the cursor on the first row, whichever that will be, because another list is going to be shown."""
        was_elsewhere = self._cursor > 0
        self._cursor, self.is_moved, self._seeks_end = 0, False, False
        self.scroll_to(y=0, animate=False, force=True)
        if was_elsewhere:
            self._tell(lambda: self.RowHighlighted(self, self.cursor_key))

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

    def _take(self, keys: Sequence[Key], rows: Sequence[Row], *, is_all: bool, keeps_marks: bool) -> None:
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
                self._bring_in_sight(self._cursor)
            if not keeps_marks:
                self.set_marks(self.marks.intersection(keys) if self.marks else ())
        fresh = rows if len(changed) == len(rows) else [row for row in rows if row.key in changed]
        if self._widths.grow(fresh) or self._placed_width < 0:
            self._place()
        elif is_other:
            self._refresh_lines()
        else:
            self._refresh_keys(changed)
        if was_empty or self.cursor_key != key:
            self._tell(lambda: self.RowHighlighted(self, self.cursor_key))

    def _resize(self) -> None:
        # where more rows are to come the scroll bar stays as it was meanwhile, rather than going there and back
        if self._is_whole or not self._room < len(self.keys) < self.virtual_size.height:
            super()._resize()

    def _place(self) -> None:
        before = {placed.column.key for placed in self._placed}
        super()._place()
        now = frozenset(placed.column.key for placed in self._placed)
        if now - before:
            self._tell(lambda: self.ColumnsPlaced(self, now))

    def _tell(self, make: Callable[[], Message]) -> None:
        # Made in another widget's handler, a message would have that one (often the parent) as its sender, and not
        # bubble past it.
        self.call_later(lambda: self.post_message(make()))

    def on_resize(self, _: events.Resize) -> None:
        """Keeps the cursor in sight."""
        self.call_later(self._bring_in_sight, self._cursor)

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
        self._seeks_end = not self._is_whole

    def _move(self, position: int) -> None:
        self._seeks_end = False
        position = min(max(0, position), max(0, len(self.keys) - 1))
        if position == self._cursor:
            return
        before, self._cursor = self._cursor, position
        self.is_moved = True
        self._refresh_rows((before, position))
        self._reach()
        self._bring_in_sight(self._cursor)
        self._tell(lambda: self.RowHighlighted(self, self.cursor_key))

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
        self._refresh_rows((self._cursor,))
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
        inside = event.get_content_offset(self)
        position = self._position_at(inside.y) if inside is not None else -1
        if not 0 <= position < len(self.keys):
            return
        event.stop()
        self._move(position)
        if event.chain == 2:
            self.action_open()

    def _position_at(self, y: int) -> int:
        """The position of the row on a line of the window; -1 on the header."""
        return y - self._head + self.scroll_offset.y if y >= self._head else -1

    # drawing

    def watch_has_focus(self, has_focus: bool) -> None:
        """Draws the cursor bright or dim."""
        super().watch_has_focus(has_focus)
        self._refresh_rows((self._cursor,))

    def is_marked(self, key: Key) -> bool:
        """Whether a row is marked."""
        return key in self.marks

    def style_of_row(self, position: int, base: Style) -> Style:
        """The cursor's line stands out: bright with the focus, dim without."""
        if position != self._cursor:
            return base
        return base + cursor_style(self.app, has_focus=self.has_focus)


__all__ = ["Key", "Row", "RowLoader", "WindowTable"]
