"""A dialog with a long list that is narrowed by words: ``/``, then type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from textual import events
from textual.app import ComposeResult
from textual.widgets import Input

from mlops_tui.ui import keymap
from mlops_tui.ui.terminal_app import TerminalApp
from mlops_tui.ui.text import CellValue, plain
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.dialog import Dialog
from mlops_tui.ui.widgets.window_table import Row, WindowTable

Answer = TypeVar("Answer")


class ListDialog(Dialog[Answer]):
    """Asks for rows of a list.

    Subclasses define ``rows`` and say in ``on_window_table_row_selected`` what enter answers.

    Args:
        title: The question.
        columns: Of the list.
        lines: A text above it.
        can_mark: Whether several rows can be chosen.
    """

    DEFAULT_CSS = """
    ListDialog WindowTable { overflow-y: scroll; }
    ListDialog #find { display: none; margin: 0; }
    ListDialog.-finding #find { display: block; }
    """
    BINDINGS = keymap.bindings("list")

    def __init__(
        self, title: str, columns: Sequence[Column], lines: Sequence[CellValue] = (), *, can_mark: bool = False
    ) -> None:
        super().__init__(title, lines)
        self._columns = tuple(columns)
        self._can_mark = can_mark

    def rows(self) -> Sequence[Row]:
        """All rows."""
        raise NotImplementedError

    def compose_answer(self) -> ComposeResult:
        """The list."""
        table = WindowTable(self._columns, can_mark=self._can_mark, has_header=False, empty="\n nothing is called so")
        table.show_vertical_scrollbar = True  # it would come a frame later
        yield table

    def on_mount(self) -> None:
        """Shows the rows."""
        self.start()

    def start(self) -> None:
        """Shows the rows as one finds them when it is opened; called again for one that is kept and opened again."""
        self._forget()
        self.table.start_over()
        self.draw()
        self.table.styles.height = min(16, max(3, len(self.table.keys)))
        self.table.focus()
        self.begin()

    def begin(self) -> None:
        """What is done once, when the rows stand there."""

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    def draw(self) -> None:
        """Shows the rows in which, or in whose names in filters, all words of the line stand."""
        rows, words = self.rows(), self._words.lower().split()
        if words:
            rows = [row for row in rows if all(word in _searched(row) for word in words)]
        self.table.show(rows, keeps_marks=True)

    _words = ""

    def on_screen_suspend(self, _: events.ScreenSuspend) -> None:
        """Hides the line when it closes and is kept; no rows are drawn for that."""
        app = self.app
        if self not in app.screen_stack and app.is_screen_installed(self) and isinstance(app, TerminalApp):
            self._words = ""
            app.after_frame(self._forget)

    async def action_find(self) -> None:
        """Begins to narrow the list."""
        if not self.query(_FindLine):
            line = _FindLine(placeholder="words to find", id="find", select_on_focus=False)
            line.cursor_blink = False
            await self.query_one("#dialog").mount(line)
        self.add_class("-finding")
        self.query_one(_FindLine).focus()

    def leave_find(self, *, forget: bool) -> None:
        """Returns to the list, with all rows again or with those found."""
        self.table.focus()
        if forget:
            self._forget()

    def _forget(self) -> None:
        self.remove_class("-finding")
        for line in self.query(_FindLine):
            line.value = ""

    def _narrow(self, words: str) -> None:
        """Narrows the list; the cursor stays on its row while that is found, and goes to the first one otherwise."""
        before, self._words = self.table.cursor_key, words
        self.draw()
        if self.table.keys and self.table.cursor_key != before:
            self.table.move_to(self.table.keys[0])

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrows the list."""
        event.stop()
        if event.value != self._words:
            self._narrow(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Returns to the rows that were found."""
        event.stop()
        self.leave_find(forget=False)


def _searched(row: Row) -> str:
    return " ".join((str(row.key), *map(plain, row.cells))).lower()


class _FindLine(Input):
    """The line; escape and the arrows lead back to the list."""

    async def _on_key(self, event: events.Key) -> None:
        dialog = self.screen
        if event.key in ("escape", "up", "down") and isinstance(dialog, ListDialog):
            event.stop()
            event.prevent_default()
            dialog.leave_find(forget=event.key == "escape")


__all__ = ["ListDialog"]
