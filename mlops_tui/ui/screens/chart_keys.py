"""What keys and the mouse do to charts, the same for a grid of them and for a single one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_tui.ui.widgets.chart import Chart
from mlops_tui.ui.widgets.inspection import PAN, ZOOM, Inspection
from mlops_tui.ui.widgets.scales import Axis

if TYPE_CHECKING:
    from textual.widget import Widget

    _Base = Widget
else:
    _Base = object


class ChartKeys(_Base):
    """A widget of charts that share a window and a crosshair; a subclass says which one keys act on."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self.inspection = Inspection()
        self._whole: Axis | None = None

    def inspected(self) -> Chart | None:
        """The chart that keys act on."""
        raise NotImplementedError

    def show_inspection(self, *, is_reread: bool) -> None:
        """Shows the charts with the present window and crosshair.

        Args:
            is_reread: Whether another part of the curves is to be read.
        """
        raise NotImplementedError

    def inspect(self, inspection: Inspection) -> None:
        """Looks at something else."""
        before, self.inspection = self.inspection, inspection
        if before != inspection:
            self.show_inspection(is_reread=before.window != inspection.window)

    def forget_inspection(self) -> None:
        """Looks at everything again, because the x axis is another one."""
        self.inspection, self._whole = Inspection(), None

    def _axes(self) -> tuple[Axis, Axis, int] | None:
        """The axis that is shown, that of everything, and the columns of the drawing."""
        chart = self.inspected()
        if chart is None or chart.plot is None:
            return None
        drawn = chart.plot.axis
        if chart.drawing.window is None or self._whole is None or self._whole.is_log != drawn.is_log:
            self._whole = drawn
        # what was asked for, which may not be read yet
        shown = self._whole if self.inspection.window is None else self.inspection.axis(drawn)
        return shown, self._whole, chart.plot.columns

    def action_crosshair(self, by: int) -> None:
        """Moves the crosshair by columns."""
        if (axes := self._axes()) is not None:
            self.inspect(self.inspection.moved(*axes, by))

    def action_zoom(self, by: int) -> None:
        """Shows a shorter part of the x axis, or a longer one."""
        if (axes := self._axes()) is not None:
            self.inspect(self.inspection.zoomed(*axes[:2], ZOOM**by))

    def action_pan(self, by: int) -> None:
        """Shows what is beside the window."""
        if (axes := self._axes()) is not None:
            self.inspect(self.inspection.panned(*axes[:2], PAN * by))

    def action_whole(self) -> None:
        """Shows everything, without a crosshair."""
        self.inspect(Inspection())

    def on_chart_pointed(self, message: Chart.Pointed) -> None:
        """Reads where the chart was clicked."""
        message.stop()
        self.inspect(self.inspection.pointed(message.x))

    def on_chart_scrolled(self, message: Chart.Scrolled) -> None:
        """Zooms where the wheel was turned."""
        message.stop()
        self.inspection = self.inspection.pointed(message.x)
        self.action_zoom(message.by)

    def unlook(self) -> bool:
        """Takes away the crosshair, then the window; False when there was neither."""
        if self.inspection.crosshair is not None:
            self.inspect(self.inspection.pointed(None))
            return True
        if self.inspection.window is not None:
            self.inspect(Inspection())
            return True
        return False


__all__ = ["ChartKeys"]
