"""Pictures as sixels: columns of six pixels, colour by colour, as DEC's terminals drew them and many do today.

Source:
    DEC, VT330/VT340 Programmer Reference Manual, volume 2, chapter 14 (sixel graphics).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlops_tui.artifacts.pictures import MOST_SENT, Picture, scaled, with_colours

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

#: Colours that are tried, until what is sent is not too much, and by what it is then made smaller.
_COLOURS = (256, 128, 64, 32)
_SMALLER = 0.7
#: Pixels above each other in a sixel.
HIGH = 6
#: Of so many bands one is tried.
_SAMPLED = 5
#: Columns of pixels as they are written, by their bits from the top.
_SIGNS = [chr(63 + bits) for bits in range(64)]
#: Equal columns in a row above which they are counted rather than repeated.
_REPEATED = 3


class Sixels(NamedTuple):
    """A picture in strips, each a sequence of its own that begins where the cursor is; its size is in pixels."""

    width: int
    height: int
    strips: tuple[str, ...]


def encode(picture: Picture, width: int, height: int, strip: int) -> Sixels:
    """A picture as sixels.

    Args:
        picture: Pixels.
        width: Pixels that there is room for, 1 or more.
        height: The same; at least that of a sixel.
        strip: Height of all strips but the last.

    Returns:
        With fewer colours, and at last smaller, where it would be longer than ``pictures.MOST_SENT`` bytes in base64.
    """
    import numpy as np

    first = scaled(picture, width, height)
    image, share, colours = _whole(first), 1.0, list(_COLOURS)
    while True:
        reduced = with_colours(image, colours.pop(0))
        pixels = np.asarray(reduced, dtype=np.int16)
        bands = range(0, len(pixels), HIGH * _SAMPLED)
        length = sum(len(_band(pixels[top : top + HIGH])) for top in bands) * _SAMPLED
        if length <= MOST_SENT * 4 // 3 or min(image.size) <= HIGH:  # as many as base64 makes of those
            break
        if not colours:
            colours, share = [_COLOURS[-1]], share * _SMALLER
            image = _whole(first.resize((max(1, round(first.width * share)), max(1, round(first.height * share)))))
    palette = reduced.getpalette() or []
    parts = [f"#{n};2;{';'.join(str(round(part / 2.55)) for part in palette[3 * n : 3 * n + 3])}" for n in range(256)]
    strips = tuple(_strip(pixels[top : top + strip], parts) for top in range(0, len(pixels), strip))
    return Sixels(image.width, image.height, strips)


def _whole(image: Image.Image) -> Image.Image:
    """A picture of whole sixels: terminals disagree on what stands below half of one."""
    high = max(HIGH, image.height // HIGH * HIGH)
    return image if high == image.height else image.resize((image.width, high))


def _strip(pixels: NDArray[np.int16], colours: list[str]) -> str:
    import numpy as np

    height, width = pixels.shape
    head = "".join(colours[number] for number in np.unique(pixels))
    bands = "-".join(_band(pixels[top : top + HIGH]) for top in range(0, height, HIGH))
    return f'\x1bP0;1;0q"1;1;{width};{height}{head}{bands}\x1b\\'


def _band(pixels: NDArray[np.int16]) -> str:
    """Six rows of pixels: of each colour that they have which of its columns have it where, equal ones counted."""
    import numpy as np

    width = pixels.shape[1]
    numbers, places = np.unique(pixels, return_inverse=True)
    columns = np.zeros((len(numbers), width), dtype=np.uint8)
    for bit, row in enumerate(places.reshape(pixels.shape)):
        columns[row, np.arange(width)] |= 1 << bit
    is_end = np.ones(columns.shape, dtype=bool)
    is_end[:, :-1] = columns[:, 1:] != columns[:, :-1]
    colours, ends = np.nonzero(is_end)
    is_first = np.diff(colours, prepend=-1) > 0
    lengths = np.where(is_first, ends + 1, np.diff(ends, prepend=-1))
    values = columns[colours, ends]
    is_needed = (values > 0) | (ends < width - 1)  # nothing at the end is left out
    heads = [f"$#{number}" for number in numbers.tolist()]
    runs = zip(*(column[is_needed].tolist() for column in (is_first, colours, lengths, values)), strict=True)
    return "".join(
        (heads[colour] if first else "")
        + (f"!{length}{_SIGNS[value]}" if length > _REPEATED else _SIGNS[value] * length)
        for first, colour, length, value in runs
    )[1:]


__all__ = ["HIGH", "Sixels", "encode"]
