"""A picture, as large as there is room: drawn by the terminal itself where it can, with characters elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import App
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from mlops_tui.artifacts.pictures import Picture
from mlops_tui.ui import placeholders
from mlops_tui.ui.answers import hand
from mlops_tui.ui.graphics import KITTY, SIXEL, Graphic, graphic
from mlops_tui.ui.painting import PaintingScreen
from mlops_tui.ui.picture_app import pictures_of
from mlops_tui.ui.sixel_graphics import Painting, painting
from mlops_tui.ui.theme import is_unicode
from mlops_tui.ui.widgets import mosaic


class PictureView(Widget, can_focus=True):
    """A picture in the middle of its place."""

    ALLOW_SELECT = False

    DEFAULT_CSS = "PictureView { height: 1fr; width: 1fr; background: $background; color: $foreground; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._picture: Picture | None = None
        self._drawn: tuple[Picture, Size, str] | None = None
        self._number = 0
        self._made: Graphic | Painting | None = None
        self._lines: list[list[Segment]] = []

    def on_mount(self) -> None:
        """Draws it when it is known how."""
        self.watch(self.app, "picture_kind", self._draw, init=False)

    def show(self, picture: Picture) -> None:
        """Draws another picture."""
        if picture != self._picture:
            self._picture, self._drawn = picture, None
            self._place([])  # what was seen had another name
            self._draw()

    def on_resize(self, _: events.Resize) -> None:
        """Draws it for the new size."""
        self._draw()

    def _draw(self) -> None:
        if self._picture is None or not self.size.width or not self.size.height:
            return
        kind = pictures_of(self).picture_kind
        drawn = (self._picture, self.size, kind)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self.workers.cancel_group(self, "picture")
        if kind in (KITTY, SIXEL):
            self._have_drawn(self._picture, graphic if kind == KITTY else painting)
        elif kind:
            lines = mosaic.cells(self._picture, *self.size, _colours(self.app))
            self._place([[Segment(piece.text, _style(piece)) for piece in line] for line in lines])
        else:
            self._place([])
            pictures_of(self).ask_for_pictures()

    def _have_drawn(self, picture: Picture, make: Callable[..., Graphic | Painting]) -> None:
        """Has the terminal draw it, when a thread has made what that needs."""
        self._number = placeholders.new_number(self._number)
        number, room, cell = self._number, self.size, pictures_of(self).cell_pixels

        def prepare() -> None:
            hand(self, self._have_placed, make(picture, number, room, cell))

        if isinstance(self.screen, PaintingScreen):
            self.screen.hold(self)  # most take less than that; nothing is seen to vanish first
        self.run_worker(prepare, thread=True, exclusive=True, group="picture")

    def _have_placed(self, made: Graphic | Painting) -> None:
        self._made = made  # it is known for as long as it is kept here
        pictures_of(self).know_picture(made)
        style = placeholders.colour(made.number)
        self._place([[Segment(placeholders.line(row, made.columns), style)] for row in range(made.rows)])
        if isinstance(self.screen, PaintingScreen):
            self.screen.release(self)

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
        left = max(0, width - used) // 2
        drawn = [Segment(text, base + style if style else base) for text, style, _ in line]
        # before it is drawn for a smaller size, it is cut
        return Strip([Segment(" " * left, base), *drawn]).adjust_cell_length(width, base)


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
