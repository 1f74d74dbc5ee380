"""The panes of a column's page: its distribution, and when it moved."""

from __future__ import annotations

import time
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.message import Message

from mlops_store import drift, heat
from mlops_store.errors import NotFound
from mlops_store.heat import Line, Window
from mlops_store.records import ColumnReport
from mlops_tui.drift import heat_orders
from mlops_tui.drift.beginnings import Level, chance, levels
from mlops_tui.ui import shown
from mlops_tui.ui.screens.column_words import beginning
from mlops_tui.ui.session import Session
from mlops_tui.ui.widgets import window_bars
from mlops_tui.ui.widgets.bars import Rows
from mlops_tui.ui.widgets.distribution import Distribution
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.tone_rows import ToneRows
from mlops_tui.ui.widgets.window_bars import Bar

#: Windows that are looked back on.
WINDOWS = 1000


@dataclass(frozen=True, slots=True)
class Course:
    """A column in one window and over all of them.

    Attributes:
        column: The report on it.
        report_id: Of which report.
        monitor: Whose.
        windows: All windows of the monitor.
        line: The column in them.
        at: The place of the window among them; the newest where the report was superseded.
        levels: The levels that the effect kept to.
        names: The columns of that window, those that drifted most often first.
    """

    column: ColumnReport
    report_id: int
    monitor: str
    windows: tuple[Window, ...]
    line: Line
    at: int
    levels: tuple[Level, ...]
    names: tuple[str, ...]


class Chosen(Message):
    """Another column or window is shown."""

    def __init__(self, course: Course) -> None:
        super().__init__()
        self.course = course


class DistributionPane(Pane[Course]):
    """Reference against current; loads for the whole page.

    Args:
        wanted: The report's number and the column's name, or the name alone: then of the newest report that has it.
    """

    DEFAULT_CSS = "DistributionPane Distribution { padding: 0 1; }"

    def __init__(self, wanted: str) -> None:
        super().__init__("Column", 1, id="distribution")
        self.wanted = wanted

    def compose(self) -> ComposeResult:
        """The drawing."""
        yield Distribution()

    def choose(self, wanted: str) -> None:
        """Shows another column or window."""
        self.wanted = wanted
        self.reload(restart=True)

    def load(self, session: Session) -> Course:
        """Reads the column's report and its line of the heat table.

        Raises:
            NotFound: There is no such report, or no such column in it.
        """
        if session.store is None:
            raise NotFound("no batch has been checked yet", "'mlops-tui drift check' checks new ones")
        with session.store.snapshot() as db:
            report_id, name = heat.place(db, self.wanted)
            column = drift.column(db, report_id, name)
            monitor = drift.monitor_of(db, report_id)
            table = heat.read(db, monitor, limit=WINDOWS)
        line = next(line for line in table.lines if line.column == name)
        places = [place for place, window in enumerate(table.windows) if window.report_id == report_id]
        at = places[0] if places else len(table.windows) - 1
        effects = [line.effect(place) for place in range(len(table.windows))]
        known = levels(effects, least_noise=chance(column.reference_count, column.current_count))
        names = tuple(one.column for one in heat_orders.ordered(table) if one.states[at])
        return Course(column, report_id, monitor, table.windows, line, at, known, names)

    def show(self, records: Course) -> None:
        """Draws it."""
        self.uncover()
        window = records.windows[records.at]
        self.entitle(records.column.column, f"{window.batch} · {shown.moment(window.at, time.time())}")
        self.query_one(Distribution).show(records.column)
        self.post_message(Chosen(records))


class WindowBars(ToneRows):
    """The effect in each window as bars."""

    def __init__(self) -> None:
        super().__init__()
        self._course: Course | None = None

    def show(self, course: Course) -> None:
        """Shows another column, or another window of it."""
        self._course = course
        self.redraw()

    def drawn(self, width: int, height: int) -> Rows:
        """A sentence, and the bars."""
        course = self._course
        if course is None:
            return ()
        sentence = tuple(
            ((text, tone, ""),) for text, tone in beginning(course.line, course.windows, course.at, course.levels)
        )
        sentence = sentence[: max(1, height - 4)]
        bars = [Bar(course.line.effect(place), course.line.state(place)) for place in range(len(course.windows))]
        changes = [level.start for level in course.levels[1:]]
        return (*sentence, *window_bars.draw(bars, course.at, changes, width, height - len(sentence), self.shapes))


class WhenPane(Pane[None]):
    """The column over all windows."""

    DEFAULT_CSS = "WhenPane WindowBars { padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__("When", 2, id="when")

    def compose(self) -> ComposeResult:
        """The bars."""
        yield WindowBars()

    def draw(self, course: Course) -> None:
        """Draws another column or window."""
        self.entitle("When", f"effect in each window of {course.monitor}, 0 to 1")
        self.query_one(WindowBars).show(course)
