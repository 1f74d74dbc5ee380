"""What sixels say is what the picture shows."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mlops_tui.artifacts import sixels
from mlops_tui.artifacts.pictures import MOST_SENT, Picture


def decoded(strip: str) -> np.ndarray:
    """The pixels of a strip, -1 where it sets none."""
    match = re.fullmatch(r'\x1bP0;1;0q"1;1;(\d+);(\d+)(.*)\x1b\\', strip, re.DOTALL)
    assert match is not None
    width, height = int(match[1]), int(match[2])
    pixels = np.full((height + 6, width, 3), -1)
    colours, colour, x, y = {}, None, 0, 0
    for token in re.finditer(r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)(.)|([?-~])|(\$)|(-)", match[3]):
        if token[1]:
            colours[token[1]] = [int(part) * 2.55 for part in token.groups()[1:4]]
        elif token[5]:
            colour = colours[token[5]]
        elif token[9]:
            x = 0
        elif token[10]:
            x, y = 0, y + 6
        else:
            count, sign = int(token[6] or 1), token[7] or token[8]
            for bit in range(6):
                if ord(sign) - 63 >> bit & 1:
                    pixels[y + bit, x : x + count] = colour
            x += count
    assert (pixels[height:] == -1).all()
    return pixels[:height]


@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_each_pixel_has_its_colour(width: int, bands: int, strip: int, seed: int) -> None:
    height = bands * sixels.HIGH
    rng = np.random.default_rng(seed)
    colours = rng.integers(0, 256, (rng.integers(1, 9), 3), dtype=np.uint8)
    pixels = colours[rng.integers(0, len(colours), (height, width))]
    made = sixels.encode(Picture(width, height, pixels.tobytes(), (width, height), "PNG"), width, height, strip)
    assert (made.width, made.height) == (width, height)
    strips = [decoded(one) for one in made.strips]
    assert [len(one) for one in strips[:-1]] == [strip] * (len(strips) - 1)
    assert np.abs(np.concatenate(strips) - pixels).max() <= 2  # colours are told in hundredths


def test_what_a_terminal_is_sent_is_bounded_whatever_the_picture() -> None:
    noise = np.asarray(Image.effect_noise((750, 500), 120).convert("RGB")) // [1, 2, 3]
    made = sixels.encode(Picture(750, 500, noise.astype(np.uint8).tobytes(), (750, 500), "PNG"), 750, 500, 72)
    assert sum(map(len, made.strips)) < 1.5 * MOST_SENT
    assert abs(made.width / made.height - 1.5) < 0.04


def test_there_are_only_whole_sixels() -> None:
    made = sixels.encode(Picture(50, 64, bytes(50 * 64 * 3), (50, 64), "PNG"), 50, 64, 36)
    assert [decoded(strip).shape[:2] for strip in made.strips] == [(36, 50), (24, 50)]
