"""What can be chosen about a comparison: the baseline, runs, metrics and axes; and the questions for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from mlops_tui.compare import axes, report
from mlops_tui.compare.runs import Comparison
from mlops_tui.compare.views import ViewColumn
from mlops_tui.ui import shown
from mlops_tui.ui.screens import compare_rows
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.column_choice import ChooseColumns
from mlops_tui.ui.screens.compare_table import ComparePane, curve_keys
from mlops_tui.ui.screens.compare_views import Chosen, Drawn, PicturePane, ViewPane
from mlops_tui.ui.screens.overlay import OverlayPane
from mlops_tui.ui.screens.run_choices import what
from mlops_tui.ui.text import Cell
from mlops_tui.ui.widgets.dialog import Choose, Option
from mlops_tui.ui.widgets.window_table import WindowTable

#: The parts as the bar names them, and the parts of a report that stand in each.
PARTS = {
    "table": report.TABLES,
    "curves": ("curves",),
    "code": ("lines",),
    "seeds": ("seeds",),
    "predictions": ("predictions",),
    "scatter": ("scatter",),
    "parallel": ("parallel",),
    "importance": ("importance",),
}
NAMES = tuple(PARTS)


class ChoosingScreen(ProjectScreen):
    """A comparison about which things can be chosen; what there is to see of it is up to the screen.

    Args:
        argument: Ids or names of runs, with spaces between.
    """

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        self.chosen = Chosen(tuple(argument.split()))
        self.part = "table"

    @property
    def pane(self) -> ComparePane:
        """The differences."""
        return self.query_one(ComparePane)

    @property
    def overlay(self) -> OverlayPane:
        """The curves."""
        return self.query_one(OverlayPane)

    @property
    def view(self) -> ViewPane[object] | None:
        """The part in front, where it is neither the table nor curves."""
        return None if self.part in NAMES[:2] else self.query_one(f"#view-{self.part}", ViewPane)

    def draw(self, **changes: object) -> None:
        """Draws other curves, or the same otherwise."""
        self.overlay.want(replace(self.overlay.wanted, **changes))  # type: ignore[arg-type]

    def change(self, **changes: object) -> None:
        """Chooses something else about the parts; see ``report.Wanted``."""
        self._choose(replace(self.chosen, wanted=replace(self.chosen.wanted, **changes)))  # type: ignore[arg-type]

    def _choose(self, chosen: Chosen) -> None:
        self.chosen = chosen
        for view in self.query(ViewPane):
            view.want(chosen)

    def action_baseline(self) -> None:
        """Asks which run the others are measured against."""
        comparison = self.pane.records
        if comparison is None:
            return
        now = comparison.run_ids[comparison.baseline]

        def chosen(run_id: str) -> None:
            self.pane.measure_from(run_id)
            self._choose(replace(self.chosen, baseline=run_id))

        self._ask("Baseline", _runs(comparison), now, chosen)

    def action_open_run(self) -> None:
        """Opens the run that is pointed at, or asks which."""
        comparison, view = self.pane.records, self.view
        if isinstance(view, PicturePane) and view.focused_run:
            self.go("run", view.focused_run)
        elif comparison is not None:
            self._ask("Open", _runs(comparison), "", lambda run_id: self.go("run", run_id))

    def action_choose_run(self) -> None:
        """Asks whose predictions to look at alone."""
        comparison = self.pane.records
        if comparison is not None:
            base = comparison.run_ids[comparison.baseline]
            options = [Option("", "all of them"), *(one for one in _runs(comparison) if one.key != base)]
            now = next(iter(self.chosen.focus), "")
            self._ask(
                "Predictions of",
                options,
                now,
                lambda run_id: self._choose(replace(self.chosen, focus=(run_id,) if run_id else ())),
            )

    def action_metric(self, by: int) -> None:
        """Takes the next or former metric."""
        comparison = self.pane.records
        keys = self._metrics(comparison) if comparison is not None else []
        if keys:
            now = self._metric
            place = keys.index(now) + by if now in keys else 0
            self._take_metric(keys[place % len(keys)])

    def action_choose_metric(self) -> None:
        """Asks which metric to show or explain."""
        comparison = self.pane.records
        if comparison is not None:
            options = [Option(key, key) for key in self._metrics(comparison)]
            self._ask("Metric", options, self._metric, self._take_metric)

    @property
    def _metric(self) -> str:
        return self.chosen.wanted.metric or "" if self.part == "importance" else self.overlay.wanted.key

    def _metrics(self, comparison: Comparison) -> list[str]:
        return axes.goals(comparison) if self.part == "importance" else curve_keys(self.session, comparison.runs)

    def _take_metric(self, key: str) -> None:
        if self.part == "importance":
            self.change(metric=key)
            return
        comparison = self.pane.records
        self.pane.query_one(WindowTable).move_to(("metrics", key))
        if comparison is not None:
            self.draw(key=key, run_ids=comparison.run_ids)

    def action_choose_axes(self) -> None:
        """Asks for both axes of the scatter plot, or for all of the parallel coordinates."""
        view, comparison = self.view, self.pane.records
        drawn = view.records if isinstance(view, PicturePane) else None
        subject = drawn.subject if isinstance(drawn, Drawn) else None
        if comparison is None or subject is None:
            return
        known = axes.keys(comparison)
        if not isinstance(subject, tuple):
            options, wanted = [_axis(key) for key in known], self.chosen.wanted

            def then(x: str) -> None:
                self._ask("Left axis", options, wanted.y or subject.y.key, lambda y: self.change(x=x, y=y))

            self._ask("Lower axis", options, wanted.x or subject.x.key, then)
            return
        now = [axis.key for axis in subject]

        def answered(columns: tuple[ViewColumn, ...] | None) -> None:
            if columns is not None:
                self.change(axes=tuple(one.name for one in columns))

        rows = [(key, key.partition(".")[2], what(key)) for key in dict.fromkeys([*now, *known])]
        lines = [Cell("Marked ones are axes, in this order. None marked: chosen for you.", "dim")]
        marked = [ViewColumn(key) for key in now]
        self.app.push_screen(ChooseColumns("Axes", rows, marked, lines, has_widths=False), answered)

    def _ask(self, title: str, options: Sequence[Option], chosen: str, then: Callable[[str], None]) -> None:
        def answered(key: str | None) -> None:
            if key is not None:
                then(key)

        self.app.push_screen(Choose(title, options, chosen=chosen), answered)


def _axis(key: str) -> Option:
    kind, _, name = key.partition(".")
    return Option(key, name, Cell(kind.removesuffix("s"), "dim"))


def _runs(comparison: Comparison) -> list[Option]:
    return [
        Option(run.run_id, compare_rows.label(run, comparison.runs), Cell(shown.moment(run.started_at), "dim"))
        for run in comparison.runs
    ]


__all__ = ["NAMES", "PARTS", "ChoosingScreen"]
