"""One column in one window: its distribution against the reference, when it moved, and what is behind it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from mlops_tui.drift import heat_orders
from mlops_tui.ui import keymap
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.cause_pane import CausePane
from mlops_tui.ui.screens.column_panes import Chosen, Course, DistributionPane, WhenPane


class ColumnScreen(ProjectScreen):
    """A column of a report in full.

    Args:
        argument: The report's number and the column's name, ``41 income``, or the name alone.
    """

    NAME = "column"
    BINDINGS = keymap.bindings("column")
    DEFAULT_CSS = """
    ColumnScreen #body { layout: horizontal; }
    ColumnScreen #course { width: 3fr; height: 1fr; }
    ColumnScreen CausePane { width: 2fr; }
    ColumnScreen DistributionPane { height: 3fr; }
    ColumnScreen WhenPane { height: 2fr; }
    ColumnScreen.-short WhenPane { height: 8; }
    ColumnScreen.-low WhenPane { display: none; }
    ColumnScreen.-narrow CausePane { display: none; }
    ColumnScreen.-narrow.-why #course { display: none; }
    ColumnScreen.-narrow.-why CausePane { display: block; }
    """

    def compose_body(self) -> ComposeResult:
        """The distribution over the timeline, and the cause beside them, or instead of them where there is no room."""
        with Vertical(id="course"):
            yield DistributionPane(self.argument)
            yield WhenPane()
        yield CausePane()

    @property
    def _distribution(self) -> DistributionPane:
        return self.query_one(DistributionPane)

    @property
    def _cause(self) -> CausePane:
        return self.query_one(CausePane)

    def on_chosen(self, message: Chosen) -> None:
        """Shows when the column moved, and what is known of the cause."""
        message.stop()
        self.query_one(WhenPane).draw(message.course)
        self._cause.point_at(message.course.report_id, message.course.column.column)

    def action_why(self) -> None:
        """Looks for what is behind the drift."""
        course = self._distribution.records
        if course is not None:
            self.add_class("-why")
            self._cause.ask(course.report_id, course.column.column)
            self._cause.focus_inside()

    def focus_pane(self, number: int) -> bool:
        """Focuses a pane, on small terminals after making room for it."""
        self.set_class(number == 3, "-why")
        return super().focus_pane(number)

    def retreat(self) -> bool:
        """Goes back to the distribution, where the cause stands in its place."""
        if self.has_class("-why") and self.has_class("-narrow"):
            self.remove_class("-why")
            return True
        return super().retreat()

    def copy_text(self) -> tuple[str, str]:
        """The column's name."""
        course = self._distribution.records
        return (course.column.column, "the column's name") if course is not None else ("", "")

    # other windows, other columns

    def action_window(self, by: int) -> None:
        """Goes to another window."""
        course = self._distribution.records
        if course is not None:
            self._go_to(course, min(max(0, course.at + by), len(course.windows) - 1))

    def action_drifted(self, by: int) -> None:
        """Goes to the next window in which the column drifted or is broken."""
        course = self._distribution.records
        if course is None:
            return
        alarming = ("drifted", *heat_orders.BROKEN)
        places = range(course.at + by, len(course.windows) if by > 0 else -1, by)
        place = next((at for at in places if course.line.state(at) in alarming), None)
        if place is None:
            self.remark(f"no {'later' if by > 0 else 'earlier'} window in which it drifted", "dim")
        else:
            self._go_to(course, place)

    def _go_to(self, course: Course, place: int) -> None:
        if not course.line.states[place]:
            self.remark(f"window {place + 1} has no such column", "dim")
        elif place != course.at:
            self._choose(course.windows[place].report_id, course.column.column)

    def action_column(self, by: int) -> None:
        """Goes to the column that drifted next most often."""
        course = self._distribution.records
        if course is not None and course.column.column in course.names:
            place = course.names.index(course.column.column) + by
            if 0 <= place < len(course.names):
                self._choose(course.report_id, course.names[place])

    def _choose(self, report_id: int, column: str) -> None:
        self.argument = f"{report_id} {column}"
        self._distribution.choose(self.argument)
        self.retitle()

    def action_heat(self) -> None:
        """Goes to all columns of the monitor."""
        course = self._distribution.records
        self.go("heat", course.monitor if course is not None else "")
