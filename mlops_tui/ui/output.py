"""The last stage before the terminal: of each frame only the cells that changed are written.

Textual sends whole dirty regions again; here each frame is compared, cell by cell, with what the terminal already
shows, and lines that only moved up or down are moved by the terminal itself. It is also the choke point where no
control character passes, whatever a widget drew.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from operator import is_not
from typing import NamedTuple, TypeAlias

from rich.cells import get_character_cell_size
from rich.color import ColorSystem

from mlops_tui.ui import pictured
from mlops_tui.ui.cells import BLANK, UNKNOWN, Cell, Cells, blank, text_of
from mlops_tui.ui.frames import Span
from mlops_tui.ui.looks import PLAIN, Look, change, on_space
from mlops_tui.ui.pen import Pen
from mlops_tui.ui.placeholders import PLACEHOLDER

#: Unchanged cells between two changed ones that are written again rather than skipped, which takes as many bytes.
BRIDGE = 4
#: Blanks in a row that are erased rather than written: that and going on behind them takes up to ten bytes.
ERASED = 12
#: Runs of cells in a frame so that it is tried whether another order takes fewer bytes: at least and at most.
FEW_RUNS = 4, 200
#: Lines that must change before it is worth asking whether they only moved.
MOVED_LINES = 5

Line: TypeAlias = "list[Cell]"


class Output:
    """What the terminal shows, and the shortest way from there to the next frame.

    Args:
        colours: How many colours the terminal has; None writes no colours at all (NO_COLOR).
        erases: Whether what the terminal erases has the background colour; otherwise blanks are written.
    """

    def __init__(self, colours: ColorSystem | None, *, erases: bool = False) -> None:
        self._cells = Cells(colours)
        self._erased = ERASED if erases else 0
        self._width = 0
        self._height = 0
        self._lines: list[Line] = []
        #: Whether pictures are painted over their cells, which are blanks then.
        self.paints_over = False
        #: Numbers of pictures, and their rows, of which the last frame wrote cells; known where they are painted over.
        self.touched: set[tuple[int, int]] = set()

    def resize(self, width: int, height: int) -> None:
        """Takes the terminal's size; what it shows is unknown when that changes."""
        if (width, height) != (self._width, self._height):
            self._width, self._height = width, height
            self.forget()

    def forget(self) -> None:
        """What the terminal shows is not known any more: every cell of the next frames is written."""
        self._lines = [[UNKNOWN] * self._width for _ in range(self._height)]

    def cell(self, x: int, y: int) -> Cell:
        """What is known of a cell."""
        return self._lines[y][x]

    def forget_line(self, y: int) -> None:
        """What the terminal shows in a line is not known any more."""
        if y < self._height:  # a terminal that has just grown
            self._lines[y] = [UNKNOWN] * self._width

    @property
    def has_drawn_pictures(self) -> bool:
        """Whether the last frame had a part of a picture in it."""
        return self._cells.has_pictured

    @property
    def lines(self) -> Sequence[Sequence[Cell]]:
        """What is known of all cells."""
        return self._lines

    def frame(self, pieces: Iterable[Span]) -> str:
        """The bytes, as text, that bring the terminal to show these pieces; "" when it does already.

        The text begins and ends with plain attributes, and holds no control characters but its own.
        """
        self._cells.has_pictured = False
        wanted: dict[int, Line] = {}
        for piece in pieces:
            if 0 <= piece.y < self._height:
                line = wanted.get(piece.y)
                if line is None:
                    line = wanted[piece.y] = self._lines[piece.y].copy()
                self._draw(piece, line)
        moved = self._move_lines(wanted) if len(wanted) >= MOVED_LINES else ""
        runs: list[Run] = []
        for y in sorted(wanted):
            if wanted[y] != self._lines[y]:
                runs += _runs(y, self._lines[y], wanted[y], self._erased)
                self._lines[y] = wanted[y]
        text = _painted(runs)
        if FEW_RUNS[0] <= len(runs) <= FEW_RUNS[1]:
            # to go back to where a colour is needed again often takes fewer bytes than to name the colour again
            text = min(text, _painted(_by_look(runs)), key=len)
        if self.paints_over:
            self.touched = {place for run in runs for place in pictured.places(run.cells)}
            text = re.sub(f"{PLACEHOLDER}...", " ", text)
        return moved + text

    def _draw(self, piece: Span, line: Line) -> None:
        cells, x = self._cells.of(piece.segments), piece.x
        if x < 0:
            cells, x = cells[-x:], 0
        del cells[max(0, self._width - x) :]  # of a frame that was made before the terminal became narrower
        if not cells:
            return
        if cells[0].character == "":  # the right half of a wide character that was cut
            cells[0] = blank(cells[0].look)
        if get_character_cell_size((cells[-1].character or " ")[0]) == 2:
            cells[-1] = blank(cells[-1].look)
        end = x + len(cells)
        # of wide characters that are cut in two a blank remains
        if line[x].character == "":
            line[x - 1] = blank(line[x - 1].look)
        line[x:end] = cells
        if end < len(line) and line[end].character == "":
            line[end] = blank(line[end].look)

    # lines that only move

    def _move_lines(self, wanted: dict[int, Line]) -> str:
        """What has the terminal move the lines that are to stand some lines higher or lower."""
        by, moved = self._shift(wanted)
        if not by:
            return ""
        top, bottom = min(moved) + min(0, by), max(moved) + max(0, by)
        if len(moved) * 2 <= bottom - top:
            return ""  # most of what would move is meant to stay
        if self.paints_over and any(pictured.places(line) for line in self._lines[top : bottom + 1]):
            return ""  # what is painted would not move everywhere
        for y in range(top, bottom + 1):
            wanted.setdefault(y, self._lines[y].copy())
        parts: list[str] = []
        Pen(parts).scroll(top, bottom, by)
        blanks = [[BLANK] * self._width for _ in range(abs(by))]
        lines = self._lines[top : bottom + 1]
        self._lines[top : bottom + 1] = [*lines[by:], *blanks] if by > 0 else [*blanks, *lines[:by]]
        return "".join(parts)

    def _shift(self, wanted: dict[int, Line]) -> tuple[int, list[int]]:
        """By how many lines lines are to move up (down when negative; 0 when they are not), and which are."""
        before = {y: _text(self._lines[y]) for y, line in wanted.items() if line != self._lines[y]}
        texts = {y: _text(wanted[y]) for y in before}
        changed = [y for y in before if texts[y] != before[y]]
        if len(changed) < MOVED_LINES:
            return 0, []
        count = Counter(before.values())
        places = {text: y for y, text in before.items() if count[text] == 1 and text.strip()}
        shifts = {y: places[texts[y]] - y for y in changed if texts[y] in places}
        by = Counter(shifts.values()).most_common(1)[0][0] if shifts else 0
        return by, [y for y, shift in shifts.items() if shift == by]


def _text(line: Line) -> str:
    """The characters without their looks; "" when not all are known."""
    return "" if UNKNOWN in line else text_of(line)


class Run(NamedTuple):
    """Cells next to each other that can be written with one look; ``erased`` blanks instead of ``cells``."""

    y: int
    x: int
    look: Look
    cells: Sequence[Cell] = ()
    erased: int = 0

    @property
    def is_blank(self) -> bool:
        """Whether only its background shows."""
        return bool(self.erased) or all(cell[0] == " " for cell in self.cells)


def _runs(y: int, old: Line, new: Line, erased: int) -> Iterator[Run]:
    """What changed in a line; so many blanks in a row or more are erased, none where ``erased`` is 0."""
    for low, high in _changes(old, new):
        x = low
        while x < high:
            character, look = new[x]
            count = _blanks(new, x, high) if erased and character == " " and not look.attributes else 0
            if count and count >= erased:
                yield Run(y, x, look, erased=count)
                x += count
                continue
            end = _end(new, x, high, erased)
            look = next((cell.look for cell in new[x:end] if cell.character != " "), look)
            yield Run(y, x, look, new[x:end])
            x = end


def _end(line: Line, x: int, high: int, erased: int) -> int:
    """Where the cells end that can be written with the look of the first that is not blank."""
    look, has_text = line[x].look, False
    while x < high:
        character, here = line[x]
        if character == " ":
            count = _blanks(line, x, high)
            if not here.attributes and erased and count >= erased:
                return x
            if on_space(look, here) != look:
                return x
            x += count
            continue
        if character and here is not look and here != look:
            if has_text or on_space(here, look) != here:
                return x
            look = here  # blanks before it can be written with its look as well
        has_text = True
        x += 1
    return high


def _painted(runs: Iterable[Run]) -> str:
    """The bytes that write runs in this order, from plain attributes to plain attributes."""
    parts: list[str] = []
    pen = Pen(parts)
    for run in runs:
        pen.move(run.y, run.x)
        if run.erased:
            pen.erase(run.erased, run.look)
        else:
            pen.write(run.cells, run.look)
    pen.rest()
    return "".join(parts)


def _by_look(runs: Sequence[Run]) -> list[Run]:
    """The runs ordered so that each look is needed once, each look's runs as one reads; blanks go with any look.

    Blanks stay behind what stands before them where they can.
    """
    left = list(dict.fromkeys(run.look for run in runs if not run.is_blank))
    looks: list[Look] = []
    while left:  # next comes what is nearest
        here = looks[-1] if looks else PLAIN
        looks.append(left.pop(min(range(len(left)), key=lambda place: len(change(here, left[place])))))
    order = {look: place for place, look in enumerate(looks)}
    places: list[tuple[int, int]] = []
    before = len(order)
    for index, run in enumerate(runs):
        if not run.is_blank:
            before = order[run.look]
        elif before >= len(looks) or on_space(looks[before], run.look) != looks[before]:
            before = next((number for number, look in enumerate(looks) if on_space(look, run.look) == look), len(order))
        places.append((before, index))
    return [runs[index] for _, index in sorted(places)]


def _blanks(line: Line, x: int, high: int) -> int:
    """How many blanks that look alike stand from ``x`` on."""
    cell = line[x]
    if cell.character != " ":
        return 0
    end = x + 1
    while end < high and (line[end] is cell or line[end] == cell):
        end += 1
    return end - x


def _changes(old: Line, new: Line) -> Iterator[tuple[int, int]]:
    """Ranges of cells to write: those that differ, and the few between that are cheaper written than skipped."""
    if old.count(UNKNOWN) == len(new) and UNKNOWN not in new:  # the first frame
        yield 0, len(new)
        return
    low = high = -1
    # cells are shared, so nearly all that are equal are the same one
    for x in compress(range(len(new)), map(is_not, old, new)):
        if old[x] == new[x]:
            continue
        if x == high:
            high += 1
        elif low >= 0 and (x - high <= BRIDGE or _is_blank(new, high - 1, x + 1)) and _can_bridge(new, high, x):
            high = x + 1
        else:
            if low >= 0:
                yield _whole(low, high, new)
            low, high = x, x + 1
    if low >= 0:
        yield _whole(low, high, new)


def _can_bridge(line: Line, low: int, high: int) -> bool:
    """Whether the cells between two changed ones are known and can be written with the look of the first of these."""
    look = line[low - 1].look
    return all(
        cell.character is not None
        and (cell.look == look or (cell.character == " " and on_space(look, cell.look) == look))
        for cell in line[low:high]
    )


def _is_blank(line: Line, low: int, high: int) -> bool:
    """Whether there are so few cells, all of them blank, that they are best erased together."""
    return high - low <= ERASED and all(cell.character == " " for cell in line[low:high])


def _whole(low: int, high: int, line: Line) -> tuple[int, int]:
    """A range that cuts no wide character."""
    while low > 0 and line[low].character == "":
        low -= 1
    while high < len(line) and line[high].character == "":
        high += 1
    return low, high
