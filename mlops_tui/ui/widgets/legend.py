"""A chart with its heading and legend, as rows of pieces: everything that a chart shows but its colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

from mlops_tui.ui.text import clean, cut, fit
from mlops_tui.ui.widgets.canvas import LABEL, NOTHING, Piece
from mlops_tui.ui.widgets.dots import TEXT, draw_dots, is_dots
from mlops_tui.ui.widgets.plot import Options, Series, draw, marker

#: Role of a heading, beside those of ``canvas`` and ``dots``.
TITLE = -6

_WIDEST_ITEM = 44


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a chart shows; equal drawings look the same.

    Attributes:
        title: The heading; "" for none.
        series: The curves, the most important last. One alone is explained by the heading, several by a legend.
        note: What the heading says at its right end.
        x: 'step', or 'time' in seconds.
        is_log_y: Whether values are on a logarithmic axis.
        empty: What stands there while there are no points.
    """

    title: str = ""
    series: tuple[Series, ...] = ()
    note: str = ""
    x: str = "step"
    is_log_y: bool = False
    empty: str = "no points yet"


Rows = tuple[tuple[Piece, ...], ...]


def compose(drawing: Drawing, width: int, height: int, options: Options) -> Rows:
    """Heading, curves and legend in an area of exactly ``width`` × ``height`` cells."""
    if width < 1 or height < 1:
        return ()
    heading: Rows = ()
    if drawing.title and height >= 3:
        heading = (_heading(drawing, width),)
    if not any(series.points for series in drawing.series):
        return _empty(heading, drawing.empty, width, height)
    if is_dots(drawing.series):
        return heading + draw_dots(drawing.series, width, height - len(heading), options)
    most = (height - len(heading) - 4) // 3
    legend = _legend(drawing.series, width, most, options) if len(drawing.series) > 1 and most > 0 else ()
    chosen = replace(options, x=drawing.x, is_log_y=drawing.is_log_y)
    plot = draw(drawing.series, width, height - len(heading) - len(legend), chosen)
    if plot.left_out and heading:
        note = f"{plot.left_out} without a logarithm"
        heading = (_heading(replace(drawing, note=f"{drawing.note} · {note}" if drawing.note else note), width),)
    return heading + plot.rows + legend


def _heading(drawing: Drawing, width: int) -> tuple[Piece, ...]:
    title, note = clean(drawing.title), clean(drawing.note)
    while note and cell_len(note) + 2 + min(12, cell_len(title)) > width:
        note = note.rpartition(" · ")[0]  # what is said last can be missed first
    room = width - cell_len(note) - (2 if note else 0)
    gap = "  " if note else ""
    return ((fit(title, room), TITLE, NOTHING), (gap + note, LABEL, NOTHING))


def _empty(heading: Rows, text: str, width: int, height: int) -> Rows:
    blank: tuple[Piece, ...] = ((" " * width, NOTHING, NOTHING),)
    room = height - len(heading)
    shown = cut(clean(text), width)
    line = fit(" " * ((width - cell_len(shown)) // 2) + shown, width)
    return heading + tuple(((line, LABEL, NOTHING),) if row == (room - 1) // 2 else blank for row in range(room))


def _legend(series: Sequence[Series], width: int, most: int, options: Options) -> Rows:
    """The names of the curves in equal columns, at most ``most`` rows; what has no room is counted."""
    widest = max(cell_len(clean(one.label)) + (cell_len(one.note) + 1 if one.note else 0) for one in series) + 2
    item_width = min(width, _WIDEST_ITEM, widest)
    across = max(1, (width + 2) // (item_width + 2))
    places = across * most
    ordered = sorted(series, key=lambda one: one.slot)
    shown = ordered if len(series) <= places else ordered[: places - 1]
    items = [_item(one, item_width, options) for one in shown]
    if len(shown) < len(series):
        items.append(((fit(f"+ {len(series) - len(shown)} more", item_width), LABEL, NOTHING),))
    rows = []
    for start in range(0, len(items), across):
        pieces: list[Piece] = []
        for item in items[start : start + across]:
            pieces += [("  ", NOTHING, NOTHING), *item] if pieces else item
        used = sum(cell_len(piece[0]) for piece in pieces)
        rows.append((*pieces, (" " * (width - used), NOTHING, NOTHING)))
    return tuple(rows)


def _item(series: Series, width: int, options: Options) -> tuple[Piece, ...]:
    note = clean(series.note)
    room = width - 2 - (cell_len(note) + 1 if note else 0)
    if room < 4:
        note, room = "", width - 2
    sign = marker(series.slot, options)
    return (
        (fit(sign + " ", min(2, width)), series.slot, NOTHING),
        (fit(clean(series.label), max(0, room)), TEXT, NOTHING),
        ((" " + note) if note else "", LABEL, NOTHING),
    )


__all__ = ["TEXT", "TITLE", "Drawing", "compose"]
