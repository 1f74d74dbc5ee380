"""How a person wants charts to be drawn. Kept for the life of the dashboard, whatever run is looked at. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

#: What curves can be drawn over.
X_AXES = ("step", "time", "epoch")
#: Weights of the past that the keys go through; any from 0 to below 1 may be asked for.
SMOOTHINGS = (0.0, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)


@dataclass(frozen=True, slots=True)
class ChartView:
    """How charts are drawn.

    Attributes:
        x: 'step', 'time' (since the run's start) or 'epoch' (by the run's metric of that name).
        is_log_x: Whether x is on a logarithmic axis.
        is_log_y: Whether values are.
        smoothing: Weight of the past, from 0 (none) to below 1; see ``smoothing.smoothed``.
    """

    x: str = "step"
    is_log_x: bool = False
    is_log_y: bool = False
    smoothing: float = 0.0

    def turned(self) -> ChartView:
        """Over the next x."""
        return replace(self, x=X_AXES[(X_AXES.index(self.x) + 1) % len(X_AXES)])

    def smoother(self, by: int) -> ChartView:
        """Smoothed more, or less where ``by`` is negative."""
        place = min(range(len(SMOOTHINGS)), key=lambda place: abs(SMOOTHINGS[place] - self.smoothing))
        return replace(self, smoothing=SMOOTHINGS[min(len(SMOOTHINGS) - 1, max(0, place + by))])

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of it beside a chart."""
        logs = " and ".join(name for name, is_log in (("x", self.is_log_x), ("y", self.is_log_y)) if is_log)
        return (
            f"by {self.x}",
            *([f"log {logs}"] if logs else []),
            *([f"smoothed {self.smoothing:g}"] if self.smoothing else []),
        )


#: As the dashboard begins.
DEFAULT = ChartView()

__all__ = ["DEFAULT", "SMOOTHINGS", "X_AXES", "ChartView"]
