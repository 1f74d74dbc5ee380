"""Round positions for an axis, and numbers as short as an axis or a table cell can bear."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

_DURATIONS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
#: Powers of ten between which there are numbers.
_LOWEST_POWER, _HIGHEST_POWER = -323.0, 308.0


def linear(low: float, high: float, count: int) -> list[float]:
    """Multiples of 1, 2 or 5 × 10ⁿ within a range.

    Args:
        low: Finite, below ``high``.
        high: Finite.
        count: About how many are wanted; at least 1.
    """
    step = _round_step((high - low) / max(1, count))
    if not step or not math.isfinite(step):
        return []
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # far from zero a step can be lost in rounding: never loop over more than was asked for
    return [number * step for number in range(first, min(last, first + 4 * count) + 1)]


def whole(low: float, high: float, count: int) -> list[float]:
    """As ``linear``, with steps of at least 1: for axes that count."""
    step = max(1.0, _round_step((high - low) / max(1, count)))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, min(last, first + 4 * count) + 1)]


def durations(low: float, high: float, count: int) -> list[float]:
    """Round numbers of seconds, minutes, hours or days within a range of seconds."""
    wanted = (high - low) / max(1, count)
    if wanted < 1:
        return linear(low, high, count)
    step = next((step for step in _DURATIONS_S if step >= wanted), 0) or 86400 * _round_step(wanted / 86400)
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def logarithmic(low: float, high: float, count: int) -> list[float]:
    """Powers of ten within a range of log10 values, and their 2 and 5 fold where there is room.

    Args:
        low: log10 of the lowest value.
        high: log10 of the highest value.
        count: About how many are wanted.

    Returns:
        log10 of the positions, each of which is a number's.
    """
    low, high = max(low, _LOWEST_POWER), min(high, _HIGHEST_POWER)
    decades = high - low
    if decades < 0.7:
        return [math.log10(value) for value in linear(10**low, 10**high, count) if value > 0]
    factors = (1, 2, 5) if decades * 3 <= count else (1,)
    stride = max(1, math.ceil(decades / max(1, count)))
    found = []
    for exponent in range(math.floor(low), math.ceil(high) + 1):
        if exponent % stride == 0:
            found += [exponent + math.log10(factor) for factor in factors]
    return [position for position in found if low <= position <= high]


def _round_step(rough: float) -> float:
    if rough <= 0 or not math.isfinite(rough):
        return 0.0
    power = 10.0 ** math.floor(math.log10(rough))
    return float(next((factor * power for factor in (1, 2, 5) if factor * power >= rough * 0.999), 10 * power))


def labels(values: Sequence[float]) -> list[str]:
    """The values of one axis, all with the same number of decimals."""
    if not values:
        return []
    largest = max(abs(value) for value in values)
    gaps = [after - before for before, after in itertools.pairwise(values) if after > before]
    step = min(gaps) if gaps else (largest or 1.0)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if largest >= 1e6 or decimals > 5:
        return [_scientific(value, largest, step) for value in values]
    if largest >= 10_000 and step >= 100:
        return [f"{value / 1000:.{0 if step >= 1000 else 1}f}k" if value else "0" for value in values]
    return [f"{value:.{decimals}f}" for value in values]


def _scientific(value: float, largest: float, step: float) -> str:
    if not value or abs(value) < step / 2:
        return "0"
    digits = max(0, math.floor(math.log10(abs(value))) - math.floor(math.log10(step) + 1e-9))
    mantissa, exponent = f"{value:.{min(digits, 4)}e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def duration(seconds: float) -> str:
    """Seconds as a person says them: ``850ms``, ``12s``, ``3m05s``, ``2h10m``, ``4d02h``."""
    if not math.isfinite(seconds):
        return number(seconds)
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    if seconds < 0.9995:
        return f"{sign}{seconds * 1000:.0f}ms" if seconds else "0s"
    if seconds < 9.95:
        return f"{sign}{seconds:.1f}s".replace(".0s", "s")
    whole_s = round(seconds)
    for unit, below, size, rest in (("s", 60, 1, 0), ("m", 3600, 60, 1), ("h", 86400, 3600, 60)):
        if whole_s < below:
            first, second = whole_s // size, whole_s % size // rest if rest else 0
            smaller = {"m": "s", "h": "m"}.get(unit, "")
            return f"{sign}{first}{unit}" + (f"{second:02d}{smaller}" if second else "")
    days, hours = whole_s // 86400, whole_s % 86400 // 3600
    return f"{sign}{days}d" + (f"{hours:02d}h" if hours else "")


def duration_labels(values: Sequence[float]) -> list[str]:
    """The seconds of one axis, as far as their lengths tell them apart: ``1m40.2s``, ``2h00m10s``."""
    found = [duration(value) for value in values]
    if len(set(found)) == len(found):
        return found
    step = min((after - before for before, after in itertools.pairwise(values) if after > before), default=1.0)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if max(abs(value) for value in values) < 1:
        return [f"{value * 1000:.{max(0, decimals - 3)}f}ms" if value else "0s" for value in values]
    return [_in_full(value, decimals) for value in values]


def _in_full(seconds: float, decimals: int) -> str:
    sign, rest = ("-", -seconds) if seconds < 0 else ("", seconds)
    rest = round(rest, decimals)
    minutes, rest = divmod(rest, 60)
    hours, minutes = divmod(int(minutes), 60)
    told = f"{rest:0{3 + decimals if decimals else 2}.{decimals}f}s"
    if hours:
        return f"{sign}{hours}h{minutes:02d}m{told}"
    return f"{sign}{minutes}m{told}" if minutes else f"{sign}{rest:.{decimals}f}s"


def number(value: float, digits: int = 4) -> str:
    """A number in at most ``digits`` significant digits, without needless zeros.

    Returns:
        ``0.9312``, ``12``, ``1.2e-05``, ``3.4e+09``, ``nan``, ``inf`` or ``-inf``.
    """
    if not math.isfinite(value):
        return repr(float(value))
    if value == int(value) and abs(value) < 10 ** (digits + 2):
        return str(int(value))
    return f"{value:.{digits}g}"


__all__ = ["duration", "duration_labels", "durations", "labels", "linear", "logarithmic", "number", "whole"]
