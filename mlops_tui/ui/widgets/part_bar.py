"""The names of a screen's parts in one line, with their numbers; the one that is shown stands out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from mlops_tui.ui.text import clean, cut
from mlops_tui.ui.theme import style_of


class PartBar(Widget):
    """Parts of a screen, numbered from 1. With a height of two lines, remarks always have room.

    Args:
        names: One word each.
    """

    DEFAULT_CSS = "PartBar { height: 1; width: 1fr; background: $background; color: $foreground; }"

    @dataclass
    class Chosen(Message):
        """A part was clicked."""

        number: int

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = tuple(names)
        self._notes: dict[int, str] = {}
        self._current = 1
        self._right: tuple[str, ...] = ()

    def show(self, current: int, notes: dict[int, str], right: Sequence[str] = ()) -> None:
        """Changes which part stands out.

        Args:
            current: Its number.
            notes: A short remark (usually a count) after the names of parts.
            right: Remarks at the right end; the last ones go first where there is no room.
        """
        if (current, notes, tuple(right)) != (self._current, self._notes, self._right):
            self._current, self._notes, self._right = current, dict(notes), tuple(right)
            self.refresh()

    def _pieces(self) -> list[tuple[str, str, int]]:
        """Texts, tones and numbers; without remarks, then without spaces, where there is no room."""
        for has_notes, gap in ((True, " "), (False, " "), (False, "")):
            found = self._arranged(has_notes, gap)
            if sum(cell_len(text) for text, _, _ in found) <= self.size.width:
                break
        return found

    def _arranged(self, has_notes: bool, gap: str) -> list[tuple[str, str, int]]:
        found = []
        for number, name in enumerate(self._names, 1):
            is_current = number == self._current
            found.append((f"{gap}{number} ", "key" if is_current else "faint", number))
            found.append((name, "title" if is_current else "dim", number))
            note = self._notes.get(number, "") if has_notes else ""
            found.append((f" {note} " if note else " ", "dim" if is_current else "faint", number))
        return found

    def render_line(self, y: int) -> Strip:
        """The names, with the remarks at their right; those stand on the second line where there is no room."""
        width, base = self.size.width, self.rich_style
        pieces = self._pieces() if y == 0 else []
        used = sum(cell_len(text) for text, _, _ in pieces)
        remarks = [clean(remark, 60) for remark in self._right]
        is_here = (self._fits(remarks) or self.size.height < 2) == (y == 0)
        segments, left = [], width
        for text, tone, _ in pieces:
            text = cut(text, left)
            left -= cell_len(text)
            segments.append(Segment(text, base + style_of(self.app, tone)))
        while remarks and cell_len(" · ".join(remarks)) + 1 > width - used:
            remarks.pop()
        if (right := " · ".join(remarks)) and is_here:
            segments.append(Segment(" " * (left - cell_len(right) - 1), base))
            segments.append(Segment(right + " ", base + style_of(self.app, "dim")))
        else:
            segments.append(Segment(" " * left, base))
        return Strip(segments, width)

    def _fits(self, remarks: Sequence[str]) -> bool:
        """Whether the remarks have room beside the names."""
        used = sum(cell_len(text) for text, _, _ in self._pieces())
        return used + cell_len(" · ".join(remarks)) + 2 <= self.size.width

    def on_click(self, event: events.Click) -> None:
        """Tells which part was clicked."""
        x = 0
        for text, _, number in self._pieces():
            x += cell_len(text)
            if event.x < x:
                event.stop()
                self.post_message(self.Chosen(number))
                return
