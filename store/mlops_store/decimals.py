"""Doubles that are decimal numbers of few places (accuracies, percentages, rounded losses) as whole numbers.

A double that was made from such a number is as hard to compress as any; the number in units of its last place has but
as many bits as it has digits.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

#: Numbers of more places are hardly shorter as whole numbers.
MAX_PLACES = 9

#: Below this, a double of so many places is found again by rounding it to the most.
_SMALL, _FINEST = 1e6, 10.0**MAX_PLACES

#: Below this, every whole number is a double, and so is divided exactly as the number was made.
_EXACT = 1 << 53


def units(values: Sequence[float]) -> tuple[int, list[int]] | None:
    """How many places values have, and the values in units of the last; None where ``doubles`` would not give them.

    Args:
        values: At least one; any doubles.
    """
    places, scale, first = 0, 1.0, values[0]
    if -_SMALL < first < _SMALL and round(first * _FINEST) / _FINEST != first:
        return None  # as most are, which all places would be tried for otherwise
    try:
        for value in values:
            while round(value * scale) / scale != value:
                places += 1
                if places > MAX_PLACES:
                    return None
                scale = 10.0**places
        found = [round(value * scale) for value in values]
    except (ValueError, OverflowError):  # NaN, infinities
        return None
    if max(found) >= _EXACT or min(found) <= -_EXACT or bytes(doubles(found, places)) != bytes(array("d", values)):
        return None  # -0.0 is no whole number
    return places, found


def doubles(whole: Iterable[int], places: int) -> array[float]:
    """The numbers that are so many units of a decimal place."""
    scale = 10.0**places
    return array("d", [number / scale for number in whole])
