"""The line that is typed into: a filter or a jump, with the error or the completions shown as you type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from mlops_tui.ui import keymap
from mlops_tui.ui.painting import PaintingScreen
from mlops_tui.ui.text import Cell, CellValue, clean, cut_left
from mlops_tui.ui.widgets.text_view import TextView

#: Completions shown at once.
OFFERED = 8


@dataclass(frozen=True, slots=True)
class Completion:
    """A text that may stand in the prompt instead, and a remark about it."""

    text: str
    note: str = ""


class Prompt(Widget):
    """A line at the bottom. Its owner mounts it, answers ``Changed`` by ``say`` or ``offer``, and removes it.

    Args:
        sign: Stands before the text: ``:`` or ``/``.
        value: The text to begin with.
        hint: Shown while the line is empty.
    """

    DEFAULT_CSS = """
    Prompt { dock: bottom; height: auto; width: 1fr; background: $panel; layout: vertical; }
    Prompt > #prompt-line { height: 1; layout: horizontal; }
    Prompt #prompt-sign { width: auto; padding: 0 0 0 1; color: $accent; text-style: bold; background: $panel; }
    Prompt Input { height: 1; border: none; padding: 0; background: $panel; width: 1fr; }
    Prompt Input:focus { border: none; background-tint: $panel 0%; }
    Prompt > #prompt-offers { height: auto; max-height: 9; background: $panel; padding: 0 1; }
    """
    BINDINGS = keymap.bindings("prompt")

    @dataclass
    class Changed(Message):
        """The text changed."""

        prompt: Prompt
        value: str

    @dataclass
    class Submitted(Message):
        """Enter was pressed."""

        prompt: Prompt
        value: str

    @dataclass
    class Cancelled(Message):
        """Escape was pressed."""

        prompt: Prompt

    def __init__(self, sign: str, value: str = "", hint: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._sign = sign
        self._value = value
        self._hint = hint
        self._offers: tuple[Completion, ...] = ()
        self._chosen = -1
        self._offered_for = ""
        self._completes_later = False
        self._held: PaintingScreen[Any] | None = None

    def compose(self) -> ComposeResult:
        """A sign, the line, and what is offered or wrong above it."""
        offers = TextView(can_focus=False, id="prompt-offers")
        offers.display = False
        yield offers
        with Widget(id="prompt-line"):
            yield Static(self._sign, id="prompt-sign", markup=False)
            yield _Line(self._value, placeholder=self._hint, select_on_focus=False)

    def on_mount(self) -> None:
        """Takes the focus."""
        line = self.query_one(Input)
        line.cursor_blink = False
        line.focus()
        line.action_end()

    @property
    def value(self) -> str:
        """What was typed."""
        return self.query_one(Input).value

    @property
    def offers(self) -> tuple[Completion, ...]:
        """What is offered for the text as it is now."""
        return self._offers if self._offered_for == self.value else ()

    def say(self, text: str, tone: str = "error") -> None:
        """Shows a remark or an error above the line; "" shows nothing."""
        self._offers, self._chosen, self._completes_later = (), -1, False
        self._tell([Cell(line, tone) for line in text.splitlines()])

    def offer(self, completions: Sequence[Completion]) -> None:
        """Shows what could stand in the line as it is now; tab takes the first, up and down choose."""
        self._offered_for = self.value
        if tuple(completions) != self._offers:
            self._offers, self._chosen = tuple(completions), -1
            self._list()
        if self._completes_later:
            self.action_complete()

    def _list(self) -> None:
        first = max(0, self._chosen - OFFERED + 1)
        lines: list[CellValue] = []
        for i, completion in enumerate(self._offers[first : first + OFFERED], first):
            tone = "accent" if i == self._chosen else ""
            # they differ at the end, where one types
            text = cut_left(
                clean(completion.text, len(completion.text)), max(20, self.size.width - 4 - cell_len(completion.note))
            )
            lines.append((Cell(text, tone), Cell("  " + completion.note, "dim")))
        if len(self._offers) > first + OFFERED:
            lines.append(Cell(f"… {len(self._offers) - first - OFFERED} more", "dim"))
        self._tell(lines)

    def _tell(self, lines: Sequence[CellValue]) -> None:
        view = self.query_one(TextView)
        view.show(lines)
        view.display = bool(lines)
        view.styles.height = len(lines) or 1

    def action_complete(self) -> None:
        """Takes the chosen completion, else the first; as soon as it is known what fits a text just typed."""
        offers = self.offers
        self._completes_later = self._offered_for != self.value
        if offers:
            self.query_one(Input).value = self._offered_for = offers[max(0, self._chosen)].text
            self.query_one(Input).action_end()

    def choose(self, by: int) -> None:
        """Moves among the completions and puts the chosen one in the line."""
        if self.offers:
            self._chosen = (self._chosen + by) % len(self._offers)
            line = self.query_one(Input)
            with line.prevent(Input.Changed):
                line.value = self._offered_for = self._offers[self._chosen].text
            line.action_end()
            self._list()

    def await_answer(self) -> None:
        """Has what is typed painted together with what the owner makes of it, if that comes at once."""
        if isinstance(self.screen, PaintingScreen):
            self._held = self.screen
            self._held.hold(self)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tells the owner."""
        event.stop()
        self._completes_later = False
        self.post_message(self.Changed(self, event.value))
        self.call_later(self._told)

    def _told(self) -> None:
        if self._held is not None:  # remembered, as the prompt may be gone from it by now
            self._held.call_later(self._held.release, self)  # after the message, which has come to the screen by now

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Tells the owner."""
        event.stop()
        self.post_message(self.Submitted(self, event.value))


class _Line(Input):
    """The input, with escape and the arrows meant for the prompt."""

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """As for any widget; but the screen is not laid out again for each character, which changes no size."""
        return super().refresh(*regions, repaint=repaint, recompose=recompose)

    async def _on_key(self, event: events.Key) -> None:
        prompt = next(node for node in self.ancestors if isinstance(node, Prompt))
        if event.key == "escape":
            _stop(event)
            prompt.post_message(Prompt.Cancelled(prompt))
        elif event.key in ("up", "down"):
            _stop(event)
            prompt.choose(1 if event.key == "down" else -1)
        elif event.is_printable:
            prompt.await_answer()


def _stop(event: events.Key) -> None:
    event.stop()
    event.prevent_default()
