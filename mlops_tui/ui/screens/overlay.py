"""One metric of several runs in one chart, a curve for each run."""

from __future__ import annotations

from dataclasses import dataclass, replace

from textual.app import ComposeResult

from mlops_store import runs
from mlops_tui.compare.curves import EPOCH
from mlops_tui.ui import keymap
from mlops_tui.ui.chart_view import DEFAULT, ChartView
from mlops_tui.ui.screens import compare_rows, curves
from mlops_tui.ui.screens.chart_keys import ChartKeys
from mlops_tui.ui.session import Session
from mlops_tui.ui.widgets.chart import Chart, Drawing
from mlops_tui.ui.widgets.crosshair import x_text
from mlops_tui.ui.widgets.dots import is_dots
from mlops_tui.ui.widgets.legend import NO_POINTS
from mlops_tui.ui.widgets.pane import Pane

#: Most curves in one chart; more cannot be told apart.
CURVES = 100


@dataclass(frozen=True, slots=True)
class Overlay:
    """What the chart shows: a metric of some runs, and how."""

    run_ids: tuple[str, ...] = ()
    key: str = ""
    view: ChartView = DEFAULT
    window: curves.Window | None = None


class OverlayPane(ChartKeys, Pane[Drawing]):
    """The curves of one metric, one for each run."""

    BINDINGS = keymap.bindings("chart")

    def __init__(self) -> None:
        super().__init__("", 2)
        self.wanted = Overlay()

    def compose(self) -> ComposeResult:
        """One chart, which takes the focus."""
        chart = Chart()
        chart.can_focus = True
        yield chart

    def want(self, wanted: Overlay) -> None:
        """Shows something else."""
        before = self.wanted
        if (wanted.view.x, wanted.view.is_log_x) != (before.view.x, before.view.is_log_x):
            self.forget_inspection()
        wanted = replace(wanted, window=self.inspection.window)
        if wanted != before:
            self.wanted = wanted
            self.reload(restart=True)

    def load(self, session: Session) -> Drawing:
        """Reads the curves."""
        wanted = self.wanted
        if session.store is None or not wanted.key:
            return Drawing(empty="no metric has a curve")
        with session.store.snapshot() as db:
            chosen = [runs.get(db, run_id) for run_id in wanted.run_ids[:CURVES]]
            found = [
                curves.curve(
                    db,
                    run,
                    wanted.key,
                    columns=max(40, self.size.width),
                    view=wanted.view,
                    window=wanted.window,
                    slot=slot,
                    label=compare_rows.label(run, chosen),
                )
                for slot, run in enumerate(chosen)
            ]
        shown_curves = tuple(reversed([one for one in found if one.points]))  # the first run lies on top
        empty = f"no run has logged {EPOCH!r}" if wanted.view.x == "epoch" else NO_POINTS
        return Drawing("", shown_curves, "", wanted.view, wanted.window, empty=empty)

    def show(self, records: Drawing) -> None:
        """Draws them."""
        self.show_inspection(is_reread=False)

    def _entitle(self, records: Drawing) -> None:
        wanted, at = self.wanted, self.inspection.crosshair
        left_out, pointless = len(wanted.run_ids) - CURVES, len(wanted.run_ids[:CURVES]) - len(records.series)
        notes = [] if is_dots(records.series) else list(wanted.view.notes)
        notes += [x_text(at, wanted.view)] if at is not None else []
        notes += ["zoomed"] if wanted.window is not None else []
        notes += [f"first {CURVES} runs"] * (left_out > 0)
        notes += [f"{pointless} without points"] * (pointless > 0)
        self.entitle(wanted.key, " · ".join(notes))

    def inspected(self) -> Chart:
        """The chart."""
        return self.query_one(Chart)

    def show_inspection(self, *, is_reread: bool) -> None:
        """Shows the present window and crosshair."""
        if is_reread:
            self.want(self.wanted)
        if self.records is not None:
            self._entitle(self.records)
            self.inspected().show(replace(self.records, crosshair=self.inspection.crosshair))


__all__ = ["CURVES", "Overlay", "OverlayPane"]
