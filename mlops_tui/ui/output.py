"""The last stage before the terminal: of each frame only the cells that changed are written.

Textual sends whole dirty regions again; here each frame is compared, cell by cell, with what the terminal already
shows, and lines that only moved up or down are moved by the terminal itself. It is also the choke point where no
control character passes, whatever a widget drew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rich.cells import get_character_cell_size
from rich.color import ColorSystem

from mlops_tui.ui import looks
from mlops_tui.ui.frames import Span
from mlops_tui.ui.looks import PLAIN, Look, change, on_space
from mlops_tui.ui.pen import Pen

#: Unchanged cells between two changed ones that are written again rather than skipped, which takes as many bytes.
BRIDGE = 4
#: Blanks in a row that are erased rather than written: that and going on behind them takes up to ten bytes.
ERASED = 12
#: Runs of cells in a frame so that it is tried whether another order takes fewer bytes: at least and at most.
FEW_RUNS = 4, 200
#: Lines that must change before it is worth asking whether they only moved.
MOVED_LINES = 5


class Line:
    """What stands in the cells of a line.

    A wide character is followed by "" in the cell that it covers. None is a cell of which nothing is known.
    """

    __slots__ = ("characters", "looks")

    def __init__(self, characters: list[str | None], looks: list[Look]) -> None:
        self.characters = characters
        self.looks = looks

    def copy(self) -> Line:
        """Another line of the same cells."""
        return Line(self.characters.copy(), self.looks.copy())

    @property
    def text(self) -> str:
        """The characters without their looks; "" when not all are known."""
        return "" if None in self.characters else "".join(self.characters)  # type: ignore[arg-type]

    def put(self, x: int, characters: Sequence[str], looks: Sequence[Look]) -> None:
        """Replaces cells from ``x`` on; of wide characters that are cut in two a blank remains."""
        shown, end = self.characters, x + len(characters)
        if shown[x] == "":
            shown[x - 1] = " "
        shown[x:end], self.looks[x:end] = characters, looks
        if end < len(shown) and shown[end] == "":
            shown[end] = " "


class Output:
    """What the terminal shows, and the shortest way from there to the next frame.

    Args:
        colours: How many colours the terminal has; None writes no colours at all (NO_COLOR).
        erases: Whether what the terminal erases has the background colour; otherwise blanks are written.
    """

    def __init__(self, colours: ColorSystem | None, *, erases: bool = False) -> None:
        self._colours = colours
        self._erased = ERASED if erases else 0
        self._width = 0
        self._height = 0
        self._lines: list[Line] = []

    def resize(self, width: int, height: int) -> None:
        """Takes the terminal's size; what it shows is unknown when that changes."""
        if (width, height) != (self._width, self._height):
            self._width, self._height = width, height
            self.forget()

    def forget(self) -> None:
        """What the terminal shows is not known any more: every cell of the next frames is written."""
        self._lines = [Line([None] * self._width, [PLAIN] * self._width) for _ in range(self._height)]

    def cell(self, x: int, y: int) -> tuple[str | None, Look]:
        """What is known of a cell: its character and its look."""
        return self._lines[y].characters[x], self._lines[y].looks[x]

    def frame(self, pieces: Iterable[Span]) -> str:
        """The bytes, as text, that bring the terminal to show these pieces; "" when it does already.

        The text begins and ends with plain attributes, and holds no control characters but its own.
        """
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
            runs += _runs(y, self._lines[y], wanted[y], self._erased)
            self._lines[y] = wanted[y]
        text = _painted(runs)
        if FEW_RUNS[0] <= len(runs) <= FEW_RUNS[1]:
            # to go back to where a colour is needed again often takes fewer bytes than to name the colour again
            text = min(text, _painted(_by_look(runs)), key=len)
        return moved + text

    def _draw(self, piece: Span, line: Line) -> None:
        characters, found = self._cells(piece)
        x = piece.x
        if x < 0:
            characters, found, x = characters[-x:], found[-x:], 0
        del characters[self._width - x :], found[self._width - x :]
        if not characters:
            return
        if characters[0] == "":  # the right half of a wide character that was cut
            characters[0] = " "
        if get_character_cell_size(characters[-1][:1] or " ") == 2:
            characters[-1] = " "
        line.put(x, characters, found)

    def _cells(self, piece: Span) -> tuple[list[str], list[Look]]:
        characters: list[str] = []
        found: list[Look] = []
        for text, style, control in piece.segments:
            if control or not text:
                continue
            look = looks.look(style, self._colours) if style else PLAIN
            if text.isascii() and text.isprintable():
                characters.extend(text)
            else:
                looks.split(text, characters)
            found.extend([look] * (len(characters) - len(found)))
        for i, character in enumerate(characters):
            if character == " ":
                found[i] = looks.space_look(found[i])
        return characters, found

    # lines that only move

    def _move_lines(self, wanted: dict[int, Line]) -> str:
        """What has the terminal move the lines that are to stand some lines higher or lower."""
        by, moved = self._shift(wanted)
        if not by:
            return ""
        top, bottom = min(moved) + min(0, by), max(moved) + max(0, by)
        if len(moved) * 2 <= bottom - top:
            return ""  # most of what would move is meant to stay
        for y in range(top, bottom + 1):
            wanted.setdefault(y, self._lines[y].copy())
        parts: list[str] = []
        Pen(parts).scroll(top, bottom, by)
        blank = [Line([" "] * self._width, [PLAIN] * self._width) for _ in range(abs(by))]
        lines = self._lines[top : bottom + 1]
        self._lines[top : bottom + 1] = [*lines[by:], *blank] if by > 0 else [*blank, *lines[:by]]
        return "".join(parts)

    def _shift(self, wanted: dict[int, Line]) -> tuple[int, list[int]]:
        """By how many lines lines are to move up (down when negative; 0 when they are not), and which are."""
        texts = {y: line.text for y, line in wanted.items()}
        before = {y: self._lines[y].text for y in wanted}
        changed = [y for y in wanted if texts[y] != before[y]]
        if len(changed) < MOVED_LINES:
            return 0, []
        count = Counter(before.values())
        places = {text: y for y, text in before.items() if count[text] == 1 and text.strip()}
        shifts = {y: places[texts[y]] - y for y in changed if texts[y] in places}
        by = Counter(shifts.values()).most_common(1)[0][0] if shifts else 0
        return by, [y for y, shift in shifts.items() if shift == by]


class Run(NamedTuple):
    """Cells next to each other that can be written with one look; ``erased`` blanks instead of ``characters``."""

    y: int
    x: int
    look: Look
    characters: Sequence[str] = ()
    looks: Sequence[Look] = ()
    erased: int = 0

    @property
    def is_blank(self) -> bool:
        """Whether only its background shows."""
        return bool(self.erased) or all(character == " " for character in self.characters)


def _runs(y: int, old: Line, new: Line, erased: int) -> Iterator[Run]:
    """What changed in a line; so many blanks in a row or more are erased, none where ``erased`` is 0."""
    if old.characters == new.characters and old.looks == new.looks:
        return
    for low, high in _changes(old, new):
        x = low
        while x < high:
            count = _blanks(new, x, high) if erased and not new.looks[x].attributes else 0
            if count and count >= erased:
                yield Run(y, x, new.looks[x], erased=count)
                x += count
                continue
            end, look = x, new.looks[x]
            while end < high:
                character = new.characters[end]
                if character == " ":
                    if not new.looks[end].attributes and erased and _blanks(new, end, high) >= erased:
                        break
                    if on_space(look, new.looks[end]) != look:
                        break
                elif character and new.looks[end] != look:
                    if any(one != " " for one in new.characters[x:end]):
                        break
                    if on_space(new.looks[end], look) != new.looks[end]:
                        break
                    look = new.looks[end]  # blanks before it can be written with its look as well
                end += 1
            cells = [(new.characters[i] or "", new.looks[i]) for i in range(x, end)]
            yield Run(y, x, look, [cell[0] for cell in cells], [cell[1] for cell in cells])
            x = end


def _painted(runs: Iterable[Run]) -> str:
    """The bytes that write runs in this order, from plain attributes to plain attributes."""
    parts: list[str] = []
    pen = Pen(parts)
    for run in runs:
        pen.move(run.y, run.x)
        if run.erased:
            pen.erase(run.erased, run.look)
            continue
        for character, look in zip(run.characters, run.looks, strict=True):
            if character:
                pen.put(character, look)
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
    if line.characters[x] != " ":
        return 0
    end, look = x + 1, line.looks[x]
    while end < high and line.characters[end] == " " and line.looks[end] == look:
        end += 1
    return end - x


def _changes(old: Line, new: Line) -> Iterator[tuple[int, int]]:
    """Ranges of cells to write: those that differ, and the few between that are cheaper written than skipped."""
    width = len(new.characters)
    if old.characters.count(None) == width and None not in new.characters:  # the first frame
        yield 0, width
        return
    low = high = -1
    for x in range(width):
        if old.characters[x] == new.characters[x] and old.looks[x] == new.looks[x]:
            continue
        if low >= 0 and (x - high <= BRIDGE or _is_blank(new, high - 1, x + 1)) and _can_bridge(new, high, x):
            high = x + 1
            continue
        if low >= 0:
            yield _whole(low, high, new.characters)
        low, high = x, x + 1
    if low >= 0:
        yield _whole(low, high, new.characters)


def _can_bridge(line: Line, low: int, high: int) -> bool:
    """Whether the cells between two changed ones are known and can be written with the look of the first of these."""
    look = line.looks[low - 1]
    return all(
        line.characters[x] is not None
        and (line.looks[x] == look or (line.characters[x] == " " and on_space(look, line.looks[x]) == look))
        for x in range(low, high)
    )


def _is_blank(line: Line, low: int, high: int) -> bool:
    """Whether there are so few cells, all of them blank, that they are best erased together."""
    return high - low <= ERASED and line.characters[low:high].count(" ") == high - low


def _whole(low: int, high: int, characters: Sequence[str | None]) -> tuple[int, int]:
    """A range that cuts no wide character."""
    while low > 0 and characters[low] == "":
        low -= 1
    while high < len(characters) and characters[high] == "":
        high += 1
    return low, high
