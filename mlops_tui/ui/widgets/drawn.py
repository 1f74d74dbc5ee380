"""Rows of pieces in the colours of charts: what charts and other pictures are painted with.

Only the lines that changed are painted again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from mlops_tui.ui.plain_lines import PlainLines, bands
from mlops_tui.ui.theme import style_of
from mlops_tui.ui.widgets import series_colours
from mlops_tui.ui.widgets.canvas import AXIS, CROSSHAIR, GUIDE, LABEL, MARK, NOTHING, SHADE, Piece
from mlops_tui.ui.widgets.legend import CURRENT, TEXT, TITLE

if TYPE_CHECKING:
    from textual.app import App

Rows: TypeAlias = "Sequence[Sequence[Piece]]"

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


class Drawn(Widget):
    """Rows that somebody else has drawn."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._plain_lines = self._styles_cache = PlainLines(self._measure)
        self._drawn: Rows = ()
        self._styles: dict[tuple[int, int], Style] = {}
        self._styled_for: tuple[Style, str] | None = None

    def paint(self, rows: Rows) -> None:
        """Shows other rows; equal ones repaint nothing."""
        before, self._drawn = self._drawn, rows
        if len(before) != len(rows):
            self.refresh()
            return
        changed = [y for y, (old, new) in enumerate(zip(before, rows, strict=True)) if old != new]
        if changed:
            self.refresh(*bands(changed, self.size.width, range(len(rows))))

    def _measure(self) -> tuple[Style, int]:
        base = self.rich_style
        if self._styled_for != (base, self.app.theme):
            self._styles.clear()
            self._styled_for = base, self.app.theme
        return base, self.size.width

    def render_line(self, y: int) -> Strip:
        """One row."""
        base, width = self._plain_lines.common
        if y >= len(self._drawn):
            return Strip.blank(width, base)
        segments = [Segment(piece[0], self._style(piece, base)) for piece in self._drawn[y] if piece[0]]
        return Strip(segments).adjust_cell_length(width, base)

    def _style(self, piece: Piece, base: Style) -> Style:
        key = piece[1:]
        style = self._styles.get(key)
        if style is None:
            style = self._styles[key] = base + self._found_style(*key)
        return style

    def _found_style(self, role: int, back: int) -> Style:
        if role >= 0:
            style = series_style(self.app, role)
            return style + Style(bgcolor=series_style(self.app, back).color) if back >= 0 else style
        return Style.null() if role == NOTHING else style_of(self.app, _TONES[role])


__all__ = ["Drawn", "Rows", "series_style"]
