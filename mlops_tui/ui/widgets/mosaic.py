"""Pictures as characters: two colours a cell where there are enough, dithered where there are 256 or 16, dots else.

Pure: pixels in, cells out. A cell is about twice as high as wide; so half a cell is a square pixel.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mlops_tui.artifacts.pictures import Picture

#: How a terminal shows colours: any, 256, 16, none, and none with ASCII characters alone.
FULL, MANY, FEW, NONE, ASCII = "full", "many", "few", "none", "ascii"
#: Quadrants of a cell that have its foreground colour, as bits: upper left, upper right, lower left, lower right.
_QUADRANTS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
_RAMP = " .:-=+*#%@"
#: The 16 colours as most terminals have them.
_SIXTEEN = (
    (0, 0, 0), (205, 49, 49), (13, 188, 121), (229, 229, 16), (36, 114, 200), (188, 63, 188), (17, 168, 205),
    (229, 229, 229), (102, 102, 102), (241, 76, 76), (35, 209, 139), (245, 245, 67), (59, 142, 234), (214, 112, 214),
    (41, 184, 219), (255, 255, 255),
)  # fmt: skip
#: Times that a small picture is made larger at most.
_LARGER = 8
#: Longest sides in pixels of what is made into cells.
_ENOUGH = (800, 600)
#: Mean lightness above which a picture is taken for lines on white paper.
_PAPER = 190
#: Colours within so many steps of each other are one: fewer bytes for the same picture.
_STEP = 4


class Piece(NamedTuple):
    """Cells beside each other that have the same colours: (red, green, blue), the number of a colour, or None."""

    text: str
    foreground: tuple[int, int, int] | int | None = None
    background: tuple[int, int, int] | int | None = None


def cells(picture: Picture, width: int, height: int, colours: str) -> list[list[Piece]]:
    """A picture in as many cells as it can have without being distorted.

    Args:
        picture: Pixels.
        width: Cells there are.
        height: Lines there are.
        colours: 'full', 'many', 'few', 'none' or 'ascii'.

    Returns:
        Lines of pieces, each line of the same width; [] where there is no room.
    """
    if width < 1 or height < 1 or not picture.pixels:
        return []
    scale = min(width / picture.width, 2 * height / picture.height, _LARGER)
    columns, rows = max(1, round(picture.width * scale)), max(1, round(picture.height * scale / 2))
    columns, rows = min(columns, width), min(rows, height)
    if colours == FULL:
        return _full(picture, columns, rows)
    if colours in (MANY, FEW):
        return _dithered(picture, columns, rows, colours == MANY)
    return _dots(picture, columns, rows) if colours == NONE else _ramp(picture, columns, rows)


def _scaled(picture: Picture, width: int, height: int) -> Any:
    from PIL import Image, ImageFilter, ImageStat

    image = Image.frombytes("RGB", (picture.width, picture.height), picture.pixels)
    image.thumbnail(_ENOUGH, Image.Resampling.BOX)  # no terminal has cells for more
    if width >= image.width:
        return image.resize((width, height), Image.Resampling.NEAREST)
    if image.width >= 2 * width and ImageStat.Stat(image.convert("L")).mean[0] > _PAPER:
        # the thin lines of a chart would be averaged away
        image = image.filter(ImageFilter.MinFilter(3 if image.width < 5 * width else 5))
    return image.resize((width, height), Image.Resampling.BOX)


def _full(picture: Picture, columns: int, rows: int) -> list[list[Piece]]:
    """Of each cell's four quadrants the two groups that differ least within themselves."""
    import numpy as np

    pixels = np.asarray(_scaled(picture, columns * 2, rows * 2), dtype=np.float32)
    quads = pixels.reshape(rows, 2, columns, 2, 3).transpose(0, 2, 1, 3, 4).reshape(-1, 4, 3)
    total = quads.sum(axis=1)
    best = np.full(len(quads), np.inf, dtype=np.float32)
    shapes = np.zeros(len(quads), dtype=np.intp)
    inks, grounds = total / 4, total / 4
    for shape in range(8):  # the others are these with the colours exchanged
        chosen = [place for place in range(4) if shape >> place & 1]
        ink = quads[:, chosen].sum(axis=1)
        ground = (total - ink) / (4 - len(chosen))
        ink = ink / len(chosen) if chosen else ground
        # least within the groups is greatest between them
        error = -(len(chosen) * (ink**2).sum(axis=1) + (4 - len(chosen)) * (ground**2).sum(axis=1))
        better = error < best - 1.0
        best = np.where(better, error, best)
        shapes = np.where(better, shape, shapes)
        inks = np.where(better[:, None], ink, inks)
        grounds = np.where(better[:, None], ground, grounds)
    inks = _stepped(inks)
    grounds = _stepped(grounds)
    lines = []
    for row in range(rows):
        part = slice(row * columns, (row + 1) * columns)
        found = zip(shapes[part].tolist(), inks[part].tolist(), grounds[part].tolist(), strict=True)
        lines.append(_joined([(_QUADRANTS[shape], tuple(ink), tuple(ground)) for shape, ink, ground in found]))
    return lines


def _stepped(colours: Any) -> Any:
    """Colours with fewer steps; black and white stay."""
    import numpy as np

    levels = 255 // _STEP
    return np.rint(np.rint(colours / 255 * levels) * (255 / levels)).clip(0, 255).astype(int)


def _dithered(picture: Picture, columns: int, rows: int, is_many: bool) -> list[list[Piece]]:
    """The upper and the lower half of each cell in one of the terminal's own colours."""
    from PIL import Image

    palette = _many() if is_many else _SIXTEEN
    first = 16 if is_many else 0  # the first 16 are the user's own and may be anything
    chosen = Image.new("P", (1, 1))
    chosen.putpalette([part for colour in palette for part in colour])
    reduced = _scaled(picture, columns, rows * 2).quantize(palette=chosen, dither=Image.Dither.FLOYDSTEINBERG)
    numbers = [number + first for number in reduced.tobytes()]
    lines = []
    for row in range(rows):
        upper = numbers[2 * row * columns : (2 * row + 1) * columns]
        lower = numbers[(2 * row + 1) * columns : (2 * row + 2) * columns]
        lines.append(_joined([("▀" if up != down else " ", up, down) for up, down in zip(upper, lower, strict=True)]))
    return lines


def _many() -> list[tuple[int, int, int]]:
    """Colours 16 to 255 of xterm: a cube and greys."""
    levels = (0, 95, 135, 175, 215, 255)
    cube = [(red, green, blue) for red in levels for green in levels for blue in levels]
    return cube + [(grey, grey, grey) for grey in range(8, 239, 10)]


def _dots(picture: Picture, columns: int, rows: int) -> list[list[Piece]]:
    """Braille dots; of a mostly light picture the dark parts, so that what is drawn on white paper is drawn here."""
    image = _scaled(picture, columns * 2, rows * 4).convert("L")
    values = image.tobytes()
    is_light = sum(values) * 2 > 255 * len(values)
    bits = image.point(lambda value: 255 - value).convert("1") if is_light else image.convert("1")
    dots = bits.convert("L").tobytes()
    width = columns * 2
    order = ((0, 0, 1), (1, 0, 2), (2, 0, 4), (0, 1, 8), (1, 1, 16), (2, 1, 32), (3, 0, 64), (3, 1, 128))
    return [
        [
            Piece(
                "".join(
                    chr(0x2800 + sum(bit for y, x, bit in order if dots[(row * 4 + y) * width + column * 2 + x]))
                    for column in range(columns)
                ).replace("\u2800", " ")
            )
        ]
        for row in range(rows)
    ]


def _ramp(picture: Picture, columns: int, rows: int) -> list[list[Piece]]:
    values = _scaled(picture, columns, rows).convert("L").tobytes()
    is_light = sum(values) * 2 > 255 * len(values)
    shown = bytes(255 - value for value in values) if is_light else values
    text = "".join(_RAMP[value * len(_RAMP) // 256] for value in shown)
    return [[Piece(text[row * columns : (row + 1) * columns])] for row in range(rows)]


def _joined(row: list[tuple[str, Any, Any]]) -> list[Piece]:
    return [
        Piece("".join(cell[0] for cell in group), *colours)
        for colours, group in groupby(row, key=lambda cell: (cell[1], cell[2]))
    ]


__all__ = ["ASCII", "FEW", "FULL", "MANY", "NONE", "Piece", "cells"]
