"""Arrays as PNG files, without a library of images. Knows no run."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Channels -> PNG's colour type.
_COLOUR = {1: 0, 3: 2, 4: 6}


def pixels(array: NDArray[Any]) -> NDArray[Any]:
    """An array of whatever kind as pixels.

    Args:
        array: Shape (height, width) or (height, width, channels) with 1, 3 or 4 channels. Booleans, whole numbers from
            0 to 255, or floats from 0 to 1; floats beyond that are scaled from their least to their greatest, and
            those that are not finite are black.

    Returns:
        Unsigned bytes of shape (height, width, channels).

    Raises:
        ValueError: It has another shape, no pixels, or whole numbers beyond 0 to 255.
        TypeError: It holds something else than numbers.
    """
    import numpy as np

    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in _COLOUR:
        raise ValueError(f"an array of shape {array.shape} is no image: height, width and 1, 3 or 4 channels are")
    if not array.size:
        raise ValueError("an image without pixels")
    kind = array.dtype.kind
    if kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if kind in "iu":
        low, high = array.min(), array.max()
        if low < 0 or high > 255:
            raise ValueError(f"whole numbers of an image go from 0 to 255, not from {low} to {high}")
        return array.astype(np.uint8)
    if kind != "f":
        raise TypeError(f"an array of {array.dtype} is no image")
    finite = np.isfinite(array)
    if finite.any():
        low, high = array[finite].min(), array[finite].max()
        if low < 0 or high > 1:
            array = (array - low) / (high - low) if high > low else np.zeros_like(array)
    return (np.where(finite, array, 0) * 255).astype(np.uint8)


def encode(found: NDArray[Any]) -> bytes:
    """A PNG file of pixels, as ``pixels`` returns them.

    Source:
        https://www.w3.org/TR/png-3/
    """
    height, width, channels = found.shape
    rows = found.reshape(height, width * channels)
    # each row begins with its filter: 0, none
    raw = b"".join(part for row in rows for part in (b"\0", row.tobytes()))
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOUR[channels], 0, 0, 0)
    parts = (_part(b"IHDR", head), _part(b"IDAT", zlib.compress(raw, 6)), _part(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _part(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
