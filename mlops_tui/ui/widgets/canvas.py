"""The area of a chart that holds curves: points to dots, dots to characters.

A curve covers one span of dots in each column of dots, so it is kept as one whole number a column (bit 0 is the
lowest dot). Turning those into cells is done for the whole canvas at once, on bytes and long integers: a loop over
12,000 cells in Python would take longer than a screen may take.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

#: x, and the lowest, highest and last value of what fell into the bucket; any of the values may be NaN or infinite.
Bucket = tuple[float, float, float, float]
#: A piece of a row: text, role of the characters, role of the background.
Piece = tuple[str, int, int]

#: Roles of pieces; numbers from 0 are the slots of series, from ``SHADE`` on those of what stands behind their curves.
NOTHING, AXIS, LABEL, GUIDE, MARK, CROSSHAIR = -1, -2, -3, -4, -5, -9
MAX_SLOTS = 120
SHADE = 128
#: Larger values are marked as infinite: MLflow stores infinity as ±1.797e308, and differences must stay finite.
LARGEST = 1e300

#: How dots are drawn: 2 × 4 of them a cell, or two halves of a cell, each in its own colour or without colour.
BRAILLE, BLOCKS, ASCII = "braille", "blocks", "ascii"

_TALL = 4  # dots a cell, from bottom to top
_HEX = b"0123456789abcdef"


def _by_digit(values: Sequence[int]) -> bytes:
    """A table for ``bytes.translate`` from hexadecimal digits to 16 values."""
    table = bytearray(256)
    for digit, value in zip(_HEX, values, strict=True):
        table[digit] = value
    return bytes(table)


def _dots(bits: Sequence[int]) -> list[int]:
    return [sum(bit for row, bit in enumerate(bits) if nibble >> row & 1) for nibble in range(16)]


_LEFT, _RIGHT = _by_digit(_dots((0x40, 0x04, 0x02, 0x01))), _by_digit(_dots((0x80, 0x20, 0x10, 0x08)))
_UPPER, _LOWER = _by_digit(_dots((0, 0, 1, 1))), _by_digit(_dots((1, 1, 0, 0)))
_FULL = bytes([0]) + bytes([255]) * 255
_BRAILLE = [chr(0x2800 + bits) for bits in range(256)]
# Of a faint line across a chart; sparse, so that curves stand out and few bytes are written.
_GUIDE = "·           "
# Stands for a mark where owners are slots + 1.
_MARKED = 255
# Columns of dots drawn and skipped in turn, so that curves differ where there are no colours.
_PATTERNS = ((1, 0), (6, 3), (2, 2), (7, 2, 2, 2))


class Canvas:
    """Cells that curves are drawn into, later ones above earlier ones.

    Args:
        columns: Width in cells.
        rows: Height in cells.
        extent: x and y at the left, right, lower and upper edge; finite, and not empty in y.
        cells: What dots are drawn with: ``BRAILLE``, ``BLOCKS`` or ``ASCII``.
    """

    def __init__(
        self, columns: int, rows: int, extent: tuple[float, float, float, float], *, cells: str = BRAILLE
    ) -> None:
        self.columns = columns
        self._rows = rows
        self._x_low, self._x_high, self._y_low, self._y_high = extent
        self._wide = 2 if cells == BRAILLE else 1
        self._cells = cells
        # one byte a cell, column by column from the top; owners are slots + 1, 0 is nobody
        size = columns * rows
        self._bits = self._shade_bits = 0
        self._owner = self._lower = 0
        self._ones = int.from_bytes(bytes([1]) * size, "big")
        self._over: dict[int, dict[int, tuple[str, int]]] = {}
        even = int("5" * rows, 16)
        self._stipple = (even, even << 1)

    def row_of(self, y: float) -> int:
        """The row of cells, counted from the top, that holds a finite value."""
        share = (y - self._y_low) / (self._y_high - self._y_low)
        dot = min(self._rows * _TALL - 1, max(0, round(share * (self._rows * _TALL - 1))))
        return self._rows - 1 - dot // _TALL

    def column_of(self, x: float) -> int:
        """The column of cells that holds an x."""
        dots = self.columns * self._wide
        if self._x_high <= self._x_low:
            return (dots - 1) // 2 // self._wide
        share = (x - self._x_low) / (self._x_high - self._x_low)
        return min(dots - 1, max(0, round(share * (dots - 1)))) // self._wide

    def curve(
        self,
        points: Sequence[Bucket],
        slot: int,
        *,
        marker: str,
        is_marked: bool = False,
        is_patterned: bool = False,
        is_shade: bool = False,
    ) -> None:
        """Draws one curve; the marker stands at its end, at lonely points, and where asked for along the curve.

        Args:
            points: In the order of x.
            slot: Whose curve it is.
            marker: One character; "" for none.
            is_marked: Whether the marker stands along the curve, too.
            is_patterned: Whether the curve has gaps, longer or shorter ones by its slot.
            is_shade: Whether this stands behind the curve of that slot: then ``is_patterned`` leaves every other dot.
        """
        slot = slot % MAX_SLOTS + (SHADE if is_shade else 0)
        bottoms, tops, ends = self._spans(points)
        masks = [((1 << top + 1) - 1) >> bottom << bottom for bottom, top in zip(bottoms, tops, strict=True)]
        if is_patterned and is_shade:
            masks = [mask & self._stipple[column & 1] for column, mask in enumerate(masks)]
        elif is_patterned:
            _interrupt(masks, slot)
        self._paint(masks, slot)
        if is_marked:
            every = max(4, self.columns // 5)
            columns = range((slot * 3 + 2) % every * self._wide, len(tops), every * self._wide)
            ends += [(column, tops[column]) for column in columns if masks[column]]
        for column, dot in ends if marker else ():
            self._put(self._rows - 1 - dot // _TALL, column // self._wide, marker, slot)

    def _put(self, row: int, column: int, character: str, role: int) -> None:
        self._over.setdefault(row, {})[column] = (character, role)

    def _spans(self, points: Sequence[Bucket]) -> tuple[list[int], list[int], list[tuple[int, int]]]:
        """The lowest and highest dot of each column, and the last point and those without neighbours."""
        x_low, x_high, y_low = self._x_low, self._x_high, self._y_low
        columns = self.columns * self._wide
        y_scale = (self._rows * _TALL - 1) / (self._y_high - y_low)
        x_scale = (columns - 1) / (x_high - x_low) if x_high > x_low else 0.0
        x_shift = 0.5 if x_scale else columns // 2
        bottoms, tops = [self._rows * _TALL] * columns, [-1] * columns
        ends: list[tuple[int, int]] = []
        before_column, before, is_lonely = -1, 0, False
        for x, low, high, last in points:
            if not x_low <= x <= x_high:
                continue
            column = int((x - x_low) * x_scale + x_shift)
            if not abs(low) + abs(high) + abs(last) < LARGEST:
                self._mark(column // self._wide, (low, high, last))
                values = [value for value in (low, high, last) if abs(value) <= LARGEST]
                if not values:
                    if is_lonely:
                        ends.append((before_column, before))
                    before_column, is_lonely = -1, False
                    continue
                low, high, last = min(values), max(values), values[-1]
            bottom, top = int((low - y_low) * y_scale + 0.5), int((high - y_low) * y_scale + 0.5)
            is_lonely = before_column < 0
            if not is_lonely and column - before_column > 1:
                _bridge(bottoms, tops, before_column, before, column, min(max(before, bottom), top))
            elif not is_lonely and bottom > before + 1:
                # a steep piece is shared by both columns, so that it does not lean
                middle = (before + bottom) // 2
                tops[before_column] = max(tops[before_column], middle)
                bottoms[column] = min(bottoms[column], middle + 1)
            elif not is_lonely and top < before - 1:
                middle = (before + top) // 2
                bottoms[before_column] = min(bottoms[before_column], middle + 1)
                tops[column] = max(tops[column], middle)
            if bottom < bottoms[column]:
                bottoms[column] = bottom
            if top > tops[column]:
                tops[column] = top
            before_column, before = column, int((last - y_low) * y_scale + 0.5)
        if before_column >= 0:
            ends.append((before_column, before))
        return bottoms, tops, ends

    def _mark(self, column: int, values: Sequence[float]) -> None:
        nan, up, down = "x^v" if self._cells == ASCII else "×↑↓"
        for value in set(values):
            if value != value:
                self._put(self._rows - 1, column, nan, MARK)
            elif abs(value) > LARGEST:
                row, character = (0, up) if value > 0 else (self._rows - 1, down)
                self._put(row, column, character, MARK)

    def _paint(self, masks: Sequence[int], slot: int) -> None:
        digits = [f"{mask:0{self._rows}x}" for mask in masks]
        if self._cells == BRAILLE:
            bits = _number("".join(digits[::2]), _LEFT) | _number("".join(digits[1::2]), _RIGHT)
            if slot >= SHADE:
                self._shade_bits |= bits
            else:
                self._bits |= bits
            self._owner = self._owned(self._owner, bits, slot)
        else:
            joined = "".join(digits)
            self._owner = self._owned(self._owner, _number(joined, _UPPER), slot)
            self._lower = self._owned(self._lower, _number(joined, _LOWER), slot)

    def _owned(self, owner: int, cells: int, slot: int) -> int:
        """The owners after a series took all cells that are not 0."""
        size = self.columns * self._rows
        taken = int.from_bytes(cells.to_bytes(size, "big").translate(_FULL), "big")
        return owner & ~taken | self._ones * (slot + 1) & taken

    def rows(self, guides: frozenset[int] = frozenset()) -> list[tuple[Piece, ...]]:
        """The cells as rows of pieces from the top; ``guides`` are rows with a faint line behind the curves."""
        size, rows = self.columns * self._rows, self._rows
        # where a curve is, dots of what stands behind it would be taken for its own
        front = int.from_bytes(self._bits.to_bytes(size, "big").translate(_FULL), "big")
        shown = self._bits | self._shade_bits & ~front
        bits, owner, lower = (number.to_bytes(size, "big") for number in (shown, self._owner, self._lower))
        return [
            self._row(row, bits[row::rows], bytearray(owner[row::rows]), bytearray(lower[row::rows]), row in guides)
            for row in range(rows)
        ]

    def _row(self, row: int, bits: bytes, upper: bytearray, lower: bytearray, is_guide: bool) -> tuple[Piece, ...]:
        is_guide = is_guide and self._cells != ASCII
        empty_role = GUIDE if is_guide else NOTHING
        ground = (_GUIDE * (self.columns // len(_GUIDE) + 1))[: self.columns] if is_guide else " " * self.columns
        over = self._over.get(row)
        if over is None and not any(upper) and not any(lower):
            return ((ground, empty_role, NOTHING),)
        if self._cells == BRAILLE:
            characters = [_BRAILLE[bit] if bit else empty for bit, empty in zip(bits, ground, strict=True)]
        else:
            signs = _mark_half if self._cells == ASCII else _half
            characters = [signs(up, low) or empty for up, low, empty in zip(upper, lower, ground, strict=True)]
        for column, (character, role) in (over or {}).items():
            characters[column], lower[column] = character, 0
            upper[column] = _MARKED if role == MARK else role + 1
        text, position, pieces = "".join(characters), 0, []
        for (up, low), group in groupby(zip(upper, lower, strict=True)):
            end = position + len(list(group))
            if up == _MARKED:
                role, back = MARK, NOTHING
            elif up or low:
                is_split = up and low and up != low and self._cells == BLOCKS
                role, back = (up or low) - 1, low - 1 if is_split else NOTHING
            else:
                role, back = empty_role, NOTHING
            pieces.append((text[position:end], role, back))
            position = end
        return tuple(pieces)


def _number(digits: str, table: bytes) -> int:
    return int.from_bytes(digits.encode("ascii").translate(table), "big")


def _mark_half(upper: int, lower: int) -> str:
    """The character of two halves in ASCII; "" when both are empty."""
    if upper and lower:
        return ":"
    return "'" if upper else "." if lower else ""


def _half(upper: int, lower: int) -> str:
    """The character of two halves, of which one may be in the background; "" when both are empty."""
    if upper == lower:
        return "█" if upper else ""
    return "▀" if upper else "▄"


def _bridge(bottoms: list[int], tops: list[int], from_column: int, from_dot: int, to_column: int, to_dot: int) -> None:
    """A straight line between points that are more than a column apart."""
    length, rise, before = to_column - from_column, to_dot - from_dot, from_dot
    for column in range(from_column + 1, to_column + 1):
        dot = from_dot + (rise * (column - from_column) + length // 2) // length
        low = high = dot
        if dot > before + 1:
            low = (before + dot) // 2 + 1
            tops[column - 1] = max(tops[column - 1], low - 1)
        elif dot < before - 1:
            high = (before + dot) // 2
            bottoms[column - 1] = min(bottoms[column - 1], high + 1)
        bottoms[column], tops[column] = min(bottoms[column], low), max(tops[column], high)
        before = dot


def _interrupt(masks: list[int], slot: int) -> None:
    """Leaves gaps in a curve."""
    pattern = _PATTERNS[slot % len(_PATTERNS)]
    column = 0
    while column < len(masks):
        for place, length in enumerate(pattern):
            if place % 2:
                masks[column : column + length] = [0] * len(masks[column : column + length])
            column += length


__all__ = [
    "ASCII",
    "AXIS",
    "BLOCKS",
    "BRAILLE",
    "CROSSHAIR",
    "GUIDE",
    "LABEL",
    "LARGEST",
    "MARK",
    "NOTHING",
    "SHADE",
    "Bucket",
    "Canvas",
    "Piece",
]
