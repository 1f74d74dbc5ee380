"""A picture drawn with characters, as large as there is room."""

from __future__ import annotations

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import App
from textual.strip import Strip
from textual.widget import Widget

from mlops_tui.artifacts.pictures import Picture
from mlops_tui.ui.theme import is_unicode
from mlops_tui.ui.widgets import mosaic


class PictureView(Widget, can_focus=True):
    """A picture in the middle of its place."""

    DEFAULT_CSS = "PictureView { height: 1fr; width: 1fr; background: $background; color: $foreground; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._picture: Picture | None = None
        self._lines: list[list[mosaic.Piece]] = []

    def show(self, picture: Picture) -> None:
        """Draws another picture."""
        if picture != self._picture:
            self._picture = picture
            self._draw()

    def on_resize(self, _: events.Resize) -> None:
        """Draws it for the new size."""
        self._draw()

    def _draw(self) -> None:
        if self._picture is not None and self.size.width and self.size.height:
            self._lines = mosaic.cells(self._picture, *self.size, _colours(self.app))
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the picture."""
        width, base = self.size.width, self.rich_style
        place = y - (self.size.height - len(self._lines)) // 2
        if not 0 <= place < len(self._lines):
            return Strip.blank(width, base)
        line = self._lines[place]
        used = sum(len(piece.text) for piece in line)
        left = (width - used) // 2
        drawn = [Segment(piece.text, base + _style(piece)) for piece in line]
        return Strip([Segment(" " * left, base), *drawn, Segment(" " * (width - used - left), base)], width)


def _style(piece: mosaic.Piece) -> Style:
    return Style(color=_colour(piece.foreground), bgcolor=_colour(piece.background))


def _colour(value: tuple[int, int, int] | int | None) -> Color | None:
    if value is None:
        return None
    return Color.from_ansi(value) if isinstance(value, int) else Color.from_rgb(*value)


def _colours(app: App[object]) -> str:
    """What the terminal can show."""
    if not is_unicode():
        return mosaic.ASCII
    if app.no_color:
        return mosaic.NONE
    systems = {"truecolor": mosaic.FULL, "256": mosaic.MANY, "standard": mosaic.FEW}
    return systems.get(app.console.color_system or "", mosaic.NONE)
