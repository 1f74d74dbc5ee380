"""Writing cells with as few bytes as can be: moves only where needed, says only what changes about the looks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rich.cells import get_character_cell_size

from mlops_tui.ui.looks import PLAIN, Look, change, on_space
from mlops_tui.ui.placeholders import PLACEHOLDER


class Pen:
    """Writes cells, and moves and changes colours only where needed.

    Args:
        parts: Where to put what is written.
    """

    def __init__(self, parts: list[str]) -> None:
        self._parts = parts
        self._look = PLAIN
        self._x = -1
        self._y = -1
        self._is_sure = False

    def move(self, y: int, x: int) -> None:
        """Goes to a cell."""
        if y == self._y and self._is_sure:
            if x == self._x:
                return
            if x > self._x:
                steps = x - self._x
                self._parts.append(f"\x1b[{steps}C" if steps > 1 else "\x1b[C")
                self._x = x
                return
        self._parts.append(f"\x1b[{y + 1};{x + 1}H")
        self._x, self._y, self._is_sure = x, y, True

    def write(self, cells: str | list[str], look: Look) -> None:
        """Writes cells next to each other with one look, and stays behind them.

        Args:
            cells: What stands in each; as a string where every terminal takes one cell for each character.
            look: Of all of them, as far as it shows on blanks.
        """
        if all(cell == " " for cell in cells) if isinstance(cells, list) else cells.isspace():
            look = on_space(self._look, look)
        if look != self._look:
            self._parts.append(change(self._look, look))
            self._look = look
        if isinstance(cells, list):
            self._write_each(cells)
        else:
            self._parts.append(cells)
            self._x += len(cells)

    def _write_each(self, cells: Iterable[str]) -> None:
        append, x = self._parts.append, self._x
        for cell in cells:
            if not self._is_sure:
                self.move(self._y, x)
            append(cell)
            if (len(cell) == 1 and cell < "\x7f") or cell >= PLACEHOLDER:
                x += 1
                continue
            x += 2 if get_character_cell_size(cell[0]) == 2 else 1
            # terminals disagree on the width of some characters: say where we are after each of those
            self._is_sure = len(cell) == 1 and (cell < "\u0300" or _is_simple(cell))
        self._x = x

    def erase(self, count: int, look: Look) -> None:
        """Makes the cells from here on blank, and stays where it is: a few bytes for any number of them.

        The terminal must fill what it erases with the background (see ``terminal.erases_in_colour``).
        """
        if not self._is_sure:
            self.move(self._y, self._x)
        look = on_space(self._look, look)
        if look != self._look:
            self._parts.append(change(self._look, look))
            self._look = look
        self._parts.append(f"\x1b[{count}X")

    def scroll(self, top: int, bottom: int, by: int) -> None:
        """Moves the lines from ``top`` to ``bottom`` up by ``by`` lines, or down when that is negative.

        Line feed and reverse index within margins are understood everywhere, other than the sequences for scrolling.
        What comes in is blank.
        """
        self.rest()
        place, step = (bottom, "\n") if by > 0 else (top, "\x1bM")
        self._parts.append(f"\x1b[{top + 1};{bottom + 1}r\x1b[{place + 1};1H{step * abs(by)}\x1b[r")
        self._is_sure = False
        self._y = -1

    def rest(self) -> None:
        """Ends with plain attributes."""
        if self._look != PLAIN:
            self._parts.append("\x1b[m")
            self._look = PLAIN


@lru_cache(maxsize=4096)
def _is_simple(character: str) -> bool:
    """Whether every terminal takes one cell for it: letters, punctuation, arrows, frames, blocks, braille."""
    code = ord(character)
    return get_character_cell_size(character) == 1 and (
        code < 0x0530 or 0x1E00 <= code < 0x2600 or 0x2713 <= code <= 0x2718 or 0x2800 <= code < 0x2900
    )
