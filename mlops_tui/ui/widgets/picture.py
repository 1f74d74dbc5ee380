"""Rows of pieces drawn by somebody else, in the colours of charts; repaints only the lines that changed."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from mlops_tui.ui import keymap
from mlops_tui.ui.theme import style_of
from mlops_tui.ui.widgets.canvas import AXIS, LABEL, NOTHING, Piece
from mlops_tui.ui.widgets.chart import series_style

Rows = tuple[tuple[Piece, ...], ...]
_TONES = {AXIS: "faint", LABEL: "dim"}


class Picture(Widget, can_focus=True):
    """A drawing in which one thing after the other can be pointed at."""

    DEFAULT_CSS = "Picture { width: 1fr; height: 1fr; background: $background; color: $foreground; }"
    BINDINGS = keymap.bindings("picture")

    class Resized(Message):
        """It has another size, and should be drawn anew."""

    class Stepped(Message):
        """The next thing (or one before) is to be pointed at; ``by`` is 0 for none."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: Rows = ()

    def show(self, rows: Rows) -> None:
        """Shows other rows; equal ones repaint nothing."""
        before, self._rows = self._rows, rows
        if len(before) != len(rows):
            self.refresh()
            return
        changed = [y for y, (old, new) in enumerate(zip(before, rows, strict=True)) if old != new]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def on_resize(self) -> None:
        """Has it drawn for the new size."""
        self.post_message(self.Resized())

    def action_step(self, by: int) -> None:
        """Points at the next thing, or one before."""
        self.post_message(self.Stepped(by))

    def render_line(self, y: int) -> Strip:
        """One row."""
        base, width = self.rich_style, self.size.width
        if y >= len(self._rows):
            return Strip.blank(width, base)
        segments = [Segment(piece[0], base + self._style(piece)) for piece in self._rows[y] if piece[0]]
        return Strip(segments).adjust_cell_length(width, base)

    def _style(self, piece: Piece) -> Style:
        _, role, back = piece
        if role >= 0:
            style = series_style(self.app, role)
            return style + Style(bgcolor=series_style(self.app, back).color) if back >= 0 else style
        return Style.null() if role == NOTHING else style_of(self.app, _TONES.get(role, ""))


__all__ = ["Picture", "Rows"]
