"""Parallel coordinates drawn as characters: an upright axis for each key, a line across them for each run.

Pure: knows no Textual, no colours and no terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from mlops_tui.ui.text import clean, cut_middle
from mlops_tui.ui.widgets import ticks
from mlops_tui.ui.widgets.canvas import AXIS, LABEL, NOTHING, Canvas, Piece
from mlops_tui.ui.widgets.plot import Options, marker

Rows = tuple[tuple[Piece, ...], ...]
#: Up to so many runs have a colour of their own.
NAMED = 10
#: Colours where there are more runs: of most, of the best by the last axis, and of the one pointed at.
_MANY, _BEST, _FOCUSED = 7, 0, 1
#: One of so many runs is among the best.
_SHARE = 5
#: Cells that an axis needs for its name.
_ROOM = 9


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis.

    Attributes:
        name: Above it.
        values: Of every run, or None.
        texts: What the numbers of an axis of texts stand for.
        goal: 'max' or 'min' where one end is better, else ''.
    """

    name: str
    values: tuple[float | None, ...]
    texts: tuple[str, ...] = ()
    goal: str = ""


def fitting(width: int) -> int:
    """How many axes a width has room for, at least 2."""
    return max(2, width // _ROOM)


def draw(scales: Sequence[Scale], width: int, height: int, options: Options, focused: int | None = None) -> Rows:
    """Axes with the lines of all runs.

    Args:
        scales: From left to right; those that have no room are left out from the left, because metrics come last.
        width: Cells.
        height: Rows.
        options: What dots are drawn with, and which markers.
        focused: The run whose line stands out.

    Returns:
        Exactly ``height`` rows of ``width`` cells.
    """
    shown = list(scales[-fitting(width) :])
    if len(shown) < 2 or width < 2 * _ROOM or height < 6:
        blank: tuple[Piece, ...] = ((" " * max(0, width), NOTHING, NOTHING),)
        return tuple(blank for _ in range(max(0, height)))
    margin = min(12, width // (2 * len(shown)))
    columns, rows = width - 2 * margin, height - 3
    canvas = Canvas(columns, rows, (0.0, float(len(shown) - 1), 0.0, 1.0), cells=options.cells)
    ranges = [_range(scale) for scale in shown]
    runs = len(shown[0].values)
    best = _best(shown[-1])
    order = sorted(range(runs), key=lambda run: (run == focused, run in best, -run))
    for run in order:
        slot = run if runs <= NAMED else _FOCUSED if run == focused else _BEST if run in best else _MANY
        sign = marker(run if runs <= NAMED else 0 if run == focused else 2, options)
        is_plain = runs > NAMED and run != focused and run not in best
        for points in _pieces_of_line(shown, ranges, run):
            canvas.curve(points, slot, marker="·" if is_plain else sign, is_patterned=options.is_patterned and is_plain)
            for point in points if run == focused else ():
                canvas.curve([point], slot, marker=sign)
    places = [margin + canvas.column_of(float(place)) for place in range(len(shown))]
    lows, highs = ([_said(scale, extent[end]) for scale, extent in zip(shown, ranges, strict=True)] for end in (0, 1))
    inner, edge = [place - margin for place in places], (" " * margin, NOTHING, NOTHING)
    body = [(edge, *_with_axes(pieces, inner), edge) for pieces in canvas.rows()]
    return (
        ((_line([clean(scale.name, 80) for scale in shown], places, width), LABEL, NOTHING),),
        ((_line(highs, places, width), LABEL, NOTHING),),
        *body,
        ((_line(lows, places, width), LABEL, NOTHING),),
    )


def _best(scale: Scale) -> set[int]:
    """The best fifth of the runs by an axis that has a better end."""
    known = [(value, run) for run, value in enumerate(scale.values) if value is not None]
    if not scale.goal:
        return set()
    known.sort(reverse=scale.goal == "max")
    return {run for _, run in known[: max(1, len(known) // _SHARE)]}


def _range(scale: Scale) -> tuple[float, float]:
    known = [value for value in scale.values if value is not None]
    return min(known, default=0.0), max(known, default=1.0)


def _pieces_of_line(
    scales: Sequence[Scale], ranges: Sequence[tuple[float, float]], run: int
) -> list[list[tuple[float, float, float, float]]]:
    """The line of a run, in pieces where it has no value."""
    pieces: list[list[tuple[float, float, float, float]]] = [[]]
    for place, (scale, (low, high)) in enumerate(zip(scales, ranges, strict=True)):
        value = scale.values[run]
        if value is None:
            pieces.append([])
            continue
        share = (value - low) / (high - low) if high > low else 0.5
        pieces[-1].append((float(place), share, share, share))
    return [piece for piece in pieces if piece]


def _with_axes(pieces: Sequence[Piece], places: Sequence[int]) -> list[Piece]:
    """A row with the axes behind its lines."""
    found: list[Piece] = []
    start = 0
    for text, role, back in pieces:
        if role != NOTHING:
            found.append((text, role, back))
            start += len(text)
            continue
        position = 0
        for place in places:
            at = place - start
            if position <= at < len(text):
                found += [(text[position:at], NOTHING, NOTHING), ("│", AXIS, NOTHING)]
                position = at + 1
        found.append((text[position:], NOTHING, NOTHING))
        start += len(text)
    return [piece for piece in found if piece[0]]


def _said(scale: Scale, value: float) -> str:
    return clean(scale.texts[int(value)], 40) if scale.texts else ticks.number(value)


def _line(texts: Sequence[str], places: Sequence[int], width: int) -> str:
    """Texts centred at their places, none over another."""
    line, used = "", 0
    for number, (text, place) in enumerate(zip(texts, places, strict=True)):
        left = 0 if number == 0 else (places[number - 1] + place) // 2 + 1
        right = width if number == len(places) - 1 else (place + places[number + 1]) // 2
        shown = cut_middle(text, max(1, right - left))
        start = min(max(left, used, place - cell_len(shown) // 2), max(0, right - cell_len(shown)))
        start = max(start, used)
        line += " " * (start - used) + shown
        used = start + cell_len(shown)
    return line + " " * max(0, width - used)


__all__ = ["NAMED", "Rows", "Scale", "draw", "fitting"]
