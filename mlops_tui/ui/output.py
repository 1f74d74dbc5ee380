"""The last stage before the terminal: of each frame only the cells that changed are written.

Textual sends whole dirty regions again; here each frame is compared, cell by cell, with what the terminal already
shows, and lines that only moved up or down are moved by the terminal itself. It is also the choke point where no
control character passes, whatever a widget drew.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import ne
from typing import NamedTuple

from rich.color import ColorSystem

from mlops_tui.ui.cells import HALF, UNKNOWN, Cells, Line
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

#: Cells that differ, and those between that are cheaper written than skipped, in a mask with a byte a cell.
_CLOSE = re.compile(f"[^\0](?:\0{{0,{BRIDGE}}}[^\0])*".encode()).finditer
_DIFFERENT = re.compile(rb"[^\0]+").finditer
_MANY_BLANKS = " " * ERASED


class Output:
    """What the terminal shows, and the shortest way from there to the next frame.

    Args:
        colours: How many colours the terminal has; None writes no colours at all (NO_COLOR).
        erases: Whether what the terminal erases has the background colour; otherwise blanks are written.
    """

    def __init__(self, colours: ColorSystem | None, *, erases: bool = False) -> None:
        self._cells = Cells(colours)
        self._erases = erases
        self._width = 0
        self._height = 0
        self._lines: list[Line] = []
        #: Whether the last frame gave up what was known, so that all should be painted.
        self.has_given_up = False
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
        self._lines = [self._cells.unknown(self._width)] * self._height

    def forget_line(self, y: int) -> None:
        """What the terminal shows in a line is not known any more."""
        if y < self._height:  # a terminal that has just grown
            self._lines[y] = self._cells.unknown(self._width)

    def cell(self, x: int, y: int) -> tuple[str, Look]:
        """What is known of a cell: its text, "" where a wide character before it covers it, and how it looks."""
        text, inks = self._lines[y]
        ink = self._cells.ink(inks[x])
        return "".join(self._cells.written(text[x], ink)), ink.look

    # pictures

    @property
    def has_drawn_pictures(self) -> bool:
        """Whether the last frame had a part of a picture in it."""
        return self._cells.has_pictured

    def pictures(self, enough: Collection[int] = ()) -> set[int]:
        """The numbers of the pictures that the terminal shows parts of.

        Args:
            enough: When all of these were found, no others are looked for.
        """
        found: set[int] = set()
        for line in self._lines:
            found |= self._cells.pictures(line)
            if enough and found.issuperset(enough):
                break
        return found

    def picture_cells(self) -> dict[tuple[int, int], list[tuple[int, int]]]:
        """Line and column of each cell that shows a part of a picture, by the picture's number and a row of it."""
        found: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for y, line in enumerate(self._lines):
            for x, number, row in self._cells.parts(line):
                found.setdefault((number, row), []).append((y, x))
        return found

    def _touch(self, line: Line, runs: Iterable[Run]) -> None:
        """Keeps what is written of pictures."""
        for run in runs:
            part = slice(run.x, run.x + len(run.cells))
            parts = self._cells.parts(Line(line.text[part], line.inks[part]))
            self.touched.update((number, row) for _, number, row in parts)

    # frames

    def frame(self, pieces: Iterable[Span]) -> str:
        """The bytes, as text, that bring the terminal to show these pieces; "" when it does already.

        The text begins and ends with plain attributes, and holds no control characters but its own.
        """
        # not twice running: what has all painted again would go on for ever where one screen alone is too much
        self.has_given_up = self._cells.is_full and not self.has_given_up
        if self.has_given_up:
            self._cells.forget()
            self.forget()
        self._cells.has_pictured = False
        wanted: dict[int, Line] = {}
        for piece in pieces:
            if 0 <= piece.y < self._height:
                wanted[piece.y] = self._drawn(piece, wanted.get(piece.y) or self._lines[piece.y])
        moved = self._move_lines(wanted) if len(wanted) >= MOVED_LINES else ""
        runs: list[Run] = []
        self.touched = set()
        for y in sorted(wanted):
            if wanted[y] != self._lines[y]:
                changed = self._runs(y, self._lines[y], wanted[y])
                if self.paints_over:
                    self._touch(wanted[y], changed)
                runs += changed
                self._lines[y] = wanted[y]
        text = _painted(runs)
        if FEW_RUNS[0] <= len(runs) <= FEW_RUNS[1]:
            # to go back to where a colour is needed again often takes fewer bytes than to name the colour again
            text = min(text, _painted(_by_look(runs)), key=len)
        if self.paints_over:
            text = re.sub(f"{PLACEHOLDER}...", " ", text)
        return moved + text

    def _drawn(self, piece: Span, line: Line) -> Line:
        """A line on which a piece was drawn."""
        (text, inks), x = self._cells.of(piece.segments), piece.x
        if x < 0:
            text, inks, x = text[-x:], inks[-x:], 0
        room = max(0, self._width - x)
        text, inks = text[:room], inks[:room]  # of a frame that was made before the terminal became narrower
        if not text:
            return line
        # of wide characters that are cut in two a blank remains
        if text[0] == HALF:
            text, inks = " " + text[1:], self._blank(inks[0]) + inks[1:]
        if self._cells.is_wide(text[-1]):
            text, inks = text[:-1] + " ", inks[:-1] + self._blank(inks[-1])
        end = x + len(text)
        if end - x == self._width:
            return Line(text, inks)
        before, inks_before, after, inks_after = line.text[:x], line.inks[:x], line.text[end:], line.inks[end:]
        if line.text[x] == HALF:
            before, inks_before = before[:-1] + " ", inks_before[:-1] + self._blank(inks_before[-1])
        if after and after[0] == HALF:
            after, inks_after = " " + after[1:], self._blank(inks_after[0]) + inks_after[1:]
        return Line(before + text + after, inks_before + inks + inks_after)

    def _blank(self, sign: str) -> str:
        return self._cells.ink(sign).blank.sign

    # lines that only move

    def _move_lines(self, wanted: dict[int, Line]) -> str:
        """What has the terminal move the lines that are to stand some lines higher or lower."""
        by, moved = self._shift(wanted)
        if not by:
            return ""
        top, bottom = min(moved) + min(0, by), max(moved) + max(0, by)
        if len(moved) * 2 <= bottom - top:
            return ""  # most of what would move is meant to stay
        if self.paints_over and any(map(self._cells.pictures, self._lines[top : bottom + 1])):
            return ""  # what is painted would not move everywhere
        if any(UNKNOWN in line.text for line in self._lines[top : bottom + 1]):
            return ""  # what is not known cannot be written where it did not move
        for y in range(top, bottom + 1):
            wanted.setdefault(y, self._lines[y])
        parts: list[str] = []
        Pen(parts).scroll(top, bottom, by)
        blanks = [self._cells.blanks(self._width)] * abs(by)
        lines = self._lines[top : bottom + 1]
        self._lines[top : bottom + 1] = [*lines[by:], *blanks] if by > 0 else [*blanks, *lines[:by]]
        return "".join(parts)

    def _shift(self, wanted: dict[int, Line]) -> tuple[int, list[int]]:
        """By how many lines lines are to move up (down when negative; 0 when they are not), and which are."""
        before = {y: _known(self._lines[y]) for y, line in wanted.items() if line != self._lines[y]}
        texts = {y: _known(wanted[y]) for y in before}
        changed = [y for y in before if texts[y] != before[y]]
        if len(changed) < MOVED_LINES:
            return 0, []
        count = Counter(before.values())
        places = {text: y for y, text in before.items() if count[text] == 1 and text.strip()}
        shifts = {y: places[texts[y]] - y for y in changed if texts[y] in places}
        by = Counter(shifts.values()).most_common(1)[0][0] if shifts else 0
        return by, [y for y, shift in shifts.items() if shift == by]

    # what is written

    def _runs(self, y: int, old: Line, new: Line) -> list[Run]:
        """What changed in a line: cells that differ, and the few between that are cheaper written than skipped."""
        if old.text.count(UNKNOWN) == self._width and UNKNOWN not in new.text:  # the first frame
            return list(self._split(y, new, 0, self._width))
        runs: list[Run] = []
        mask = _differences(old, new)
        for found in _CLOSE(mask):
            low, high = found.span()
            word = self._word(y, new, low, high)
            if word is not None:
                runs.append(word)
                continue
            for part in self._close(new, mask, low, high):
                runs += self._split(y, new, *_whole(*part, new.text))
        return runs

    def _word(self, y: int, line: Line, low: int, high: int) -> Run | None:
        """Cells as one run, where it is plain to see that they are one, as nearly always."""
        text, inks = line.text[low:high], line.inks[low:high]
        ink = self._cells.ink(inks[0] if text[0] != " " else inks[-1])
        if inks.lstrip(ink.signs) or UNKNOWN in text or HALF in line.text[low : high + 1]:
            return None
        if self._erases and _MANY_BLANKS in text:
            return None
        return Run(y, low, ink.look, self._cells.written(text, ink))

    def _close(self, line: Line, mask: bytes, low: int, high: int) -> Iterator[tuple[int, int]]:
        """Ranges of cells that differ, with few between them that can be written with the same look."""
        if 0 not in mask[low:high]:
            yield low, high
            return
        start = end = -1
        for part in _DIFFERENT(mask, low, high):
            if start >= 0 and self._can_bridge(line, end, part.start()):
                end = part.end()
                continue
            if start >= 0:
                yield start, end
            start, end = part.span()
        yield start, end

    def _split(self, y: int, line: Line, low: int, high: int) -> Iterator[Run]:
        """A range by its looks; blanks in a row are erased where there are many, and the terminal can."""
        (text, inks), cells, x = line, self._cells, low
        while x < high:
            ink = cells.ink(inks[x])
            end = past = _past_blanks(line, x, high)
            if self._erases and past - x >= ERASED and not ink.look.attributes:
                yield Run(y, x, ink.look, erased=past - x)
                x = past
                continue
            if past < high and (past == x or cells.ink(inks[past]).blank is ink):
                ink = cells.ink(inks[past])
                end = _past(inks, past, high, ink.signs)
                if self._erases and not ink.blank.look.attributes and (place := text.find(_MANY_BLANKS, past, end)) > 0:
                    end = place
            yield Run(y, x, ink.look, cells.written(text[x:end], ink))
            x = end

    def _can_bridge(self, line: Line, low: int, high: int) -> bool:
        """Whether the cells between two changed ones are known and can be written with the look of the first."""
        signs = self._cells.ink(line.inks[low - 1]).signs
        return UNKNOWN not in line.text[low:high] and _past(line.inks, low, high, signs) == high


def _known(line: Line) -> str:
    """The characters without their looks; "" when not all are known."""
    return "" if UNKNOWN in line.text else line.text


class Run(NamedTuple):
    """Cells next to each other that can be written with one look; ``erased`` blanks instead of ``cells``."""

    y: int
    x: int
    look: Look
    cells: str | list[str] = ""
    erased: int = 0

    @property
    def is_blank(self) -> bool:
        """Whether only its background shows."""
        return bool(self.erased) or all(cell == " " for cell in self.cells)


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


def _past(inks: str, low: int, high: int, signs: str) -> int:
    """Where something else than these inks begins."""
    return high - len(inks[low:high].lstrip(signs))


def _past_blanks(line: Line, x: int, high: int) -> int:
    """Where the blanks end that stand from ``x`` on and look alike; ``x`` where there is none."""
    if line.text[x] != " ":
        return x
    return _past(line.inks, x, _past(line.text, x, high, " "), line.inks[x])


def _differences(old: Line, new: Line) -> bytes:
    """A byte for each cell, 0 where it does not differ."""
    width = len(new.text)
    codes = [_codes(part) for part in (*old, *new)]
    if any(len(each) != 2 * width for each in codes):  # pictures, emoji
        return bytes(map(ne, zip(*old, strict=True), zip(*new, strict=True)))
    text, inks, new_text, new_inks = map(_number, codes)
    both = (text ^ new_text | inks ^ new_inks).to_bytes(2 * width, "little")
    return (_number(both[::2]) | _number(both[1::2])).to_bytes(width, "little")


def _codes(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _number(codes: bytes) -> int:
    return int.from_bytes(codes, "little")


def _whole(low: int, high: int, text: str) -> tuple[int, int]:
    """A range that cuts no wide character."""
    while low > 0 and text[low] == HALF:
        low -= 1
    while high < len(text) and text[high] == HALF:
        high += 1
    return low, high
