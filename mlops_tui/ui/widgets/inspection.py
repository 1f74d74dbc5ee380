"""Which part of a chart is looked at, and where it is read: moves of the crosshair, zoom and pan. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from mlops_tui.ui.widgets.scales import Axis

#: How much a step of zooming shows more closely, and the share of the window that a step to the side moves it.
ZOOM, PAN = 2.0, 0.25

#: The closest look, as a share of everything.
_CLOSEST = 1e-7


@dataclass(frozen=True, slots=True)
class Inspection:
    """How a person looks at one or more charts of the same x.

    Attributes:
        window: The least and greatest x that is shown; None for everything.
        crosshair: The x at which all series are read; None for nowhere.
    """

    window: tuple[float, float] | None = None
    crosshair: float | None = None

    def axis(self, shown: Axis) -> Axis:
        """The axis of the window; ``shown`` where everything is."""
        if self.window is None:
            return shown
        low, high = (math.log10(end) if shown.is_log else end for end in self.window)
        return Axis(low, high, shown.is_log)

    def moved(self, shown: Axis, whole: Axis, columns: int, by: int) -> Inspection:
        """With the crosshair some columns further; at the edge of a window the window moves along.

        Args:
            shown: The x axis as it is drawn.
            whole: The same when everything is shown.
            columns: Of the drawing.
            by: Columns to the right; without a crosshair it appears at the end that it comes from.
        """
        last = max(1, columns - 1)
        share = None if self.crosshair is None else shown.share(self.crosshair)
        if share is None or not -0.001 <= share <= 1.001:
            return replace(self, crosshair=shown.at(1.0 if by < 0 else 0.0))
        place = (round(share * last) + by) / last
        if 0 <= place <= 1:
            return replace(self, crosshair=shown.at(place))
        beyond = place if place < 0 else place - 1
        panned = self.panned(shown, whole, beyond)
        return replace(panned, crosshair=panned.axis(shown).at(0.0 if place < 0 else 1.0))

    def pointed(self, x: float | None) -> Inspection:
        """With the crosshair at an x."""
        return replace(self, crosshair=x)

    def zoomed(self, shown: Axis, whole: Axis, factor: float) -> Inspection:
        """Closer by a factor, or further away below 1; what is under the crosshair stays in its place."""
        share = None if self.crosshair is None else shown.share(self.crosshair)
        if share is None or not 0 <= share <= 1:
            share = 0.5
        length = (shown.high - shown.low) / factor
        if not math.isfinite(length) or length < (whole.high - whole.low) * _CLOSEST:
            return self
        low = shown.low + share * (shown.high - shown.low) - share * length
        return self._within(whole, low, length)

    def panned(self, shown: Axis, whole: Axis, share: float) -> Inspection:
        """With the window moved by a share of its length."""
        if self.window is None:
            return self
        length = shown.high - shown.low
        return self._within(whole, shown.low + share * length, length)

    def _within(self, whole: Axis, low: float, length: float) -> Inspection:
        """With a window of a length that begins at about ``low``, both in places of the axis."""
        if length >= (whole.high - whole.low) * 0.999:
            return replace(self, window=None)
        low = min(max(low, whole.low), whole.high - length)
        window = Axis(low, low + length, whole.is_log)
        return replace(self, window=(window.at(0.0), window.at(1.0)))


__all__ = ["PAN", "ZOOM", "Inspection"]
