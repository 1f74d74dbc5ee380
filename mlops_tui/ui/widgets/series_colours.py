"""The colours of series, for the dashboard and for what commands print."""

from __future__ import annotations

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.style import Style

# Okabe and Ito's colours, which colour-blind people tell apart, in an order that also alternates lightness; the dark
# ones are lightened on a dark background and the light ones darkened on a light one.
_ON_DARK = ("#56b4e9", "#e69f00", "#20b285", "#f0e442", "#cc79a7", "#f07840", "#5a8fd8", "#c8ccd0")
_ON_LIGHT = ("#0072b2", "#d55e00", "#009e73", "#8a6d00", "#b0508a", "#3a8fc0", "#6b4fa0", "#4a4a4a")
# Bright ones for curves; what stands behind a curve has the dark one of the same hue.
_ANSI = (14, 11, 10, 13, 12, 9, 15, 6)
_ANSI_SHADES = (6, 3, 2, 5, 4, 1, 8, 4)

#: Share of the colour in what stands behind a curve; the rest is background.
_SHADE = 0.42


def of_slot(slot: int, *, is_dark: bool) -> Style:
    """The colour of a series where there are many colours."""
    return Style(color=_colour(slot, is_dark))


def of_shade(slot: int, background: str, *, is_dark: bool) -> Style:
    """The colour of what stands behind a series on a background such as ``#12161b``."""
    front = _colour(slot, is_dark).get_truecolor()
    back = Color.parse(background).get_truecolor()
    mixed = (round(b + (f - b) * _SHADE) for f, b in zip(front, back, strict=True))
    return Style(color=Color.from_triplet(ColorTriplet(*mixed)))


def of_slot_in_16(slot: int, *, is_shade: bool = False) -> Style:
    """The same where there are 16 colours."""
    return Style(color=Color.from_ansi((_ANSI_SHADES if is_shade else _ANSI)[slot % len(_ANSI)]))


def _colour(slot: int, is_dark: bool) -> Color:
    colours = _ON_DARK if is_dark else _ON_LIGHT
    return Color.parse(colours[slot % len(colours)])


__all__ = ["of_shade", "of_slot", "of_slot_in_16"]
