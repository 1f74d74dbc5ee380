"""Lines as a terminal shows them: two strings with a character a cell, what stands there and how it looks.

Strings are compared, cut and searched by C, which lists of cells are not. What takes more than one character (a letter
with marks, a part of a picture) has one of a private plane in its place, which no text from outside has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from mlops_tui.ui import placeholders
from mlops_tui.ui.looks import PLAIN, Look, look, safe, space_look

#: In a cell of which nothing is known.
UNKNOWN: Final = "\0"
#: In a cell that the wide character before it covers.
HALF: Final = "\x01"
#: Styles whose inks are kept by the style; a theme has some dozens.
STYLES = 2000
#: Strips whose cells are remembered: a list that scrolls, or comes back from behind a dialog, has the same ones again.
LINES = 400
#: Looks, and letters with marks, from which on all that is known is given up, which only costs a frame.
MOST = 40_000

#: Texts of which terminals take one cell a character: letters, punctuation, arrows, frames, blocks, shapes, braille.
SIMPLE = re.compile("[ -~¡-¬®-ÿĀ-ɏ‐-‧‰-⁞←-↙─-╿▀-◼✓-✘⠀-⣿]*").fullmatch

#: What stands for an ink, and for that of blanks, before it is known which; and each byte of a text -> one of them.
_INKED, _BLANK = "\0", "\x01"
_BLANKS = bytes(code == 0x20 for code in range(256))
#: The sign of the first ink.
_FIRST_SIGN = 2

#: The first of the characters for letters with marks: behind those that stand in for parts of pictures.
_COMPOSED = "\U00100000"
_PICTURED = re.compile(f"[{placeholders.FIRST}-\U000fffff]+").finditer
#: The first characters that may take two cells.
_WIDE = "\u1100"


class Line(NamedTuple):
    """Cells next to each other.

    Attributes:
        text: A character a cell.
        inks: The ``sign`` of the ink of each cell.
    """

    text: str
    inks: str


class Ink:
    """How cells look. What stands on blanks has an ink of its own, however much they look like the text around them.

    Args:
        sign: What stands for it.
        look: What the terminal is told.
        blank: The ink of blanks between characters of this one; itself where None.
        picture: The picture of which the cells show parts.
    """

    __slots__ = ("blank", "look", "picture", "sign", "signs")

    def __init__(self, sign: str, look: Look, blank: Ink | None, picture: int | None = None) -> None:
        self.sign = sign
        self.look = look
        self.blank = blank or self
        self.picture = picture
        #: What stands for cells that can be written with this ink's look.
        self.signs = sign + blank.sign if blank is not None else sign


class Cells:
    """Makes lines, and knows the inks.

    Args:
        colours: How many colours the terminal has; None for none at all.
    """

    def __init__(self, colours: ColorSystem | None) -> None:
        self._colours = colours
        #: Whether cells of a picture were made; for whoever asks to set back.
        self.has_pictured = False
        self.forget()

    def forget(self) -> None:
        """Gives up all inks; lines that were made before mean nothing from here on."""
        self._lines: dict[int, tuple[Strip, Line]] = {}
        self._styles: dict[Style | None, Ink] = {}
        self._known: dict[tuple[Look, int | None], Ink] = {}
        self._blanks: dict[Look, Ink] = {}
        self._inks: list[Ink] = []
        self._composed: dict[str, str] = {}
        self._parts: list[str] = []
        self._empty = self._of_blanks(PLAIN).sign

    @property
    def is_full(self) -> bool:
        """Whether so much is known that it should be forgotten."""
        return max(len(self._inks), len(self._parts)) > MOST

    # lines

    def unknown(self, width: int) -> Line:
        """A line of which nothing is known."""
        return Line(UNKNOWN * width, self._empty * width)

    def blanks(self, width: int) -> Line:
        """A line with nothing on it."""
        return Line(" " * width, self._empty * width)

    def of(self, segments: Iterable[Segment]) -> Line:
        """The cells of segments; combining characters join the cell before, control characters become a middle dot."""
        if not isinstance(segments, Strip):
            return self._made(segments)
        known = self._lines.get(id(segments))
        if known is not None:
            return known[1]
        before, self.has_pictured = self.has_pictured, False
        line = self._made(segments)
        if not self.has_pictured:
            if len(self._lines) >= LINES:
                self._lines.clear()
            # with the strip itself, so that no other one can come to stand in its place
            self._lines[id(segments)] = (segments, line)
        self.has_pictured |= before
        return line

    def _made(self, segments: Iterable[Segment]) -> Line:
        texts: list[str] = []
        inks: list[str] = []
        for text, style, control in segments:
            if control or not text:
                continue
            ink = self._styles.get(style) or self._of_style(style)
            if not ((text.isascii() and text.isprintable()) or SIMPLE(text)):
                self._add(text, style, ink, texts, inks)
                continue
            texts.append(text)
            if " " in text:
                places = text.encode("latin-1", "replace").translate(_BLANKS).decode("latin-1")
                inks.append(places.replace(_INKED, ink.sign).replace(_BLANK, ink.blank.sign))
            else:
                inks.append(ink.sign * len(text))
        return Line("".join(texts), "".join(inks))

    def ink(self, sign: str) -> Ink:
        """What a sign stands for."""
        return self._inks[ord(sign) - _FIRST_SIGN]

    def is_wide(self, character: str) -> bool:
        """Whether what stands in a cell covers the next one, too."""
        if character < _WIDE or placeholders.FIRST <= character < _COMPOSED:
            return False
        return get_character_cell_size(self._letter(character)[0]) == 2

    def written(self, text: str, ink: Ink) -> str | list[str]:
        """What the terminal is sent for cells of one ink (and its blanks): a text for each, none for covered ones."""
        if (text.isascii() and text.isprintable()) or SIMPLE(text):
            return text
        return [self._written(character, ink) for character in text if character != HALF]

    def _written(self, character: str, ink: Ink) -> str:
        if ink.picture is not None and character != " ":
            return placeholders.cell(character, ink.picture >> 24)
        return self._letter(character)

    def _letter(self, character: str) -> str:
        return self._parts[ord(character) - ord(_COMPOSED)] if character >= _COMPOSED else character

    # pictures

    def pictures(self, line: Line) -> set[int]:
        """The numbers of the pictures that a line shows parts of."""
        signs = {sign for found in _PICTURED(line.text) for sign in set(line.inks[found.start() : found.end()])}
        return {number for sign in signs if (number := self.ink(sign).picture) is not None}

    def parts(self, line: Line) -> Iterator[tuple[int, int, int]]:
        """Column, number of the picture and row in it of each cell that shows a part of one."""
        for found in _PICTURED(line.text):
            for x in range(found.start(), found.end()):
                number = self.ink(line.inks[x]).picture
                if number is not None:
                    yield x, number, placeholders.row(line.text[x])

    # inks

    def _of_style(self, style: Style | None) -> Ink:
        if len(self._styles) >= STYLES:
            self._styles.clear()
        ink = self._styles[style] = self._of_look(look(style, self._colours) if style else PLAIN)
        return ink

    def _of_look(self, wanted: Look, picture: int | None = None) -> Ink:
        ink = self._known.get((wanted, picture))
        if ink is None:
            blank = self._of_blanks(space_look(wanted))
            ink = self._known[wanted, picture] = Ink(self._new_sign(), wanted, blank, picture)
            self._inks.append(ink)
        return ink

    def _of_blanks(self, wanted: Look) -> Ink:
        ink = self._blanks.get(wanted)
        if ink is None:
            ink = self._blanks[wanted] = Ink(self._new_sign(), wanted, None)
            self._inks.append(ink)
        return ink

    def _new_sign(self) -> str:
        return chr(_FIRST_SIGN + len(self._inks))

    # what is not one character a cell

    def _add(self, text: str, style: Style | None, ink: Ink, texts: list[str], inks: list[str]) -> None:
        if text >= placeholders.FIRST and style is not None and (picture := placeholders.written(text, style)):
            self.has_pictured = True
            colour, number = picture
            drawn = self._of_look(Look(colour, ink.look.background), number)
            texts.append(text)
            inks.append(drawn.sign * len(text))
            return
        for one in text:
            character = safe(one)
            size = get_character_cell_size(character)
            if size == 0:
                self._mark(character, ink, texts, inks)  # at a line's beginning there is nothing to combine with
            elif size == 2:
                texts += (character, HALF)
                inks.append(ink.sign * 2)
            else:
                texts.append(character)
                inks.append(ink.blank.sign if character == " " else ink.sign)

    def _mark(self, mark: str, ink: Ink, texts: list[str], inks: list[str]) -> None:
        """Combines a mark with the cell before."""
        before = texts[-1][-1] if texts else HALF
        if before == HALF or placeholders.FIRST <= before < _COMPOSED:
            return
        letter = self._letter(before)
        if len(letter) >= 4:
            return
        whole = letter + mark
        character = self._composed.get(whole)
        if character is None:
            character = self._composed[whole] = chr(ord(_COMPOSED) + len(self._parts))
            self._parts.append(whole)
        texts[-1] = texts[-1][:-1] + character
        if before == " ":
            inks[-1] = inks[-1][:-1] + ink.sign


__all__ = ["HALF", "SIMPLE", "UNKNOWN", "Cells", "Ink", "Line"]
