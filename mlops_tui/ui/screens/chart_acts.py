"""How charts are drawn, chosen by the same keys on every screen that has some: x axis, logarithms, smoothing."""

from __future__ import annotations

from dataclasses import replace

from mlops_tui.ui.chart_view import ChartView
from mlops_tui.ui.screens.base import ProjectScreen


class ChartScreen(ProjectScreen):
    """A screen with charts, which are drawn as they were last wanted anywhere."""

    def view_charts(self, view: ChartView) -> None:
        """Draws the charts so."""
        raise NotImplementedError

    def _view(self, view: ChartView) -> None:
        self.session.chart_view = view
        self.view_charts(view)

    def on_screen_resume(self) -> None:
        """Draws curves as they were last wanted anywhere."""
        self.view_charts(self.session.chart_view)

    def action_axis(self) -> None:
        """Draws by step, by time or by epoch."""
        self._view(self.session.chart_view.turned())

    def action_log(self) -> None:
        """Draws values on a logarithmic axis, or back."""
        self._view(replace(self.session.chart_view, is_log_y=not self.session.chart_view.is_log_y))

    def action_log_x(self) -> None:
        """Draws x on a logarithmic axis, or back."""
        self._view(replace(self.session.chart_view, is_log_x=not self.session.chart_view.is_log_x))

    def action_smooth(self, by: int) -> None:
        """Smooths curves more, or less."""
        self._view(self.session.chart_view.smoother(by))


__all__ = ["ChartScreen"]
