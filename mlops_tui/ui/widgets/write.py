"""A dialog to write a text of many lines in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import TextArea

from mlops_tui.ui import keymap
from mlops_tui.ui.text import CellValue
from mlops_tui.ui.widgets.dialog import Dialog


class Write(Dialog[str]):
    """Asks for a text. The answer is what stands there when it is saved.

    Args:
        title: What is written.
        value: The text to begin with.
        lines: What is wanted.
    """

    DEFAULT_CSS = """
    Write > #dialog { width: 100; }
    Write TextArea {
        height: 14; max-height: 1fr; border: none; padding: 0 1; margin: 1 0 0 0; background: $panel;
        scrollbar-size-vertical: 1;
    }
    Write TextArea:focus { border: none; background-tint: $panel 0%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings("write")

    def __init__(self, title: str, value: str = "", *, lines: Sequence[CellValue] = ()) -> None:
        super().__init__(title, lines)
        self._value = value

    def compose_answer(self) -> ComposeResult:
        """The text."""
        yield TextArea(self._value, soft_wrap=True, show_line_numbers=False, tab_behavior="focus")

    def on_mount(self) -> None:
        """Takes the focus, at the end of the text."""
        area = self.query_one(TextArea)
        area.cursor_blink = False
        area.focus()
        area.move_cursor(area.document.end)
        self.foot("ctrl+s save   esc cancel")

    def action_save(self) -> None:
        """Answers with the text."""
        self.dismiss(self.query_one(TextArea).text)


__all__ = ["Write"]
