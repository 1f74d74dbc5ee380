"""Pictures painted over cells with sixels, for terminals that can do nothing better.

What is painted stays where it is until its cells are written again. So the cells of a picture are blanks that are
known to be its own; whenever some of them were written, the strips that they belong to are painted anew, and a strip of
which a part is covered waits until nothing covers it.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakValueDictionary

from mlops_tui.artifacts import sixels
from mlops_tui.artifacts.pictures import Picture
from mlops_tui.ui import placeholders
from mlops_tui.ui.outlet import Outlet
from mlops_tui.ui.output import Output
from mlops_tui.ui.placeholders import MOST


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Painting:
    """A picture to paint over cells.

    Attributes:
        number: By which its cells name it (see ``placeholders``).
        columns: Cells beside each other that it covers.
        rows: Lines that it covers.
        strip: Lines of cells in each of its strips but the last.
        strips: What paints them, from the cursor on.
    """

    number: int
    columns: int
    rows: int
    strip: int
    strips: tuple[str, ...]


def painting(picture: Picture, number: int, room: tuple[int, int], cell: tuple[int, int]) -> Painting:
    """A picture for the terminal to have painted over it.

    Args:
        picture: Pixels.
        number: By which its cells are to name it.
        room: Columns and rows that there are, 1 or more.
        cell: Width and height of a cell in pixels.
    """
    width, height = min(room[0], MOST) * cell[0], min(room[1], MOST) * cell[1]
    # whole sixels as well as whole lines: what stood out over the next strip would wipe that away in some terminals
    strip = next(lines for lines in (4, 3, 6) if lines * cell[1] % sixels.HIGH == 0)
    made = sixels.encode(picture, width, height, strip * cell[1])
    columns, rows = placeholders.covered((made.width, made.height), cell)
    return Painting(number, columns, rows, strip, made.strips)


class SixelGraphics:
    """The pictures that are painted.

    Args:
        output: What the terminal shows.
    """

    #: What wipes them away: the screen is left to a shell.
    farewell = "\x1b[2J"

    def __init__(self, output: Output) -> None:
        output.paints_over = True
        self._output = output
        self._known: WeakValueDictionary[int, Painting] = WeakValueDictionary()
        self._lacking: set[tuple[int, int]] = set()

    def know(self, graphic: Painting) -> None:
        """Paints a picture where its cells are shown; it must be kept by whoever draws these."""
        self._known[graphic.number] = graphic

    def follow(self, outlet: Outlet) -> None:
        """Paints what is lacking after a frame; what was to be painted before it may be covered by now."""
        self._lacking |= {divmod(key, 256) for key in outlet.recall_all()}
        touched, self._output.touched = self._output.touched, set()
        known = self._known
        self._lacking |= {(number, row // known[number].strip) for number, row in touched if number in known}
        if not self._lacking:
            return
        seen = self._output.picture_cells()
        shown = {number for number, _ in seen}
        for number, strip in sorted(self._lacking):
            graphic = known.get(number)
            if graphic is None or number not in shown:
                self._lacking.discard((number, strip))
                continue
            rows = range(strip * graphic.strip, min(graphic.rows, (strip + 1) * graphic.strip))
            places = [seen.get((number, row), []) for row in rows]
            # where a picture is seen twice, parts of both may be as many cells as one has
            y, x = min(places[0], default=(0, 0))
            if places == [[(y + line, x + column) for column in range(graphic.columns)] for line in range(len(rows))]:
                there = f"\x1b7\x1b[{y + 1};{x + 1}H{graphic.strips[strip]}\x1b8"  # and back to where one types
                outlet.write_aside(number << 8 | strip, [there])
                self._lacking.discard((number, strip))

    def forget(self, outlet: Outlet) -> None:
        """Paints nothing of what was to be painted."""
        outlet.recall_all()
        self._lacking.clear()
