"""Runs side by side: what differs, which is best, and their curves in one chart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from textual.app import ComposeResult

from mlops_store import runs
from mlops_store.errors import NotFound
from mlops_tui.compare.runs import Comparison, compare
from mlops_tui.ui import keymap, shown
from mlops_tui.ui.chart_view import ChartView
from mlops_tui.ui.screens import compare_rows
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.overlay import OverlayPane
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell, plain
from mlops_tui.ui.widgets.chart import chart_options
from mlops_tui.ui.widgets.columns import Column
from mlops_tui.ui.widgets.dialog import Choose, Option
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.window_table import WindowTable


class ComparePane(Pane[Comparison]):
    """The differences, row by row.

    Args:
        names: The runs: ids, digits of ids, or names.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__("Compare", 1)
        self._names = names
        self._baseline: str | None = None
        self._with_equal = False
        self._run_ids: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """A table; its columns come with the runs."""
        yield WindowTable((Column("key", "", 12, 30),))

    def load(self, session: Session) -> Comparison:
        """Reads the runs and compares them."""
        if session.store is None:
            raise NotFound("nothing has been recorded here yet")
        with session.store.snapshot() as db:
            return compare(db, [runs.resolve(db, name) for name in self._names], session.config, self._baseline)

    def show(self, records: Comparison) -> None:
        """Draws the rows."""
        self.uncover()
        table = self.query_one(WindowTable)
        columns = tuple(compare_rows.columns(records, self.size.width - 3, chart_options(self.app)))
        if columns != table.columns:
            table.set_columns(columns)
        self._names = records.run_ids  # a name may mean another run later
        found = compare_rows.rows(records, with_equal=self._with_equal)
        table.show(found)
        if table.cursor_key is not None and not table.cursor_key[1]:  # type: ignore[index]
            first = next((row.key for row in found if row.key[1]), None)  # type: ignore[index]
            if first is not None and table.cursor == 0:
                table.move_to(first)
        base = records.runs[records.baseline].name
        self.entitle("Compare", f"{shown.count(len(records.runs), 'run')} · measured from {base}")
        self.subtitle("" if self._with_equal else "only differences: = shows the rest")

    def on_resize(self) -> None:
        """Gives the columns another width."""
        if self.records is not None:
            self.show(self.records)

    def turn_equal(self) -> None:
        """Shows equal rows too, or only differences."""
        self._with_equal = not self._with_equal
        if self.records is not None:
            self.show(self.records)

    def measure_from(self, run_id: str) -> None:
        """Takes another baseline."""
        self._baseline = run_id
        self.reload(restart=True)


class CompareScreen(ProjectScreen):
    """Two or more runs.

    Args:
        argument: Ids or names of runs, with spaces between.
    """

    NAME = "compare"
    BINDINGS = keymap.bindings("compare")

    DEFAULT_CSS = """
    CompareScreen #body { layout: vertical; }
    CompareScreen ComparePane { height: 3fr; }
    CompareScreen OverlayPane { height: 2fr; min-height: 9; }
    CompareScreen.-very-wide #body { layout: horizontal; }
    CompareScreen.-very-wide ComparePane { width: 1fr; height: 1fr; }
    CompareScreen.-very-wide OverlayPane { width: 1fr; height: 1fr; }
    """

    def heading(self) -> str:
        """How many runs, instead of their ids."""
        return f"compare {shown.count(len(self.argument.split()), 'run')}"

    def compose_body(self) -> ComposeResult:
        """The differences, and the curves of the metric under the cursor."""
        yield ComparePane(tuple(self.argument.split()))
        yield OverlayPane()

    @property
    def pane(self) -> ComparePane:
        """The differences."""
        return self.query_one(ComparePane)

    def on_window_table_row_highlighted(self, message: WindowTable.RowHighlighted) -> None:
        """Draws the metric under the cursor; elsewhere the last one stays."""
        key = message.key
        comparison = self.pane.records
        if comparison is None:
            return
        overlay = self.query_one(OverlayPane)
        metric = key[1] if isinstance(key, tuple) and key[0] == "metrics" else overlay.wanted.key
        if not metric and comparison.metrics:
            metric = comparison.metrics[0].key
        self._want(key=metric, run_ids=comparison.run_ids)

    def _want(self, **changes: object) -> None:
        overlay = self.query_one(OverlayPane)
        overlay.want(replace(overlay.wanted, **changes))  # type: ignore[arg-type]

    def on_window_table_row_selected(self, _: WindowTable.RowSelected) -> None:
        """Asks which run to open."""
        self.action_open_run()

    def copy_text(self) -> tuple[str, str]:
        """The row under the cursor, tab separated."""
        row = self.pane.query_one(WindowTable).cursor_row
        if row is None:
            return "", ""
        return "\t".join(plain(cell) for cell in row.cells), "the row"

    def action_equal(self) -> None:
        """Shows equal rows too, or only differences."""
        self.pane.turn_equal()

    def on_screen_resume(self) -> None:
        """Draws curves as they were last wanted anywhere."""
        super().on_screen_resume()
        self._want(view=self.session.chart_view)

    def _view(self, view: ChartView) -> None:
        self.session.chart_view = view
        self._want(view=view)

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

    def retreat(self) -> bool:
        """Takes away the crosshair, then the zoom."""
        return self.query_one(OverlayPane).unlook()

    def action_baseline(self) -> None:
        """Asks which run the others are measured against."""
        comparison = self.pane.records
        if comparison is not None:
            now = comparison.run_ids[comparison.baseline]
            self._ask("Baseline", comparison, now, self.pane.measure_from)

    def action_open_run(self) -> None:
        """Asks which run to open."""
        comparison = self.pane.records
        if comparison is not None:
            self._ask("Open", comparison, "", lambda run_id: self.go("run", run_id))

    def _ask(self, title: str, comparison: Comparison, chosen: str, then: Callable[[str], None]) -> None:
        options = [
            Option(run.run_id, compare_rows.label(run, comparison.runs), Cell(shown.moment(run.started_at), "dim"))
            for run in comparison.runs
        ]

        def answered(run_id: str | None) -> None:
            if run_id is not None:
                then(run_id)

        self.app.push_screen(Choose(title, options, chosen=chosen), answered)
