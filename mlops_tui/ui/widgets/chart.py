"""Curves of metrics on the screen, drawn from min–max buckets; repaints only the lines that changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from mlops_tui.ui.theme import is_unicode, style_of
from mlops_tui.ui.widgets import series_colours
from mlops_tui.ui.widgets.canvas import ASCII, AXIS, BRAILLE, CROSSHAIR, GUIDE, LABEL, MARK, NOTHING, SHADE
from mlops_tui.ui.widgets.legend import CURRENT, TEXT, TITLE, Composition, Drawing, compose
from mlops_tui.ui.widgets.plot import Options, Piece, Plot, Series

if TYPE_CHECKING:
    from textual.app import App

_TONES = {
    AXIS: "faint",
    LABEL: "dim",
    GUIDE: "faint",
    MARK: "error",
    CROSSHAIR: "accent",
    TITLE: "strong",
    CURRENT: "title",
    TEXT: "",
}


def series_style(app: App[object], slot: int) -> Style:
    """The colour of a series, the same in charts, legends and tables; of what stands behind it from ``SHADE`` on."""
    is_shade, slot = slot >= SHADE, slot % SHADE
    if app.no_color:
        return Style(dim=True) if is_shade else Style.null()  # translated to greys, some colours could not be seen
    if getattr(app, "is_colour_poor", False):
        return series_colours.of_slot_in_16(slot, is_shade=is_shade)
    is_dark = app.current_theme.dark
    if is_shade:
        return series_colours.of_shade(slot, app.theme_variables.get("background", "#000000"), is_dark=is_dark)
    return series_colours.of_slot(slot, is_dark=is_dark)


def chart_options(app: App[object]) -> Options:
    """How charts are drawn in this terminal."""
    is_plain, is_poor = app.no_color, bool(getattr(app, "is_colour_poor", False))
    return Options(
        cells=BRAILLE if is_unicode() else ASCII,
        has_symbols=is_unicode(),
        is_marked=is_poor or is_plain,
        is_patterned=is_plain,
    )


class Chart(Widget):
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
        self._styles: dict[tuple[int, int, str], Style] = {}

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
        before = self._composed.rows
        self._composed = compose(self._drawing, width, height, chart_options(self.app), self._composed)
        rows = self._composed.rows
        if len(before) != len(rows):
            self.refresh()
            return
        changed = [y for y, (old, new) in enumerate(zip(before, rows, strict=True)) if old != new]
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

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

    def render_line(self, y: int) -> Strip:
        """One row of the chart."""
        base = self.rich_style
        rows = self._composed.rows
        if y >= len(rows):
            return Strip.blank(self.size.width, base)
        segments = [Segment(piece[0], base + self._style(piece)) for piece in rows[y] if piece[0]]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _style(self, piece: Piece) -> Style:
        _, role, back = piece
        key = (role, back, self.app.theme)
        style = self._styles.get(key)
        if style is None:
            style = self._styles[key] = self._found_style(role, back)
        return style

    def _found_style(self, role: int, back: int) -> Style:
        if role >= 0:
            style = series_style(self.app, role)
            return style + Style(bgcolor=series_style(self.app, back).color) if back >= 0 else style
        return Style.null() if role == NOTHING else style_of(self.app, _TONES[role])


__all__ = ["Chart", "Drawing", "Series", "chart_options", "series_style"]
