"""The last stage before the terminal: of each frame only the cells that changed are written.

Textual sends whole dirty regions again; here each frame is compared, cell by cell, with what the terminal already
shows. It is also the choke point where no control character passes, whatever a widget drew.

The frames are taken at a private hook of Textual (``App._display``); ``supported`` says whether the hook is what it
was when this was written, and the application uses Textual's own output where it is not.
"""

from __future__ import annotations

import inspect
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

if TYPE_CHECKING:
    from textual.app import App

#: Unchanged cells between two changed ones that are written again rather than skipped, which takes as many bytes.
BRIDGE = 4

_ATTRIBUTES = (
    ("bold", "1"),
    ("dim", "2"),
    ("italic", "3"),
    ("underline", "4"),
    ("blink", "5"),
    ("reverse", "7"),
    ("strike", "9"),
)


class Look(NamedTuple):
    """What a cell looks like to the terminal, as SGR parameters."""

    foreground: str = ""
    background: str = ""
    attributes: str = ""


PLAIN = Look()

#: What switches an attribute off.
_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "9": "29"}

#: Attributes that show on a space, too.
_SHOWS_ON_SPACE = frozenset("4579")


class Span(NamedTuple):
    """A piece of a line, from a column on."""

    y: int
    x: int
    segments: Iterable[Segment]


def supported(app_class: type[App[object]]) -> bool:
    """Whether Textual's hook and its frames are those that this module knows."""
    from textual import _compositor

    display = getattr(app_class, "_display", None)
    if display is None or list(inspect.signature(display).parameters) != ["self", "screen", "renderable"]:
        return False
    known = {"LayoutUpdate": ("strips", "region"), "ChopsUpdate": ("chops", "spans", "chop_ends")}
    return all(
        set(names) <= set(inspect.signature(getattr(_compositor, name).__init__).parameters)
        for name, names in known.items()
        if hasattr(_compositor, name)
    ) and all(hasattr(_compositor, name) for name in known)


def spans(update: object) -> list[Span] | None:
    """The pieces of lines that one of Textual's updates holds; None for an update of another kind."""
    kind = type(update).__name__
    if kind == "LayoutUpdate":
        return list(_layout_spans(update))
    if kind == "ChopsUpdate":
        return list(_chop_spans(update))
    return None


def _layout_spans(update: object) -> Iterator[Span]:
    region = update.region  # type: ignore[attr-defined]
    for y, line in enumerate(update.strips, region.y):  # type: ignore[attr-defined]
        yield Span(y, region.x, [segment for strip in line for segment in strip])


def _chop_spans(update: object) -> Iterator[Span]:
    chops, ends = update.chops, update.chop_ends  # type: ignore[attr-defined]
    for y, low, high in update.spans:  # type: ignore[attr-defined]
        for end, (x, strip) in zip(ends[y], chops[y].items(), strict=False):
            if strip is not None and x <= high and end > low:
                yield Span(y, x, strip)


class Output:
    """What the terminal shows, and the shortest way from there to the next frame.

    Args:
        colours: How many colours the terminal has; None writes no colours at all (NO_COLOR).
    """

    def __init__(self, colours: ColorSystem | None) -> None:
        self._colours = colours
        self._width = 0
        self._height = 0
        # None: not known. A wide character is followed by "" in the cell that it covers.
        self._characters: list[list[str | None]] = []
        self._looks: list[list[Look]] = []

    def resize(self, width: int, height: int) -> None:
        """Takes the terminal's size; what it shows is unknown when that changes."""
        if (width, height) != (self._width, self._height):
            self._width, self._height = width, height
            self.forget()

    def forget(self) -> None:
        """What the terminal shows is not known any more: every cell of the next frames is written."""
        self._characters = [[None] * self._width for _ in range(self._height)]
        self._looks = [[PLAIN] * self._width for _ in range(self._height)]

    def frame(self, pieces: Iterable[Span]) -> str:
        """The bytes, as text, that bring the terminal to show these pieces; "" when it does already.

        The text begins and ends with plain attributes, and holds no control characters but its own.
        """
        parts: list[str] = []
        pen = _Pen(parts)
        for piece in pieces:
            if 0 <= piece.y < self._height:
                self._line(piece, pen)
        pen.rest()
        return "".join(parts)

    def _line(self, piece: Span, pen: _Pen) -> None:
        characters, looks = self._cells(piece)
        x = piece.x
        if x < 0:
            characters, looks, x = characters[-x:], looks[-x:], 0
        del characters[self._width - x :], looks[self._width - x :]
        if not characters:
            return
        if characters[0] == "":  # the right half of a wide character that was cut
            characters[0] = " "
        if get_character_cell_size(characters[-1][:1] or " ") == 2:
            characters[-1] = " "
        shown, shown_looks = self._characters[piece.y], self._looks[piece.y]
        end = x + len(characters)
        old, old_looks = shown[x:end], shown_looks[x:end]
        if old == characters and old_looks == looks:
            return
        self._mend_edges(piece.y, x, end, pen)
        old, old_looks = shown[x:end], shown_looks[x:end]
        shown[x:end], shown_looks[x:end] = characters, looks
        for low, high in _changes(old, old_looks, characters, looks):
            pen.move(piece.y, x + low)
            for i in range(low, high):
                if characters[i]:
                    pen.put(characters[i], looks[i])

    def _mend_edges(self, y: int, x: int, end: int, pen: _Pen) -> None:
        """Blanks the outer half of a wide character that the new piece cuts through."""
        shown = self._characters[y]
        if x > 0 and shown[x] == "":
            shown[x - 1], shown[x] = " ", None
            pen.move(y, x - 1)
            pen.put(" ", self._looks[y][x - 1])
        if end < self._width and shown[end] == "":
            shown[end], shown[end - 1] = " ", None
            pen.move(y, end)
            pen.put(" ", self._looks[y][end])

    def _cells(self, piece: Span) -> tuple[list[str], list[Look]]:
        characters: list[str] = []
        looks: list[Look] = []
        for text, style, control in piece.segments:
            if control or not text:
                continue
            look = _look(style, self._colours) if style else PLAIN
            if text.isascii() and text.isprintable():
                characters.extend(text)
            else:
                _split(text, characters)
            looks.extend([look] * (len(characters) - len(looks)))
        for i, character in enumerate(characters):
            if character == " ":
                looks[i] = _space_look(looks[i])
        return characters, looks


def _changes(
    old: Sequence[str | None], old_looks: Sequence[Look], new: Sequence[str], looks: Sequence[Look]
) -> Iterator[tuple[int, int]]:
    """Ranges of cells to write: those that differ, and the few between that are cheaper written than skipped."""
    low = high = -1
    for i in range(len(new)):
        if old[i] == new[i] and old_looks[i] is looks[i]:
            continue
        if old[i] == new[i] and old_looks[i] == looks[i]:
            continue
        if low >= 0 and i - high <= BRIDGE and all(looks[j] == looks[high - 1] for j in range(high, i)):
            high = i + 1
            continue
        if low >= 0:
            yield _whole(low, high, new)
        low, high = i, i + 1
    if low >= 0:
        yield _whole(low, high, new)


def _whole(low: int, high: int, characters: Sequence[str]) -> tuple[int, int]:
    """A range that cuts no wide character."""
    while low > 0 and characters[low] == "":
        low -= 1
    while high < len(characters) and characters[high] == "":
        high += 1
    return low, high


class _Pen:
    """Writes cells, and moves and changes colours only where needed."""

    def __init__(self, parts: list[str]) -> None:
        self._parts = parts
        self._look = PLAIN
        self._x = -1
        self._y = -1
        self._is_sure = False

    def move(self, y: int, x: int) -> None:
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

    def put(self, character: str, look: Look) -> None:
        if not self._is_sure:
            self.move(self._y, self._x)
        if character == " ":
            look = _on_space(self._look, look)
        if look is not self._look and look != self._look:
            self._parts.append(_change(self._look, look))
            self._look = look
        self._parts.append(character)
        self._x += 2 if get_character_cell_size(character[0]) == 2 else 1
        # terminals disagree on the width of some characters: say where we are after each of those
        self._is_sure = len(character) == 1 and (character < "\u0300" or _is_simple(character))

    def rest(self) -> None:
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


@lru_cache(maxsize=4096)
def _change(old: Look, new: Look) -> str:
    """The shortest sequence from one look to another."""
    if new == PLAIN:
        return "\x1b[m"
    had, has = set(old.attributes.split(";")) - {""}, set(new.attributes.split(";")) - {""}
    off = {_OFF[part] for part in had - has}
    if "22" in off:  # ends bold and dim alike
        had -= {"1", "2"}
    parts = sorted(off) + sorted(has - had)
    if new.foreground != old.foreground:
        parts.append(new.foreground or "39")
    if new.background != old.background:
        parts.append(new.background or "49")
    return f"\x1b[{';'.join(parts)}m"


@lru_cache(maxsize=4096)
def _look(style: Style, colours: ColorSystem | None) -> Look:
    attributes = ";".join(code for name, code in _ATTRIBUTES if getattr(style, name))
    foreground = background = ""
    if colours is not None:
        if style.color is not None:
            foreground = ";".join(style.color.downgrade(colours).get_ansi_codes(foreground=True))
        if style.bgcolor is not None:
            background = ";".join(style.bgcolor.downgrade(colours).get_ansi_codes(foreground=False))
    foreground = "" if foreground == "39" else foreground
    background = "" if background == "49" else background
    return Look(foreground, background, attributes)


@lru_cache(maxsize=4096)
def _on_space(pen: Look, look: Look) -> Look:
    """The look to write a space with: the pen's own where what differs does not show on a space."""
    if look.attributes or set(pen.attributes) & _SHOWS_ON_SPACE:
        return look
    return pen if pen.background == look.background else Look(pen.foreground, look.background, pen.attributes)


@lru_cache(maxsize=4096)
def _space_look(look: Look) -> Look:
    """The look of a space: colours and attributes that do not show on it are dropped."""
    if set(look.attributes) & _SHOWS_ON_SPACE:
        return look
    return Look("", look.background, "")


def _split(text: str, characters: list[str]) -> None:
    """Appends a text's cells; combining characters join the cell before, control characters become a middle dot."""
    for character in text:
        safe = _safe(character)
        size = get_character_cell_size(safe)
        if size == 0:
            # at a line's beginning there is nothing to combine with
            if characters and characters[-1] and len(characters[-1]) < 4:
                characters[-1] += safe
            continue
        characters.append(safe)
        if size == 2:
            characters.append("")


@lru_cache(maxsize=4096)
def _safe(character: str) -> str:
    if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in "\u2028\u2029":
        return "·"
    # what changes the direction of everything after it would leave its cell
    return "·" if unicodedata.bidirectional(character) in _DIRECTIONS else character


_DIRECTIONS = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))
