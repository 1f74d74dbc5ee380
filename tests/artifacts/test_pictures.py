import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mlops_store.errors import Refused
from mlops_tui.artifacts import pictures


def encoded(image, kind="PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def read(content: bytes) -> pictures.Picture:
    return pictures.read(io.BytesIO(content), len(content))


def bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_pictures_of_many_kinds_are_read(kind):
    content = encoded(Image.new("RGB", (40, 30), (200, 10, 10)), kind)
    assert pictures.is_picture("a", content)
    found = read(content)
    assert (found.original, found.format) == ((40, 30), kind)
    assert all(abs(a - b) < 12 for a, b in zip(found.pixels[:3], (200, 10, 10), strict=True))


def test_a_large_picture_is_made_smaller():
    found = read(encoded(Image.new("RGB", (3000, 1000))))
    assert found.original == (3000, 1000)
    assert (found.width, found.height) == (1200, 400)
    assert len(found.pixels) == found.width * found.height * 3


def test_transparent_parts_are_white():
    assert read(encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 0)))).pixels[:3] == b"\xff\xff\xff"


def test_sixteen_bits_are_stretched_over_what_can_be_seen():
    grey = Image.fromarray(np.linspace(1000, 60_000, 64, dtype=np.uint16).reshape(8, 8))
    found = read(encoded(grey))
    assert found.pixels[0] == 0
    assert found.pixels[-1] >= 250


def test_the_first_of_several_frames_is_shown():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
    found = read(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert found.frames == 3
    assert found.pixels[:3] == b"\xff\0\0"


@pytest.mark.parametrize("size", [(7000, 7000), (60_000, 60_000), (2**31 - 1, 1)])
def test_a_picture_that_would_fill_the_memory_is_refused(size):
    with pytest.raises(Refused):
        read(bomb(*size))


def test_a_picture_cut_anywhere_is_refused_or_shown():
    whole = encoded(Image.effect_noise((30, 30), 50))
    for length in range(0, len(whole), 37):
        with contextlib.suppress(Refused):
            read(whole[:length])


@settings(max_examples=100)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0", b"\xff\xd8\xff\xe0", b""]),
)
def test_hostile_bytes_are_refused(rest, head):
    try:
        read(head + rest)
    except Refused as error:
        assert error.message


def test_what_a_terminal_is_sent_is_bounded_and_fits_its_room() -> None:
    noise = Image.effect_noise((900, 700), 90).convert("RGB")
    picture = pictures.Picture(900, 700, noise.tobytes(), (900, 700), "PNG")
    data = pictures.png(picture, 850, 4000)
    assert len(data) <= pictures.MOST_SENT
    with Image.open(io.BytesIO(data)) as image:
        assert abs(image.width / image.height - 9 / 7) < 0.01
    small = pictures.Picture(2, 1, b"\xff\0\0\0\0\xff", (2, 1), "PNG")
    with Image.open(io.BytesIO(pictures.png(small, 41, 30))) as image:
        assert image.size == (40, 20)
        assert image.getpixel((19, 10)) == (255, 0, 0)
        assert image.getpixel((20, 10)) == (0, 0, 255)
