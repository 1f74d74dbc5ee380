"""Dialogs: a yes or no with its consequences, a choice from a list, a line of text. Text only, never markup."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from textual.app import ComposeResult
from textual.geometry import Size
from textual.reactive import Reactive
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from mlops_tui.ui import keymap
from mlops_tui.ui.painting import PaintingScreen
from mlops_tui.ui.text import Cell, CellValue, clean
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.text_view import TextView
from mlops_tui.ui.widgets.window_table import Row, WindowTable

Answer = TypeVar("Answer")


class _Box(Widget):
    """The frame; as high as what is in it, which Textual would lay out again to see that."""

    virtual_size = Reactive(Size(0, 0))


class Dialog(PaintingScreen[Answer], ModalScreen[Answer]):
    """A framed box in the middle of the screen. Dismissed with None when cancelled.

    Args:
        title: Stands in the frame.
        lines: What is asked, and what will happen.
    """

    DEFAULT_CSS = """
    Dialog { align: center middle; background: transparent; }
    Dialog > #dialog {
        width: 72; max-width: 90%; height: auto; max-height: 90%; border: round $line-focus; background: $surface;
        border-title-color: $accent; border-title-style: bold; border-subtitle-color: $foreground 60%; padding: 0 1;
    }
    Dialog TextView { height: auto; max-height: 1fr; background: $surface; }
    Dialog WindowTable { height: auto; max-height: 16; background: $surface; margin: 1 0 0 0; }
    Dialog Input { height: 1; border: none; padding: 0 1; background: $panel; margin: 1 0 0 0; }
    Dialog Input:focus { border: none; background-tint: $panel 0%; }
    """
    BINDINGS = keymap.bindings("dialog")

    def __init__(self, title: str, lines: Sequence[CellValue] = ()) -> None:
        super().__init__()
        self._heading = title
        self._lines = tuple(lines)

    def compose(self) -> ComposeResult:
        """The frame, the lines, and what the kind of dialog needs."""
        from textual.content import Content

        with _Box(id="dialog") as box:
            box.border_title = Content(clean(self._heading, 100))
            if self._lines:
                yield TextView(self._lines, wrap=True, can_focus=False)
            yield from self.compose_answer()

    def compose_answer(self) -> ComposeResult:
        """What is answered with."""
        yield from ()

    def foot(self, text: str) -> None:
        """Shows the keys in the lower frame."""
        from textual.content import Content

        self.query_one("#dialog").border_subtitle = Content(text)

    def action_cancel(self) -> None:
        """Closes without an answer."""
        self.dismiss(None)


class Tell(Dialog[None]):
    """Shows lines, as wide as the screen allows; they scroll where there are many.

    Args:
        title: What they are about.
        lines: The lines.
    """

    DEFAULT_CSS = """
    Tell > #dialog { width: 110; }
    """

    def __init__(self, title: str, lines: Sequence[CellValue]) -> None:
        super().__init__(title)
        self._told = tuple(lines)

    def compose_answer(self) -> ComposeResult:
        """The lines."""
        yield TextView(self._told, wrap=True)

    def on_mount(self) -> None:
        """Takes the focus, so that keys scroll."""
        self.query_one(TextView).focus()
        self.foot("esc close")


class Confirm(Dialog[bool]):
    """Asks for a yes: ``y`` or enter. Anything else cancels.

    Args:
        title: The question.
        lines: What will change.
        yes: What the yes means, one or two words.
    """

    BINDINGS = keymap.bindings("confirm")

    def __init__(self, title: str, lines: Sequence[CellValue] = (), *, yes: str = "yes") -> None:
        super().__init__(title, lines)
        self._yes = yes

    def on_mount(self) -> None:
        """Names the keys."""
        self.foot(f"enter {self._yes}   esc cancel")

    def action_confirm(self) -> None:
        """Answers yes."""
        self.dismiss(True)


@dataclass(frozen=True, slots=True)
class Option:
    """One of the things to choose from."""

    key: str
    label: CellValue
    note: CellValue = ""


class Choose(Dialog[str]):
    """Asks for one of several options; the answer is its key.

    Args:
        title: The question.
        options: What there is to choose from.
        chosen: The key of the option that the cursor begins on.
        lines: A text above the options.
    """

    def __init__(
        self, title: str, options: Sequence[Option], *, chosen: str = "", lines: Sequence[CellValue] = ()
    ) -> None:
        super().__init__(title, lines)
        self._options = tuple(options)
        self._begin = chosen

    def compose_answer(self) -> ComposeResult:
        """A list."""
        columns = (Column("label", "", grows=True, min_width=8), Column("note", "", max_width=40, priority=1))
        yield WindowTable(columns, has_header=False)

    def on_mount(self) -> None:
        """Fills the list."""
        table = self.query_one(WindowTable)
        table.styles.height = min(16, len(self._options))
        table.show([Row(option.key, (option.label, option.note)) for option in self._options])
        if self._begin:
            table.move_to(self._begin)
        table.focus()
        self.foot("enter choose   esc cancel")

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Answers with the option."""
        message.stop()
        self.dismiss(str(message.key))


class Ask(Dialog[str]):
    """Asks for a line of text.

    Args:
        title: The question.
        value: The text to begin with.
        lines: A text above the line.
        check: Returns what is wrong with a text, "" when it may be accepted; shown as you type.
    """

    def __init__(
        self,
        title: str,
        value: str = "",
        *,
        lines: Sequence[CellValue] = (),
        hint: str = "",
        check: Callable[[str], str] | None = None,
    ) -> None:
        super().__init__(title, lines)
        self._value = value
        self._hint = hint
        self._check = check

    def compose_answer(self) -> ComposeResult:
        """A line and room for what is wrong with it."""
        yield Input(self._value, placeholder=self._hint, select_on_focus=False)
        yield TextView([""], can_focus=False, id="dialog-error", wrap=True)

    def on_mount(self) -> None:
        """Takes the focus."""
        line = self.query_one(Input)
        line.cursor_blink = False
        line.focus()
        self.foot("enter accept   esc cancel")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Shows what is wrong."""
        event.stop()
        self._tell(self._check(event.value) if self._check and event.value else "")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answers with the text, unless something is wrong with it."""
        event.stop()
        problem = self._check(event.value) if self._check else ""
        if problem:
            self._tell(problem)
        else:
            self.dismiss(event.value)

    def _tell(self, problem: str) -> None:
        self.query_one("#dialog-error", TextView).show([Cell(problem, "error")])
