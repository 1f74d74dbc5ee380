"""Logging images: pictures of Pillow, arrays and image files, one under a path or a series of them under a key."""

from __future__ import annotations

import os
import posixpath
import re
import time
from typing import Any

from mlops_store import artifacts
from mlops_tui.tracking import files, fluent, png, values

_KEY = re.compile(r"[a-zA-Z0-9_\-./ ]+")

#: How files of images begin -> their ending. What comes between the first four bytes of a RIFF file is its length.
_MAGIC = {
    rb"\x89PNG\r\n\x1a\n": ".png",
    rb"\xff\xd8\xff": ".jpg",
    rb"GIF8[79]a": ".gif",
    rb"RIFF....WEBP": ".webp",
    rb"BM": ".bmp",
    rb"II\*\x00|MM\x00\*": ".tiff",
}


def log_image(
    image: Any,
    artifact_file: str | None = None,
    key: str | None = None,
    step: int | None = None,
    timestamp: int | None = None,
    synchronous: bool | None = None,
) -> None:
    """Stores an image as an artifact of the active run. Never raises.

    Args:
        image: An image of Pillow; an array of shape (height, width), (height, width, 1), (…, 3) for red, green and blue
            or (…, 4) with opacity, of booleans, whole numbers from 0 to 255 or floats from 0 to 1 (others are scaled
            from their least to their greatest); or the path of an image file, which is stored as it is.
        artifact_file: Its path within the run, e.g. ``plots/sample.png``.
        key: Instead of that, the name of a series of images, one a step, as MLflow keeps them: in the folder
            ``images``, with step and time in the file's name.
        step: The step in the series, 0 by default.
        timestamp: Unix milliseconds (or seconds); now by default.
        synchronous: Makes no difference.
    """
    run = fluent.target(None)
    if run is None:
        return
    what = values.name(artifact_file if artifact_file is not None else key if key is not None else "")
    try:
        ending, data = encoded(image, posixpath.splitext(what)[1] if artifact_file is not None else ".png")
        path = _path(artifact_file, key, step, timestamp, ending)
    except Exception as error:  # it runs the script's own objects: whatever they raise must not end the training
        run.problem(f"image {what}", f"image {what!r} was not stored: {error}")
        return
    files.store(run, path, lambda: data)


def encoded(image: Any, ending: str) -> tuple[str, bytes]:
    """The ending of an image's file, and its bytes.

    Args:
        image: As ``log_image`` takes it.
        ending: The one that is wanted, with its dot; "" for PNG. That of a file stays.

    Raises:
        TypeError, ValueError, OSError: It is no image, or cannot be read or written.
    """
    if isinstance(image, str | os.PathLike):
        with artifacts.open_file(image) as file:
            data = file.read()
        found = next((kind for magic, kind in _MAGIC.items() if re.match(magic, data, re.DOTALL)), None)
        if found is None:
            raise ValueError(f"{os.fspath(image)} is no image")
        return found, data
    if hasattr(image, "savefig"):
        raise TypeError("a figure is stored by log_figure")
    if is_picture(image):
        return ending or ".png", _saved(image, ending or ".png")
    if not (hasattr(image, "__array__") or isinstance(image, list)):
        raise TypeError(f"{type(image).__name__} is no image: neither one of Pillow, an array nor the path of a file")
    import numpy as np

    pixels = png.pixels(np.asarray(image))
    if ending.lower() in ("", ".png"):
        return ending or ".png", png.encode(pixels)
    from PIL import Image  # what is not PNG needs it

    return ending, _saved(Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels), ending)


def is_picture(value: Any) -> bool:
    """Whether it is an image of Pillow, or of something that behaves like it."""
    return all(hasattr(value, name) for name in ("save", "resize", "size")) and callable(value.save)


def _saved(image: Any, ending: str) -> bytes:
    from io import BytesIO

    buffer = BytesIO()
    kind = ending.lstrip(".").lower()
    image.save(buffer, format={"jpg": "JPEG", "tif": "TIFF"}.get(kind, kind.upper()))
    return buffer.getvalue()


def _path(artifact_file: str | None, key: str | None, step: Any, timestamp: Any, ending: str) -> str:
    if artifact_file is not None:
        if key is not None or step is not None or timestamp is not None:
            raise TypeError("artifact_file cannot go together with key, step or timestamp")
        return values.name(artifact_file)
    if key is None:
        raise TypeError("give artifact_file, or key for a series of images")
    name = values.name(key)
    if not _KEY.fullmatch(name):
        raise ValueError("a key may have letters, digits, _, -, ., / and spaces")
    whole, at = values.step(step), time.time() if timestamp is None else values.seconds(timestamp)
    if whole is None or at is None:
        raise ValueError(f"step {step!r} or timestamp {timestamp!r} is none")
    from uuid import uuid4

    return f"images/{name.replace('/', '~')}+step+{whole}+timestamp+{round(at * 1000)}+{uuid4()}{ending}"
