"""Writing cells with as few bytes as can be: moves only where needed, says only what changes about the looks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.cells import get_character_cell_size

from mlops_tui.ui.cells import Cell, text_of
from mlops_tui.ui.looks import PLAIN, Look, change, on_space
from mlops_tui.ui.placeholders import PLACEHOLDER

#: Texts of which terminals take one cell a character: letters, punctuation, arrows, frames, blocks, shapes, braille.
SIMPLE = re.compile("[ -~¡-¬®-ÿĀ-ɏ‐-‧‰-⁞←-↙─-╿▀-◼✓-✘⠀-⣿]*").fullmatch


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

    def write(self, cells: Sequence[Cell], look: Look) -> None:
        """Writes cells next to each other, and stays behind them; all of them can be written with one look."""
        text = text_of(cells)
        if not (self._is_sure and len(text) == len(cells) and (text.isascii() or SIMPLE(text))):
            self._write_each(cells)
            return
        wanted = on_space(self._look, look) if text.isspace() else look
        if wanted != self._look:
            self._parts.append(change(self._look, wanted))
            self._look = wanted
        self._parts.append(text)
        self._x += len(text)

    def _write_each(self, cells: Iterable[Cell]) -> None:
        append, pen, x = self._parts.append, self._look, self._x
        for character, look in cells:
            if not character:
                continue
            if not self._is_sure:
                self.move(self._y, x)
            if look is not pen:
                if character == " ":
                    look = on_space(pen, look)
                if look != pen:
                    append(change(pen, look))
                    pen = look
            append(character)
            if len(character) == 1 and character < "\x7f":
                x += 1
                continue
            if character >= PLACEHOLDER:
                x += 1
                continue
            x += 2 if get_character_cell_size(character[0]) == 2 else 1
            # terminals disagree on the width of some characters: say where we are after each of those
            self._is_sure = len(character) == 1 and (character < "\u0300" or _is_simple(character))
        self._look, self._x = pen, x

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
