"""A list of any length that draws only what is in sight.

The table holds the keys of all rows and the cells of those near the window; ``load`` (in a thread) brings the rest.
The cursor and the marks belong to keys, not to positions, so that live changes never move them to another row.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.worker import get_current_worker

from mlops_tui.ui import keymap
from mlops_tui.ui.text import CellValue, cut, fit, pieces, plain
from mlops_tui.ui.theme import sign, style_of
from mlops_tui.ui.widgets.columns import Column, Placed, place

Key: TypeAlias = Hashable

#: Rows kept beyond the window; the rest is loaded when it comes in sight.
KEPT_ROWS = 2000


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a list: a key that stays the same while the row changes, and one value a column."""

    key: Key
    cells: tuple[CellValue, ...]


RowLoader: TypeAlias = "Callable[[Sequence[Key]], Sequence[Row]]"


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

    @dataclass
    class RowHighlighted(Message):
        """The cursor is on another row (or the first rows have come). ``key`` is None in an empty list."""

        table: WindowTable
        key: Key | None

        @property
        def control(self) -> WindowTable:
            """The table."""
            return self.table

    @dataclass
    class RowSelected(Message):
        """Enter, or a second click, on a row."""

        table: WindowTable
        key: Key

        @property
        def control(self) -> WindowTable:
            """The table."""
            return self.table

    @dataclass
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
        self._keys: Sequence[Key] = ()
        self._rows: dict[Key, Row] = {}
        self._natural = [cell_len(column.label) for column in self._columns]
        self._placed: tuple[Placed, ...] = ()
        self._placed_width = -1
        self._skipped = 0
        self._cursor = 0
        self._is_moved = False
        self._anchor: int | None = None
        self._marks: set[Key] = set()
        self._before_range: frozenset[Key] = frozenset()
        self._wanted: tuple[Key, ...] = ()

    # what is shown

    @property
    def keys(self) -> Sequence[Key]:
        """The keys of all rows, in order."""
        return self._keys

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self._keys)

    @property
    def cursor(self) -> int:
        """Position of the cursor; 0 in an empty list."""
        return self._cursor

    @property
    def cursor_key(self) -> Key | None:
        """Key of the row under the cursor, None in an empty list."""
        return self._keys[self._cursor] if self._keys else None

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor, None where it is not loaded yet."""
        return self._rows.get(self.cursor_key)

    @property
    def marks(self) -> frozenset[Key]:
        """Keys of the marked rows."""
        return frozenset(self._marks)

    @property
    def selection(self) -> tuple[Key, ...]:
        """What an act applies to: the marked rows in their order, or else the row under the cursor."""
        if self._marks:
            return tuple(key for key in self._keys if key in self._marks)
        return (self._keys[self._cursor],) if self._keys else ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, shown or not."""
        return self._columns

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Replaces the columns; the rows must be shown anew."""
        self._columns = tuple(columns)
        self._natural = [cell_len(column.label) for column in self._columns]
        self._rows.clear()
        self._skipped = 0
        self._place()
        self.refresh()

    def show(self, rows: Sequence[Row]) -> None:
        """Shows a list that is in memory as a whole."""
        self._take([row.key for row in rows], rows, forget=True)

    def show_window(self, keys: Sequence[Key], rows: Iterable[Row] = ()) -> None:
        """Shows a long list of which only some rows are loaded.

        Args:
            keys: Of all rows, in order; an ``array`` will do.
            rows: Those that are loaded already (the first window, or fresh versions of what is in sight);
                the rest comes from ``load`` when needed.
        """
        self._take(keys, rows, forget=False)
        self._fetch()

    @property
    def window_keys(self) -> Sequence[Key]:
        """The keys in sight: what to load again when the store has changed."""
        top = self.scroll_offset.y
        return self._keys[top : top + max(1, self._room)]

    def move_to(self, key: Key) -> bool:
        """Puts the cursor on a row; False when no row has that key."""
        try:
            position = self._keys.index(key)
        except ValueError:
            return False
        self._move(position)
        return True

    @property
    def is_moved(self) -> bool:
        """Whether somebody has moved the cursor."""
        return self._is_moved

    def point_at(self, key: Key) -> None:
        """Puts the cursor on a row as if nobody had moved it yet."""
        was_moved = self._is_moved
        self.move_to(key)
        self._is_moved = was_moved

    def set_marks(self, keys: Iterable[Key]) -> None:
        """Marks exactly the rows of these keys."""
        wanted = set(keys)
        if wanted != self._marks:
            self._marks = wanted
            self.refresh()
            self.post_message(self.MarksChanged(self, self.marks))

    def end_range(self) -> bool:
        """Ends marking a range; False when none was begun."""
        if self._anchor is None:
            return False
        self._anchor = None
        self.refresh_bindings()
        return True

    # taking rows

    def _take(self, keys: Sequence[Key], rows: Iterable[Row], *, forget: bool) -> None:
        before, key, top = self._cursor, self.cursor_key, self.scroll_offset.y
        was_empty = not self._keys
        changed = {row.key for row in rows if self._rows.get(row.key) != row}
        loaded = {row.key: row for row in rows}
        same_order = len(keys) == len(self._keys) and keys == self._keys
        self._keys = keys
        if forget:
            self._rows = loaded
        else:
            self._rows.update(loaded)
        moved = False
        if not same_order:
            self._cursor = self._position_of(key, before)
            moved = self.cursor_key != key
            self._resize()
            if not was_empty and self._cursor != before and self.is_mounted:
                # The row under the cursor stays on its line of the screen; but at the top new rows are let in.
                self.scroll_to(y=max(0, top + self._cursor - before) if top else 0, animate=False, force=True)
                self._show_cursor()
        if self._measure(loaded.values()) or not same_order:
            self._place()
            self.refresh()
        else:
            self._refresh_keys(changed)
        if self._marks and not same_order:
            self._marks.intersection_update(keys)
        if was_empty or moved:
            # made here, the message would have the caller (often the parent) as its sender, and not bubble past it
            self.call_later(lambda: self.post_message(self.RowHighlighted(self, self.cursor_key)))

    def _position_of(self, key: Key | None, otherwise: int) -> int:
        if not self._keys or (otherwise == 0 and not self._is_moved):
            return 0  # nobody has chosen a row yet: the first one, whichever it is
        if key is not None:
            if otherwise < len(self._keys) and self._keys[otherwise] == key:
                return otherwise
            try:
                return self._keys.index(key)
            except ValueError:
                pass
        return min(otherwise, len(self._keys) - 1)

    def _measure(self, rows: Iterable[Row]) -> bool:
        """Widens what columns want; True when a width changed. They never shrink, so that nothing jumps."""
        grown = False
        for row in rows:
            for i, value in enumerate(row.cells):
                if self._natural[i] >= self._columns[i].max_width:
                    continue
                length = sum(cell_len(piece.text) for piece in pieces(value))
                if length > self._natural[i]:
                    self._natural[i] = length
                    grown = True
        return grown

    def _fetch(self) -> None:
        """Loads the rows in sight that are missing, and a page on either side."""
        if self._load is None or not self._keys:
            return
        top, room = self.scroll_offset.y, max(1, self._room)
        near = self._keys[max(0, top - room) : top + 2 * room]
        missing = tuple(key for key in near if key not in self._rows)
        if not any(key not in self._rows for key in self._keys[top : top + room]) or missing == self._wanted:
            return
        self._wanted = missing
        load, columns = self._load, self._columns
        self.run_worker(
            lambda: self._loaded(load, missing, columns), thread=True, exclusive=True, group="rows", exit_on_error=True
        )

    def _loaded(self, load: RowLoader, keys: Sequence[Key], columns: tuple[Column, ...]) -> None:
        rows = load(keys)
        if not get_current_worker().is_cancelled:
            self.app.call_later(self._insert, rows, columns)

    def _insert(self, rows: Sequence[Row], columns: tuple[Column, ...]) -> None:
        self._wanted = ()
        if columns is not self._columns:  # made for columns that are gone
            self._fetch()
            return
        if len(self._rows) > KEPT_ROWS:
            kept = set(self.window_keys)
            self._rows = {key: row for key, row in self._rows.items() if key in kept}
        self._rows.update({row.key: row for row in rows})
        if self._measure(rows):
            self._place()
        self.refresh()
        self._fetch()

    # places and sizes

    @property
    def _head(self) -> int:
        """Lines of the header; none where only a line or two can be seen."""
        return 1 if self._has_header and self._inner.height > 2 else 0

    @property
    def _inner(self) -> Size:
        """The size without the scroll bar."""
        return self.scrollable_content_region.size

    @property
    def _room(self) -> int:
        return max(0, self._inner.height - self._head)

    def _resize(self) -> None:
        self.virtual_size = Size(self._inner.width, len(self._keys) + self._head)

    def on_resize(self, _: events.Resize) -> None:
        """Places the columns anew."""
        self._place()
        self._resize()
        self._show_cursor()
        self._fetch()

    def _place(self) -> None:
        gutter = 2 if self._can_mark else 1
        self._placed_width = self._inner.width
        self._placed = place(self._columns, self._natural, self._placed_width - gutter, self._skipped)

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
        self._move(len(self._keys) - 1)

    def action_columns(self, by: int) -> None:
        """Scrolls the columns that are not always shown."""
        droppable = sum(1 for column in self._columns if column.priority > 0)
        skipped = min(max(0, self._skipped + by), max(0, droppable - 1))
        if skipped != self._skipped and (by < 0 or len(self._placed) < len(self._columns) - self._skipped):
            self._skipped = skipped
            self._place()
            self.refresh()

    def _move(self, position: int) -> None:
        position = min(max(0, position), max(0, len(self._keys) - 1))
        if position == self._cursor:
            return
        before, self._cursor = self._cursor, position
        self._is_moved = True
        self._refresh_row(before)
        self._refresh_row(position)
        if self._anchor is not None:
            self._mark_range()
        self._show_cursor()
        self.post_message(self.RowHighlighted(self, self.cursor_key))

    def _show_cursor(self) -> None:
        top, room = self.scroll_offset.y, self._room
        if room <= 0:
            return
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, force=True)
        elif self._cursor >= top + room:
            self.scroll_to(y=self._cursor - room + 1, animate=False, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Loads what came in sight."""
        super().watch_scroll_y(old_value, new_value)
        self._fetch()

    # acts on rows

    def action_open(self) -> None:
        """Opens the row under the cursor."""
        if self._keys:
            self.post_message(self.RowSelected(self, self._keys[self._cursor]))

    def action_mark(self) -> None:
        """Marks or unmarks the row under the cursor and moves down."""
        if not self._can_mark or not self._keys:
            return
        if self.end_range():
            return
        self._marks ^= {self._keys[self._cursor]}
        self._refresh_row(self._cursor)
        self.post_message(self.MarksChanged(self, self.marks))
        self._move(self._cursor + 1)

    def action_range(self) -> None:
        """Begins or ends marking the rows that the cursor passes."""
        if not self._can_mark or not self._keys or self.end_range():
            return
        self._anchor = self._cursor
        self._before_range = frozenset(self._marks)
        self._mark_range()

    def action_unmark(self) -> None:
        """Removes all marks."""
        self.end_range()
        self.set_marks(())

    def _mark_range(self) -> None:
        if self._anchor is None:
            return
        low, high = sorted((self._anchor, self._cursor))
        self.set_marks({*self._before_range, *self._keys[low : high + 1]})

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Marking is offered only where rows can be marked."""
        if action in ("mark", "range", "unmark"):
            return self._can_mark
        return True

    # mouse

    def on_click(self, event: events.Click) -> None:
        """Moves the cursor; a second click opens."""
        position = event.y - self._head + self.scroll_offset.y
        if event.y < self._head or not 0 <= position < len(self._keys):
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
        width = self._inner.width
        base = self.rich_style
        if width != self._placed_width:  # a scroll bar has come or gone
            self._place()
        if not self._keys:
            return self._empty_line(y, width, base)
        if y < self._head:
            return self._header_line(width, base)
        position = self.scroll_offset.y + y - self._head
        if position >= len(self._keys):
            return Strip.blank(width, base)
        return self._row_line(position, width, base)

    def _empty_line(self, y: int, width: int, base: Style) -> Strip:
        lines = self._empty.splitlines()
        text = lines[y - 1] if 0 < y <= len(lines) else ""
        dim = base + style_of(self.app, "dim")
        return Strip([Segment(fit(" " + cut(text, width - 2), width), dim)], width)

    def _header_line(self, width: int, base: Style) -> Strip:
        style = base + style_of(self.app, "dim")
        gutter = 2 if self._can_mark else 1
        segments = [Segment(" " * gutter, style)]
        x = 0
        for placed in self._placed:
            segments.append(Segment(" " * (placed.x - x), style))
            segments.append(Segment(fit(placed.column.label, placed.width, right=placed.column.right), style))
            x = placed.x + placed.width
        segments.append(Segment(" " * max(0, width - gutter - x), style))
        return Strip(segments, width)

    def _row_line(self, position: int, width: int, base: Style) -> Strip:
        key = self._keys[position]
        row = self._rows.get(key)
        if position == self._cursor:
            base = self._cursor_style(base)
        segments = [self._gutter(key, position, base)]
        x = 0
        for placed in self._placed:
            if placed.x > x:
                segments.append(Segment(" " * (placed.x - x), base))
            x = placed.x + placed.width
            if row is None:
                segments.append(Segment(fit("…" if placed.x == 0 else "", placed.width), base))
            else:
                segments.extend(self._cell(row.cells[placed.index], placed, base))
        gutter = 2 if self._can_mark else 1
        segments.append(Segment(" " * max(0, width - gutter - x), base))
        return Strip(segments, width)

    def _gutter(self, key: Key, position: int, base: Style) -> Segment:
        if not self._can_mark:
            return Segment(" ", base)
        if key in self._marks:
            return Segment(sign("mark") + " ", self._tone("mark", base))
        return Segment("  ", base)

    def _cursor_style(self, base: Style) -> Style:
        variables = self.app.theme_variables
        colour = variables.get("cursor" if self.has_focus else "cursor-blurred", "#333333")
        if self._is_poor:
            return base + (Style(reverse=True) if self.has_focus else Style(bold=True))
        return base + Style(bgcolor=colour, bold=self.has_focus or None)

    @property
    def _is_poor(self) -> bool:
        """Whether backgrounds cannot be relied on."""
        return bool(getattr(self.app, "is_colour_poor", False))

    def _tone(self, tone: str, base: Style) -> Style:
        """A tone on the line's style; a reversed line has one colour only."""
        return base + style_of(self.app, tone) if tone and not base.reverse else base

    def _cell(self, value: CellValue, placed: Placed, base: Style) -> list[Segment]:
        parts = pieces(value)
        if len(parts) == 1:
            text = fit(parts[0].text, placed.width, right=placed.column.right)
            return [Segment(text, self._tone(parts[0].tone, base))]
        segments, left = [], placed.width
        if placed.column.right:
            total = sum(cell_len(part.text) for part in parts)
            if total < left:
                segments.append(Segment(" " * (left - total), base))
                left = total
        for part in parts:
            if left <= 0:
                break
            text = cut(part.text, left)
            left -= cell_len(text)
            segments.append(Segment(text, self._tone(part.tone, base)))
        if left > 0:
            segments.append(Segment(" " * left, base))
        return segments

    def copy_text(self) -> tuple[str, str]:
        """What ``y`` copies here: the key of the row under the cursor, and what to call it."""
        key = self.cursor_key
        row = self.cursor_row
        name = plain(row.cells[0]) if row and row.cells else ""
        return (str(key), name) if key is not None else ("", "")
