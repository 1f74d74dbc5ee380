"""A picture, as large as there is room: drawn by the terminal itself where it can, with characters elsewhere."""

from __future__ import annotations

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import App
from textual.strip import Strip
from textual.widget import Widget
from textual.worker import get_current_worker

from mlops_tui.artifacts import pictures
from mlops_tui.artifacts.pictures import Picture
from mlops_tui.ui import placeholders
from mlops_tui.ui.answers import hand
from mlops_tui.ui.graphics import KITTY, Graphic
from mlops_tui.ui.picture_app import pictures_of
from mlops_tui.ui.theme import is_unicode
from mlops_tui.ui.widgets import mosaic


class PictureView(Widget, can_focus=True):
    """A picture in the middle of its place."""

    ALLOW_SELECT = False

    DEFAULT_CSS = "PictureView { height: 1fr; width: 1fr; background: $background; color: $foreground; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._picture: Picture | None = None
        self._graphic: Graphic | None = None
        self._lines: list[list[Segment]] = []

    def on_mount(self) -> None:
        """Draws it when it is known how."""
        self.watch(self.app, "picture_kind", self._draw, init=False)

    def show(self, picture: Picture) -> None:
        """Draws another picture."""
        if picture != self._picture:
            self._picture = picture
            self._lines = []
            self._draw()

    def on_resize(self, _: events.Resize) -> None:
        """Draws it for the new size."""
        self._draw()

    def _draw(self) -> None:
        if self._picture is None or not self.size.width or not self.size.height:
            return
        kind = pictures_of(self).picture_kind
        self.workers.cancel_group(self, "picture")
        if kind == KITTY:
            self._have_drawn(self._picture)
        elif kind:
            drawn = mosaic.cells(self._picture, *self.size, _colours(self.app))
            self._place([[Segment(piece.text, _style(piece)) for piece in line] for line in drawn])
        else:
            self._place([])
            pictures_of(self).ask_for_pictures()

    def _have_drawn(self, picture: Picture) -> None:
        """Has the terminal draw it."""
        cell = pictures_of(self).cell_pixels
        columns, rows = placeholders.fitted((picture.width, picture.height), self.size, cell)

        def encode() -> None:
            data = pictures.png(picture, columns * cell[0], rows * cell[1])
            hand(get_current_worker(), self, self._have_placed, columns, rows, data)

        self.run_worker(encode, thread=True, exclusive=True, group="picture")

    def _have_placed(self, columns: int, rows: int, data: bytes) -> None:
        number = placeholders.new_number(self._graphic.number if self._graphic else 0)
        self._graphic = Graphic(number, columns, rows, data)
        pictures_of(self).know_picture(self._graphic)
        style = placeholders.colour(number)
        self._place([[Segment(placeholders.line(row, columns), style)] for row in range(rows)])

    def _place(self, lines: list[list[Segment]]) -> None:
        self._lines = lines
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the picture."""
        width, base = self.size.width, self.rich_style
        place = y - (self.size.height - len(self._lines)) // 2
        if not 0 <= place < len(self._lines):
            return Strip.blank(width, base)
        line = self._lines[place]
        used = sum(len(text) for text, _, _ in line)
        left = (width - used) // 2
        drawn = [Segment(text, base + style if style else base) for text, style, _ in line]
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
