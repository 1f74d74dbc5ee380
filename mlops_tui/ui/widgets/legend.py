"""A chart with its heading and legend, as rows of pieces: everything that a chart shows but its colours."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rich.cells import cell_len

from mlops_tui.ui.chart_view import DEFAULT, ChartView
from mlops_tui.ui.text import clean, cut, fit
from mlops_tui.ui.widgets.canvas import ASCII, LABEL, NOTHING, Piece
from mlops_tui.ui.widgets.crosshair import height_at, reading, with_line, x_text
from mlops_tui.ui.widgets.dots import TEXT, draw_dots, is_dots
from mlops_tui.ui.widgets.plot import Options, Plot, Series, draw, marker

#: Roles of a heading, beside those of ``canvas`` and ``dots``: of any chart, and of the one that keys act on.
TITLE, CURRENT = -6, -8

#: What stands where there are no points.
NO_POINTS = "no points yet"

_WIDEST_ITEM = 44
# Of a value at the crosshair, so that names stay where they are as it moves.
_LEAST_NOTE = 7


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a chart shows; equal drawings look the same.

    Attributes:
        title: The heading; "" for none.
        series: The curves, the most important last. One alone is explained by the heading, several by a legend.
        note: What the heading says at its right end.
        view: What the axes are, and how much curves are smoothed.
        window: What part of the x axis is shown; everything by default.
        crosshair: The x at which all series are read; None for nowhere.
        is_current: Whether keys act on this chart among others.
        empty: What stands there while there are no points.
    """

    title: str = ""
    series: tuple[Series, ...] = ()
    note: str = ""
    view: ChartView = DEFAULT
    window: tuple[float, float] | None = None
    crosshair: float | None = None
    is_current: bool = False
    empty: str = NO_POINTS


Rows = tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True, slots=True)
class Composition:
    """A drawing as rows of pieces, and the plot in it, where there is one.

    Attributes:
        rows: As many as asked for, each as wide as asked for.
        plot: The curves with their axes.
        top: The first row of the plot.
        made_from: What the plot was made from: it need not be made again for the same.
    """

    rows: Rows = ()
    plot: Plot | None = None
    top: int = 0
    made_from: tuple[object, ...] = ()


def compose(
    drawing: Drawing, width: int, height: int, options: Options, before: Composition | None = None
) -> Composition:
    """Heading, curves and legend in an area of exactly ``width`` × ``height`` cells.

    Args:
        drawing: What to show.
        width: Cells.
        height: Cells.
        options: What the terminal can show.
        before: What was shown before; its curves are used again where only the crosshair or texts differ.
    """
    if width < 1 or height < 1:
        return Composition()
    top = 1 if drawing.title and height >= 3 else 0
    if not any(series.points for series in drawing.series):
        return Composition(_empty(_headings(drawing, width, top), drawing.empty, width, height))
    if is_dots(drawing.series):
        return Composition(
            _headings(drawing, width, top) + draw_dots(drawing.series, width, height - top, options), top=top
        )
    most = (height - top - 4) // 3
    legend = _legend(drawing, width, most, options) if len(drawing.series) > 1 and most > 0 else ()
    size = width, height - top - len(legend)
    chosen = replace(options, view=drawing.view, window=drawing.window)
    made_from: tuple[object, ...] = (drawing.series, size, chosen)
    if before is not None and before.plot is not None and _is_same(before.made_from, made_from):
        plot, made_from = before.plot, before.made_from
    else:
        plot = draw(drawing.series, *size, chosen)
    notes = [drawing.note] if drawing.note else []
    rows, at = plot.rows, drawing.crosshair
    if at is not None and (column := plot.column_of(at)) is not None:
        rows = with_line(rows, column, plot.height, is_ascii=options.cells == ASCII)
        notes = [x_text(at, drawing.view)]
        if len(drawing.series) == 1:
            notes.insert(0, reading(drawing.series[0], at))
    if plot.lacking:  # first, as what is said last gives way
        notes.insert(0, "none has a logarithm" if plot.lacking == "all" else "some have no logarithm")
    heading = _headings(replace(drawing, note=" · ".join(notes)), width, top)
    return Composition(heading + rows + legend, plot, top, made_from)


def _is_same(made: tuple[object, ...], wanted: tuple[object, ...]) -> bool:
    return len(made) == 3 and made[0] is wanted[0] and made[1:] == wanted[1:]


def _headings(drawing: Drawing, width: int, count: int) -> Rows:
    return (_heading(drawing, width),) if count else ()


def _heading(drawing: Drawing, width: int) -> tuple[Piece, ...]:
    title, note = clean(drawing.title), clean(drawing.note)
    while note and cell_len(note) + 2 + min(12, cell_len(title)) > width:
        note = note.rpartition(" · ")[0]  # what is said last can be missed first
    room = width - cell_len(note) - (2 if note else 0)
    gap = "  " if note else ""
    role = CURRENT if drawing.is_current else TITLE
    return ((fit(title, room), role, NOTHING), (gap + note, LABEL, NOTHING))


def _empty(heading: Rows, text: str, width: int, height: int) -> Rows:
    blank: tuple[Piece, ...] = ((" " * width, NOTHING, NOTHING),)
    room = height - len(heading)
    shown = cut(clean(text), width)
    line = fit(" " * ((width - cell_len(shown)) // 2) + shown, width)
    return heading + tuple(((line, LABEL, NOTHING),) if row == (room - 1) // 2 else blank for row in range(room))


def _legend(drawing: Drawing, width: int, most: int, options: Options) -> Rows:
    """The names of the curves in equal columns, at most ``most`` rows; what has no room is counted.

    With a crosshair, the values there stand behind the names, and where not all have room the highest are shown.
    """
    series, at = drawing.series, drawing.crosshair
    ordered, least = sorted(series, key=lambda one: one.slot), 0
    if at is not None:
        ordered, least = [replace(one, note=reading(one, at, is_short=True)) for one in ordered], _LEAST_NOTE
    notes = max(least, max(cell_len(one.note) for one in ordered))
    widest = max(cell_len(clean(one.label)) for one in series) + (notes + 1 if notes else 0) + 2
    item_width = min(width, _WIDEST_ITEM, widest)
    across = max(1, (width + 2) // (item_width + 2))
    places = across * most
    if at is not None and len(series) > places:
        ordered.sort(key=lambda one: -height_at(one, at))
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


__all__ = ["CURRENT", "NO_POINTS", "TEXT", "TITLE", "Composition", "Drawing", "Rows", "compose"]
