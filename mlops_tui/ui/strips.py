"""Textual's strips, made lighter: a screen consists of thousands, and each is born with seven caches.

Making the caches takes a third of the time in which a screen is drawn. Two of them answer again and again, when a line
that has not changed is cut at the edges of widgets, or filtered; what the others remember nobody asks for here, and
they are left out. Each line also goes through a filter that writes out colours by name, which asks for each piece what
has become of its style; to compare styles takes it longer than anything else, and most lines stay what they are. The
one place that knows how strips keep what they remember.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import ANSIToTruecolor, LineFilter
from textual.strip import Strip

#: Things that a cache remembers at most; Textual's own sizes are 4 and 16.
MOST = 16

_FILLED = ("_divide_cache", "_filter_cache")
_EMPTY = ("_crop_cache", "_style_cache", "_line_length_cache", "_crop_extend_cache", "_offsets_cache")
_OTHERS = ("_segments", "_cell_length", "_render_cache", "_link_ids", "_cell_count")


class Few(dict[object, object]):
    """Remembers a few things, and costs next to nothing while it is empty."""

    __slots__ = ()

    def __setitem__(self, key: object, value: object) -> None:
        if len(self) >= MOST:
            self.clear()
        super().__setitem__(key, value)


class Nothing:
    """Remembers nothing."""

    __slots__ = ()

    def get(self, _key: object, default: object = None) -> object:
        """Never knows."""
        return default

    def __setitem__(self, key: object, value: object) -> None:
        """Forgets it."""


_NOTHING: Final = Nothing()


class Truecolor(ANSIToTruecolor):
    """The filter of all lines; it knows styles that it has met before, and does not compare them."""

    #: Styles that are remembered at most.
    MOST_STYLES = 1000

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._known: dict[Color, dict[int, tuple[Style, Style]]] = {}  # by background

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Segments of colours that have numbers."""
        known = self._known.setdefault(background, {})
        styles = [
            (None, None) if style is None else known.get(id(style)) or self._remember(known, style, background)
            for _, style, _ in segments
        ]
        if all(before is after for before, after in styles):
            return segments  # nothing has a colour by name
        return [Segment(text, after) for (text, _, _), (_, after) in zip(segments, styles, strict=True)]

    def _remember(self, known: dict[int, tuple[Style, Style]], style: Style, background: Color) -> tuple[Style, Style]:
        if len(known) >= self.MOST_STYLES:
            known.clear()
        made = self.truecolor_style(style, background.rich_color)  # which may be another one that is equal
        # with the style itself, so that no other one can come to stand in its place
        found = known[id(style)] = (style, style if made == style else made)
        return found


def lighten() -> bool:
    """Has strips made from here on remember less; False where this Textual's strips are of another kind."""
    if sorted(Strip.__slots__) != sorted((*_FILLED, *_EMPTY, *_OTHERS)):
        return False
    Strip.__init__ = _init  # type: ignore[method-assign]
    Strip.apply_filter = _apply_filter  # type: ignore[method-assign, assignment]
    return True


def _init(self: Strip, segments: Iterable[Segment], cell_length: int | None = None) -> None:
    self._segments = list(segments)
    self._cell_length = cell_length
    self._divide_cache = Few()  # type: ignore[assignment]
    self._filter_cache = Few()  # type: ignore[assignment]
    self._crop_cache = self._style_cache = self._line_length_cache = _NOTHING  # type: ignore[assignment]
    self._crop_extend_cache = self._offsets_cache = _NOTHING  # type: ignore[assignment]
    self._render_cache = self._link_ids = self._cell_count = None


def _apply_filter(self: Strip, wanted: LineFilter, background: Color) -> Strip:
    cache: dict[object, object] = self._filter_cache  # type: ignore[assignment]
    found = cache.get((wanted, background))
    if found is None:
        segments = wanted.apply(self._segments, background)
        found = _NOTHING if segments is self._segments else Strip(segments, self._cell_length)
        cache[wanted, background] = found
    return found if isinstance(found, Strip) else self
