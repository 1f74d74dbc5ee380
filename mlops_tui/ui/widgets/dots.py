"""One value for each of several series as marks on a common line: where curves would be single points."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from mlops_tui.ui.text import clean, fit
from mlops_tui.ui.widgets import ticks
from mlops_tui.ui.widgets.canvas import AXIS, GUIDE, LABEL, LARGEST, MARK, NOTHING, Piece
from mlops_tui.ui.widgets.plot import Options, Series, marker

#: Role of a name, as in ``legend``.
TEXT = -7
_WIDEST_NAME = 32


def is_dots(series: Sequence[Series]) -> bool:
    """Whether there are several series and none has more than one point."""
    return len(series) > 1 and all(len(one.points) <= 1 for one in series)


def draw_dots(series: Sequence[Series], width: int, height: int, options: Options) -> tuple[tuple[Piece, ...], ...]:
    """A row for each series: its name, its mark between the lowest and the highest value, its value.

    Args:
        series: Of at most one point each; drawn in order of their slots.
        width: Cells.
        height: Rows; series that have no row are counted in the last one.
        options: Which markers there are.

    Returns:
        Exactly ``height`` rows of ``width`` cells.
    """
    ordered = sorted((one for one in series if one.points), key=lambda one: one.slot)
    finite = [one.points[0][3] for one in ordered if abs(one.points[0][3]) <= LARGEST]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    name_width = min(_WIDEST_NAME, max((cell_len(clean(one.label)) for one in ordered), default=0), max(4, width // 3))
    note_width = max((len(one.note) for one in ordered), default=0)
    room = max(1, width - name_width - note_width - 4)
    rows_for = max(0, height - 1)
    shown = ordered if len(ordered) <= rows_for else ordered[: max(0, rows_for - 1)]
    rows = [_row(one, name_width, room, note_width, (low, high), options) for one in shown]
    if len(shown) < len(ordered):
        rows.append(((fit(f"+ {len(ordered) - len(shown)} more", width), LABEL, NOTHING),))
    if height > 0:
        rows.append(_axis(name_width, room, note_width, low, high))
    fitted = [_fitted(row, width) for row in rows[:height]]
    blank: tuple[Piece, ...] = ((" " * width, NOTHING, NOTHING),)
    return (*fitted, *(blank for _ in range(height - len(fitted))))


def _row(
    one: Series, name_width: int, room: int, note_width: int, extent: tuple[float, float], options: Options
) -> tuple[Piece, ...]:
    value, (low, high) = one.points[0][3], extent
    if abs(value) <= LARGEST:
        place = round((value - low) / (high - low) * (room - 1)) if high > low else (room - 1) // 2
        sign, role = marker(one.slot, options), one.slot
    else:
        place, sign, role = (
            (0, "×", MARK) if value != value else (room - 1 if value > 0 else 0, "→" if value > 0 else "←", MARK)
        )
    return (
        (fit(clean(one.label), name_width) + "  ", TEXT, NOTHING),
        ("┈" * place, GUIDE, NOTHING),
        (sign, role, NOTHING),
        ("┈" * (room - place - 1), GUIDE, NOTHING),
        ("  " + one.note.rjust(note_width), LABEL, NOTHING),
    )


def _axis(name_width: int, room: int, note_width: int, low: float, high: float) -> tuple[Piece, ...]:
    """The lowest and the highest value at the ends of the lines."""
    left, right = ticks.number(low), ticks.number(high)
    if high <= low:
        line = left.center(room)
    else:
        line = left + " " * (room - len(left) - len(right)) + right if len(left) + len(right) < room else ""
    return (
        (" " * (name_width + 2), NOTHING, NOTHING),
        (line.ljust(room), AXIS, NOTHING),
        (" " * (note_width + 2), NOTHING, NOTHING),
    )


def _fitted(row: tuple[Piece, ...], width: int) -> tuple[Piece, ...]:
    """The row in exactly ``width`` cells."""
    pieces, left = [], width
    for text, role, back in row:
        kept = text if cell_len(text) <= left else fit(text, left)
        left -= cell_len(kept)
        pieces.append((kept, role, back))
    return (*pieces, (" " * left, NOTHING, NOTHING))
