"""A framed part of a screen with a number, a title and something inside; says so when there is nothing to show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from textual import events
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from mlops_store.errors import MlopsError
from mlops_tui.ui.loading import Loader
from mlops_tui.ui.text import Cell, CellValue, clean
from mlops_tui.ui.widgets.text_view import TextView

Records = TypeVar("Records")

#: How the frame of a part looks; with the focus; and so where colours cannot be relied on.
FRAME = """
    border: round $line; border-title-color: $foreground; border-title-style: bold;
    border-subtitle-color: $foreground 60%; background: $background;
"""
FRAME_IN_FOCUS = "border: round $line-focus; border-title-color: $accent;"
POOR_FRAME_IN_FOCUS = "border: heavy $line-focus;"


def frame_title(number: int, title: str, note: str = "") -> Content:
    """What stands in a frame: the key that focuses the part (0: none), its title, and a remark after it."""
    parts: list[tuple[str, str]] = []
    if number:
        parts.append((f"{number} ", "dim"))
    parts.append((clean(title, 80), ""))
    if note:
        parts.append((f" {clean(note, 120)}", "dim not bold"))
    return Content.assemble(*parts)


class Pane(Loader[Records]):
    """A numbered, titled frame.

    Put widgets inside by ``compose``. A subclass that defines ``load`` and ``show`` fills itself; one without ``load``
    is filled from outside. ``say`` covers the contents with lines (nothing there yet, an error); ``uncover`` shows
    them again.

    Args:
        title: Stands in the frame.
        number: The key that focuses the pane; 0 for none.
    """

    DEFAULT_CSS = f"""
    Pane {{ height: 1fr; width: 1fr; {FRAME} }}
    Pane:focus-within {{ {FRAME_IN_FOCUS} }}
    Pane.-covered > * {{ display: none; }}
    Pane.-covered > .pane--cover {{ display: block; }}
    Pane > .pane--cover {{ display: none; padding: 0 1; }}
    .-poor Pane:focus-within {{ {POOR_FRAME_IN_FOCUS} }}
    """

    class Opened(Message):
        """The pane is wanted as a full screen."""

        def __init__(self, pane: Pane[object]) -> None:
            super().__init__()
            self.pane = pane

        @property
        def control(self) -> Pane[object]:
            """The pane."""
            return self.pane

    def __init__(self, title: str = "", number: int = 0, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.number = number
        self._title = title
        self._notice: TextView | None = None
        self.entitle(title)

    def render_line(self, y: int) -> Strip:
        """A line behind what is inside; Textual would render all of them when the title changes."""
        return Strip.blank(self.size.width, self.visual_style.rich_style)

    def entitle(self, title: str, note: str = "") -> None:
        """Sets the title, and a remark after it (a count, a filter)."""
        shown = frame_title(self.number, title, note)
        if self._border_title is None:
            self.border_title = shown
        elif shown != self._border_title:
            # Textual would draw all of the frame again, line by line
            self._border_title = shown
            self.refresh(Region(-1, -1, self.outer_size.width, 1))

    def subtitle(self, text: str) -> None:
        """Sets the remark in the lower frame."""
        self.border_subtitle = Content(clean(text, 120)) if text else None

    def on_mount(self, _: events.Mount) -> None:
        """Loads for the first time."""
        if self.fills_itself and not self.LOADS_FIRST:
            self.reload()

    def say(self, lines: Sequence[CellValue]) -> None:
        """Covers the contents with lines of text."""
        if self._notice is None:
            self._notice = TextView(lines, wrap=True, classes="pane--cover")
            self.mount(self._notice)
        else:
            self._notice.show(lines)
        had_focus = self.has_focus_within
        self.add_class("-covered")
        if had_focus:
            self._notice.focus()

    def uncover(self) -> None:
        """Shows the contents again."""
        if self.has_class("-covered"):
            had_focus = self.has_focus_within
            self.remove_class("-covered")
            if had_focus:
                self.focus_inside()

    def show_problem(self, error: MlopsError) -> None:
        """Covers the contents with the error."""
        lines: list[CellValue] = [Cell(error.message, "error")]
        if error.hint:
            lines += ["", Cell(error.hint, "dim")]
        self.say(lines)

    def focus_inside(self) -> None:
        """Focuses the first widget inside that takes the focus."""
        for child in self.walk_children(Widget):
            if child.focusable and child.display:
                child.focus()
                return
