"""A curve in one row of text, for a cell of a table."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_tui.ui.widgets.canvas import LARGEST

_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII = ".:-=+*#@"
#: What stands for NaN, infinity and minus infinity.
_ODD = ("×", "↑", "↓")
_ODD_ASCII = ("x", "^", "v")


def sparkline(values: Sequence[float], width: int, *, is_ascii: bool = False) -> str:
    """The values as bars of eight heights, the lowest and highest finite value as the lowest and highest bar.

    Args:
        values: In order; may hold NaN and infinities. Fewer than ``width`` make a shorter text.
        width: Most characters. Of several values that share one, the one that is furthest from the middle is shown,
            and one that is not finite before all others.
        is_ascii: For terminals without block characters.

    Returns:
        At most ``width`` characters; "" without values.
    """
    if not values or width < 1:
        return ""
    finite = [value for value in values if abs(value) <= LARGEST]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    count = min(width, len(values))
    shown = (
        _furthest(values[place * len(values) // count : (place + 1) * len(values) // count], low, high)
        for place in range(count)
    )
    return "".join(_bar(value, low, high, is_ascii) for value in shown)


def bars(values: Sequence[float | None], top: float, rows: int = 1, *, is_ascii: bool = False) -> tuple[str, ...]:
    """Upright bars, a character for each value, from nothing for 0 to all rows for ``top``; the upper row first.

    Args:
        values: 0 or more; None for none, which is drawn as 0 is.
        top: The greatest value that can be told from greater ones.
        rows: How many rows high the bars are, at least 1.
        is_ascii: For terminals without block characters.
    """
    signs = " " + (_ASCII if is_ascii else _BLOCKS)
    # the least that there is gets the least that can be drawn, so that it is not mistaken for nothing
    heights = [max(1, round(min(1.0, value / top) * 8 * rows)) if value and top > 0 else 0 for value in values]
    return tuple(
        "".join(signs[min(8, max(0, height - 8 * (rows - 1 - row)))] for height in heights) for row in range(rows)
    )


def _furthest(values: Sequence[float], low: float, high: float) -> float:
    for value in values:
        if not abs(value) <= LARGEST:
            return value
    middle = low / 2 + high / 2
    return max(values, key=lambda value: abs(value - middle))


def _bar(value: float, low: float, high: float, is_ascii: bool) -> str:
    odd, bars = (_ODD_ASCII, _ASCII) if is_ascii else (_ODD, _BLOCKS)
    if value != value:
        return odd[0]
    if abs(value) > LARGEST:
        return odd[1] if value > 0 else odd[2]
    if high <= low:
        return bars[3]
    return bars[min(7, int((value - low) / (high - low) * 8))]


__all__ = ["bars", "sparkline"]
