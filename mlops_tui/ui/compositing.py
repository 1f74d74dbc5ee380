"""What is painted of a screen: only lines that somebody sees, and of a dialog not what stands behind it.

Textual renders every widget that touches what has changed as a whole, be it covered by others or not, and for a dialog
all of the screen behind it. Here lines are rendered from front to back until all cells are there, and cells that a
see-through screen leaves open come from the screen below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from textual._compositor import ChopsUpdate, Compositor, ReflowResult
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

#: Of each line where its pieces begin, and the pieces; None for a piece that is not asked for.
Chops = list[dict[int, Strip | None]]


class SeenCompositor(Compositor):
    """Puts together what is seen of a screen.

    Args:
        below: What is seen through the screen where it has no widget; None for a screen that is not see-through.
    """

    def __init__(self, below: Callable[[], SeenCompositor | None]) -> None:
        super().__init__()
        self._below = below

    @property
    def places(self) -> set[Region]:
        """Where there are widgets, or were when the screen was last painted."""
        widgets = self.visible_widgets.items()
        return {region.intersection(clip) for widget, (region, clip) in widgets if widget is not self.root}

    def mark(self, regions: Iterable[Region]) -> None:
        """Has regions painted anew."""
        self._dirty_regions.update(regions)

    @property
    def due(self) -> frozenset[Region]:
        """What is to be painted."""
        return frozenset(self._dirty_regions)

    def take(self) -> set[Region]:
        """The same, which from here on somebody else cares for."""
        taken, self._dirty_regions = self._dirty_regions, set()
        return taken

    def reflow(self, parent: Widget, size: Size) -> ReflowResult:
        """Lays out; what is seen through the screen needs no painting for that."""
        before, was_all = self.size, size.region in self._dirty_regions
        found = super().reflow(parent, size)
        if not was_all and before in (size, Size(0, 0)) and self._below() is not None:
            self._dirty_regions.discard(size.region)
        return found

    def render_partial_update(self) -> ChopsUpdate | None:
        """Renders the spans that have changed."""
        spans = list(self._regions_to_spans(self.take()))
        if not spans:
            return None
        wanted: dict[int, list[tuple[int, int]]] = {}
        for y, low, high in spans:
            wanted.setdefault(y, []).append((low, high))
        return ChopsUpdate(self.chops(wanted), spans, [cuts[1:] for cuts in self.cuts])

    def _render_chops(self, crop: Region, is_rendered_line: Callable[[int], bool]) -> Sequence[Mapping[int, Strip]]:
        span = [(crop.x, crop.right)]
        return self.chops({y: span for y in crop.line_range if is_rendered_line(y)})  # type: ignore[return-value]

    def chops(self, wanted: Mapping[int, Sequence[tuple[int, int]]]) -> Chops:
        """Lines in pieces, from one widget's edge to the next.

        Args:
            wanted: Of which lines pieces are wanted, and from where to where they reach.
        """
        cuts = self.cuts
        chops: Chops = [{} for _ in cuts]
        missing: dict[int, set[int]] = {}
        for y, spans in wanted.items():
            if 0 <= y < len(cuts):
                chops[y] = dict.fromkeys(cuts[y][:-1])
                missing[y] = {x for x, end in pairwise(cuts[y]) if any(x < high and end > low for low, high in spans)}
        below = self._below()
        for widget, (region, clip) in self.visible_widgets.items():
            if not missing:
                break
            if below is None or widget is not self.root:
                self._add(widget, region, region.intersection(clip), missing, chops)
        if below is not None and missing:
            self._look_through(below, missing, chops)
        return chops

    def _add(self, widget: Widget, region: Region, seen: Region, missing: dict[int, set[int]], chops: Chops) -> None:
        """Adds what a widget has of the missing pieces."""
        left, right = seen.x, seen.right
        lines = [y for y in seen.line_range if y in missing and any(left <= x < right for x in missing[y])]
        if not lines:
            return
        first, count = lines[0], lines[-1] - lines[0] + 1
        strips = widget.render_lines(Region(left - region.x, first - region.y, seen.width, count))
        for y in lines:
            if y - first >= len(strips):
                break
            line, strip, open_pieces = self.cuts[y], strips[y - first], missing[y]
            places = [x for x in line if left <= x < right]
            ends = [x - left for x in line if left < x <= right]
            for x, piece in zip(places, [strip] if len(places) == 1 else strip.divide(ends), strict=False):
                if x in open_pieces:
                    chops[y][x] = piece
                    open_pieces.remove(x)
            if not open_pieces:
                del missing[y]

    def _look_through(self, below: SeenCompositor, missing: Mapping[int, set[int]], chops: Chops) -> None:
        """Adds the missing pieces from what is below."""
        ends = {y: dict(pairwise(self.cuts[y])) for y in missing}
        found = below.chops({y: [(x, ends[y][x]) for x in places] for y, places in missing.items()})
        for y, places in missing.items():
            line = _joined(found[y], below.cuts[y]) if y < len(found) else Strip([])
            for x in places:
                width = ends[y][x] - x
                chops[y][x] = line.crop(x, x + width).adjust_cell_length(width)


def _joined(pieces: Mapping[int, Strip | None], cuts: Sequence[int]) -> Strip:
    """A line of its pieces, blank where there is none."""
    return Strip.join(pieces.get(x) or Strip.blank(end - x) for x, end in pairwise(cuts))


__all__ = ["SeenCompositor"]
