"""Curves of metrics on the screen, drawn from min–max buckets; repaints only the lines that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from mlops_tui.ui.theme import is_unicode, style_of
from mlops_tui.ui.widgets.canvas import AXIS, GUIDE, LABEL, MARK, NOTHING
from mlops_tui.ui.widgets.legend import TEXT, TITLE, Drawing, Rows, compose
from mlops_tui.ui.widgets.plot import Options, Piece, Series

if TYPE_CHECKING:
    from textual.app import App

# Okabe and Ito's colours, which colour-blind people tell apart, in an order that also alternates lightness; the dark
# ones are lightened on a dark background and the light ones darkened on a light one.
_ON_DARK = ("#56b4e9", "#e69f00", "#20b285", "#f0e442", "#cc79a7", "#f07840", "#5a8fd8", "#c8ccd0")
_ON_LIGHT = ("#0072b2", "#d55e00", "#009e73", "#8a6d00", "#b0508a", "#3a8fc0", "#6b4fa0", "#4a4a4a")
_ANSI = (14, 11, 10, 13, 12, 9, 15, 6)

_TONES = {AXIS: "faint", LABEL: "dim", GUIDE: "faint", MARK: "error", TITLE: "strong", TEXT: ""}


def series_style(app: App[object], slot: int) -> Style:
    """The colour of a series, the same in charts, legends and tables."""
    if app.no_color:
        return Style.null()  # translated to greys, some colours could not be seen
    if getattr(app, "is_colour_poor", False):
        return Style(color=Color.from_ansi(_ANSI[slot % len(_ANSI)]))
    colours = _ON_DARK if app.current_theme.dark else _ON_LIGHT
    return Style(color=colours[slot % len(colours)])


def chart_options(app: App[object]) -> Options:
    """How charts are drawn in this terminal."""
    is_plain, is_poor = app.no_color, bool(getattr(app, "is_colour_poor", False))
    return Options(
        has_braille=is_unicode(), has_symbols=is_unicode(), is_marked=is_poor or is_plain, is_patterned=is_plain
    )


class Chart(Widget):
    """One chart with heading and legend.

    Args:
        drawing: What it shows at first.
    """

    DEFAULT_CSS = """
    Chart { width: 1fr; height: 1fr; background: $background; color: $foreground; }
    """

    def __init__(self, drawing: Drawing | None = None, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._drawing = drawing or Drawing()
        self._lines: Rows = ()

    @property
    def drawing(self) -> Drawing:
        """What is shown."""
        return self._drawing

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
        before, self._lines = self._lines, compose(self._drawing, width, height, chart_options(self.app))
        if len(before) != len(self._lines):
            self.refresh()
            return
        changed = [y for y, (old, new) in enumerate(zip(before, self._lines, strict=True)) if old != new]
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        """One row of the chart."""
        base = self.rich_style
        if y >= len(self._lines):
            return Strip.blank(self.size.width, base)
        segments = [Segment(piece[0], base + self._style(piece)) for piece in self._lines[y] if piece[0]]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _style(self, piece: Piece) -> Style:
        _, role, back = piece
        if role >= 0:
            style = series_style(self.app, role)
            return style + Style(bgcolor=series_style(self.app, back).color) if back >= 0 else style
        return Style.null() if role == NOTHING else style_of(self.app, _TONES[role])


__all__ = ["Chart", "Drawing", "Series", "chart_options", "series_style"]
