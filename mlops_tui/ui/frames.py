"""Textual's frames as pieces of lines. The one place that knows their private form."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment

if TYPE_CHECKING:
    from textual.app import App


class Span(NamedTuple):
    """A piece of a line, from a column on."""

    y: int
    x: int
    segments: Iterable[Segment]


def supported(app_class: type[App[object]]) -> bool:
    """Whether Textual's hook and its frames are those that this module knows."""
    from textual import _compositor

    display = getattr(app_class, "_display", None)
    if display is None or list(inspect.signature(display).parameters) != ["self", "screen", "renderable"]:
        return False
    known = {"LayoutUpdate": ("strips", "region"), "ChopsUpdate": ("chops", "spans", "chop_ends")}
    return all(
        set(names) <= set(inspect.signature(getattr(_compositor, name).__init__).parameters)
        for name, names in known.items()
        if hasattr(_compositor, name)
    ) and all(hasattr(_compositor, name) for name in known)


def spans(update: object) -> list[Span] | None:
    """The pieces of lines that one of Textual's updates holds; None for an update of another kind."""
    kind = type(update).__name__
    if kind == "LayoutUpdate":
        return list(_layout_spans(update))
    if kind == "ChopsUpdate":
        return list(_chop_spans(update))
    return None


def _layout_spans(update: object) -> Iterator[Span]:
    region = update.region  # type: ignore[attr-defined]
    for y, line in enumerate(update.strips, region.y):  # type: ignore[attr-defined]
        yield Span(y, region.x, [segment for strip in line for segment in strip])


def _chop_spans(update: object) -> Iterator[Span]:
    chops, ends = update.chops, update.chop_ends  # type: ignore[attr-defined]
    for y, low, high in update.spans:  # type: ignore[attr-defined]
        for end, (x, strip) in zip(ends[y], chops[y].items(), strict=False):
            if strip is not None and x < high and end > low:
                yield Span(y, x, strip)
