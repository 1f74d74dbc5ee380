"""The heat table of a monitor: how far each column had drifted in each window."""

from __future__ import annotations

import time
from contextlib import suppress

from textual.app import ComposeResult

from mlops_store import drift
from mlops_store import heat as stored
from mlops_store.errors import NotFound
from mlops_store.heat import CODES, STEPS, Heat, Line
from mlops_store.records import ColumnReport
from mlops_tui.drift import heat_orders
from mlops_tui.ui import keymap, shown
from mlops_tui.ui.screens.filtering import WordFilter
from mlops_tui.ui.screens.heat_words import cell_lines
from mlops_tui.ui.session import Session
from mlops_tui.ui.text import Cell
from mlops_tui.ui.widgets.heat_table import HeatTable
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.text_view import TextView

#: Windows that are read at most.
WINDOWS = 5000


class CellPane(Pane[ColumnReport | None]):
    """What there is to say of the cell under the cursor: at once what the table knows, then the rest."""

    DEFAULT_CSS = """
    CellPane { height: 5; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__("Cell", id="heat-cell")
        self._heat: Heat | None = None
        self._line: Line | None = None
        self._window = 0

    def compose(self) -> ComposeResult:
        """Three lines."""
        yield TextView(can_focus=False)

    def choose(self, heat: Heat, line: Line | None, window: int) -> None:
        """Speaks of another cell."""
        self._heat, self._line, self._window = heat, line, window
        self._draw(None)
        self.reload(restart=True)

    def load(self, session: Session) -> ColumnReport | None:
        """The full report on the cell, None where the window has no such column or no more than the cell was kept."""
        if session.store is None or self._heat is None or self._line is None or not self._line.states[self._window]:
            return None
        report_id = self._heat.windows[self._window].report_id
        with suppress(NotFound):
            return drift.column(session.store.read(), report_id, self._line.column)
        return None

    def show(self, records: ColumnReport | None) -> None:
        """Adds what the report says."""
        self._draw(records)

    def _draw(self, column: ColumnReport | None) -> None:
        if self._heat is None or not self._heat.windows:
            return
        title, lines = cell_lines(self._heat, self._line, self._window, column, time.time())
        self.entitle(title)
        self.query_one(TextView).show(lines)


class HeatPane(Pane[Heat]):
    """The table.

    Args:
        monitor: Whose; "" for the one that checked last.
    """

    def __init__(self, monitor: str) -> None:
        super().__init__("Heat", 1, id="heat")
        self.monitor = monitor
        self.order = "hot"
        self.words: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """The table."""
        yield HeatTable()

    @property
    def table(self) -> HeatTable:
        """The table."""
        return self.query_one(HeatTable)

    def load(self, session: Session) -> Heat:
        """Reads it as a whole: two bytes a cell."""
        if session.store is None:
            return Heat("", (), ())
        with session.store.snapshot() as db:
            if not self.monitor and not stored.monitors(db):
                return Heat("", (), ())
            return stored.read(db, self.monitor, limit=WINDOWS)

    def show(self, records: Heat) -> None:
        """Draws it in the present order."""
        if not records.windows:
            self.entitle("Heat")
            self.say(["No batch has been checked yet.", "", Cell("D on the drift screen checks new ones.", "dim")])
            return
        self.uncover()
        lines = heat_orders.ordered(records, self.order, self.words)
        drifted = sum(1 for line in records.lines if line.drifted())
        parts = [
            records.monitor,
            f"{drifted} of {shown.count(len(records.lines), 'column')} ever drifted",
            shown.count(len(records.windows), "window"),
        ]
        if records.left_out:
            parts.append(f"{records.left_out:,} older not shown")
        if self.words:
            parts.append(f"/{' '.join(self.words)}")
        self.entitle("Heat", " · ".join(parts))
        self.subtitle(heat_orders.ORDERS[self.order][0])
        self.table.show(lines, _summary(records))

    def next_order(self) -> None:
        """Sorts in another way."""
        names = list(heat_orders.ORDERS)
        self.order = names[(names.index(self.order) + 1) % len(names)]
        if self.records is not None:
            self.show(self.records)

    def narrow(self, words: tuple[str, ...]) -> None:
        """Shows only columns whose names have the words."""
        self.words = words
        if self.records is not None:
            self.show(self.records)


def _summary(heat: Heat) -> Line:
    """All columns together: the share that drifted, which counts as drift where the check raised an alert."""
    of_status = {"drift": CODES["drifted"], "error": CODES["unpredicted"]}
    shares = [window.drifted_columns / max(1, window.checked_columns) for window in heat.windows]
    return Line(
        "share drifted",
        "feature",
        bytes(of_status.get(window.status, CODES["steady"]) for window in heat.windows),
        bytes(round(share * STEPS) for share in shares),
    )


class HeatScreen(WordFilter):
    """Columns × windows of one monitor.

    Args:
        argument: The monitor's name; "" for the one that checked last.
    """

    NAME = "heat"
    BINDINGS = keymap.bindings("heat")
    FILTER_HINT = "words in the names of columns"

    def compose_body(self) -> ComposeResult:
        """The table, and the cell under its cursor."""
        yield HeatPane(self.argument)
        yield CellPane()

    @property
    def _pane(self) -> HeatPane:
        return self.query_one(HeatPane)

    def filtered_table(self) -> HeatTable:
        """The table."""
        return self._pane.table

    def narrow(self, words: tuple[str, ...]) -> None:
        """Shows only what matches."""
        self._pane.narrow(words)

    def on_heat_table_moved(self, message: HeatTable.Moved) -> None:
        """Speaks of the cell under the cursor."""
        message.stop()
        if self._pane.records is not None:
            self.query_one(CellPane).choose(self._pane.records, message.line, message.window)

    def on_heat_table_opened(self, message: HeatTable.Opened) -> None:
        """Goes to the column in that window."""
        message.stop()
        records = self._pane.records
        if records is not None and message.line.states[message.window]:
            self.go("column", f"{records.windows[message.window].report_id} {message.line.column}")
        else:
            self.remark("the window has no such column", "dim")

    def action_order(self) -> None:
        """Sorts in another way."""
        self._pane.next_order()

    def action_monitor(self) -> None:
        """Shows the next monitor."""
        found = stored.monitors(self.session.store.read()) if self.session.store is not None else []
        if len(found) < 2 or self._pane.records is None:
            self.remark("there is only one monitor", "dim")
            return
        name = self._pane.records.monitor
        names = sorted(found)
        self.argument = self._pane.monitor = names[(names.index(name) + 1) % len(names)]
        self._pane.reload(restart=True)
        self.retitle()
