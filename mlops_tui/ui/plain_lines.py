"""Lines of widgets that have nothing but blanks around their contents: taken as they are.

Textual asks for each line of each widget anew about borders, outlines, paddings, hatches and tints, which takes it
longer than drawing a row of a list. The one place that knows how it puts a line together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from rich.segment import Segment
from textual._segment_tools import make_blank
from textual._styles_cache import StylesCache
from textual.css.styles import StylesBase
from textual.geometry import Region, Size, Spacing
from textual.strip import Strip

Common = TypeVar("Common")


class PlainLines(StylesCache, Generic[Common]):
    """The lines of a widget; to be put in the place of its ``_styles_cache``.

    Args:
        measure: Asks Textual for what all lines have in common (sizes, styles): once when several are rendered.
        has_bar: Whether the widget's scroll bar stands to the right of its lines, upon the widget, asked once when
            several are rendered: then they are not made as long as the widget is wide, and cut again where it begins.
    """

    def __init__(self, measure: Callable[[], Common], *, has_bar: Callable[[], bool] = lambda: False) -> None:
        super().__init__()
        self._measure = measure
        self._has_bar = has_bar
        self._is_beside_bar = False
        self._common: Common | None = None
        self._are_plain = False

    @property
    def common(self) -> Common:
        """What all lines have in common, for ``render_line``."""
        return self._measure() if self._common is None else self._common

    def render(self, styles: StylesBase, size: Size, *args: Any, **options: Any) -> list[Strip]:
        """Lines; asks once for all of them whether anything but blanks is around or upon the contents."""
        self._are_plain = (
            not styles.border
            and not styles.outline
            and options["opacity"] == 1.0
            and styles.text_opacity == 1.0
            and not styles.tint.a
            and not (styles.has_rule("hatch") and styles.hatch != "none")
        )
        self._is_beside_bar = self._has_bar()
        self._common = self._measure()
        try:
            return super().render(styles, size, *args, **options)
        finally:
            self._common = None

    def render_line(
        self, styles: StylesBase, y: int, size: Size, content_size: Size, padding: Spacing, *args: Any, **options: Any
    ) -> Strip:
        """One line."""
        y_inside = y - padding.top
        if not self._are_plain or not 0 <= y_inside < min(content_size.height, size.height - padding.height):
            return super().render_line(styles, y, size, content_size, padding, *args, **options)
        base_background, background, render_content_line = args[:3]
        strip: Strip = render_content_line(y_inside)
        if self._is_beside_bar and not padding.width:
            return strip
        style = self.get_inner_outer(base_background, background)[0].rich_style
        strip = strip.adjust_cell_length(content_size.width, style)
        if not padding.width:
            return strip
        around = [_blanks(cells, style) for cells in (padding.left, padding.right)]
        return Strip([*around[0], *strip, *around[1]], size.width)


def _blanks(cells: int, style: Any) -> list[Segment]:
    return [make_blank(cells, style)] if cells else []


def bands(lines: Iterable[int], width: int, within: range) -> list[Region]:
    """The regions of lines that lie within others: those next to each other are one region."""
    found: list[Region] = []
    for y in sorted({y for y in lines if y in within}):
        if found and found[-1].bottom == y:
            found[-1] = found[-1].grow((0, 0, 1, 0))
        else:
            found.append(Region(0, y, width, 1))
    return found


__all__ = ["PlainLines", "bands"]
