"""Only what is to be seen is rendered: of each widget the lines that have changed and that nothing in front covers.

Textual renders, for whatever small part of a screen has changed, all widgets that reach into a rectangle around all of
it, with all their lines, and then throws away what widgets in front cover: the frames, panes and containers behind a
list take it as long as the list. The one place that knows how Textual puts a frame together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip


class SeenCompositor(Compositor):
    """Renders lines of widgets that can be seen and have changed."""

    _changed: Sequence[Region] = ()

    def render_partial_update(self) -> ChopsUpdate | None:
        """What has changed, None when nothing has."""
        self._changed = tuple(self._dirty_regions)
        try:
            return super().render_partial_update()
        finally:
            self._changed = ()

    def _render_chops(self, crop: Region, is_rendered_line: Callable[[int], bool]) -> Sequence[Mapping[int, Strip]]:
        # as Textual does it, with what is left of the changed regions when the widgets in front are taken away
        cuts = self.cuts
        chops: list[dict[int, Strip | None]] = [dict.fromkeys(line[:-1]) for line in cuts]
        left = [part for region in self._changed or (crop,) if (part := region.intersection(crop))]
        for widget, (region, clip) in self.visible_widgets.items():
            seen = region.intersection(clip)
            parts = [part for part in left if part.overlaps(seen)]
            if not parts:
                continue
            top = max(seen.y, min(part.y for part in parts))
            bottom = min(seen.bottom, max(part.bottom for part in parts))
            strips = widget.render_lines(Region(seen.x - region.x, top - region.y, seen.width, bottom - top))
            gaps: list[Region] = []
            for y in range(top, bottom):
                if is_rendered_line(y):
                    end = _lay(chops[y], cuts[y], strips[y - top], seen) if y - top < len(strips) else seen.x
                    if end < seen.right:
                        gaps.append(Region(end, y, seen.right - end, 1))
            left = [rest for part in left for rest in without(part, seen)]
            left += [shared for part in parts for gap in gaps if (shared := part.intersection(gap))]
            if not left:
                break
        return cast("Sequence[Mapping[int, Strip]]", chops)


def _lay(chops: dict[int, Strip | None], cuts: Sequence[int], strip: Strip, seen: Region) -> int:
    """Lays a widget's line behind what is there already; returns where it ends, which may be before the widget does."""
    x, end = seen.column_span
    inside = [cut for cut in cuts if x <= cut <= end]
    if strip.cell_length == inside[1] - x:
        pieces: Sequence[Strip] = (strip,)
    else:
        pieces = strip.divide([cut - x for cut in inside[1:]])
    for cut, piece in zip(inside, pieces, strict=False):
        if chops.get(cut) is None:
            chops[cut] = piece
    return inside[len(pieces)]


def without(region: Region, other: Region) -> list[Region]:
    """What is left of a region when another is taken away: up to four pieces."""
    shared = region.intersection(other)
    if not shared:
        return [region]
    pieces = (
        Region(region.x, region.y, region.width, shared.y - region.y),
        Region(region.x, shared.bottom, region.width, region.bottom - shared.bottom),
        Region(region.x, shared.y, shared.x - region.x, shared.height),
        Region(shared.right, shared.y, region.right - shared.right, shared.height),
    )
    return [piece for piece in pieces if piece]


__all__ = ["SeenCompositor", "without"]
