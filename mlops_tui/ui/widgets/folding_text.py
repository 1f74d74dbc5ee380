"""A page of parts, each of which can be folded to its heading; one of them is the one that keys are about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual import events
from textual.message import Message

from mlops_tui.ui import keymap
from mlops_tui.ui.text import Cell, CellValue
from mlops_tui.ui.theme import sign
from mlops_tui.ui.widgets.text_view import TextView


class Part(NamedTuple):
    """A part of a page; its title names it."""

    title: str
    note: str
    lines: tuple[CellValue, ...]


class FoldingText(TextView):
    """Parts below each other. The one in sight that was reached last is the current one."""

    BINDINGS = keymap.bindings("folding")

    class Resized(Message):
        """There is another width, for which lines are to be laid out anew."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._parts: tuple[Part, ...] = ()
        self._folded: set[str] = set()
        self._current = ""
        self._starts: list[int] = []

    @property
    def current(self) -> str:
        """The title of the part that keys are about; "" where there is none."""
        return self._current

    def on_resize(self, _: events.Resize) -> None:
        """Asks for other lines."""
        self.post_message(self.Resized())

    def show_parts(self, parts: Sequence[Part]) -> None:
        """Replaces the parts; those that were folded stay so."""
        self._parts = tuple(parts)
        titles = [part.title for part in parts]
        if self._current not in titles:
            self._current = titles[0] if titles else ""
        self._lay()

    def _lay(self) -> None:
        lines: list[CellValue] = []
        self._starts = []
        for part in self._parts:
            is_current, is_folded = part.title == self._current, part.title in self._folded
            self._starts.append(len(lines))
            fold = sign("right" if is_folded else "down")
            lines.append(
                (
                    Cell(sign("cursor") if is_current else " ", "accent"),
                    Cell(f"{fold} {part.title}", "accent" if is_current else "strong"),
                    Cell(f"  {part.note}" if part.note else "", "dim"),
                )
            )
            if not is_folded:
                lines += [(Cell("   "), *_cells(line)) for line in part.lines]
                lines.append("")
        self.show(lines)

    @property
    def room(self) -> int:
        """Cells that a line of a part can have."""
        return max(20, self.scrollable_content_region.width - 3)

    def _choose(self, place: int) -> None:
        self._current = self._parts[place].title
        self._lay()

    def _place(self) -> int:
        return next((place for place, part in enumerate(self._parts) if part.title == self._current), 0)

    def action_part(self, by: int) -> None:
        """Goes to the next part or the one before."""
        if self._parts:
            place = min(max(0, self._place() + by), len(self._parts) - 1)
            self._choose(place)
            self.scroll_to(y=self._starts[place], animate=False, immediate=True)

    def action_fold(self) -> None:
        """Folds the current part, or opens it."""
        if self._current:
            self._folded ^= {self._current}
            self._lay()

    def action_fold_all(self) -> None:
        """Folds all parts, or opens them where all are folded."""
        titles = {part.title for part in self._parts}
        self._folded = set() if titles <= self._folded else titles
        self._lay()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Makes a part in sight the current one when the former has left."""
        super().watch_scroll_y(old_value, new_value)
        top, height = round(new_value), self.scrollable_content_region.height
        if not self._starts:
            return
        place = self._place()
        if not top <= self._starts[place] < top + height:
            inside = [at for at, start in enumerate(self._starts) if top <= start < top + height]
            # a long part that fills the window has its heading above it
            chosen = inside[0] if inside else sum(start <= top for start in self._starts) - 1
            if chosen != place:
                self._choose(max(0, chosen))

    def on_click(self, event: events.Click) -> None:
        """Folds the part whose heading was clicked."""
        line = event.y + self.scroll_offset.y
        if line in self._starts:
            self._choose(self._starts.index(line))
            self.action_fold()


def _cells(line: CellValue) -> tuple[Cell, ...]:
    if isinstance(line, Cell):
        return (line,)
    return (Cell(line),) if isinstance(line, str) else tuple(line)


__all__ = ["FoldingText", "Part"]
