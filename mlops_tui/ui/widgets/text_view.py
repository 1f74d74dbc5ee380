"""Lines of text with tones that scroll: details, help, messages. Never markup."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mlops_tui.ui import keymap
from mlops_tui.ui.plain_lines import PlainLines, bands
from mlops_tui.ui.text import Cell, CellValue, Hanging, cut, pieces
from mlops_tui.ui.theme import style_of


class TextView(ScrollView, can_focus=True):
    """Lines of cell values.

    Args:
        lines: What to show.
        wrap: Break lines that are too long at spaces; otherwise they are cut.
        can_focus: False for a text that needs no scrolling.
    """

    DEFAULT_CSS = """
    TextView {
        height: 1fr; width: 1fr; background: $background; color: $foreground;
        overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;
    }
    """
    BINDINGS = keymap.bindings("scroll")

    def __init__(
        self,
        lines: Sequence[CellValue] = (),
        *,
        wrap: bool = False,
        can_focus: bool = True,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._plain_lines = self._styles_cache = PlainLines(self._measure)
        self.can_focus = can_focus
        self._source: tuple[CellValue, ...] = tuple(lines)
        self._wrap = wrap
        self._lines: list[tuple[Cell, ...]] = []
        self._arranged_for = 0

    @property
    def lines(self) -> tuple[CellValue, ...]:
        """The lines as they were given."""
        return self._source

    def show(self, lines: Sequence[CellValue]) -> None:
        """Replaces the lines; equal ones repaint nothing."""
        if tuple(lines) != self._source:
            self._source = tuple(lines)
            self._arrange()

    def on_resize(self, _: events.Resize) -> None:
        """Breaks the lines anew."""
        self._arrange()

    def _arrange(self) -> None:
        before, width_before = self._lines, self._arranged_for
        width = self._arranged_for = max(1, self.scrollable_content_region.width)
        self._lines = [line for value in self._source for line in self._broken(value, width)]
        self.virtual_size = Size(width, len(self._lines))
        if width != width_before or self.styles.auto_dimensions:
            self.refresh()
            return
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        was, now = before[top : top + height], self._lines[top : top + height]
        changed = bands((y for y in range(height) if was[y : y + 1] != now[y : y + 1]), width, range(height))
        if changed:
            self.refresh(*changed)

    def _broken(self, value: CellValue, width: int) -> list[tuple[Cell, ...]]:
        parts = pieces(value)
        if not self._wrap:
            return [parts]
        head = parts[: Hanging.HEAD]
        indent = sum(cell_len(part.text) for part in head)
        if not isinstance(value, Hanging) or indent > width // 2:
            return wrapped(parts, width)
        first, *others = wrapped(parts[Hanging.HEAD :], width - indent)
        return [(*head, *first), *((Cell(" " * indent), *other) for other in others)]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The number of lines, for ``height: auto``."""
        return sum(len(self._broken(value, max(1, width))) for value in self._source)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """The longest line, for ``width: auto``."""
        return max((sum(cell_len(p.text) for p in pieces(value)) for value in self._source), default=0)

    def _measure(self) -> tuple[int, Style]:
        return self.scrollable_content_region.width, self.rich_style

    def render_line(self, y: int) -> Strip:
        """One line of the window."""
        width, base = self._plain_lines.common
        if width > 0 and width != self._arranged_for:  # now and then Textual tells nobody of a first size
            self._arrange()
        position = y + self.scroll_offset.y
        if position >= len(self._lines):
            return Strip.blank(width, base)
        segments, left = [], width
        for piece in self._lines[position]:
            text = cut(piece.text, left)
            left -= cell_len(text)
            segments.append(Segment(text, base + style_of(self.app, piece.tone) if piece.tone else base))
        segments.append(Segment(" " * left, base))
        return Strip(segments, width)

    def action_scroll_lines(self, by: int) -> None:
        """Scrolls by lines."""
        self.scroll_to(y=self.scroll_offset.y + by, animate=False)

    def action_scroll_pages(self, pages: float) -> None:
        """Scrolls by pages."""
        self.scroll_to(
            y=self.scroll_offset.y + int(pages * max(2, self.scrollable_content_region.height)), animate=False
        )

    def action_scroll_top(self) -> None:
        """Scrolls to the beginning."""
        self.scroll_to(y=0, animate=False)

    def action_scroll_bottom(self) -> None:
        """Scrolls to the end."""
        self.scroll_to(y=len(self._lines), animate=False)


def wrapped(parts: Sequence[Cell], width: int) -> list[tuple[Cell, ...]]:
    """A line broken into lines of at most ``width`` cells, at spaces where there are some."""
    if sum(cell_len(part.text) for part in parts) <= width:
        return [tuple(parts)]
    lines: list[tuple[Cell, ...]] = []
    line: list[Cell] = []
    used = 0
    for part in parts:
        for word in _words(part.text, width):
            size = cell_len(word)
            if used + size > width and used:
                lines.append(tuple(line))
                line, used = [], 0
                word = word.lstrip(" ")
                size = cell_len(word)
            line.append(Cell(word, part.tone))
            used += size
    lines.append(tuple(line))
    return lines


def _words(text: str, width: int) -> list[str]:
    """The text in pieces that each begin with their spaces, none wider than ``width``."""
    words: list[str] = []
    current = ""
    for character in text:
        starts = character == " " and current.strip(" ") != ""
        if starts or cell_len(current) + cell_len(character) > width:
            words.append(current)
            current = ""
        current += character
    return [*words, current] if current else words
