"""Curves of metrics on the screen, drawn from min–max buckets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events
from textual.message import Message

from mlops_tui.ui.theme import is_unicode
from mlops_tui.ui.widgets.canvas import ASCII, BRAILLE
from mlops_tui.ui.widgets.drawn import Drawn
from mlops_tui.ui.widgets.legend import Composition, Drawing, compose
from mlops_tui.ui.widgets.plot import Options, Plot, Series

if TYPE_CHECKING:
    from textual.app import App


def chart_options(app: App[object]) -> Options:
    """How charts are drawn in this terminal."""
    is_plain, is_poor = app.no_color, bool(getattr(app, "is_colour_poor", False))
    return Options(
        cells=BRAILLE if is_unicode() else ASCII,
        has_symbols=is_unicode(),
        is_marked=is_poor or is_plain,
        is_patterned=is_plain,
    )


class Chart(Drawn):
    """One chart with heading and legend.

    Args:
        drawing: What it shows at first.
    """

    DEFAULT_CSS = """
    Chart { width: 1fr; height: 1fr; background: $background; color: $foreground; }
    """

    @dataclass
    class Pointed(Message):
        """A place in the curves was clicked."""

        chart: Chart
        x: float

    @dataclass
    class Scrolled(Message):
        """The wheel was turned over the curves: up (1) or down (-1)."""

        chart: Chart
        x: float
        by: int

    def __init__(self, drawing: Drawing | None = None, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._drawing = drawing or Drawing()
        self._composed = Composition()

    @property
    def drawing(self) -> Drawing:
        """What is shown."""
        return self._drawing

    @property
    def plot(self) -> Plot | None:
        """The curves as they are drawn; None while there are none."""
        return self._composed.plot

    def show(self, drawing: Drawing) -> None:
        """Shows something else; an equal drawing repaints nothing."""
        if drawing != self._drawing:
            self._drawing = drawing
            self._redraw()

    def on_resize(self) -> None:
        """Draws for the new size."""
        self._redraw()

    def _redraw(self) -> None:
        width, height = self.size
        self._composed = compose(self._drawing, width, height, chart_options(self.app), self._composed)
        self.paint(self._composed.rows)

    def _x_under(self, event: events.MouseEvent) -> float | None:
        plot, top = self._composed.plot, self._composed.top
        if plot is None or not (plot.left <= event.x < plot.left + plot.columns and top <= event.y < top + plot.height):
            return None
        return plot.x_at(int(event.x))

    def on_click(self, event: events.Click) -> None:
        """Tells where it was clicked."""
        if (x := self._x_under(event)) is not None:
            self.post_message(self.Pointed(self, x))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Tells that the wheel was turned."""
        self._tell_scroll(event, 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Tells that the wheel was turned."""
        self._tell_scroll(event, -1)

    def _tell_scroll(self, event: events.MouseEvent, by: int) -> None:
        if (x := self._x_under(event)) is not None:
            event.stop()
            self.post_message(self.Scrolled(self, x, by))


__all__ = ["Chart", "Drawing", "Series", "chart_options"]
