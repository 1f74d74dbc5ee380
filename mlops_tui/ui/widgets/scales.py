"""Where the points of curves lie on the axes of a chart: logarithms, the part that is shown, the ends. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mlops_tui.ui.chart_view import ChartView
from mlops_tui.ui.widgets.canvas import LARGEST, Bucket

# A range below this has no finite scale.
SMALLEST = 1e-290

# MLflow keeps infinity as ±1.7976931348623157e308.
_INFINITE = 1.797e308
_HUGE = 1e20


@dataclass(frozen=True, slots=True)
class Series:
    """A curve.

    Attributes:
        label: Its name in the legend.
        points: In order of x; at most a few for each column of the chart.
        slot: Decides its colour, marker and pattern.
        note: What the legend says after the name, usually a value.
    """

    label: str
    points: Sequence[Bucket]
    slot: int = 0
    note: str = ""

    def nearest(self, x: float) -> Bucket | None:
        """The point nearest to an x; None before the first and after the last one."""
        points = self.points
        if not points or not points[0][0] <= x <= points[-1][0]:
            return None
        low, high = 0, len(points) - 1
        while low < high:  # the first point that is not before x
            middle = (low + high) // 2
            if points[middle][0] < x:
                low = middle + 1
            else:
                high = middle
        return min(points[max(0, low - 1) : low + 1], key=lambda point: abs(point[0] - x))


@dataclass(frozen=True, slots=True)
class Axis:
    """The ends of an x axis, as powers of ten where it is logarithmic."""

    low: float
    high: float
    is_log: bool = False

    def at(self, share: float) -> float:
        """The x at a share of the axis, which may lie beyond its ends."""
        place = self.low + share * (self.high - self.low)
        return 10.0 ** min(300.0, place) if self.is_log else place

    def share(self, x: float) -> float | None:
        """The share of the axis that lies before an x; None for one that has no place on it."""
        place = power(x) if self.is_log else x
        if place is None or not math.isfinite(place):
            return None
        return (place - self.low) / (self.high - self.low) if self.high > self.low else 0.5


def power(value: float) -> float | None:
    """The power of ten that a value is, None for one that is none; NaN and infinities stay what they are."""
    if not math.isfinite(value):
        return value
    return math.log10(value) if value > 0 else None


def unit(series: Sequence[Series], view: ChartView) -> float:
    """What values are divided by: 1, or more where the largest are so large that their range has no number."""
    if view.is_log_y:
        return 1.0
    for one in series:
        if not sum(abs(low) + abs(high) for _, low, high, _ in one.points) < LARGEST and any(
            LARGEST < abs(value) < _INFINITE for _, low, high, _ in one.points for value in (low, high)
        ):
            return _HUGE
    return 1.0


def divided(series: Sequence[Series], by: float) -> list[Series]:
    """The curves with their values divided; infinities stay what they are."""

    def small(value: float) -> float:
        return math.copysign(math.inf, value) if abs(value) >= _INFINITE else value / by

    return [
        replace(one, points=[(x, small(low), small(high), small(last)) for x, low, high, last in one.points])
        for one in series
    ]


def placed(series: Sequence[Series], view: ChartView, window: tuple[float, float] | None) -> tuple[list[Series], str]:
    """The curves as they lie on the axes, cut to the window, and which points have none: "some", "all" or ""."""
    ends = None
    if window is not None:
        ends = tuple(power(end) if view.is_log_x else end for end in window)
    curves, is_lacking, is_placed = [], False, False
    for one in series:
        points = one.points
        if view.is_log_x or view.is_log_y:
            points, lacks = _logarithmic(points, view)
            is_lacking, is_placed = is_lacking or lacks, is_placed or bool(points)
        if ends is not None and ends[0] is not None and ends[1] is not None:
            points = _cut(points, ends[0], ends[1])
        curves.append(replace(one, points=points))
    return curves, ("some" if is_placed else "all") if is_lacking else ""


def _logarithmic(points: Sequence[Bucket], view: ChartView) -> tuple[list[Bucket], bool]:
    found, is_lacking = list[Bucket](), False
    for x, low, high, last in points:
        at = power(x) if view.is_log_x else x
        kept = [low, high, last]
        if view.is_log_y:
            kept = [value for value in map(power, kept) if value is not None]
        is_lacking = is_lacking or at is None or len(kept) < 3
        if at is not None and kept:
            found.append((at, min(kept), max(kept), kept[-1]))
    return found, is_lacking


def _cut(points: Sequence[Bucket], low: float, high: float) -> list[Bucket]:
    """The points between two ends, and where lines to points beyond them cross these."""
    found: list[Bucket] = []
    for before, point in pairwise(points):
        for end in (low, high):
            if before[0] < end < point[0]:
                value = before[3] + (point[3] - before[3]) * ((end - before[0]) / (point[0] - before[0]))
                if abs(value) < LARGEST:
                    found.append((end, value, value, value))
        if low <= point[0] <= high:
            found.append(point)
    if points and low <= points[0][0] <= high:
        found.insert(0, points[0])
    found.sort(key=lambda point: point[0])
    return found


def extent(
    curves: Sequence[Series], view: ChartView, window: tuple[float, float] | None
) -> tuple[float, float, float, float]:
    """X and y at the edges: the finite values of what is shown, never an empty range of y."""
    x_low, x_high, y_low, y_high = math.inf, -math.inf, math.inf, -math.inf
    for curve in curves:
        if not curve.points:
            continue
        xs, lows, highs, lasts = zip(*curve.points, strict=True)
        x_low, x_high = min(x_low, *xs), max(x_high, *xs)
        values = (*lows, *highs, *lasts)
        if not sum(map(abs, values)) < LARGEST:
            values = tuple(value for value in values if abs(value) <= LARGEST)
        if values:
            y_low, y_high = min(y_low, *values), max(y_high, *values)
    if window is not None:
        ends = [power(end) if view.is_log_x else end for end in window]
        x_low, x_high = (old if end is None else end for old, end in zip((x_low, x_high), ends, strict=True))
    if y_low > y_high:
        y_low, y_high = 0.0, 1.0
    if y_high - y_low < SMALLEST:
        pad = max(abs(y_low) * 0.1, SMALLEST) if y_low else 1.0
        y_low, y_high = y_low - pad, y_high + pad
    if x_low > x_high:
        x_low, x_high = 0.0, 1.0
    return x_low, x_high, y_low, y_high


__all__ = ["SMALLEST", "Axis", "Series", "divided", "extent", "placed", "power", "unit"]
