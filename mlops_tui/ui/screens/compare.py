"""Runs side by side, part by part: a table, curves, code, repeats, predictions, pictures, and which params matter."""

from __future__ import annotations

import shlex

from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import ContentSwitcher

from mlops_tui.ui import keymap, shown
from mlops_tui.ui.chart_view import ChartView
from mlops_tui.ui.screens import compare_export
from mlops_tui.ui.screens.chart_acts import ChartScreen
from mlops_tui.ui.screens.compare_choices import NAMES, PARTS, ChoosingScreen
from mlops_tui.ui.screens.compare_table import ComparePane, curve_keys
from mlops_tui.ui.screens.compare_views import PagePane, PicturePane
from mlops_tui.ui.screens.overlay import OverlayPane
from mlops_tui.ui.text import plain
from mlops_tui.ui.widgets.part_bar import PartBar
from mlops_tui.ui.widgets.picture import Picture
from mlops_tui.ui.widgets.text_view import TextView
from mlops_tui.ui.widgets.window_table import WindowTable

#: Runs that are asked which metrics have curves, while one waits for the screen.
_ASKED = 5
#: Acts that mean something in some parts only.
_ONLY: dict[str, tuple[str, ...]] = {
    "equal": ("table",),
    "section": ("table",),
    **dict.fromkeys(("axis", "log", "log_x", "smooth"), ("table", "curves")),
    "metric": ("table", "curves", "importance"),
    "choose_metric": ("curves", "importance"),
    "choose_axes": ("scatter", "parallel"),
    "choose_run": ("predictions",),
}


class CompareScreen(ChoosingScreen, ChartScreen):
    """Two or more runs.

    Args:
        argument: Ids or names of runs, with spaces between.
    """

    NAME = "compare"
    BINDINGS = keymap.bindings("compare")

    DEFAULT_CSS = """
    CompareScreen #body { layout: vertical; }
    CompareScreen ContentSwitcher { height: 1fr; width: 1fr; }
    CompareScreen #beside { layout: vertical; }
    CompareScreen ComparePane { height: 3fr; }
    CompareScreen OverlayPane { height: 2fr; min-height: 9; }
    CompareScreen.-very-wide #beside { layout: horizontal; }
    CompareScreen.-very-wide ComparePane { width: 1fr; height: 1fr; }
    CompareScreen.-very-wide OverlayPane { width: 1fr; height: 1fr; }
    CompareScreen #beside.-curves ComparePane { display: none; }
    CompareScreen #beside.-curves OverlayPane { height: 1fr; }
    """

    def heading(self) -> str:
        """How many runs, instead of their ids."""
        return f"compare {shown.count(len(self.argument.split()), 'run')}"

    def compose_body(self) -> ComposeResult:
        """The names of the parts, and the parts, of which one is shown."""
        yield PartBar(NAMES)
        with ContentSwitcher(initial="beside"):
            with Container(id="beside"):
                yield ComparePane(self.chosen.names)
                yield OverlayPane()
            for name in NAMES[2:]:
                part = PARTS[name][0]
                yield (
                    PicturePane(part, self.chosen)
                    if part in ("scatter", "parallel")
                    else PagePane(part, name, self.chosen)
                )

    # parts

    def focus_pane(self, number: int) -> bool:
        """Shows the part of that number."""
        if not 1 <= number <= len(NAMES):
            return False
        self.part = NAMES[number - 1]
        is_beside = self.part in NAMES[:2]
        self.query_one("#beside").set_class(self.part == "curves", "-curves")
        self.query_one(ContentSwitcher).current = "beside" if is_beside else f"view-{self.part}"
        self.query_one(PartBar).show(number, {})
        self._focus_part()
        self.refresh_bindings()
        return True

    def _focus_part(self) -> None:
        view = self.view
        if self.part == "table":
            self.pane.focus_inside()
        elif view is None:
            self.overlay.inspected().focus()
        else:
            view.query_one(Picture if isinstance(view, PicturePane) else TextView).focus()

    def on_part_bar_chosen(self, message: PartBar.Chosen) -> None:
        """Shows the part that was clicked."""
        self.focus_pane(message.number)

    def action_step(self, by: int) -> None:
        """Shows the next or former part."""
        self.focus_pane((NAMES.index(self.part) + by) % len(NAMES) + 1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Acts are offered in the parts that they mean something in."""
        return self.part in _ONLY.get(action, (self.part,))

    # the table and its curves

    def on_window_table_row_highlighted(self, message: WindowTable.RowHighlighted) -> None:
        """Draws the metric under the cursor; elsewhere the last one stays."""
        key = message.key
        comparison = self.pane.records
        if comparison is None:
            return
        metric = key[1] if isinstance(key, tuple) and key[0] == "metrics" else self.overlay.wanted.key
        if not metric and comparison.metrics:
            metric = next(iter(curve_keys(self.session, comparison.runs[:_ASKED])), comparison.metrics[0].key)
        self.draw(key=metric, run_ids=comparison.run_ids)

    def on_window_table_row_selected(self, _: WindowTable.RowSelected) -> None:
        """Asks which run to open."""
        self.action_open_run()

    def copy_text(self) -> tuple[str, str]:
        """The row under the cursor, tab separated; in a picture the run that is pointed at."""
        if isinstance(self.view, PicturePane):
            return self.view.focused_run, "the run's id"
        row = self.pane.query_one(WindowTable).cursor_row if self.part == "table" else None
        return ("", "") if row is None else ("\t".join(plain(cell) for cell in row.cells), "the row")

    def action_equal(self) -> None:
        """Shows equal rows too, or only differences."""
        self.pane.turn_equal()

    def action_section(self) -> None:
        """Shows one section of the table after the other, then all."""
        self.pane.next_section()

    def view_charts(self, view: ChartView) -> None:
        """Draws the curves so, and aligns what else is by x."""
        self.draw(view=view)
        if view.x != self.chosen.wanted.align:
            self.change(align=view.x)

    def retreat(self) -> bool:
        """Takes away the crosshair, then the zoom."""
        return self.overlay.unlook()

    def action_export(self) -> None:
        """Asks for a file and writes what is looked at; all parts when the table is."""
        parts = () if self.part == "table" else PARTS[self.part]
        command = ["mlops-tui", "runs", "compare", *self.chosen.names, *compare_export.options(self.chosen, parts)]
        compare_export.ask(self, self.chosen, parts, shlex.join(command))
