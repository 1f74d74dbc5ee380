"""A widget of rows of toned text that are drawn for its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from mlops_tui.ui.theme import is_unicode, style_of
from mlops_tui.ui.widgets.bars import BOTH, CURRENT, REFERENCE, Rows, Shapes
from mlops_tui.ui.widgets.drawn import series_style

if TYPE_CHECKING:
    from textual.app import App


class ToneRows(Widget):
    """Subclasses define ``drawn``, and call ``redraw`` when what they show has changed."""

    DEFAULT_CSS = """
    ToneRows { width: 1fr; height: 1fr; background: $background; color: $foreground; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: Rows = ()

    def drawn(self, width: int, height: int) -> Rows:
        """The rows for an area of that size."""
        raise NotImplementedError

    @property
    def shapes(self) -> Shapes:
        """What bars are drawn with in this terminal."""
        return Shapes(has_eighths=is_unicode(), has_colours=not self.app.no_color)

    def redraw(self) -> None:
        """Draws anew; equal rows repaint nothing."""
        rows = self.drawn(*self.size)
        if rows != self._rows:
            self._rows = rows
            self.refresh()

    def on_resize(self, _: events.Resize) -> None:
        """Draws for the new size."""
        self.redraw()

    def render_line(self, y: int) -> Strip:
        """One row."""
        base = self.rich_style
        if y >= len(self._rows):
            return Strip.blank(self.size.width, base)
        segments = [Segment(text, base + self._style(tone, back)) for text, tone, back in self._rows[y] if text]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _style(self, tone: str, back: str) -> Style:
        style = tone_style(self.app, tone) if tone else Style.null()
        return style + Style(bgcolor=tone_style(self.app, back).color) if back else style


def tone_style(app: App[object], tone: str) -> Style:
    """The style of a tone of the theme, or of one of the samples: the same colours as in charts."""
    if tone == REFERENCE:
        return series_style(app, 0)
    if tone == CURRENT:
        return series_style(app, 1)
    return style_of(app, "faint" if tone == BOTH else tone)
