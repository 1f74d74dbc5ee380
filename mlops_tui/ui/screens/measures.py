"""The figures of a whole window (quality, performance, estimates …), and their course over all windows."""

from __future__ import annotations

import time
from dataclasses import dataclass

from textual.app import ComposeResult

from mlops_store import drift, heat
from mlops_store import measures as stored
from mlops_store.errors import NotFound, UsageError
from mlops_store.records import Measure, MonitorReport
from mlops_tui.ui import keymap, shown
from mlops_tui.ui.screens import measure_rows
from mlops_tui.ui.screens.filtering import WordFilterScreen, matches
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell
from mlops_tui.ui.widgets.chart import Chart, Drawing
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.window_table import Key, WindowTable

#: Windows that a course goes back.
WINDOWS = 1000


class MeasuresPane(Pane[MonitorReport]):
    """Every figure of a report.

    Args:
        number: The report's number; "" for the newest.
    """

    def __init__(self, number: str) -> None:
        super().__init__("Measures", 1, id="measures")
        self._number = number
        self.words: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable(measure_rows.COLUMNS, empty="no measure matches the filter")

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    def measure(self, key: Key | None) -> Measure | None:
        """The measure of a row."""
        found = self.records.measures if self.records else ()
        return next((one for one in found if measure_rows.key(one) == key), None)

    def load(self, session: Session) -> MonitorReport:
        """Reads the report.

        Raises:
            NotFound: There is none.
        """
        if self._number and not self._number.isdecimal():
            raise UsageError(f"{self._number!r} is no number of a report", "':measures' shows the newest")
        newest = drift.reports(session.store.read(), limit=1) if session.store is not None else []
        if session.store is None or not (newest or self._number):
            raise NotFound("no batch has been checked yet", "D on the drift screen checks new ones")
        return drift.report(session.store.read(), int(self._number or newest[0].id))

    def show(self, records: MonitorReport) -> None:
        """Draws them, those beyond their limits first."""
        beyond = sum(one.is_breach for one in records.measures)
        note = f"{records.batch} · {shown.moment(records.checked_at, time.time())}"
        self.entitle("Measures", f"{note} · {beyond} of {len(records.measures)} beyond their limits")
        chosen = [one for one in records.measures if matches(self.words, one.family, one.name, one.subject)]
        self.table.show([measure_rows.row(one) for one in measure_rows.ranked(chosen)])
        if records.measures:
            self.uncover()
        else:
            self.say([Cell("Nothing was measured of this window as a whole.", "dim")])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose course is shown: a monitor's measure."""

    monitor: str
    measure: Measure


class SeriesPane(Pane[Drawing]):
    """One measure over the windows, with its interval; what was estimated beside what came true."""

    def __init__(self) -> None:
        super().__init__("Course", 2, id="course")
        self._wanted: Wanted | None = None

    def compose(self) -> ComposeResult:
        """A chart."""
        yield Chart()

    def choose(self, wanted: Wanted | None) -> None:
        """Shows another one."""
        if wanted != self._wanted:
            self._wanted = wanted
            self.reload(restart=True)

    def load(self, session: Session) -> Drawing:
        """Reads its course."""
        if session.store is None or self._wanted is None:
            return Drawing(empty="nothing is chosen")
        one, monitor = self._wanted.measure, self._wanted.monitor
        families = measure_rows.together(one.family)
        with session.store.snapshot() as db:
            courses = {
                family: stored.series(db, monitor, family, one.name, one.subject, limit=WINDOWS) for family in families
            }
            numbers = {window.report_id: place for place, window in enumerate(heat.windows(db, monitor), 1)}
        return measure_rows.drawing(one, courses, numbers)

    def show(self, records: Drawing) -> None:
        """Draws it."""
        one = self._wanted.measure if self._wanted else None
        self.entitle("Course", "" if one is None else measure_rows.title(one))
        self.query_one(Chart).show(records)


class MeasuresScreen(WordFilterScreen):
    """The measures of a report, and the course of the one under the cursor.

    Args:
        argument: The report's number; "" for the newest.
    """

    NAME = "measures"
    BINDINGS = keymap.bindings("measures")
    FILTER_HINT = "words of a check, a measure or what it is about"
    DEFAULT_CSS = """
    MeasuresScreen MeasuresPane { height: 1fr; }
    MeasuresScreen SeriesPane { height: 1fr; }
    MeasuresScreen.-low SeriesPane { display: none; }
    """

    def compose_body(self) -> ComposeResult:
        """The list over the chart."""
        yield MeasuresPane(self.argument)
        yield SeriesPane()

    @property
    def _pane(self) -> MeasuresPane:
        return self.query_one(MeasuresPane)

    def filtered_table(self) -> WindowTable:
        """The list."""
        return self._pane.table

    def narrow(self, words: tuple[str, ...]) -> None:
        """Shows only what matches."""
        self._pane.words = words
        if self._pane.records is not None:
            self._pane.show(self._pane.records)

    def on_window_table_row_highlighted(self, message: WindowTable.RowHighlighted) -> None:
        """Shows the course of the measure under the cursor."""
        message.stop()
        report, measure = self._pane.records, self._pane.measure(message.key)
        wanted = Wanted(report.monitor, measure) if report is not None and measure is not None else None
        self.query_one(SeriesPane).choose(wanted)

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Goes to the column that the measure is about."""
        message.stop()
        report, measure = self._pane.records, self._pane.measure(message.key)
        if report is None or measure is None:
            return
        if any(column.column == measure.subject for column in report.columns):
            self.go("column", f"{report.id} {measure.subject}")
        else:
            self.remark("it is about no column alone", "dim")
