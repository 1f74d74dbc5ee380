"""A thin scroll bar: a line with a thicker part, which needs no colours to be seen."""

from __future__ import annotations

from rich.color import Color
from rich.segment import Segment, Segments
from rich.style import Style
from textual.scrollbar import ScrollBarRender

from mlops_tui.ui.theme import is_unicode

_BACK = Color.parse("#555555")
_BAR = Color.parse("bright_magenta")


class ThinScrollBar(ScrollBarRender):
    """Draws ``┃`` on nothing; horizontal bars are Textual's own."""

    @classmethod
    def render_bar(
        cls,
        size: int = 25,
        virtual_size: float = 50,
        window_size: float = 20,
        position: float = 0,
        thickness: int = 1,
        vertical: bool = True,
        back_color: Color = _BACK,
        bar_color: Color = _BAR,
    ) -> Segments:
        """The bar as segments, one a line."""
        if not vertical:
            return super().render_bar(
                size, virtual_size, window_size, position, thickness, vertical, back_color, bar_color
            )
        start, length = thumb(size, virtual_size, window_size, position)
        glyph = "┃" if is_unicode() else "|"
        style = Style(color=bar_color, bgcolor=back_color)
        above = Segment(" ", style + Style(meta={"@mouse.down": "scroll_up"}))
        within = Segment(glyph, style + Style(meta={"@mouse.down": "grab"}))
        below = Segment(" ", style + Style(meta={"@mouse.down": "scroll_down"}))
        return Segments([above] * start + [within] * length + [below] * (size - start - length), new_lines=True)


def thumb(size: int, virtual_size: float, window_size: float, position: float) -> tuple[int, int]:
    """Where the thick part begins and how long it is, in lines; (0, 0) when all is in sight.

    Args:
        size: Lines of the bar.
        virtual_size: Lines of the contents.
        window_size: Lines in sight.
        position: The first of them.
    """
    if size <= 0 or virtual_size <= window_size or window_size <= 0:
        return 0, 0
    length = max(1, min(size, round(size * window_size / virtual_size)))
    room = size - length
    share = min(1.0, max(0.0, position / (virtual_size - window_size)))
    start = round(room * share)
    if room and 0 < share < 1:  # the ends of the bar are for the ends of the contents
        start = min(max(1, start), max(1, room - 1))
    return min(start, room), length
