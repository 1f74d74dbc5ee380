"""One column over the windows of a monitor as upright bars, with the levels that they keep to. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_tui.ui.widgets import ticks
from mlops_tui.ui.widgets.bars import UP, UP_COARSE, Piece, Rows, Shapes, joined

_TONES = {"drifted": "warning", "slight": "dim", "steady": "dim"}
_WIDEST_BAR = 4
#: Cells of the scale and its axis.
_GUTTER = 5
#: Below this the scale does not go, so that noise does not look like drift.
_LEAST_TOP = 0.2


@dataclass(frozen=True, slots=True)
class Bar:
    """A window: the effect in it, None where there is none, and the state of the column."""

    effect: float | None
    state: str


def draw(bars: Sequence[Bar], at: int, changes: Sequence[int], width: int, height: int, shapes: Shapes) -> Rows:
    """Bars over an axis with the numbers of the windows.

    Args:
        bars: From the oldest window to the newest.
        at: The place of the window that is looked at; it is always in sight.
        changes: Where another level begins; marked on the axis.
        width: Cells there are.
        height: Rows there are, at least 3.
        shapes: What the terminal can draw.
    """
    room = width - _GUTTER
    if not bars or room < 1 or height < 3:
        return ()
    size = min(_WIDEST_BAR, max(1, room // len(bars)))
    count = min(len(bars), room // size)
    first = min(max(0, at - count + 1 + count // 4), len(bars) - count) if len(bars) > count else 0
    shown = bars[first : first + count]
    rows = height - 2
    top = max(_LEAST_TOP, *(bar.effect or 0.0 for bar in shown))
    scale = dict(_scale(top, rows))
    drawn: list[tuple[Piece, ...]] = []
    for row in range(rows):
        base = rows - 1 - row
        cells = [_cell(bar, base, rows / top, size, first + place == at, shapes) for place, bar in enumerate(shown)]
        label = scale.get(row, "")
        axis = "┤" if label else "│"
        drawn.append(
            ((label.rjust(_GUTTER - 1), "dim", ""), (axis if shapes.has_eighths else "|", "faint", ""), *joined(cells))
        )
    return (*drawn, *_axis(first, count, size, at, changes, shapes))


def _cell(bar: Bar, base: int, scale: float, size: int, is_cursor: bool, shapes: Shapes) -> Piece:
    tone = "title" if is_cursor else _TONES.get(bar.state, "error")
    gap = " " if size > 2 else ""
    if bar.effect is None:
        broken = bar.state not in ("", "unchecked", "extra")
        return (("x" if broken and base == 0 else " ") * (size - len(gap)) + gap, tone, "")
    blocks = UP if shapes.has_eighths else UP_COARSE
    height = bar.effect * scale - base
    level = min(len(blocks) - 1, max(0, round(height * (len(blocks) - 1))))
    # the least that there is shows, so that it is not mistaken for nothing
    level = max(level, 1) if base == 0 and bar.effect > 0 and shapes.has_eighths else level
    full = blocks[level]
    if not shapes.has_colours and full == "█":
        full = "█" if bar.state == "drifted" else "▒"
    return (full * (size - len(gap)) + gap, tone, "")


def _scale(top: float, rows: int) -> list[tuple[int, str]]:
    """(row, label) of round effects at the upper edges of rows."""
    positions = [value for value in ticks.linear(0.0, top, max(3, rows // 2)) if value > 0]
    return [
        (min(rows - 1, max(0, rows - math.ceil(value / top * rows - 1e-9))), text.removeprefix("0"))
        for value, text in zip(positions, ticks.labels(positions), strict=True)
    ]


def _axis(first: int, count: int, size: int, at: int, changes: Sequence[int], shapes: Shapes) -> Rows:
    """The line with the changes of level on it, and the numbers of windows under it: those, and the one looked at."""
    line: list[Piece] = [("─" if shapes.has_eighths else "-", "faint", "")] * (count * size)
    under: list[Piece] = [(" ", "dim", "")] * (count * size)
    taken = [False] * (count * size + 2)

    def write(place: int, tone: str) -> None:
        text, start = str(place + 1), (place - first) * size
        start = max(0, min(start, count * size - len(text)))
        if (
            len(text) > count * size
            or place < first
            or place >= first + count
            or any(taken[max(0, start - 1) : start + len(text) + 1])
        ):
            return
        for offset, letter in enumerate(text):
            under[start + offset] = (letter, tone, "")
            taken[start + offset] = True

    write(at, "title")
    for place in changes:
        if first <= place < first + count:
            line[(place - first) * size] = ("▲" if shapes.has_eighths else "^", "warning", "")
            write(place, "warning")
    step = next(each for each in (1, 2, 5, 10) if each * size >= 8)
    for place in range(first, first + count):
        if (place + 1) % step == 0:
            write(place, "dim")
    corner = "└" if shapes.has_eighths else "+"
    return (
        ((" " * (_GUTTER - 1), "", ""), (corner, "faint", ""), *joined(line)),
        ((" " * _GUTTER, "", ""), *joined(under)),
    )
