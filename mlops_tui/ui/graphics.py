"""Pictures that the terminal itself draws: whether it can, and which it has by now.

Follows what is shown: a picture is sent when cells of it are drawn, and deleted when none are left, whatever brought
them and took them away. Knows no Textual and no files; what it sends are bytes that were encoded here.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from weakref import WeakValueDictionary

from mlops_tui.artifacts import pictures
from mlops_tui.artifacts.pictures import Picture
from mlops_tui.config import IMAGES
from mlops_tui.ui import placeholders, tmux
from mlops_tui.ui.outlet import Outlet
from mlops_tui.ui.output import Output

#: How pictures are drawn: as the terminal can, by it in kitty's way or in DEC's, or with characters.
AUTO, KITTY, SIXEL, BLOCKS = IMAGES
#: Seconds for which the first picture waits for what the terminal says it can; an answer that comes later counts, too.
PATIENCE_S = 0.4
#: Whether it knows the protocol (by an image of one pixel that is not kept), its name, the size of a cell if it tells,
#: and at last what nearly every terminal answers.
QUESTION = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[>0q\x1b[16t\x1b[c"
#: Characters of base64 in one part.
PART = 4096
#: What the attributes of a terminal that knows sixels have among them.
_SIXELS = "4"
#: Terminals where writing over a part of a picture takes all of it away, or nothing.
_WHOLE = ("Konsole", "Zellij", "tmux")
_KITTY = re.compile(r"kitty\D*(\d+)\.(\d+)")
#: The first kitty with placeholders.
_FIRST_KITTY = (0, 28)


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Graphic:
    """A picture for the terminal to draw.

    Attributes:
        number: By which its cells name it (see ``placeholders``).
        columns: Cells beside each other that it is fitted into.
        rows: Lines that it is fitted into.
        png: The bytes of a PNG file.
    """

    number: int
    columns: int
    rows: int
    png: bytes


def graphic(picture: Picture, number: int, room: tuple[int, int], cell: tuple[int, int]) -> Graphic:
    """A picture for the terminal to draw, as large as there is room.

    Args:
        picture: Pixels.
        number: By which its cells are to name it.
        room: Columns and rows that there are, 1 or more.
        cell: Width and height of a cell in pixels.
    """
    columns, rows = placeholders.fitted((picture.width, picture.height), room, cell)
    return Graphic(number, columns, rows, pictures.png(picture, columns * cell[0], rows * cell[1]))


def decided(wish: str, environ: Mapping[str, str], *, has_colours: bool) -> str:
    """How pictures are drawn, as far as that is clear without asking the terminal; "" where it is not.

    Args:
        wish: 'auto', 'kitty', 'sixel' or 'blocks'.
        environ: The environment.
        has_colours: Whether colours are written at all: a cell names its picture by one.
    """
    if wish == BLOCKS or not has_colours or environ.get("TERM", "") in ("linux", "vt100", "vt220"):
        return BLOCKS
    if wish != AUTO:
        return wish
    # GNU screen would take the question for a message of its own, Apple's terminal would print it
    is_deaf = "STY" in environ or environ.get("TERM_PROGRAM") == "Apple_Terminal"
    return BLOCKS if is_deaf else ""


def told(replies: Mapping[str, str], *, knows_cell: bool) -> str:
    """How pictures are drawn by what the terminal has replied so far; "" while that is open.

    Args:
        replies: By their kinds (see ``replies``).
        knows_cell: Whether it is known how many pixels a cell has.
    """
    if replies.get("graphics", "").endswith(";OK") and has_placeholders(replies.get("name", "")):
        return KITTY
    if "attributes" not in replies:  # it comes last
        return ""
    knows_sixels = _SIXELS in replies["attributes"].split(";")[1:] and not replies.get("name", "").startswith(_WHOLE)
    return SIXEL if knows_sixels and knows_cell else BLOCKS


def has_placeholders(name: str) -> bool:
    """Whether a terminal that says this of itself draws pictures in place of placeholders.

    Others know the protocol as well, but not these: WezTerm and Konsole, for example.
    """
    found = _KITTY.match(name)
    if found:
        return (int(found[1]), int(found[2])) >= _FIRST_KITTY
    return re.split(r"[ (]", name, maxsplit=1)[0] in ("ghostty", "kitty")


class Graphics:
    """The pictures that the terminal has.

    Args:
        output: What the terminal shows.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._known: WeakValueDictionary[int, Graphic] = WeakValueDictionary()
        self._held: set[int] = set()

    @property
    def farewell(self) -> str:
        """What deletes all pictures that the terminal has."""
        return "".join(deletion(number) for number in sorted(self._held))

    def know(self, graphic: Graphic) -> None:
        """Sends a picture when cells of it are shown; it must be kept by whoever draws these."""
        self._known[graphic.number] = graphic

    def follow(self, outlet: Outlet) -> None:
        """Sends what is shown after a frame, and deletes what is not."""
        if self._output.has_drawn_pictures:
            self._have(self._output.pictures(), outlet)
        elif self._held:  # no others can be shown by now
            self._have(self._output.pictures(self._held), outlet)

    def forget(self, outlet: Outlet) -> None:
        """Deletes all."""
        self._have(set(), outlet)

    def _have(self, shown: set[int], outlet: Outlet) -> None:
        for number in self._held - shown:
            self._held.discard(number)
            outlet.recall(number, deletion(number))
        for number in shown - self._held:
            graphic = self._known.get(number)
            if graphic is not None:
                self._held.add(number)
                outlet.write_aside(number, transmission(graphic))


def transmission(graphic: Graphic) -> Iterator[str]:
    """What sends a picture, in parts, and has it drawn wherever cells name it; the terminal answers nothing.

    It is placed by a command of its own: after one that came in parts kitty does not look again at cells that it has
    drawn before the last part came.
    """
    data = base64.standard_b64encode(graphic.png).decode("ascii")
    head = f"a=t,f=100,t=d,i={graphic.number},"
    for start in range(0, len(data), PART):
        is_last = start + PART >= len(data)
        yield _through(f"\x1b_G{head}q=2,m={0 if is_last else 1};{data[start : start + PART]}\x1b\\")
        head = ""
    yield _through(f"\x1b_Ga=p,U=1,i={graphic.number},c={graphic.columns},r={graphic.rows},q=2\x1b\\")


def deletion(number: int) -> str:
    """What deletes a picture with its data, also one of which not all parts were sent."""
    return _through(f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\")


def _through(sequence: str) -> str:
    return tmux.wrapped(sequence) if tmux.is_around() else sequence
