"""Pictures as pixels, small enough to be drawn in a terminal. Pillow is loaded when the first one is looked at."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from mlops_store.errors import Refused

if TYPE_CHECKING:
    from PIL import Image

#: Pixels and bytes of a file above which it is not opened, and the longest sides of what is kept.
MOST_PIXELS, MOST_BYTES, KEPT = 40_000_000, 128 * 1024 * 1024, (1200, 900)
#: Bytes that a picture has at most that a terminal is sent: a second over a line of four megabits.
MOST_SENT = 384 * 1024
#: Share of the bytes that 256 colours of a photograph take.
_FEWER = 0.4
#: Colours that a drawing has at most, with the soft edges of its lines.
_CHART = 20_000
#: Longest side of pictures whose pixels are to be seen as such.
SMALL = 128
#: Only decoders that run no other program.
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "ICO", "TGA")
_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".ico", ".tga")
_BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels of a picture.

    Attributes:
        width: Of ``pixels``.
        height: Of ``pixels``.
        pixels: Red, green and blue of each pixel, row by row from the top.
        original: Width and height of the file's own picture.
        format: 'PNG', 'JPEG' …
        frames: How many pictures the file has; the first is shown.
    """

    width: int
    height: int
    pixels: bytes
    original: tuple[int, int]
    format: str
    frames: int = 1


def is_picture(name: str, head: bytes) -> bool:
    """Whether a file claims to be a picture, by its first bytes or its name."""
    webp = head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    return webp or head.startswith(_BEGINNINGS) or name.lower().endswith(_ENDINGS)


def read(file: IO[bytes], size_bytes: int) -> Picture:
    """A picture, made smaller where it is large; transparent parts become white.

    Raises:
        Refused: It is none, it is damaged, or it would need too much memory.
    """
    from PIL import Image, UnidentifiedImageError

    if size_bytes > MOST_BYTES:
        raise Refused(f"a picture of {size_bytes / 1e6:.0f} MB is not opened")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd files; they would be written over the screen
            with Image.open(file, formats=FORMATS) as opened:
                return _read(opened)
    except Refused:
        raise
    except Image.DecompressionBombError as error:
        raise Refused(f"a picture of too many pixels is not opened ({str(error)[:120]})") from error
    except UnidentifiedImageError as error:
        raise Refused("not a picture that can be read, whatever it claims") from error
    except Exception as error:  # decoders of damaged bytes raise errors of any kind
        raise Refused(f"the picture is damaged ({str(error)[:120] or type(error).__name__})") from error


def _read(opened: Image.Image) -> Picture:
    from PIL import Image, ImageOps

    width, height = opened.size
    if width * height > MOST_PIXELS:
        raise Refused(f"a picture of {width:,} × {height:,} pixels is not opened")
    if opened.format == "JPEG":
        opened.draft("RGB", KEPT)
    frames = getattr(opened, "n_frames", 1)
    image: Any = opened
    if image.mode.startswith(("I", "F")):  # 16 bits and more: the least value black, the greatest white
        low, high = image.getextrema()
        scale = 255 / (high - low) if high > low else 1.0
        image = image.convert("F").point(lambda value: value * scale - low * scale).convert("L")
    image = ImageOps.exif_transpose(image)
    if image.mode in ("RGBA", "LA", "PA", "P"):
        image = image.convert("RGBA")
        image.thumbnail(KEPT, Image.Resampling.BOX)
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    image.thumbnail(KEPT, Image.Resampling.BOX)
    return Picture(image.width, image.height, image.tobytes(), (width, height), opened.format or "", frames)


def png(picture: Picture, width: int, height: int) -> bytes:
    """A PNG file of a picture, for a terminal to draw.

    Args:
        picture: Pixels.
        width: Pixels that there is room for, 1 or more; it is never made larger, but for pixels of a small one that
            are to be seen as such.
        height: The same.

    Returns:
        At most about ``MOST_SENT`` bytes: with fewer colours, and at last with fewer pixels, where that needs be.
    """
    from PIL import Image

    image = scaled(picture, width, height)
    data = _encoded(image)
    share = (MOST_SENT / (_FEWER * len(data))) ** 0.5
    while len(data) > MOST_SENT:
        size = max(1, int(image.width * share)), max(1, int(image.height * share))
        image.thumbnail(size, Image.Resampling.LANCZOS)
        data, share = _encoded(with_colours(image, 256)), 0.8
    return data


def scaled(picture: Picture, width: int, height: int) -> Image.Image:
    """A picture that fits into some pixels: made larger only where it is so small that its pixels are to be seen."""
    from PIL import Image

    image = Image.frombytes("RGB", (picture.width, picture.height), picture.pixels)
    times = min(width // image.width, height // image.height)
    if times > 1 and max(image.size) <= SMALL:
        return image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    image.thumbnail((width, height), Image.Resampling.LANCZOS)
    return image


def with_colours(image: Image.Image, most: int) -> Image.Image:
    """A picture with so many colours at most, 2 to 256, of its own choice."""
    from PIL import Image

    if image.getcolors(_CHART) is not None:
        return image.quantize(most)
    # of a photograph the choice would take a second, and is hardly better than that for a sixteenth of it
    part = image.resize((image.width // 4 or 1, image.height // 4 or 1), Image.Resampling.NEAREST)
    return image.quantize(palette=part.quantize(most), dither=Image.Dither.NONE)


def _encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
