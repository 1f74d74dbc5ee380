"""The panes of the drift screen: incidents, batches, a report's columns, and one column drawn."""

from __future__ import annotations

import time

from textual.app import ComposeResult
from textual.timer import Timer

from mlops_store.records import ColumnReport, Incident, IncidentState, MonitorReport
from mlops_tui.ui.screens import drift_records, drift_rows, incident_rows
from mlops_tui.ui.screens.drift_records import Inbox, Report
from mlops_tui.ui.screens.filtering import matches
from mlops_tui.ui.session import Session, session_of
from mlops_tui.ui.text import Cell
from mlops_tui.ui.theme import sign
from mlops_tui.ui.widgets.distribution import Distribution
from mlops_tui.ui.widgets.pane import Pane
from mlops_tui.ui.widgets.text_view import TextView
from mlops_tui.ui.widgets.window_table import Key, WindowTable


class IncidentsPane(Pane[Inbox]):
    """The inbox: open incidents first, those that matter most above the others.

    Args:
        alert_id: The alert whose incident is looked for.
    """

    FOLLOWS_PROJECT = True

    def __init__(self, alert_id: int | None = None) -> None:
        super().__init__("Incidents", 1, id="incidents")
        self.which = "unresolved"
        self.words: tuple[str, ...] = ()
        self.is_checking = False
        self.alert_id = alert_id
        self._waking: Timer | None = None
        self._names = tuple(column.key for column in incident_rows.COLUMNS)

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable(
            incident_rows.COLUMNS, can_mark=True, empty="no incident matches the filter", id="incident-table"
        )

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    def incident(self, key: Key | None) -> Incident | None:
        """The incident of that id, if it is listed."""
        found = self.records.incidents if self.records else ()
        return next((incident for incident in found if incident.id == key), None)

    @property
    def chosen(self) -> list[Incident]:
        """The marked incidents, or the one under the cursor."""
        return [found for key in self.table.selection if (found := self.incident(key)) is not None]

    def load(self, session: Session) -> Inbox:
        """The incidents in the states that are wanted."""
        return drift_records.inbox(session, drift_records.STATES[self.which], self.alert_id)

    def show(self, records: Inbox) -> None:
        """Draws the list, or what to do where it is empty."""
        now = time.time()
        chosen = [each for each in records.incidents if matches(self.words, *incident_rows.texts(each))]
        folder = drift_rows.common_folder(each.last_batch for each in records.incidents)
        columns = incident_rows.columns(records.incidents)
        names = tuple(column.key for column in columns)
        if names != self._names:
            self._names = names
            self.table.set_columns(columns)
        self.table.show([incident_rows.row(each, names, folder, now) for each in chosen])
        self.note(records)
        self._wake(records, now)
        if records.incidents:
            self.uncover()
        else:
            self.say(drift_records.advice(records, stage=session_of(self).config.registry.charge))

    def _wake(self, records: Inbox, now: float) -> None:
        """Loads again when the first snooze ends."""
        if self._waking is not None:
            self._waking.stop()
        ends = [each.snoozed_until for each in records.incidents if each.state is IncidentState.SNOOZED]
        first = min((until for until in ends if until is not None), default=None)
        self._waking = None if first is None else self.set_timer(min(86400.0, max(0.0, first - now) + 0.1), self.reload)

    def note(self, records: Inbox) -> None:
        """Says how many there are, which are shown and what is being done, in the frame."""
        states = [incident.state for incident in records.incidents]
        parts = [f"{states.count(IncidentState.OPEN)} open"]
        others = [state for state in IncidentState if state is not IncidentState.OPEN]
        parts += [f"{states.count(state)} {state}" for state in others if state in states]
        if self.words:
            parts.append(f"/{' '.join(self.words)}")
        self.entitle("Incidents", f" {sign('dot')} ".join(parts) if records.incidents else "")
        waiting = sum(monitor.waiting for monitor in records.monitors)
        if self.is_checking:
            self.subtitle("checking batches…")
        else:
            failed = session_of(self).check_note
            parts = [f"{waiting} unchecked" if waiting else "", failed]
            self.subtitle(f" {sign('dot')} ".join(part for part in parts if part))


class BatchesPane(Pane[tuple[MonitorReport, ...]]):
    """Every checked batch, the good ones too, newest first."""

    def __init__(self) -> None:
        super().__init__("Batches", 2, id="batches")
        self.words: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """A list."""
        yield WindowTable(drift_rows.BATCH_COLUMNS, empty="no batch matches the filter", id="batch-table")

    @property
    def table(self) -> WindowTable:
        """The list."""
        return self.query_one(WindowTable)

    def load(self, session: Session) -> tuple[MonitorReport, ...]:
        """The newest reports."""
        return drift_records.reports(session)

    def show(self, records: tuple[MonitorReport, ...]) -> None:
        """Draws the list."""
        now = time.time()
        chosen = [report for report in records if matches(self.words, *drift_rows.batch_texts(report))]
        folder = drift_rows.common_folder(report.batch for report in records)
        self.table.show([drift_rows.batch_row(report, folder, now) for report in chosen])
        self.entitle("Batches", f"{len(records)} checked" if records else "")
        if records:
            self.uncover()
        else:
            self.say([Cell("No batch has been checked yet.", "dim")])


class ReportPane(Pane[Report]):
    """A report: what it raised, and its columns ranked by how much they moved."""

    def __init__(self) -> None:
        super().__init__("Report", 3, id="report-pane")
        self._report_id: int | None = None
        self._shown_id: int | None = None

    def compose(self) -> ComposeResult:
        """Lines about the batch above the list of columns."""
        yield TextView(wrap=True, can_focus=False, id="report-head")
        yield WindowTable(drift_rows.COLUMN_COLUMNS, empty="no column was compared", id="column-table")

    @property
    def table(self) -> WindowTable:
        """The list of columns."""
        return self.query_one(WindowTable)

    @property
    def report(self) -> MonitorReport | None:
        """The report that is shown."""
        return self.records.report if self.records else None

    def column(self, key: Key | None) -> ColumnReport | None:
        """The column of a row."""
        if self.report is None or not isinstance(key, tuple) or key[0] != self.report.id:
            return None
        return self.report.columns[key[1]]

    def choose(self, report_id: int | None) -> None:
        """Shows another report."""
        if report_id != self._report_id:
            self._report_id = report_id
            self.reload(restart=True)

    def load(self, session: Session) -> Report:
        """The chosen report."""
        return drift_records.report(session, self._report_id)

    def show(self, records: Report) -> None:
        """Draws it."""
        report = records.report
        if report is None:
            self.entitle("Report")
            self.subtitle("")
            self.table.show([])
            self.say([Cell("Choose an incident or a batch.", "dim")])
            return
        now = time.time()
        self.uncover()
        self.entitle("Report", report.batch)
        self.subtitle(drift_rows.report_note(report, now))
        self.query_one("#report-head", TextView).show(drift_rows.report_lines(report, records.alerts, now))
        order = drift_rows.ranked(report.columns)
        self.table.show([drift_rows.column_row(report, position) for position in order])
        if self._shown_id != report.id:
            self._shown_id = report.id
            self.table.action_top()


class ColumnPane(Pane[None]):
    """One column: reference against current."""

    def __init__(self) -> None:
        super().__init__("Column", 4, id="column-pane")

    def compose(self) -> ComposeResult:
        """The drawing."""
        yield Distribution()

    def draw(self, column: ColumnReport | None) -> None:
        """Draws a column, or nothing."""
        self.query_one(Distribution).show(column)
