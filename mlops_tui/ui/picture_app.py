"""An application whose pictures are drawn by the terminal itself where it can."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol, cast

from rich.console import RenderableType
from textual.reactive import var
from textual.screen import Screen

from mlops_tui.ui import tmux
from mlops_tui.ui.replies import Reply
from mlops_tui.ui.signs import is_unicode
from mlops_tui.ui.terminal import TerminalDriver
from mlops_tui.ui.terminal_app import TerminalApp

if TYPE_CHECKING:
    from mlops_tui.ui.graphics import Graphic, Graphics
    from mlops_tui.ui.sixel_graphics import Painting, SixelGraphics

#: Width and height of a cell where the terminal does not tell; most are twice as high as wide.
_CELL = (10, 20)


class PictureApp(TerminalApp):
    """Finds out how pictures can be drawn when the first one is, and keeps the terminal's in step with what is shown.

    Attributes:
        picture_kind: 'kitty', 'sixel' or 'blocks' (see ``graphics``); '' until that is known.
    """

    picture_kind: var[str] = var("", init=False)

    def __init__(self) -> None:
        super().__init__()
        self._graphics: Graphics | SixelGraphics | None = None
        self._told: dict[str, str] = {}
        self._has_asked = False

    @property
    def picture_wish(self) -> str:
        """How pictures are to be drawn: 'auto', 'kitty', 'sixel' or 'blocks'."""
        return "auto"

    @property
    def cell_pixels(self) -> tuple[int, int]:
        """Width and height of a cell."""
        return self._known_cell or _CELL

    @property
    def _known_cell(self) -> tuple[int, int] | None:
        driver = self._driver
        size = driver.cell_pixels if isinstance(driver, TerminalDriver) else None
        if size is None and "cell" in self._told:
            height, width = (int(part[:4]) for part in self._told["cell"].split(";"))
            size = (width, height) if width and height else None
        return size

    def ask_for_pictures(self) -> None:
        """Finds out how pictures are drawn, if it was not yet: ``picture_kind`` changes then, soon or at once."""
        if self._has_asked:
            return
        from mlops_tui.ui import graphics

        self._has_asked = True
        driver = self._driver
        if not isinstance(driver, TerminalDriver) or not self.writes_cells:
            self.picture_kind = graphics.BLOCKS
            return
        has_colours = not self.no_color and is_unicode()
        self.picture_kind = graphics.decided(self.picture_wish, os.environ, has_colours=has_colours)
        if self.picture_kind:
            return
        self.set_timer(graphics.PATIENCE_S, self._patience_ended)
        if tmux.is_around():
            # what the terminal around replied would be typed into whatever pane is the active one by then
            self.run_worker(self._ask_tmux, thread=True, group="tmux", exit_on_error=False)
        else:
            # at the bottom, where it is painted over if a terminal prints the question
            driver.ask(f"\x1b[{self.size.height};1H{graphics.QUESTION}")

    def ask_for_pictures_again(self) -> None:
        """Finds out anew: what is wished has changed."""
        self._forget_pictures()
        self._graphics, self._output.paints_over = None, False
        self._has_asked = False
        self.picture_kind = ""

    def _patience_ended(self) -> None:
        from mlops_tui.ui import graphics

        self.picture_kind = self.picture_kind or graphics.BLOCKS

    def _ask_tmux(self) -> None:
        from mlops_tui.ui import graphics

        if graphics.has_placeholders(tmux.terminal()):
            self.call_from_thread(setattr, self, "picture_kind", graphics.KITTY)
        else:
            self.call_from_thread(self._patience_ended)

    def terminal_replied(self, reply: Reply) -> None:
        """Takes note of what the terminal says about itself."""
        from mlops_tui.ui import graphics

        self._told[reply.kind] = reply.text
        if self.picture_wish == graphics.AUTO:
            self.picture_kind = graphics.told(self._told, knows_cell=bool(self._known_cell)) or self.picture_kind
        if reply.kind == "attributes" and "graphics" not in self._told:
            self._output.forget_line(self.size.height - 1)
            self.paint_all()

    # in step with what is shown

    def know_picture(self, graphic: Graphic | Painting) -> None:
        """Has the terminal draw a picture wherever cells of it are shown; to be kept by whoever draws these."""
        from mlops_tui.ui.graphics import SIXEL, Graphics
        from mlops_tui.ui.sixel_graphics import SixelGraphics

        if self._graphics is None:
            made = SixelGraphics if self.picture_kind == SIXEL else Graphics
            self._graphics = made(self._output)
        self._graphics.know(graphic)  # type: ignore[arg-type]

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        super()._display(screen, renderable)
        driver = self._driver
        if self._graphics is not None and isinstance(driver, TerminalDriver) and driver.outlet is not None:
            self._graphics.follow(driver.outlet)
            driver.farewell = self._graphics.farewell

    def _forget_pictures(self) -> None:
        driver = self._driver
        if self._graphics is not None and isinstance(driver, TerminalDriver) and driver.outlet is not None:
            self._graphics.forget(driver.outlet)

    def action_redraw(self) -> None:
        """Draws everything again, pictures too."""
        self._forget_pictures()
        super().action_redraw()


class HasPictures(Protocol):
    """The application, as far as a picture needs to know it."""

    picture_kind: str
    cell_pixels: tuple[int, int]

    def ask_for_pictures(self) -> None:
        """Finds out how pictures are drawn."""

    def know_picture(self, graphic: Graphic | Painting) -> None:
        """Has the terminal draw a picture wherever cells of it are shown."""


def pictures_of(node: object) -> HasPictures:
    """The application that a widget belongs to."""
    return cast(HasPictures, node.app)  # type: ignore[attr-defined]
