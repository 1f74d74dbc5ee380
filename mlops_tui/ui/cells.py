"""The cells of lines: one character each and how it looks, made once and shared by all lines that show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import NamedTuple

from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from mlops_tui.ui import placeholders
from mlops_tui.ui.looks import PLAIN, Look, look, safe, space_look

#: Styles of which cells are kept; a theme has some dozens.
STYLES = 2000


class Cell(NamedTuple):
    """What stands in a cell.

    A wide character is followed by "" in the cell that it covers. None is a cell of which nothing is known.
    """

    character: str | None
    look: Look


def text_of(cells: Iterable[Cell]) -> str:
    """The characters of cells that are all known."""
    return "".join(map(_CHARACTER, cells))


_CHARACTER: Callable[[Cell], str] = itemgetter(0)  # None stands only where nothing is known

UNKNOWN = Cell(None, PLAIN)
BLANK = Cell(" ", PLAIN)


def blank(look: Look) -> Cell:
    """A blank with a look, as far as that shows on it."""
    return Cell(" ", space_look(look))


class _Inked(dict[str, Cell]):
    """Cells of one look by their characters, which take one cell each; KeyError for others."""

    def __init__(self, look: Look) -> None:
        super().__init__({" ": blank(look)})
        self.look = look

    def __missing__(self, character: str) -> Cell:
        if get_character_cell_size(shown := safe(character)) != 1:
            raise KeyError(character)
        cell = self[character] = Cell(shown, self.look)
        return cell


class Cells:
    """Makes cells.

    Args:
        colours: How many colours the terminal has; None for none at all.
    """

    def __init__(self, colours: ColorSystem | None) -> None:
        self._colours = colours
        #: Whether cells of a picture were made; for whoever asks to set back.
        self.has_pictured = False
        self._inks: dict[Style | None, Callable[[str], Cell]] = {}
        self._looks: dict[Look, _Inked] = {}

    def of(self, segments: Iterable[Segment]) -> list[Cell]:
        """The cells of segments; combining characters join the cell before, control characters become a middle dot."""
        cells: list[Cell] = []
        for text, style, control in segments:
            if control or not text:
                continue
            if text >= placeholders.FIRST and style is not None and (picture := placeholders.written(text, style)):
                self.has_pictured = True
                drawn = Look(picture[0], self._look(style).background)
                cells += [Cell(placeholders.cell(character, picture[1]), drawn) for character in text]
                continue
            ink = self._inks.get(style) or self._ink(style)
            try:
                cells += list(map(ink, text))
            except KeyError:
                self._split(text, self._look(style), cells)
        return cells

    def _look(self, style: Style | None) -> Look:
        return look(style, self._colours) if style else PLAIN

    def _ink(self, style: Style | None) -> Callable[[str], Cell]:
        if len(self._inks) >= STYLES:
            self._inks.clear()
            self._looks.clear()
        wanted = self._look(style)
        inked = self._looks.get(wanted) or self._looks.setdefault(wanted, _Inked(wanted))
        ink = self._inks[style] = inked.__getitem__
        return ink

    def _split(self, text: str, wanted: Look, cells: list[Cell]) -> None:
        for one in text:
            character = safe(one)
            size = get_character_cell_size(character)
            if size == 0:
                before = cells[-1] if cells else None
                # at a line's beginning there is nothing to combine with
                if before is not None and before.character and len(before.character) < 4:
                    seen = wanted if before.character == " " else before.look
                    cells[-1] = Cell(before.character + character, seen)
                continue
            cells.append(blank(wanted) if character == " " else Cell(character, wanted))
            if size == 2:
                cells.append(Cell("", wanted))


__all__ = ["BLANK", "UNKNOWN", "Cell", "Cells", "blank", "text_of"]
