"""The drift screen: incidents and batches, the report of the chosen one, and the column under the cursor drawn."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.worker import Worker, WorkerState

from mlops_store import incidents
from mlops_store.records import Incident
from mlops_tui.drift.incidents.trials import Trial
from mlops_tui.ui import keymap
from mlops_tui.ui.screens import acts, backtest, drift_acts, drift_records, incident_acts, incident_rows
from mlops_tui.ui.screens.base import ProjectScreen
from mlops_tui.ui.screens.drift_panes import BatchesPane, ColumnPane, IncidentsPane, ReportPane
from mlops_tui.ui.screens.filtering import WordFilterScreen
from mlops_tui.ui.widgets.dialog import Tell
from mlops_tui.ui.widgets.window_table import WindowTable


class DriftScreen(WordFilterScreen):
    """What monitors found, and why.

    Args:
        argument: The number of an incident to begin with, ``alert:5`` for that of an alert, or ``/`` and a filter.
    """

    NAME = "drift"
    BINDINGS = keymap.bindings("drift")
    FILTER_HINT: ClassVar[str] = "words of a title, column, batch, monitor, severity or state"

    DEFAULT_CSS = """
    DriftScreen #body { layout: grid; grid-size: 12 2; grid-rows: 1fr 2fr; }
    DriftScreen.-tall #body { grid-rows: 2fr 5fr; }
    DriftScreen IncidentsPane { column-span: 12; }
    DriftScreen BatchesPane { column-span: 3; }
    DriftScreen ReportPane { column-span: 4; layout: vertical; }
    DriftScreen ColumnPane { column-span: 5; }
    DriftScreen #report-head { height: auto; max-height: 4; padding: 0 1; scrollbar-size-vertical: 0; }
    DriftScreen.-short #report-head { max-height: 3; }
    DriftScreen Distribution { padding: 0 1; }

    DriftScreen.-narrow #body { layout: vertical; }
    DriftScreen.-narrow IncidentsPane { height: 3fr; }
    DriftScreen.-narrow BatchesPane { height: 2fr; }
    DriftScreen.-narrow ReportPane, DriftScreen.-narrow ColumnPane { display: none; }
    DriftScreen.-narrow.-detail IncidentsPane, DriftScreen.-narrow.-detail BatchesPane { display: none; }
    DriftScreen.-narrow.-detail ReportPane { display: block; height: 1fr; }
    DriftScreen.-narrow.-detail ColumnPane { display: block; height: 1fr; }

    DriftScreen.-zoom #body { layout: horizontal; }
    DriftScreen.-zoom IncidentsPane, DriftScreen.-zoom BatchesPane { display: none; }
    DriftScreen.-zoom ReportPane { display: block; width: 2fr; height: 1fr; }
    DriftScreen.-zoom ColumnPane { display: block; width: 3fr; height: 1fr; }
    DriftScreen.-narrow.-zoom ReportPane { width: 24; height: 1fr; }
    DriftScreen.-narrow.-zoom ColumnPane { width: 1fr; height: 1fr; }
    DriftScreen.-zoom #report-head { display: none; }
    """

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        self._wanted = int(argument) if argument.isdecimal() else None
        self._followed = "incident-table"

    def compose_body(self) -> ComposeResult:
        """Two lists, and the details of what is chosen in them."""
        kind, _, number = self.argument.partition(":")
        yield IncidentsPane(int(number) if kind == "alert" and number.isdecimal() else None)
        yield BatchesPane()
        yield ReportPane()
        yield ColumnPane()

    def on_mount(self) -> None:
        """Takes the filter from the argument."""
        if self.argument.startswith("/"):
            self.filter_by(self.argument[1:])

    def heading(self) -> str:
        """The screen's name alone: what is chosen changes with every move of the cursor."""
        return self.NAME

    # children

    @property
    def _incidents(self) -> IncidentsPane:
        return self.query_one(IncidentsPane)

    @property
    def _batches(self) -> BatchesPane:
        return self.query_one(BatchesPane)

    @property
    def _report(self) -> ReportPane:
        return self.query_one(ReportPane)

    # following the cursor

    def on_window_table_row_highlighted(self, message: WindowTable.RowHighlighted) -> None:
        """Shows what belongs to the row under the cursor."""
        message.stop()
        table = message.table
        if table is self._report.table:
            self.query_one(ColumnPane).draw(self._report.column(message.key))
            return
        if table is self._incidents.table and message.key is not None:
            wanted = self._take_wanted()
            if wanted is not None and table.move_to(wanted):
                return
        # batches may be there before the incidents, which have the focus, and are followed until those come
        if table.has_focus or table.id == self._followed or self._followed_is_empty():
            self._follow(table)

    def _take_wanted(self) -> int | None:
        """The incident to begin with, once."""
        records = self._incidents.records
        wanted = self._wanted if self._wanted is not None else records.wanted if records else None
        self._wanted = self._incidents.alert_id = None
        return wanted

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The list that has the focus decides which report is shown."""
        for table in (self._incidents.table, self._batches.table):
            if event.widget is table:
                self._follow(table)

    def _followed_is_empty(self) -> bool:
        return not self.filtered_table().keys

    def _follow(self, table: WindowTable) -> None:
        self._followed = table.id or self._followed
        key = table.cursor_key
        if table is self._incidents.table:
            incident = self._incidents.incident(key)
            self.argument = str(incident.id) if incident else ""
            self._report.choose(incident.last_report_id if incident else None)
        else:
            self._report.choose(key if isinstance(key, int) else None)

    def on_window_table_row_selected(self, message: WindowTable.RowSelected) -> None:
        """Goes one step deeper: from the lists to the report, from its list of columns to one column."""
        message.stop()
        if message.table is self._report.table:
            self.add_class("-zoom")
        else:
            self.add_class("-detail")
        self._report.table.focus()

    def focus_pane(self, number: int) -> bool:
        """Focuses a pane, on small terminals after making room for it."""
        self.set_class(number in (3, 4), "-detail")
        self.set_class(number == 4, "-zoom")
        return super().focus_pane(3 if number == 4 else number)

    def retreat(self) -> bool:
        """Leaves the column, the report, the marks, the filter."""
        if self.has_class("-zoom"):
            self.remove_class("-zoom")
            return True
        if self._report.table.has_focus:
            self.remove_class("-detail")
            self.filtered_table().focus()
            return True
        return super().retreat()

    def copy_text(self) -> tuple[str, str]:
        """The number of an incident, the path of a batch, or the name of a column."""
        if self._report.table.has_focus:
            column = self._report.column(self._report.table.cursor_key)
            return (column.column, "the column's name") if column else ("", "")
        if self._batches.table.has_focus:
            return (self._report.report.path, "the batch's path") if self._report.report else ("", "")
        key = self._incidents.table.cursor_key
        return (str(key), f"incident {key}") if key is not None else ("", "")

    # filter

    def filtered_table(self) -> WindowTable:
        """The list that decides which report is shown."""
        return self.query_one(f"#{self._followed}", WindowTable)

    def narrow(self, words: tuple[str, ...]) -> None:
        """Shows only the incidents and batches that match."""
        for pane in (self._incidents, self._batches):
            pane.words = words
        if self._incidents.records is not None:
            self._incidents.show(self._incidents.records)
        if self._batches.records is not None:
            self._batches.show(self._batches.records)

    def action_states(self) -> None:
        """Shows resolved, muted and pending ones too, then only open ones, then what is not resolved."""
        names = list(drift_records.STATES)
        self._incidents.which = names[(names.index(self._incidents.which) + 1) % len(names)]
        self._incidents.reload(restart=True)
        words = {"unresolved": "what is not resolved", "all": "all incidents", "open": "open incidents only"}
        self.remark(f"shown: {words[self._incidents.which]}")

    # acts

    def action_acknowledge(self) -> None:
        """Acknowledges the incidents that are chosen, or all of the batch under the cursor."""
        self._act(incident_acts.acknowledge)

    def action_snooze(self) -> None:
        """Asks until when they are to be put off."""
        self._act(incident_acts.snooze)

    def action_assign(self) -> None:
        """Asks who sees to them."""
        self._act(incident_acts.assign)

    def action_resolve(self) -> None:
        """Ends them, or opens them again."""
        self._act(incident_acts.resolve)

    def action_mute(self) -> None:
        """Asks for a rule that mutes the incident."""
        self._act(lambda screen, chosen: incident_acts.mute(screen, chosen[0] if chosen else None))

    def action_comment(self) -> None:
        """Asks for a remark on the incident."""
        self._act(lambda screen, chosen: incident_acts.comment(screen, chosen[0] if chosen else None))

    def _act(self, act: Callable[[ProjectScreen, Sequence[Incident]], None]) -> None:
        chosen = self._incidents.chosen
        if self._followed == self._batches.table.id and not self._incidents.table.marks:
            alerts = self._report.records.alerts if self._report.records else ()
            numbers = {alert.incident_id for alert in alerts if alert.incident_id is not None}
            chosen = [found for number in sorted(numbers) if (found := self._incidents.incident(number)) is not None]
        self._incidents.table.set_marks(())
        act(self, chosen)

    def action_history(self) -> None:
        """Shows what is known of the incident, and all that was done about it."""
        incident = next(iter(self._incidents.chosen), None)
        if incident is None or self.session.store is None:
            self.remark("no incident is chosen", "dim")
            return
        entries = incidents.entries(self.session.store.read(), incident.id)
        lines = incident_rows.details(incident, entries, time.time())
        self.app.push_screen(Tell(f"Incident {incident.id} of {incident.monitor}", lines))

    def action_backtest(self) -> None:
        """Shows what other settings would have told of the monitor's last windows, and saves those that are chosen."""
        report = self._report.report
        names = list(self.session.config.monitors)
        monitor = report.monitor if report is not None and report.monitor in names else next(iter(names), "")
        if not monitor or self.session.store is None:
            self.remark("no monitor has checked anything yet", "dim")
            return

        def chosen(trial: Trial | None) -> None:
            if trial is not None:
                backtest.save(self, monitor, trial)

        self.app.push_screen(backtest.Backtest(self.session, monitor), chosen)

    def action_loop(self) -> None:
        """Goes to what the incident, or the batch, led to."""
        key = self.filtered_table().cursor_key
        if self._followed == self._batches.table.id:
            if key is not None:
                self.go("loop", f"report:{key}")
            return
        if key is not None:
            self.go("loop", f"incident:{key}")

    def action_check(self) -> None:
        """Checks new batches in a process of its own."""
        if self._incidents.is_checking:
            self.remark("batches are being checked already", "dim")
            return
        self._mark_checking(True)
        acts.perform(self, lambda: drift_acts.check(self.session), group="check")

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Notes that a check has ended."""
        if event.worker.group == "check" and event.state not in (WorkerState.PENDING, WorkerState.RUNNING):
            self._mark_checking(False)

    def _mark_checking(self, is_checking: bool) -> None:
        self._incidents.is_checking = is_checking
        if self._incidents.records is not None:
            self._incidents.note(self._incidents.records)

    def action_heat(self) -> None:
        """Goes to all columns and windows of the monitor."""
        self.go("heat", self._report.report.monitor if self._report.report else "")

    def action_measures(self) -> None:
        """Goes to what was measured of the whole window."""
        self.go("measures", str(self._report.report.id) if self._report.report else "")

    def action_column(self) -> None:
        """Goes to the column under the cursor, in full."""
        column = self._report.column(self._report.table.cursor_key)
        if column is None or self._report.report is None:
            self.remark("no column to show", "dim")
            return
        self.go("column", f"{self._report.report.id} {column.column}")

    def action_model(self) -> None:
        """Goes to the model version that was in charge."""
        report = self._report.report
        if report is None or not report.model:
            self.remark("no model was in charge of this batch", "dim")
            return
        self.go("models", f"{report.model}/{report.version}")
