"""Tables of plain text: whole in a pipe, fitted to the window on a terminal.

Drawn without rich, whose import takes longer than every list does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

from mlops_tui.cli.text import clean, cut, pad, width

_GAP = "  "
#: What a long text may be cut to before columns are left out, and after that.
_COMFORTABLE, _NARROW = 28, 10
#: The first column names the row and stays, the second nearly always does.
_KEPT = 2


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[str] = ()) -> None:
    """Prints a table. On a terminal long texts are cut and the last columns left out where there is no room.

    Args:
        columns: The titles, most important first; hostile text included.
        rows: The cells, hostile text included.
        right: Titles of the columns aligned to the right; their cells are never cut.
    """
    titles = [clean(title, 60) for title in columns]
    cells = [[clean(cell) for cell in row] for row in rows]
    is_right = [title in set(right) for title in columns]
    widths = [max(map(width, column)) for column in zip(titles, *cells, strict=True)]
    shown = fitted(widths, is_right, _room())
    _write_row(titles, shown, is_right, is_title=True)
    for row in cells:
        _write_row(row, shown, is_right)
    if len(shown) < len(widths):
        left_out = ", ".join(titles[len(shown) :])
        sys.stderr.write(f"no room for: {left_out}; a wider terminal or a pipe shows all\n")


def fitted(widths: Sequence[int], is_right: Sequence[bool], room: int | None) -> list[int]:
    """The widths of the columns that are shown.

    Args:
        widths: What each column needs.
        is_right: Which columns are numbers and never cut.
        room: Columns of the terminal; None for no end.

    Returns:
        A width for each column from the first on; fewer than there are columns when the last ones have no room.
    """
    shown = list(widths)
    if room is None:
        return shown
    _narrow(shown, is_right, room, _COMFORTABLE)
    while _total(shown) > room and len(shown) > _KEPT:
        shown.pop()
        # with a column gone, the texts may have their room back
        shown = list(widths[: len(shown)])
        _narrow(shown, is_right, room, _COMFORTABLE)
    _narrow(shown, is_right, room, _NARROW)
    return shown


def _narrow(shown: list[int], is_right: Sequence[bool], room: int, least: int) -> None:
    """Takes from the widest texts what is too much, each down to ``least`` at most."""
    while (excess := _total(shown) - room) > 0:
        texts = [column for column, size in enumerate(shown) if not is_right[column] and size > least]
        if not texts:
            return
        widest = max(texts, key=lambda column: shown[column])
        shown[widest] = max(least, shown[widest] - excess)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _room() -> int | None:
    if not sys.stdout.isatty():
        return None
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except OSError:
        return None


def _write_row(
    cells: Sequence[str], widths: Sequence[int], is_right: Sequence[bool], *, is_title: bool = False
) -> None:
    line = _GAP.join(
        pad(cut(cell, size), size, right=side) for cell, size, side in zip(cells, widths, is_right, strict=False)
    ).rstrip()
    sys.stdout.write(f"\x1b[1m{line}\x1b[22m\n" if is_title and is_coloured() else f"{line}\n")


def is_coloured() -> bool:
    """Whether stdout is a terminal on which emphasis is wanted and understood."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
